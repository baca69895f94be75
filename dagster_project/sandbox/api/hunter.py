"""Hunter v2: companies by a profile, and the people of a domain. 403 is too fast, 429 is the plan's allowance gone."""

from typing import Any

import numpy as np

from dagster_project.sandbox.api import hunter_enrichment, trades
from dagster_project.sandbox.api.book import Book
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.filters import by_technology, containing, matching
from dagster_project.sandbox.api.hunter_records import COMPANIES, COMPANY, CREDIT, NAME, PEOPLE, PERSON, error
from dagster_project.sandbox.api.wire import array

PAGE, MOST_OFFSET = 100, 10_000


def included(value: Any) -> list[str]:
    """The values of a filter such as {"include": […]}, or a list alone."""
    return list(value.get("include") or []) if isinstance(value, dict) else list(value or [])


def find_companies(book: Book, asked: dict[str, Any]) -> np.ndarray:
    """Companies that pass every filter."""
    industries = included(asked.get("industry"))
    codes = frozenset().union(*(trades.codes(NAME, industry) for industry in industries)) if industries else None
    rows = book.of_categories(codes)
    location = (asked.get("headquarters_location") or {}).get("include") or {}
    for name, column in (("city", "city"), ("state", "region")):
        if location.get(name):
            rows = rows[matching(book.texts(column, rows), location[name])]
    if location.get("country") and "US" not in [country.upper() for country in location["country"]]:
        rows = rows[:0]
    if bands := included(asked.get("headcount")):
        rows = rows[matching(book.texts("headcount", rows), bands)]
    if technologies := included(asked.get("technology")):
        rows = by_technology(book, rows, technologies)
    if keywords := included(asked.get("keywords")):
        rows = np.unique(np.concatenate([containing(book, rows, keyword) for keyword in keywords]))
    return rows


def paging(given: Any) -> tuple[int, int] | Reply:
    """Limit and offset, or the refusal."""
    try:
        limit, offset = int(given.get("limit", 10)), int(given.get("offset", 0))
    except (TypeError, ValueError):
        return error(400, "wrong_params", "limit and offset must be numbers")
    if not 1 <= limit <= PAGE or not 0 <= offset <= MOST_OFFSET:
        return error(400, "pagination_error", f"limit must be at most {PAGE}, offset at most {MOST_OFFSET}")
    return limit, offset


def discover(call: Call, desk: Desk) -> Reply:
    """POST /v2/discover."""
    wanted = paging(call.json)
    if isinstance(wanted, Reply):
        return wanted
    (limit, offset), asked = wanted, {k: v for k, v in call.json.items() if k not in ("limit", "offset")}
    book = desk.book(COMPANIES)
    try:
        listing = desk.listing(f"{NAME} companies", asked, PAGE, lambda: find_companies(book, asked))
    except (AttributeError, TypeError):
        return error(400, "wrong_params", "a filter has the wrong shape")
    rows = listing.page(offset, limit)
    found = array(book.render(rows, COMPANY))
    body = f'{{"data":{found},"meta":{{"results":{len(listing.rows)},"limit":{limit},"offset":{offset}}}}}'
    return Reply.page(body, listing.question, str(offset), len(rows))


def domain_search(call: Call, desk: Desk) -> Reply:
    """GET /v2/domain-search; a domain that is not known has no e-mails."""
    if "company" in call.params:
        return hunter_enrichment.company_domain(call, desk)
    wanted, domain = paging(call.params), call.params.get("domain", "").lower()
    if isinstance(wanted, Reply) or not domain:
        return wanted if isinstance(wanted, Reply) else error(400, "wrong_params", "You are missing the domain")
    limit, offset = wanted
    book = desk.book(PEOPLE)
    listing = desk.listing(f"{NAME} people", domain, PAGE, lambda: book.having("domain", domain))
    rows = listing.page(offset, limit)
    emails, company = array(book.render(rows, PERSON)), _company(desk, domain)
    meta = f'{{"results":{len(listing.rows)},"limit":{limit},"offset":{offset},"params":{{"domain":"{domain}"}}}}'
    body = f'{{"data":{{"domain":"{domain}",{company},"emails":{emails}}},"meta":{meta}}}'
    return Reply.page(body, listing.question, str(offset), len(rows), price=CREDIT)


def _company(desk: Desk, domain: str) -> str:
    """What a domain search says of the company."""
    book = desk.book(COMPANIES)
    row = book.place_of(domain)
    known = '"disposable":false,"webmail":false,"accept_all":false,"pattern":null,"organization":'
    return known + (f'"{book.frame["name"][row]}"' if row is not None else "null")


SERVICE = Service(
    name=NAME,
    key=lambda call: call.headers.get("x-api-key") or call.params.get("api_key"),
    routes={
        ("POST", "/v2/discover"): Route("discover", discover, ("data",), "organization", (Limit(5, 1), Limit(50, 60))),
        ("GET", "/v2/domain-search"): Route("domain_search", domain_search, ("data", "emails"), "value"),
        **hunter_enrichment.ROUTES,
    },
    limits=(Limit(15, 1), Limit(500, 60)),
    denied=lambda: error(401, "authentication_failed", "No user found for the API key supplied"),
    too_fast=lambda limit, wait, endpoint: error(403, "too_many_requests", "You have reached the rate limit"),
    used_up=lambda: error(429, "usage_limit_reached", "You have reached the usage limit of your plan"),
    failed=lambda: Reply.of(500, b"", headers={"content-type": "text/plain"}),
    unknown=lambda: error(404, "not_found", "This resource does not exist"),
    catalogues=(COMPANIES, PEOPLE),
)

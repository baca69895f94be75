"""Hunter v2: companies by a profile, and the people of a domain. 403 is too fast, 429 is the plan's allowance gone."""

from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.filters import by_technology, containing, matching
from dagster_project.sandbox.api.wire import View, array, filled, fixed, number, one_of, text
from dagster_project.sandbox.corruption import blank, draw
from dagster_project.sandbox.providers import band, phones

NAME = "hunter"
PAGE, MOST_OFFSET = 100, 10_000
KNOWN = {"local_services": 0.4, "healthcare": 0.5, "b2b_saas": 0.9, "ecommerce": 0.8, "real_estate": 0.55}
CREDIT = Decimal("0.025")
HAS_DOMAIN = pl.col("domain").is_not_null() & pl.col("chain").is_null()


def spell_company(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Companies under their domain, with a band of employees."""
    industries = pl.Series([several[0] for several in trades.called(NAME)])
    return pl.DataFrame(
        {
            "key": seen["domain"],
            "name": seen["name"],
            "industry": industries.gather(seen["category_code"]),
            "headcount": band(seen["employees"]),
            "emails": pl.Series(rng.integers(1, 12, seen.height)),
        }
    )


def spell_person(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """People under their e-mail, with how far it was verified."""
    printed = seen.with_columns(phone="direct", shared_phone=pl.lit(None, pl.String))
    return pl.DataFrame(
        {
            "key": seen["work_email"],
            "first": seen["first"],
            "last": seen["last"],
            "title": blank(seen["title"], rng, 0.1),
            "phone": blank(phones(rng, printed), rng, 0.8),
            "domain": seen["domain"],
            "verified": draw(rng, [0, 1, 2], seen.height, [60, 8, 32]),
            "confidence": pl.Series(rng.integers(60, 99, seen.height)),
            "handle_in": blank(seen["work_email"].str.replace_all(r"[@.]", "-"), rng, 0.5),
        }
    )


COMPANY_FIELDS = {
    "domain": text("key"),
    "organization": text("name"),
    "industry": text("industry"),
    "headcount": text("headcount"),
    "country": fixed('"US"'),
    "emails_count": filled('{"personal":{},"generic":1,"total":{}}', pl.col("emails") - 1, "emails"),
}
PERSON_FIELDS = {
    "value": text("key"),
    "type": fixed('"personal"'),
    "confidence": number("confidence"),
    "sources": filled(
        '[{"domain":"{}","uri":"https://{}/team","extracted_on":"2026-01-02","last_seen_on":"2026-10-01",'
        '"still_on_page":true}]',
        *("domain", "domain"),
    ),
    "first_name": text("first"),
    "last_name": text("last"),
    "position": text("title"),
    "seniority": fixed("null"),
    "department": fixed("null"),
    "linkedin": filled('"https://www.linkedin.com/in/{}"', "handle_in"),
    "twitter": fixed("null"),
    "phone_number": text("phone"),
    "verification": filled(
        '{"date":"2026-10-02","status":{}}', one_of("verified", {0: "valid", 1: "invalid", 2: "accept_all"})
    ),
}
COMPANY, PERSON = View(COMPANY_FIELDS), View(PERSON_FIELDS)
COMPANIES = Catalogue(name=NAME, spell=spell_company, reach=KNOWN, knows=HAS_DOMAIN)
PEOPLE = Catalogue(name="hunter_people", spell=spell_person, kind="person", reach=KNOWN)


def error(status: int, kind: str, details: str) -> Reply:
    return Reply.of(status, {"errors": [{"id": kind, "code": status, "details": details}]})


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
    },
    limits=(Limit(15, 1), Limit(500, 60)),
    denied=lambda: error(401, "authentication_failed", "No user found for the API key supplied"),
    too_fast=lambda limit, wait, endpoint: error(403, "too_many_requests", "You have reached the rate limit"),
    used_up=lambda: error(429, "usage_limit_reached", "You have reached the usage limit of your plan"),
    failed=lambda: Reply.of(500, b"", headers={"content-type": "text/plain"}),
    unknown=lambda: error(404, "not_found", "This resource does not exist"),
    catalogues=(COMPANIES, PEOPLE),
)

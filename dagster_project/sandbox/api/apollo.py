"""Apollo: search of companies and people; numbered pages; limits of each endpoint by minute, hour and day at once."""

from typing import Any

import numpy as np

from dagster_project.sandbox.api import apollo_enrichment, trades
from dagster_project.sandbox.api.apollo_records import COMPANIES, COMPANY, CREDIT, NAME, PEOPLE, PERSON
from dagster_project.sandbox.api.book import Book
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.filters import by_size, by_technology, by_title, containing, matching
from dagster_project.sandbox.api.wire import array
from dagster_project.sandbox.geography import CITIES, STATE_NAMES

PAGE, MOST_PAGES = 100, 500
LIMITS = (Limit(200, 60), Limit(400, 3_600), Limit(2_000, 86_400))


def by_place(book: Book, rows: np.ndarray, places: list[str]) -> np.ndarray:
    """Records in any of the places: `austin, texas, united states`, or fewer of the parts."""
    wanted = [{part.strip().lower() for part in place.split(",")} for place in places]
    own = [{c.name.lower(), STATE_NAMES[c.state].lower(), c.state.lower(), "united states", "us"} for c in CITIES]
    fit = np.array([any(parts <= names for parts in wanted) for names in own])
    return rows[fit[book.column("city_index")[rows]]]


def by_tags(book: Book, rows: np.ndarray, tags: list[str]) -> np.ndarray:
    """Records that are about any of the tags: it is one of their trade's, or stands in the name."""
    codes = frozenset().union(*(trades.codes(NAME, tag) for tag in tags))
    hit = np.isin(book.column("category_code")[rows], list(codes))
    names = book.texts("name", rows).str.to_lowercase()
    for tag in tags:
        hit |= names.str.contains(tag.lower(), literal=True).to_numpy()
    return rows[hit]


FILTERS = {
    "organization_locations": by_place,
    "organization_num_employees_ranges": by_size,
    "currently_using_any_of_technology_uids": by_technology,
    "q_organization_domains_list": lambda book, rows, domains: rows[matching(book.texts("domain", rows), domains)],
}
COMPANY_FILTERS = {**FILTERS, "q_organization_keyword_tags": by_tags}
PEOPLE_FILTERS = {**FILTERS, "person_titles": by_title}


def find(book: Book, asked: dict[str, Any], filters: dict[str, Any]) -> np.ndarray:
    """Records that pass every filter; what is not known is ignored, as Apollo does."""
    rows = book.of_categories(None)
    for name, values in asked.items():
        if name in filters and values:
            rows = filters[name](book, rows, values)
    if name := asked.get("q_organization_name"):
        rows = containing(book, rows, name)
    return rows


def page_of(call: Call) -> tuple[int, int, dict[str, Any]] | Reply:
    """Number and size of the page that is asked for, and the question; filters may stand in the query too."""
    body = {**call.params, **call.json}
    number_of_page, size = body.pop("page", 1), body.pop("per_page", 10)
    try:
        number_of_page, size = int(number_of_page), int(size)
    except (TypeError, ValueError):
        return Reply.of(422, {"error": "Invalid parameters"})
    if not 1 <= number_of_page <= MOST_PAGES or not 1 <= size <= PAGE:
        return Reply.of(422, {"error": "Invalid parameters"})
    return number_of_page, size, body


def company_search(call: Call, desk: Desk) -> Reply:
    """POST /api/v1/mixed_companies/search."""
    asked = page_of(call)
    if isinstance(asked, Reply):
        return asked
    page, size, body = asked
    book = desk.book(COMPANIES)
    listing = desk.listing(f"{NAME} companies", body, PAGE, lambda: find(book, body, COMPANY_FILTERS))
    rows = listing.page((page - 1) * size, size)
    records, saved = book.render(rows, COMPANY), book.texts("is_saved", rows).to_list()
    accounts = [_account(record) for record, is_saved in zip(records, saved, strict=True) if is_saved]
    others = [record for record, is_saved in zip(records, saved, strict=True) if not is_saved]
    total, pages = len(listing.rows), -(-len(listing.rows) // size)
    paging = f'{{"page":{page},"per_page":{size},"total_entries":{total},"total_pages":{pages}}}'
    content = f'{{"breadcrumbs":[],"partial_results_only":false,"pagination":{paging},'
    content += f'"accounts":{array(accounts)},"organizations":{array(others)}}}'
    return Reply.page(content, listing.question, str(page), len(rows), price=CREDIT)


def _account(record: str) -> str:
    """A saved company: an account with an id of its own, and the company's beside it."""
    own = record[7:31]
    return f'{{"id":"acc{own[3:]}","organization_id":"{own}"{record[32:]}'


def people_search(call: Call, desk: Desk) -> Reply:
    """POST /api/v1/mixed_people/api_search."""
    asked = page_of(call)
    if isinstance(asked, Reply):
        return asked
    page, size, body = asked
    book = desk.book(PEOPLE)
    listing = desk.listing(f"{NAME} people", body, PAGE, lambda: find(book, body, PEOPLE_FILTERS))
    rows = listing.page((page - 1) * size, size)
    content = f'{{"total_entries":{len(listing.rows)},"people":{array(book.render(rows, PERSON))}}}'
    return Reply.page(content, listing.question, str(page), len(rows))


UNITS = {60: "minute", 3_600: "hour", 86_400: "day"}


def too_fast(limit: Limit, wait: float, endpoint: str) -> Reply:
    unit = UNITS.get(int(limit.seconds), f"{limit.seconds:g} seconds")
    path = {**PATHS, **apollo_enrichment.PATHS}[endpoint][1:]
    message = f"The maximum number of api calls allowed for {path} is {limit.calls} times per {unit}."
    return Reply.of(429, {"message": message}, headers={"retry-after": str(int(np.ceil(wait)))})


PATHS = {"company_search": "/api/v1/mixed_companies/search", "people_search": "/api/v1/mixed_people/api_search"}
SERVICE = Service(
    name=NAME,
    key=lambda call: call.headers.get("x-api-key"),
    routes={
        ("POST", PATHS["company_search"]): Route("company_search", company_search, ("organizations",), "name", LIMITS),
        ("POST", PATHS["people_search"]): Route("people_search", people_search, ("people",), "first_name", LIMITS),
        **apollo_enrichment.ROUTES,
    },
    denied=lambda: Reply.of(401, b"Invalid access credentials.", headers={"content-type": "text/plain"}),
    too_fast=too_fast,
    used_up=lambda: too_fast(LIMITS[-1], 7_200, "company_search"),
    failed=lambda: Reply.of(500, b"", headers={"content-type": "text/plain"}),
    unknown=lambda: Reply.of(404, {"error": "not found"}),
    catalogues=(COMPANIES, PEOPLE),
)

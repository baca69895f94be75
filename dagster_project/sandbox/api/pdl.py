"""People Data Labs v5, search of companies and people: Elasticsearch queries, scroll tokens, a credit a record."""

from decimal import Decimal
from typing import Any

import numpy as np

from dagster_project.sandbox.api import pdl_enrichment, trades
from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.filters import by_title, matching
from dagster_project.sandbox.api.pdl_records import (
    COMPANIES,
    COMPANY,
    COMPANY_CREDIT,
    NAME,
    PEOPLE,
    PERSON,
    PERSON_CREDIT,
    error,
)
from dagster_project.sandbox.api.wire import View, array
from dagster_project.sandbox.providers import band

PAGE = 100


def by_industry(book: Book, rows: np.ndarray, industries: list[str]) -> np.ndarray:
    codes = frozenset().union(*(trades.codes(NAME, industry) for industry in industries))
    return rows[np.isin(book.column("category_code")[rows], list(codes))]


def by_tag(book: Book, rows: np.ndarray, tags: list[str]) -> np.ndarray:
    codes = frozenset().union(*(trades.codes("apollo", tag) for tag in tags))
    return rows[np.isin(book.column("category_code")[rows], list(codes))]


def by_text(column: str) -> Any:
    return lambda book, rows, values: rows[matching(book.texts(column, rows), values)]


def by_country(book: Book, rows: np.ndarray, countries: list[str]) -> np.ndarray:
    return rows if "united states" in countries else rows[:0]


def by_employer_size(book: Book, rows: np.ndarray, sizes: list[str]) -> np.ndarray:
    return rows[matching(band(book.texts("employees", rows)), sizes)]


COMPANY_TERMS = {
    "industry": by_industry,
    "tags": by_tag,
    "website": by_text("website"),
    "size": by_text("size"),
    "location.locality": by_text("city"),
    "location.region": by_text("region"),
    "location.country": by_country,
}
PERSON_TERMS = {
    "job_title": by_title,
    "job_company_industry": by_industry,
    "job_company_website": by_text("domain"),
    "job_company_size": by_employer_size,
    "job_company_location_locality": by_text("city"),
    "job_company_location_region": by_text("region"),
    "job_company_location_country": by_country,
}


def kept(book: Book, rows: np.ndarray, clause: dict[str, Any], terms: dict[str, Any]) -> np.ndarray:
    """Records for which a clause holds. Raises KeyError or TypeError for one that is not understood."""
    ((kind, content),) = clause.items()
    if kind == "bool":
        for inner in content.get("must", []):
            rows = kept(book, rows, inner, terms)
        if should := content.get("should"):
            rows = np.unique(np.concatenate([kept(book, rows, inner, terms) for inner in should]))
        return rows
    if kind not in ("term", "terms", "match", "match_phrase"):
        raise KeyError(kind)
    ((field, value),) = content.items()
    return terms[field](book, rows, [str(v).lower() for v in (value if isinstance(value, list) else [value])])


def search(call: Call, desk: Desk, catalogue: Catalogue, view: View, terms: dict[str, Any], credit: Decimal) -> Reply:
    """A page of companies or of people; a page with nobody on it is a 404."""
    body, book = call.json, desk.book(catalogue)
    query, size = body.get("query"), body.get("size", 1)
    if not isinstance(query, dict) or not isinstance(size, int) or not 1 <= size <= PAGE:
        return error(400, "invalid_request_error", f"query must be given and size be from 1 to {PAGE}")
    try:
        everybody = book.of_categories(None)
        listing = desk.listing(f"{NAME} {catalogue.kind}", query, PAGE, lambda: kept(book, everybody, query, terms))
    except (KeyError, TypeError, ValueError, AttributeError):
        return error(400, "invalid_request_error", "The query is not supported")
    read = desk.read_token(body["scroll_token"]) if body.get("scroll_token") else (listing.question, 0, True)
    if read is None or read[0] != listing.question:
        return error(400, "invalid_request_error", "scroll_token is not of this query")
    rows, total = listing.page(read[1], size), len(listing.rows)
    if not len(rows):
        return error(404, "not_found", "No records were found matching your search")
    token = "" if read[1] + size >= total else f',"scroll_token":"{desk.token(listing.question, read[1] + size)}"'
    content = f'{{"status":200,"data":{array(book.render(rows, view))},"total":{total}{token}}}'
    return Reply.page(content, listing.question, str(read[1]), len(rows), per_record=credit)


def answer_companies(call: Call, desk: Desk) -> Reply:
    """POST /v5/company/search."""
    return search(call, desk, COMPANIES, COMPANY, COMPANY_TERMS, COMPANY_CREDIT)


def answer_people(call: Call, desk: Desk) -> Reply:
    """POST /v5/person/search."""
    return search(call, desk, PEOPLE, PERSON, PERSON_TERMS, PERSON_CREDIT)


def usage(limit: Limit, used: int, reset: float) -> dict[str, str]:
    """Headers about the minute."""
    return {"x-ratelimit-limit": str(limit.calls), "x-ratelimit-remaining": str(max(0, limit.calls - used))}


SERVICE = Service(
    name=NAME,
    key=lambda call: call.headers.get("x-api-key") or call.params.get("api_key"),
    routes={
        ("POST", "/v5/company/search"): Route("company_search", answer_companies, ("data",), "name"),
        ("POST", "/v5/person/search"): Route("person_search", answer_people, ("data",), "full_name"),
        **pdl_enrichment.ROUTES,
    },
    limits=(Limit(10, 60, is_fixed=True),),
    denied=lambda: error(401, "authentication_error", "Request contained a missing or invalid key"),
    too_fast=lambda limit, wait, endpoint: error(
        429,
        "rate_limit_error",
        "An error occurred due to requests hitting the API too quick",
    ),
    used_up=lambda: error(402, "payment_required", "You have hit your account maximum (all matches used)"),
    failed=lambda: error(500, "api_error", "The server encountered an unexpected condition"),
    unknown=lambda: error(404, "not_found", "Not found"),
    catalogues=(COMPANIES, PEOPLE),
    usage=usage,
)

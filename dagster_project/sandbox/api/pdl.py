"""People Data Labs v5, search of companies and people: Elasticsearch queries, scroll tokens, a credit a record."""

from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.filters import by_title, matching
from dagster_project.sandbox.api.keys import hexadecimal, mixed_bits
from dagster_project.sandbox.api.wire import View, array, filled, fixed, nested, number, text
from dagster_project.sandbox.corruption import blank, typos
from dagster_project.sandbox.entities import slugs
from dagster_project.sandbox.providers import band, called, phones, street_lines

NAME = "pdl"
PAGE = 100
KNOWN = {"local_services": 0.4, "healthcare": 0.5, "b2b_saas": 0.9, "ecommerce": 0.75, "real_estate": 0.5}
COMPANY_CREDIT, PERSON_CREDIT = Decimal("0.10"), Decimal("0.28")


def spell_company(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Everything in lower case, bare domains, no phones."""
    n, code = seen.height, seen["category_code"]
    tags = [array([f'"{tag}"' for tag in several]) for several in trades.called("apollo")]
    street = street_lines(rng, seen.with_columns(unit=pl.lit(None, pl.String)), short=0.3).str.to_lowercase()
    return pl.DataFrame(
        {
            "key": hexadecimal(mixed_bits(seen["who"].to_numpy(), 601)) + "pdlco",
            "name": typos(called(rng, seen, legal=0.2), rng, 0.01).str.to_lowercase(),
            "alias": blank(seen["name"].str.to_lowercase(), rng, 0.7),
            "website": blank(seen["domain"], rng, 0.05),
            "industry": pl.Series([several[0] for several in trades.called(NAME)]).gather(code),
            "tags": pl.Series(tags).gather(code),
            "size": band(seen["employees"]),
            "has_count": pl.Series(rng.random(n) < 0.8),
            "has_social": pl.Series(rng.random(n) < 0.75),
            "street": blank(street, rng, 0.1),
            "suite": blank("ste " + seen["unit"], rng, 0.4),
        }
    )


def spell_person(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Names in lower case, work mail, some mobiles."""
    printed = seen.with_columns(phone="mobile", shared_phone=pl.lit(None, pl.String))
    return pl.DataFrame(
        {
            "key": hexadecimal(mixed_bits(seen["who"].to_numpy(), 611)) + "_0000",
            "first": seen["first"].str.to_lowercase(),
            "last": typos(seen["last"], rng, 0.01).str.to_lowercase(),
            "title": seen["title"].str.to_lowercase(),
            "email": blank(seen["work_email"], rng, 0.2),
            "mobile": blank(phones(rng, printed, ["+1{}{}{}"]), rng, 0.6),
            "profile": slugs(seen["first"]) + "-" + slugs(seen["last"]) + "-" + seen["mobile"].str.slice(6),
            "company": seen["name"].str.to_lowercase(),
            "domain": seen["domain"],
            "company_key": hexadecimal(mixed_bits(seen["entity"].to_numpy(), 601)) + "pdlco",
        }
    )


def lower(column: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase()


def social(address: str) -> pl.Expr:
    return filled(f'"{address}{{}}"', pl.when("has_social").then("handle"))


NULL = fixed("null")
STREET = pl.coalesce(lower("new_street"), "street")
PLACE = filled('"{}, {}, united states"', lower("city"), lower("region"))
COMPANY_FIELDS = {
    "id": text("key"),
    "name": text("name"),
    "alternative_names": filled('["{}"]', "alias").fill_null("[]"),
    "website": text("website"),
    "industry": text("industry"),
    "tags": pl.col("tags"),
    "employee_count": number(pl.when("has_count").then("employees")),
    "size": text("size"),
    "founded": number("founded"),
    "type": fixed('"private"'),
    "ticker": NULL,
    "headline": NULL,
    "summary": NULL,
    "profiles": fixed("[]"),
    "affiliated_profiles": fixed("[]"),
    "linkedin_url": social("linkedin.com/company/"),
    "linkedin_id": NULL,
    "facebook_url": social("facebook.com/"),
    "twitter_url": social("twitter.com/"),
    "location": nested(
        {
            "name": PLACE,
            "locality": text(lower("city")),
            "region": text(lower("region")),
            "metro": NULL,
            "country": fixed('"united states"'),
            "continent": fixed('"north america"'),
            "street_address": text(STREET),
            "address_line_2": text("suite"),
            "postal_code": text("zip"),
            "geo": filled('"{},{}"', pl.col("lat").round(2), pl.col("lon").round(2)),
        }
    ),
}
PERSON_FIELDS = {
    "id": text("key"),
    "full_name": filled('"{} {}"', "first", "last"),
    "first_name": text("first"),
    "last_name": text("last"),
    "sex": NULL,
    "linkedin_url": filled('"linkedin.com/in/{}"', "profile"),
    "linkedin_username": text("profile"),
    "work_email": text("email"),
    "mobile_phone": text("mobile"),
    "phone_numbers": filled('["{}"]', "mobile").fill_null("[]"),
    "job_title": text("title"),
    "job_company_id": text("company_key"),
    "job_company_name": text("company"),
    "job_company_website": text("domain"),
    "job_company_location_locality": text(lower("city")),
    "location_locality": text(lower("city")),
    "location_region": text(lower("region")),
    "location_country": fixed('"united states"'),
    "skills": fixed("[]"),
}
COMPANY, PERSON = View(COMPANY_FIELDS), View(PERSON_FIELDS)
COMPANIES = Catalogue(name=NAME, spell=spell_company, reach=KNOWN)
PEOPLE = Catalogue(name="pdl_people", spell=spell_person, kind="person", reach=KNOWN)


def error(status: int, kind: str, message: str, **headers: str) -> Reply:
    return Reply.of(status, {"status": status, "error": {"type": kind, "message": message}}, headers=headers)


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
        listing = desk.listing(catalogue.name, query, PAGE, lambda: kept(book, everybody, query, terms))
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

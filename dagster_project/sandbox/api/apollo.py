"""Apollo: search of companies and people; numbered pages; limits of each endpoint by minute, hour and day at once."""

from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.filters import by_size, by_technology, by_title, containing, matching
from dagster_project.sandbox.api.keys import hexadecimal, mixed_bits
from dagster_project.sandbox.api.wire import View, array, filled, fixed, number, text
from dagster_project.sandbox.corruption import blank, typos
from dagster_project.sandbox.geography import CITIES, STATE_NAMES
from dagster_project.sandbox.providers import called, phones, websites

NAME = "apollo"
PAGE, MOST_PAGES = 100, 500
KNOWN = {"local_services": 0.45, "healthcare": 0.5, "b2b_saas": 0.85, "ecommerce": 0.7, "real_estate": 0.5}
LIMITS = (Limit(200, 60), Limit(400, 3_600), Limit(2_000, 86_400))
CREDIT = Decimal("0.02")


def ids(numbers: np.ndarray, salt: int) -> pl.Series:
    """24 hexadecimal digits, as Apollo's are."""
    return hexadecimal(mixed_bits(numbers, salt)) + hexadecimal(mixed_bits(numbers, salt + 1)).str.slice(0, 8)


def spell_company(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Companies with bare addresses on the web; one in twenty is an account that the team has saved."""
    n, numbers = seen.height, seen["who"].to_numpy() * 4 + seen["copy"].to_numpy()
    digits = blank(phones(rng, seen, ["{}{}{}"]), rng, 0.2)
    return pl.DataFrame(
        {
            "key": ids(numbers, 401),
            "name": typos(called(rng, seen, legal=0.3), rng, 0.02),
            "website": blank(websites(rng, seen, moved=0.05, styles=["http://www.{}", "http://{}"]), rng, 0.05),
            "domain": seen["domain"],
            "digits": digits,
            "has_social": pl.Series(rng.random(n) < 0.7),
            "is_saved": pl.Series(rng.random(n) < 0.05),
        }
    )


def spell_person(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """People without e-mail and with most of the last name hidden."""
    return pl.DataFrame(
        {
            "key": ids(seen["who"].to_numpy(), 411),
            "first": seen["first"],
            "hidden": seen["last"].str.slice(0, 2) + "***" + seen["last"].str.slice(-1),
            "title": seen["title"],
            "company": typos(seen["name"], rng, 0.02),
            "domain": seen["domain"],
            "has_email": pl.Series(rng.random(seen.height) < 0.8),
        }
    )


def social(address: str) -> pl.Expr:
    return filled(f'"{address}{{}}"', pl.when("has_social").then("handle"))


PHONE = filled('"+1 {}-{}-{}"', *(pl.col("digits").str.slice(start, size) for start, size in ((0, 3), (3, 3), (6, 4))))
SANITIZED = filled('"+1{}"', "digits")
NULL = fixed("null")
COMPANY_FIELDS = {
    "id": text("key"),
    "name": text("name"),
    "website_url": text("website"),
    "blog_url": NULL,
    "angellist_url": NULL,
    "linkedin_url": social("http://www.linkedin.com/company/"),
    "twitter_url": social("https://twitter.com/"),
    "facebook_url": social("https://facebook.com/"),
    "primary_phone": filled('{"number":{},"source":"Owler","sanitized_number":{}}', PHONE, SANITIZED).fill_null("{}"),
    "languages": fixed('["English"]'),
    "alexa_ranking": NULL,
    "phone": PHONE,
    "linkedin_uid": NULL,
    "founded_year": number("founded"),
    "publicly_traded_symbol": NULL,
    "publicly_traded_exchange": NULL,
    "logo_url": NULL,
    "crunchbase_url": NULL,
    "primary_domain": text("domain"),
    "sanitized_phone": SANITIZED,
    "owned_by_organization_id": NULL,
    "show_intent": fixed("true"),
    "has_intent_signal_account": fixed("false"),
    "intent_signal_account": NULL,
}
PERSON_FIELDS = {
    "id": text("key"),
    "first_name": text("first"),
    "last_name_obfuscated": text("hidden"),
    "title": text("title"),
    "last_refreshed_at": fixed('"2026-11-04T23:20:32.690+00:00"'),
    "has_email": number("has_email"),
    **{f"has_{part}": fixed("true") for part in ("city", "state", "country")},
    "has_direct_phone": fixed('"Maybe"'),
    "organization": filled(
        '{"name":"{}","has_industry":true,"has_phone":true,"has_city":true,"has_state":true,"has_country":true,'
        '"has_zip_code":true,"has_revenue":false,"has_employee_count":true}',
        "company",
    ),
}
COMPANY, PERSON = View(COMPANY_FIELDS), View(PERSON_FIELDS)
COMPANIES = Catalogue(name=NAME, spell=spell_company, reach=KNOWN, twice=0.03)
PEOPLE = Catalogue(name="apollo_people", spell=spell_person, kind="person", reach=KNOWN)


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
    message = f"The maximum number of api calls allowed for {PATHS[endpoint][1:]} is {limit.calls} times per {unit}."
    return Reply.of(429, {"message": message}, headers={"retry-after": str(int(np.ceil(wait)))})


PATHS = {"company_search": "/api/v1/mixed_companies/search", "people_search": "/api/v1/mixed_people/api_search"}
SERVICE = Service(
    name=NAME,
    key=lambda call: call.headers.get("x-api-key"),
    routes={
        ("POST", PATHS["company_search"]): Route("company_search", company_search, ("organizations",), "name", LIMITS),
        ("POST", PATHS["people_search"]): Route("people_search", people_search, ("people",), "first_name", LIMITS),
    },
    denied=lambda: Reply.of(401, b"Invalid access credentials.", headers={"content-type": "text/plain"}),
    too_fast=too_fast,
    used_up=lambda: too_fast(LIMITS[-1], 7_200, "company_search"),
    failed=lambda: Reply.of(500, b"", headers={"content-type": "text/plain"}),
    unknown=lambda: Reply.of(404, {"error": "not found"}),
    catalogues=(COMPANIES, PEOPLE),
)

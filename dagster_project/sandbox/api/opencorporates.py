"""OpenCorporates v0.4, company search: what the registers say, 50 calls a day; every result is wrapped twice."""

from typing import Any

import numpy as np
import polars as pl

from dagster_project.sandbox import names
from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.keys import mixed_bits
from dagster_project.sandbox.api.live import CLOSED
from dagster_project.sandbox.api.wire import View, array, filled, fixed, number, text
from dagster_project.sandbox.corruption import blank
from dagster_project.sandbox.providers import street_lines

NAME = "opencorporates"
MOST_PER_PAGE, PER_PAGE = 100, 30
KNOWN = {"local_services": 0.5, "healthcare": 0.55, "b2b_saas": 0.8, "ecommerce": 0.7, "real_estate": 0.6}
DAY = Limit(50, 86_400, is_fixed=True)


def spell(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Legal names in capitals, under the number that the state's register gave."""
    jurisdiction = "us_" + seen["state"].str.to_lowercase()
    digits = pl.Series(mixed_bits(seen["who"].to_numpy(), 501) % np.uint64(10**3)).cast(pl.String).str.zfill(3)
    filed = "0" + seen["who"].cast(pl.String).str.zfill(7) + digits
    legal = seen["name"] + " " + pl.Series(names.LEGAL_SUFFIXES).gather(seen["suffix"])
    titles = pl.Series([several[0] for several in trades.called("pdl")])
    return pl.DataFrame(
        {
            "key": jurisdiction + "/" + filed,
            "filed": filed,
            "jurisdiction": jurisdiction,
            "name": legal.str.to_uppercase(),
            "earlier": blank(seen["name"] + " Group", rng, 0.9),
            "street": blank(street_lines(rng, seen, short=0.9), rng, 0.02),
            "industry": titles.gather(seen["category_code"]),
        }
    )


STREET = pl.coalesce("new_street", "street")
NULL = fixed("null")
FIELDS = {
    "name": text("name"),
    "company_number": text("filed"),
    "jurisdiction_code": text("jurisdiction"),
    "incorporation_date": filled('"{}-03-01"', "founded"),
    "dissolution_date": pl.when(pl.col("status") == CLOSED).then(pl.lit('"2026-06-30"')),
    "company_type": fixed('"Domestic"'),
    "registry_url": NULL,
    "branch": NULL,
    "branch_status": NULL,
    "inactive": number(pl.col("status") == CLOSED),
    "current_status": pl.when(pl.col("status") == CLOSED).then(pl.lit('"Dissolved"')).otherwise(pl.lit('"Active"')),
    "created_at": fixed('"2011-09-17T15:33:31+00:00"'),
    "updated_at": fixed('"2026-10-30T09:24:30+00:00"'),
    "retrieved_at": fixed('"2026-10-29T09:24:30+00:00"'),
    "opencorporates_url": filled('"https://opencorporates.com/companies/{}"', "key"),
    "previous_names": filled('[{"company_name":"{}","con_date":null}]', "earlier").fill_null("[]"),
    "source": filled('{"publisher":"{} Secretary of State","url":null,"retrieved_at":null}', "region"),
    "registered_address_in_full": filled('"{}, {}, {} {}"', STREET, "city", "state", "zip"),
    "registered_address": filled(
        '{"street_address":"{}","locality":"{}","region":"{}","postal_code":"{}","country":"United States"}',
        *(STREET.fill_null(""), "city", "state", "zip"),
    ),
    "industry_codes": filled(
        '[{"industry_code":{"code":"5000","description":"{}","code_scheme_id":"us_naics"}}]', "industry"
    ),
}
RECORD = View(FIELDS)
CATALOGUE = Catalogue(name=NAME, spell=spell, reach=KNOWN)


def error(status: int, message: str) -> Reply:
    return Reply.of(status, {"error": {"message": message}})


def find(book: Book, question: dict[str, Any]) -> np.ndarray:
    """Companies whose name has every word, as a word."""
    rows = book.of_categories(None)
    if where := question["jurisdiction_code"]:
        rows = rows[(book.texts("jurisdiction", rows) == where).to_numpy()]
    for word in question["q"].upper().split():
        own = " " + book.texts("name", rows).str.replace_all(r"[^\w]+", " ") + " "
        rows = rows[own.str.contains(f" {word} ", literal=True).to_numpy()]
    return rows


def company_search(call: Call, desk: Desk) -> Reply:
    """GET /v0.4/companies/search."""
    question = {"q": call.params.get("q", ""), "jurisdiction_code": call.params.get("jurisdiction_code", "").lower()}
    try:
        page, size = int(call.params.get("page", 1)), int(call.params.get("per_page", PER_PAGE))
    except ValueError:
        return error(400, "page and per_page must be numbers")
    if not question["q"].strip() or page < 1 or not 1 <= size <= MOST_PER_PAGE:
        return error(400, f"q must be given, page be positive and per_page at most {MOST_PER_PAGE}")
    book = desk.book(CATALOGUE)
    listing = desk.listing(NAME, question, MOST_PER_PAGE, lambda: find(book, question))
    rows, total = listing.page((page - 1) * size, size), len(listing.rows)
    found = array([f'{{"company":{json}}}' for json in book.render(rows, RECORD)])
    counts = f'"page":{page},"per_page":{size},"total_pages":{-(-total // size)},"total_count":{total}'
    body = f'{{"api_version":"0.4","results":{{"companies":{found},{counts}}}}}'
    return Reply.page(body, listing.question, str(page), len(rows))


def used_up() -> Reply:
    return error(403, "You have exceeded the number of API calls permitted for your account")


SERVICE = Service(
    name=NAME,
    key=lambda call: call.params.get("api_token"),
    routes={
        ("GET", "/v0.4/companies/search"): Route("company_search", company_search, ("results", "companies"), "name")
    },
    limits=(DAY,),
    denied=lambda: error(401, "Invalid Api Token"),
    too_fast=lambda limit, wait, endpoint: used_up(),
    used_up=used_up,
    failed=lambda: Reply.of(503, b"", headers={"content-type": "text/plain"}),
    unknown=lambda: error(404, "Not found"),
    catalogues=(CATALOGUE,),
)

"""BuiltWith v22: technologies of websites with when they were seen. Its refusals are errors inside HTTP 200."""

from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service, question_id
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.identities import HAS_DOMAIN, known_of

NAME = "builtwith"
MOST = 16
CREDIT = Decimal("0.05")
# Milliseconds of the first of October 2026, the last visit to every site, and of what was taken off it 500 days before.
VISITED = 1_790_812_800_000
GONE = VISITED - 500 * 86_400_000
KNOWN = {"local_services": 0.7, "healthcare": 0.75, "b2b_saas": 0.95, "ecommerce": 0.95, "real_estate": 0.75}


def spell(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Websites under their domain; some had another technology before."""
    return pl.DataFrame(
        {"key": seen["domain"], "name": seen["name"], "had_more": pl.Series(rng.random(seen.height) < 0.4)}
    )


SITES = Catalogue(name=NAME, spell=spell, reach=KNOWN, knows=HAS_DOMAIN & pl.col("technologies").is_not_null())


def error(code: int, message: str) -> Reply:
    return Reply.of(200, {"Results": [], "Errors": [{"Code": code, "Message": message}]})


def technology(name: str, last: int) -> dict[str, Any]:
    return {
        "Name": name.title(),
        "Tag": "framework",
        "Categories": [],
        "FirstDetected": GONE - 86_400_000,
        "LastDetected": last,
        "Live": last == VISITED,
    }


def result(book: Book, domain: str) -> dict[str, Any]:
    """What is known of a site; without paths when it is not."""
    row = book.first("key", domain)
    if row is None:
        return {"Result": {"Lookup": domain, "Meta": {}, "Paths": []}}
    site = known_of(book, row)
    found = [technology(name, VISITED) for name in site["technologies"].split("|")]
    found += [technology("silverstripe", GONE)] if site["had_more"] else []
    meta = {"CompanyName": site["name"], "City": site["city"], "State": site["region"], "Country": "US"}
    path = {"Domain": domain, "Technologies": found}
    return {"Result": {"Lookup": domain, "Meta": {**meta, "Postcode": site["zip"]}, "Paths": [path]}}


def domain_api(call: Call, desk: Desk) -> Reply:
    """GET /v22/api.json; every domain that is looked up costs, whether it is known or not."""
    domains = [domain.strip().lower() for domain in call.params.get("LOOKUP", "").split(",") if domain.strip()]
    if not 1 <= len(domains) <= MOST:
        return error(-8, "Invalid or unsupported root domain")
    book = desk.book(SITES)
    content = {"Results": [result(book, domain) for domain in domains], "Errors": []}
    question = question_id([NAME, domains])
    return Reply.of(200, content, question=question, records=len(domains), per_record=CREDIT, is_answer=True)


def usage(call: Call, desk: Desk) -> Reply:
    """GET /usagev2/api.json."""
    return Reply.of(200, {"used": 0, "remaining": 1_000_000})


def too_fast(limit: Limit, wait: float, endpoint: str) -> Reply:
    return Reply.of(429, {"error": "Too many requests", "retryAfterSeconds": round(wait, 3)})


SERVICE = Service(
    name=NAME,
    key=lambda call: call.params.get("KEY"),
    routes={
        ("GET", "/v22/api.json"): Route("domain_api", domain_api, ("Results",), "Lookup"),
        ("GET", "/usagev2/api.json"): Route("usage", usage, (), "used"),
    },
    limits=(Limit(10, 1),),
    denied=lambda: error(-2, "API Key is wrong - it needs to be a Guid"),
    too_fast=too_fast,
    used_up=lambda: error(-3, "Your API credits have been used up"),
    failed=lambda: Reply.of(500, b"", headers={"content-type": "text/plain"}),
    unknown=lambda: Reply.of(404, b"", headers={"content-type": "text/html"}),
    catalogues=(SITES,),
)

"""Wappalyzer v2: technologies of websites; a share of them has to be crawled first, and is done when asked again."""

from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service, question_id
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.identities import HAS_DOMAIN, known_of

NAME = "wappalyzer"
MOST = 10
CREDIT = Decimal("0.04")
KNOWN = {"local_services": 0.6, "healthcare": 0.65, "b2b_saas": 0.95, "ecommerce": 0.95, "real_estate": 0.7}
# Of the sites, those that were not visited lately.
CRAWLED = 0.15


def spell(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Websites under their domain."""
    return pl.DataFrame({"key": seen["domain"], "is_slow": pl.Series(rng.random(seen.height) < CRAWLED)})


SITES = Catalogue(name=NAME, spell=spell, reach=KNOWN, knows=HAS_DOMAIN & pl.col("technologies").is_not_null())


def refused(status: int, message: str) -> Reply:
    return Reply.of(status, {"message": message})


def technologies(book: Book, row: int) -> list[dict[str, Any]]:
    names = known_of(book, row)["technologies"].split("|")
    return [
        {
            "slug": name.replace(" ", "-"),
            "name": name.title(),
            "versions": [],
            "categories": [],
            "confirmedAt": 1_790_812_800,
        }
        for name in names
    ]


def item(desk: Desk, domain: str) -> dict[str, Any]:
    """What is said of one site."""
    book, url = desk.book(SITES), f"https://{domain}"
    row = book.first("key", domain)
    if row is None:
        return {"url": url, "technologies": []}
    if book.frame["is_slow"][row] and not is_crawled(desk, domain):
        return {"url": url, "technologies": [], "crawl": True}
    return {"url": url, "technologies": technologies(book, row)}


def is_crawled(desk: Desk, domain: str) -> bool:
    """Whether a site's crawl has ended; it begins with the first question."""
    crawl = f"{NAME} {domain}"
    state, _ = desk.promises.poll(NAME, crawl)
    if state == "unknown":
        desk.promises.make(NAME, content=None, request_id=crawl)
    return state not in ("unknown", "pending")


def lookup(call: Call, desk: Desk) -> Reply:
    """GET /v2/lookup/. A site costs when its technologies are given; what is being crawled is no answer yet."""
    urls = [url.strip().lower() for url in call.params.get("urls", "").split(",") if url.strip()]
    if not 1 <= len(urls) <= MOST:
        return refused(400, "Between one and ten URLs are required")
    domains = [url.rpartition("://")[2].rstrip("/") for url in urls]
    items = [item(desk, domain) for domain in domains]
    done = sum(bool(found["technologies"]) for found in items)
    return Reply.of(
        200,
        items,
        headers={"wappalyzer-credits-spent": str(done)},
        question=question_id([NAME, domains]),
        records=done,
        per_record=CREDIT,
        is_answer=any("crawl" not in found for found in items),
    )


def balance(call: Call, desk: Desk) -> Reply:
    """GET /v2/credits/balance/."""
    return Reply.of(200, {"credits": 100_000})


SERVICE = Service(
    name=NAME,
    key=lambda call: call.headers.get("x-api-key"),
    routes={
        ("GET", "/v2/lookup/"): Route("lookup", lookup, (), "technologies"),
        ("GET", "/v2/credits/balance/"): Route("balance", balance, (), "credits"),
    },
    limits=(Limit(10, 1),),
    denied=lambda: refused(403, "Forbidden"),
    too_fast=lambda limit, wait, endpoint: refused(429, "Too Many Requests"),
    used_up=lambda: refused(403, "Insufficient credits"),
    failed=lambda: refused(502, "Internal server error"),
    unknown=lambda: refused(404, "Not Found"),
    catalogues=(SITES,),
)

"""Crunchbase v4, organisation search: predicates, up to 1,000 a page after the key of the last, 200 calls a minute."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.filters import containing, matching
from dagster_project.sandbox.api.keys import mixed_bits, uuids
from dagster_project.sandbox.api.live import CLOSED
from dagster_project.sandbox.api.wire import View, array, filled, fixed, number, one_of, text
from dagster_project.sandbox.corruption import blank, typos
from dagster_project.sandbox.geography import CITIES, STATE_NAMES
from dagster_project.sandbox.providers import called, phones, websites

NAME = "crunchbase"
PAGE = 1_000
KNOWN = {"local_services": 0.08, "healthcare": 0.15, "b2b_saas": 0.9, "ecommerce": 0.6, "real_estate": 0.25}
SIZES = [(10, "c_00001_00010"), (50, "c_00011_00050"), (100, "c_00051_00100"), (250, "c_00101_00250")]
SIZES += [(500, "c_00251_00500"), (1_000, "c_00501_01000"), (5_000, "c_01001_05000"), (10_000, "c_05001_10000")]
SIZES += [(10**9, "c_10001_max")]


def permalink(value: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in value.lower()).split())


def place(value: str, kind: str, link: str) -> str:
    """One of the places that an organisation is in, from its city to its continent."""
    return f'{{"value":"{value}","permalink":"{link}","entity_def_id":"location","location_type":"{kind}"}}'


def places_of(city: str, state: str) -> dict[str, str]:
    """Kind to permalink; a city's has its state's name (mem)."""
    region = STATE_NAMES[state]
    return {"city": permalink(f"{city} {region}"), "region": permalink(region), "country": "united-states"}


def locations() -> list[str]:
    """The places of each city's organisations, as JSON."""
    found = []
    for city in CITIES:
        links = places_of(city.name, city.state)
        values = {"city": city.name, "region": STATE_NAMES[city.state], "country": "United States"}
        parts = [place(values[kind], kind, link) for kind, link in links.items()]
        found.append(array([*parts, place("North America", "continent", "north-america")]))
    return found


def categories() -> list[str]:
    """The categories of each trade, as JSON."""
    return [
        array([f'{{"value":"{c}","permalink":"{permalink(c)}","entity_def_id":"category"}}' for c in several])
        for several in trades.called(NAME)
    ]


def spell(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Names of brands, websites in full, few phones."""
    n, numbers = seen.height, seen["who"].to_numpy()
    size = np.searchsorted([most for most, _ in SIZES], seen["employees"].to_numpy())
    return pl.DataFrame(
        {
            "key": uuids(numbers, 301),
            "permalink": seen["handle"] + "-" + pl.Series(numbers).cast(pl.String),
            "name": typos(called(rng, seen, legal=0.25), rng, 0.01),
            "alias": blank(seen["name"], rng, 0.8),
            "website": blank(
                websites(rng, seen, moved=0.03, styles=["https://www.{}/", "http://{}", "https://{}"]), rng, 0.05
            ),
            "domain": seen["domain"],
            "email": blank(seen["email"], rng, 0.4),
            "phone": blank(phones(rng, seen, ["+1 {}-{}-{}", "({}) {}-{}"]), rng, 0.3),
            "size": blank(pl.Series([code for _, code in SIZES]).gather(size), rng, 0.05),
            "locations": pl.Series(locations()).gather(seen["city_index"]),
            "categories": pl.Series(categories()).gather(seen["category_code"]),
            "has_social": pl.Series(rng.random(n) < 0.6),
        }
    )


def link(column: str | pl.Expr) -> pl.Expr:
    return filled('{"value":"{}"}', column)


def social(address: str) -> pl.Expr:
    return filled(f'{{"value":"{address}{{}}"}}', pl.when("has_social").then("handle"))


FIELDS = {
    "uuid": text("key"),
    "permalink": text("permalink"),
    "identifier": filled(
        '{"permalink":"{}","uuid":"{}","entity_def_id":"organization","value":"{}"}', "permalink", "key", "name"
    ),
    "name": text("name"),
    "aliases": filled('["{}"]', "alias"),
    "website": link("website"),
    "website_url": text("website"),
    "contact_email": text("email"),
    "phone_number": text("phone"),
    "location_identifiers": pl.col("locations"),
    "linkedin": social("https://www.linkedin.com/company/"),
    "twitter": social("https://twitter.com/"),
    "facebook": social("https://www.facebook.com/"),
    "num_employees_enum": text("size"),
    "founded_on": filled('{"value":"{}-01-01","precision":"year"}', "founded"),
    "categories": pl.col("categories"),
    "operating_status": one_of("status", {0: "active", 1: "active", CLOSED: "closed"}),
    "num_funding_rounds": number("rounds"),
    "num_articles": number("press"),
    "founder_identifiers": filled(
        '[{"value":"{}","entity_def_id":"person"}]',
        pl.col("executives").str.replace_all("|", '","entity_def_id":"person"},{"value":"', literal=True),
    ),
    "short_description": filled('"{} is based in {}."', "name", "city"),
    "created_at": fixed('"2016-01-11T05:41:57Z"'),
    "updated_at": fixed('"2026-11-20T03:40:05Z"'),
}
RECORD = View(FIELDS, is_sparse=True)
CATALOGUE = Catalogue(name=NAME, spell=spell, reach=KNOWN)


def mistaken(code: str, message: str, status: int = 400) -> Reply:
    return Reply.of(status, [{"message": message, "code": code, "status": status}])


def by_place(book: Book, rows: np.ndarray, values: list[str]) -> np.ndarray:
    """Records in any of the places, by their permalinks."""
    wanted = set(values)
    fit = [bool(wanted & {*places_of(c.name, c.state).values(), "north-america"}) for c in CITIES]
    return rows[np.array(fit)[book.column("city_index")[rows]]]


def by_category(book: Book, rows: np.ndarray, values: list[str]) -> np.ndarray:
    wanted = {permalink(value) for value in values}
    fit = [bool(wanted & {permalink(c) for c in several}) for several in trades.called(NAME)]
    return rows[np.array(fit)[book.column("category_code")[rows]]]


def by_domain(book: Book, rows: np.ndarray, values: list[str]) -> np.ndarray:
    return rows[matching(book.texts("domain", rows), values)]


def by_size(book: Book, rows: np.ndarray, values: list[str]) -> np.ndarray:
    return rows[matching(book.texts("size", rows), values)]


def by_words(book: Book, rows: np.ndarray, values: list[str]) -> np.ndarray:
    found = [containing(book, rows, value) for value in values]
    return np.unique(np.concatenate(found)) if found else rows


def by_uuid(book: Book, rows: np.ndarray, values: list[str]) -> np.ndarray:
    return rows[matching(book.texts("key", rows), values)]


PREDICATES = {
    ("location_identifiers", "includes"): by_place,
    ("categories", "includes"): by_category,
    ("website_url", "domain_includes"): by_domain,
    ("website_url", "domain_eq"): by_domain,
    ("num_employees_enum", "includes"): by_size,
    ("num_employees_enum", "eq"): by_size,
    ("short_description", "contains"): by_words,
    ("identifier", "contains"): by_words,
    ("uuid", "eq"): by_uuid,
    ("uuid", "includes"): by_uuid,
}


def by_touched(book: Book, rows: np.ndarray, since: date, today: date) -> np.ndarray:
    """Records of whom the world has changed something since a day; today is the world's newest day."""
    oldest = book.world.day - (today - since).days
    return rows[book.column("touched")[rows] >= max(1, oldest)]


def find(book: Book, query: list[dict[str, Any]], today: date) -> np.ndarray:
    """Organisations for which every predicate holds, in order of uuid. Raises KeyError for an unknown predicate."""
    rows = book.of_categories(None)
    for predicate in query:
        asked, values = (predicate["field_id"], predicate["operator_id"]), predicate["values"]
        if asked == ("updated_at", "gte"):
            rows = by_touched(book, rows, date.fromisoformat(values[0]), today)
        else:
            rows = PREDICATES[asked](book, rows, values)
    # the first half of a uuid is the order of the whole: no two are equal there
    return rows[np.argsort(mixed_bits(book.frame["who"].gather(rows).to_numpy(), 301))]


def after(book: Book, rows: np.ndarray, uuid: str) -> int | None:
    """Place behind a record of a list; None when it is not in it. Where it is repeated, the first one counts."""
    row = book.place_of(uuid)
    places = np.flatnonzero(rows == row) if row is not None else []
    return int(places[0]) + 1 if len(places) else None


def organization_search(call: Call, desk: Desk) -> Reply:
    """POST /api/v4/searches/organizations."""
    body = call.json
    fields, query, limit = body.get("field_ids"), body.get("query", []), body.get("limit", 100)
    if not isinstance(fields, list) or not fields:
        return mistaken("MD101", "field_ids is required")
    if unknown := sorted(set(fields) - set(FIELDS)):
        return mistaken("MD101", f"{unknown[0]} is not a valid field for the collection organizations")
    if not isinstance(limit, int) or not 1 <= limit <= PAGE:
        return mistaken("MD401", f"limit must be between 1 and {PAGE}")
    book = desk.book(CATALOGUE)
    try:
        today = datetime.fromtimestamp(desk.clock(), UTC).date()
        listing = desk.listing(NAME, query, PAGE, lambda: find(book, query, today))
    except (KeyError, TypeError, ValueError):
        return mistaken("MD201", "a predicate of the query is not valid")
    start = 0
    if cursor := body.get("after_id"):
        start = after(book, listing.rows, cursor)
        if start is None:
            return mistaken("MD402", "after_id is not part of the result")
    rows = listing.page(start, limit)
    names = ("uuid", "identifier", *(name for name in FIELDS if name in fields and name not in ("uuid", "identifier")))
    found = zip(book.texts("key", rows).to_list(), book.render(rows, RECORD, names), strict=True)
    entities = array([f'{{"uuid":"{uuid}","properties":{properties}}}' for uuid, properties in found])
    content = f'{{"count":{len(listing.rows)},"entities":{entities}}}'
    return Reply.page(content, listing.question, cursor or "", len(rows))


SERVICE = Service(
    name=NAME,
    key=lambda call: call.headers.get("x-cb-user-key") or call.params.get("user_key"),
    routes={
        ("POST", "/api/v4/searches/organizations"): Route(
            "organization_search", organization_search, ("entities",), "name"
        )
    },
    limits=(Limit(200, 60),),
    denied=lambda: mistaken("LA401", "Unauthorized user_key", 401),
    too_fast=lambda limit, wait, endpoint: mistaken("LA429", "Usage limit exceeded", 429),
    used_up=lambda: mistaken("LA429", "Usage limit exceeded", 429),
    failed=lambda: Reply.of(502, b"<html><body>Bad Gateway</body></html>", headers={"content-type": "text/html"}),
    unknown=lambda: Reply.of(404, {"error": "no such resource", "code": "CS404"}),
    catalogues=(CATALOGUE,),
)

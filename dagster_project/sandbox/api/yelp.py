"""Yelp Fusion, business search: 50 a page, 240 a question, 5 calls a second and 300 a day until midnight UTC."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.filters import containing
from dagster_project.sandbox.api.keys import hexadecimal, mixed_bits
from dagster_project.sandbox.api.live import CLOSED
from dagster_project.sandbox.api.wire import View, array, filled, fixed, number, text
from dagster_project.sandbox.corruption import blank, shout, typos
from dagster_project.sandbox.entities import slugs
from dagster_project.sandbox.providers import called, phones, street_lines

NAME = "yelp"
PAGE, CAP, MAX_RADIUS = 50, 240, 40_000
KNOWN = {"local_services": 0.75, "healthcare": 0.6, "b2b_saas": 0.05, "ecommerce": 0.3, "real_estate": 0.5}
DAY = Limit(300, 86_400, is_fixed=True)


def spell(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Names as owners type them, digits of phones, units on a line of their own."""
    bits = mixed_bits(seen["who"].to_numpy() * 4 + seen["copy"].to_numpy(), 201)
    pairs = zip(trades.called(NAME), trades.titles(), strict=True)
    categories = [
        array([f'{{"alias":"{alias}","title":"{title}"}}' for alias, title in zip(*pair, strict=True)])
        for pair in pairs
    ]
    name = shout(typos(called(rng, seen, legal=0.1), rng, 0.03), rng, 0.05)
    return pl.DataFrame(
        {
            "key": hexadecimal(bits) + hexadecimal(mixed_bits(bits, 202)).str.slice(0, 6),
            "name": name,
            "alias": seen["handle"]
            + "-"
            + slugs(seen["city"])
            + (seen["copy"] > 0).replace_strict({True: "-2", False: ""}),
            "street": typos(street_lines(rng, seen.with_columns(unit=pl.lit(None, pl.String)), short=0.7), rng, 0.02),
            "unit": blank("Ste " + seen["unit"], rng, 0.3),
            "phone": blank(phones(rng, seen, ["{}{}{}"]), rng, 0.05),
            "categories": pl.Series(categories).gather(seen["category_code"]),
            "off_lat": pl.Series(rng.normal(0, 0.0006, seen.height).round(6).astype(np.float32)),
        }
    )


STREET = pl.coalesce("new_street", "street")
FIELDS = {
    "id": text("key"),
    "alias": text("alias"),
    "name": text("name"),
    "image_url": filled('"https://s3-media1.fl.yelpcdn.com/bphoto/{}/o.jpg"', "key"),
    "is_closed": number(pl.col("status") == CLOSED),
    "url": filled('"https://www.yelp.com/biz/{}"', "alias"),
    "review_count": number((pl.col("reviews") * 0.6).cast(pl.Int64)),
    "categories": pl.col("categories"),
    "rating": number((pl.col("rating") * 2).round(0) / 2),
    "coordinates": filled(
        '{"latitude":{},"longitude":{}}',
        number((pl.col("lat") + pl.col("off_lat")).round(6)),
        number((pl.col("lon") - pl.col("off_lat")).round(6)),
    ),
    "transactions": fixed("[]"),
    "location": filled(
        '{"address1":"{}","address2":"{}","address3":"","city":"{}","zip_code":"{}","country":"US","state":"{}",'
        '"display_address":["{}","{}, {} {}"]}',
        *(STREET, pl.col("unit").fill_null(""), "city", "zip", "state", STREET, "city", "state", "zip"),
    ),
    "phone": filled('"+1{}"', pl.col("phone")).fill_null('""'),
    "display_phone": filled(
        '"({}) {}-{}"', *(pl.col("phone").str.slice(start, length) for start, length in ((0, 3), (3, 3), (6, 4)))
    ).fill_null('""'),
}
RECORD = View(FIELDS)
CATALOGUE = Catalogue(name=NAME, spell=spell, reach=KNOWN, twice=0.04)


def error(status: int, code: str, description: str, **more: Any) -> Reply:
    return Reply.of(status, {"error": {"code": code, "description": description}}, **more)


def asked(call: Call) -> dict[str, Any] | Reply:
    """The question, or its refusal."""
    given = call.params
    try:
        found = {
            "lat": float(given["latitude"]),
            "lon": float(given["longitude"]),
            "radius": int(given.get("radius", MAX_RADIUS)),
            "categories": sorted(filter(None, given.get("categories", "").split(","))),
            "term": given.get("term", ""),
            "sort_by": given.get("sort_by", "best_match"),
        }
    except KeyError:
        return error(400, "VALIDATION_ERROR", "Please specify a location or a latitude and longitude")
    except ValueError as mistake:
        return error(400, "VALIDATION_ERROR", str(mistake))
    if not 0 <= found["radius"] <= MAX_RADIUS:
        return error(400, "VALIDATION_ERROR", f"'radius' must be at most {MAX_RADIUS}")
    return found


def find(book: Book, question: dict[str, Any]) -> np.ndarray:
    """Businesses in a circle, nearest first when asked so."""
    aliases = question["categories"]
    codes = frozenset().union(*(trades.codes(NAME, alias) for alias in aliases)) if aliases else None
    rows = book.of_categories(codes)
    degrees = question["radius"] / 100_000
    lat, lon = question["lat"], question["lon"]
    wide = degrees / max(0.01, np.cos(np.radians(lat)))
    rows = book.within(rows, lat - degrees, lon - wide, lat + degrees, lon + wide)
    away = book.distances(rows, lat, lon)
    rows, away = rows[away <= question["radius"] / 1000], away[away <= question["radius"] / 1000]
    if question["sort_by"] == "distance":
        rows = rows[np.argsort(away, kind="stable")]
    return containing(book, rows, question["term"])


def business_search(call: Call, desk: Desk) -> Reply:
    """GET /v3/businesses/search."""
    question = asked(call)
    if isinstance(question, Reply):
        return question
    limit, offset = int(call.params.get("limit", 20)), int(call.params.get("offset", 0))
    if not 0 <= limit <= PAGE or offset < 0 or offset + limit > CAP:
        return error(400, "VALIDATION_ERROR", f"Too many results requested, limit+offset must be <= {CAP}.")
    book = desk.book(CATALOGUE)
    listing = desk.listing(NAME, question, PAGE, lambda: find(book, question))
    rows = listing.page(offset, limit)
    away = (book.distances(rows, question["lat"], question["lon"]) * 1000).round(1)
    rendered = zip(book.render(rows, RECORD), away.tolist(), strict=True)
    records = [f'{json[:-1]},"distance":{metres}}}' for json, metres in rendered]
    centre = f'{{"center":{{"longitude":{question["lon"]},"latitude":{question["lat"]}}}}}'
    body = f'{{"businesses":{array(records)},"total":{len(listing.rows)},"region":{centre}}}'
    return Reply.page(body, listing.question, str(offset), len(rows))


def usage(limit: Limit, used: int, reset: float) -> dict[str, str]:
    """Headers about the day."""
    if limit.seconds != DAY.seconds:
        return {}
    return {
        "ratelimit-dailylimit": str(limit.calls),
        "ratelimit-remaining": str(max(0, limit.calls - used)),
        "ratelimit-resettime": datetime.fromtimestamp(reset, UTC).isoformat(),
    }


def too_fast(limit: Limit, wait: float, endpoint: str) -> Reply:
    if limit.seconds == DAY.seconds:
        return used_up()
    return error(
        429, "TOO_MANY_REQUESTS_PER_SECOND", "You have exceeded the queries-per-second limit for this endpoint."
    )


def used_up() -> Reply:
    return error(429, "ACCESS_LIMIT_REACHED", "You've reached the access limit for this client.")


SERVICE = Service(
    name=NAME,
    key=lambda call: call.headers.get("authorization", "").removeprefix("Bearer ") or None,
    routes={("GET", "/v3/businesses/search"): Route("business_search", business_search, ("businesses",), "name")},
    limits=(Limit(5, 1), DAY),
    denied=lambda: error(401, "TOKEN_INVALID", "Invalid access token or authorization header."),
    too_fast=too_fast,
    used_up=used_up,
    failed=lambda: error(500, "INTERNAL_ERROR", "Something went wrong internally, please try again later."),
    unknown=lambda: error(404, "NOT_FOUND", "Resource could not be found."),
    catalogues=(CATALOGUE,),
    usage=usage,
)

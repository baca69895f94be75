"""What Google knows of the world, behind the newer Places API and the older one: the same places, the same keys."""

import numpy as np
import polars as pl

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Catalogue
from dagster_project.sandbox.api.keys import hexadecimal, mixed_bits
from dagster_project.sandbox.api.live import CLOSED, OPEN, PAUSED
from dagster_project.sandbox.api.wire import Fields, View, array, filled, fixed, number, one_of, text
from dagster_project.sandbox.corruption import blank, draw, typos
from dagster_project.sandbox.providers import phones, street_lines, websites

STATUS = {OPEN: "OPERATIONAL", PAUSED: "CLOSED_TEMPORARILY", CLOSED: "CLOSED_PERMANENTLY"}
KNOWN = {"local_services": 0.85, "healthcare": 0.85, "b2b_saas": 0.35, "ecommerce": 0.35, "real_estate": 0.75}
# Opening and closing hour of the weeks that places keep; Saturday is shorter, Sunday closed.
WEEKS = [(8, 17), (9, 18), (7, 15), (10, 22), (6, 14)]


def spell(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Good points, trading names, no e-mail."""
    n, numbers = seen.height, seen["who"].to_numpy()
    bits = mixed_bits(numbers, 101)
    kinds = [[*several, "point_of_interest", "establishment"] for several in trades.called("google_places")]
    first = [several[0] if several else None for several in trades.called("google_places")]
    code = seen["category_code"]
    return pl.DataFrame(
        {
            "key": "ChIJ" + hexadecimal(bits) + hexadecimal(mixed_bits(numbers, 102)).str.slice(0, 7),
            "cid": pl.Series(bits >> np.uint64(1)).cast(pl.String),
            "name": typos(seen["name"], rng, 0.02),
            "street": street_lines(rng, seen.with_columns(unit=pl.lit(None, pl.String)), short=0.85),
            "unit": blank(draw(rng, ["Ste ", "Suite ", "#"], n) + seen["unit"], rng, 0.3),
            "phone": blank(phones(rng, seen, ["{}-{}-{}"]), rng, 0.08),
            "website": blank(websites(rng, seen, moved=0.02), rng, 0.12),
            "is_rated": pl.Series(rng.random(n) >= 0.06),
            "type": pl.Series(first, dtype=pl.String).gather(code),
            "types": pl.Series([array([f'"{kind}"' for kind in several]) for several in kinds]).gather(code),
            "week": pl.Series((numbers % (len(WEEKS) + 1)).astype(np.int8)),
            "off_lat": pl.Series(rng.normal(0, 0.0004, n).round(6).astype(np.float32)),
            "off_lon": pl.Series(rng.normal(0, 0.0004, n).round(6).astype(np.float32)),
        }
    )


STREET = pl.coalesce("new_street", "street")
# what is known of the inside of a building is forgotten with a move
UNIT = pl.when(pl.col("new_street").is_null()).then("unit")
LINE = pl.concat_str([STREET, filled(" {}", UNIT)], ignore_nulls=True)
ADDRESS = filled("{}, {}, {} {}, USA", LINE, "city", "state", "zip")
LAT, LON = (number((pl.col(name) + pl.col(f"off_{name}")).round(6)) for name in ("lat", "lon"))
RATING = number(pl.when("is_rated").then("rating"))
BUSINESS_STATUS = one_of("status", STATUS)
# Sunday is 0; one week is never closed at all, which is one period without an end.
MODERN_WEEKS = [
    "["
    + ",".join(
        f'{{"open":{{"day":{day},"hour":{start},"minute":0}},'
        f'"close":{{"day":{day},"hour":{end if day < 6 else 13},"minute":30}}}}'
        for day in range(1, 7)
    )
    + "]"
    for start, end in WEEKS
] + ['[{"open":{"day":0,"hour":0,"minute":0}}]']
OLD_WEEKS = [
    "["
    + ",".join(
        f'{{"open":{{"day":{day},"time":"{start:02}00"}},"close":{{"day":{day},"time":"{end if day < 6 else 13}30"}}}}'
        for day in range(1, 7)
    )
    + "]"
    for start, end in WEEKS
] + ['[{"open":{"day":0,"time":"0000"}}]']


def periods(weeks: list[str]) -> pl.Expr:
    """Opening hours by the number of the week; nothing for the last but one place in each round."""
    found = pl.when(pl.lit(value=False)).then(pl.lit(None, dtype=pl.String))
    for number_of_week, week in enumerate(weeks):
        found = found.when(pl.col("week") == number_of_week).then(pl.lit(week))
    return found.otherwise(None)


FIELDS: Fields = {
    "id": text("key"),
    "displayName": filled('{"text":"{}","languageCode":"en"}', "name"),
    "primaryType": text("type"),
    "types": pl.col("types"),
    "formattedAddress": text(ADDRESS),
    "postalAddress": filled(
        '{"regionCode":"US","languageCode":"en-US","postalCode":"{}","administrativeArea":"{}","locality":"{}",'
        '"addressLines":["{}"{}]}',
        *("zip", "state", "city", STREET, filled(',"{}"', UNIT).fill_null("")),
    ),
    "location": filled('{"latitude":{},"longitude":{}}', LAT, LON),
    "businessStatus": BUSINESS_STATUS,
    "googleMapsUri": filled('"https://maps.google.com/?cid={}"', "cid"),
    "internationalPhoneNumber": filled('"+1 {}"', "phone"),
    "websiteUri": text("website"),
    "rating": RATING,
    "userRatingCount": number(pl.when("is_rated").then("reviews")),
    "regularOpeningHours": filled('{"openNow":true,"periods":{}}', periods(MODERN_WEEKS)),
}
LOCATION = filled('{"location":{"lat":{},"lng":{}}}', LAT, LON)


def component(long: str | pl.Expr, short: str | pl.Expr, kind: str) -> pl.Expr:
    """One part of an address, as the older API lists them."""
    return filled(f'{{"long_name":"{{}}","short_name":"{{}}","types":["{kind}"]}}', long, short)


COMPONENTS = filled(
    "[{},{},{},{},{}]",
    component(STREET, STREET, "route"),
    component("city", "city", 'locality","political'),
    component("region", "state", 'administrative_area_level_1","political'),
    component(pl.lit("United States"), pl.lit("US"), 'country","political'),
    component("zip", "zip", "postal_code"),
)
NEARBY_FIELDS: Fields = {
    "place_id": text("key"),
    "name": text("name"),
    "business_status": BUSINESS_STATUS,
    "geometry": LOCATION,
    "types": pl.col("types"),
    "vicinity": filled('"{}, {}"', LINE, "city"),
    "rating": RATING,
    "user_ratings_total": number(pl.when("is_rated").then("reviews")),
    "reference": text("key"),
    "scope": fixed('"GOOGLE"'),
    "icon": fixed('"https://maps.gstatic.com/mapfiles/place_api/icons/v1/png_71/generic_business-71.png"'),
    "opening_hours": fixed('{"open_now":true}'),
    "permanently_closed": pl.when(pl.col("status") == CLOSED).then(pl.lit("true")),
}
DETAILS: Fields = {
    **{name: NEARBY_FIELDS[name] for name in ("place_id", "name", "business_status", "geometry", "types", "vicinity")},
    **{
        name: NEARBY_FIELDS[name]
        for name in ("rating", "user_ratings_total", "reference", "icon", "permanently_closed")
    },
    "url": FIELDS["googleMapsUri"],
    "formatted_address": text(ADDRESS),
    "address_components": COMPONENTS,
    "international_phone_number": FIELDS["internationalPhoneNumber"],
    "formatted_phone_number": filled('"({}) {}"', pl.col("phone").str.slice(0, 3), pl.col("phone").str.slice(4)),
    "website": FIELDS["websiteUri"],
    "opening_hours": filled('{"open_now":true,"periods":{}}', periods(OLD_WEEKS)),
    "utc_offset": fixed("-360"),
}
PLACES = Catalogue(name="google", spell=spell, reach=KNOWN)
PLACE, NEARBY, DETAILED = (View(fields, is_sparse=True) for fields in (FIELDS, NEARBY_FIELDS, DETAILS))

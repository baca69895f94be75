"""What four providers say about the businesses of the demo world, each in its own columns and with its own faults.

A map service, a review directory, a CRM and a company register see overlapping parts of the world (`sightings`); each
function here turns sighted entities into that provider's rows. Nothing here decides who exists or is the same.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from dagster_project.sandbox import names
from dagster_project.sandbox.corruption import (
    BAD_EMAILS,
    BAD_PHONES,
    blank,
    draw,
    hits,
    mixed,
    nonsense,
    phone_spellings,
    replace,
    shout,
    typos,
    url_spellings,
)
from dagster_project.sandbox.geography import CITIES, STATE_NAMES

SOURCES = ["demo_places", "demo_directory", "demo_crm", "demo_registry"]
# how likely each of SOURCES knows a business of a vertical
REACH = {
    "local_services": [5, 5, 1.5, 2],
    "healthcare": [5, 4, 2, 2],
    "b2b_saas": [1.5, 1, 6, 4],
    "ecommerce": [1.5, 2, 5, 4],
    "real_estate": [4, 3, 3, 3],
}
KNOWN_TO = [0.70, 0.19, 0.08, 0.03]  # share of businesses known to 1, 2, 3 and 4 providers
LISTED_TWICE = {"demo_directory": 0.04, "demo_crm": 0.05}  # providers that hold some businesses twice
RECORDS_PER_ENTITY = 1.46  # what KNOWN_TO and LISTED_TWICE come to, a little low so that worlds never run short
BANDS = [(10, "1-10"), (50, "11-50"), (200, "51-200"), (500, "201-500"), (1000, "501-1000"), (10**9, "1001-5000")]


def sightings(rng: np.random.Generator, entities: pl.DataFrame, limit: int) -> dict[str, pl.DataFrame]:
    """Per source, the entities it knows, in an order of its own and some twice; `limit` records in all."""
    reach = np.array([REACH[v] for v in REACH])[entities["vertical"].replace_strict(list(REACH), range(len(REACH)))]
    # the largest of log(weight) + Gumbel noise are a weighted draw without replacement
    rank = np.argsort(np.argsort(-(np.log(reach) + rng.gumbel(size=reach.shape)), axis=1), axis=1)
    known = rank < rng.choice([1, 2, 3, 4], entities.height, p=KNOWN_TO)[:, None]
    times = known.astype(np.int64)
    for source, share in LISTED_TWICE.items():
        times[:, SOURCES.index(source)] *= 1 + (rng.random(entities.height) < share)
    full = np.cumsum(times.sum(axis=1))
    times = times[: int(np.searchsorted(full, limit, side="right"))]
    rows = [np.repeat(np.arange(len(times)), times[:, i]) for i in range(len(SOURCES))]
    return {source: entities[rng.permutation(seen)] for source, seen in zip(SOURCES, rows, strict=True)}


def places(rng: np.random.Generator, seen: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
    """The map service: nested rows, good points and ratings, trading names."""
    n = seen.height
    text = typos(seen["name"], rng, 0.02)
    address = (
        street_lines(rng, seen, short=0.85) + ", " + cities(seen) + ", " + states(seen) + " " + seen["zip"] + ", USA"
    )
    return pl.DataFrame(
        {
            "id": keys,
            "displayName": pl.DataFrame({"text": text}).to_struct(),
            "formattedAddress": blank(address, rng, 0.01),
            "location": pl.DataFrame(
                {
                    "latitude": (seen["lat"] + rng.normal(0, 0.0004, n)).round(6),
                    "longitude": (seen["lon"] + rng.normal(0, 0.0004, n)).round(6),
                }
            ).to_struct(),
            "nationalPhoneNumber": blank(phones(rng, seen, ["({}) {}-{}"]), rng, 0.08),
            "websiteUri": blank(websites(rng, seen, moved=0.02), rng, 0.12),
            "rating": blank(seen["rating"], rng, 0.06),
            "userRatingCount": seen["reviews"],
            "primaryType": seen["category"],
        }
    )


def directory(rng: np.random.Generator, seen: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
    """The review directory: typed by hand, loud, with some phones and e-mails that are none."""
    state = replace(states(seen), hits(rng, seen.height, 0.08), states(seen).replace_strict(STATE_NAMES))
    zip4 = seen["zip"] + "-" + pl.Series(rng.integers(1000, 9999, seen.height)).cast(pl.String)
    return pl.DataFrame(
        {
            "listing_id": keys,
            "business_name": shout(typos(called(rng, seen, legal=0.2), rng, 0.05), rng, 0.15),
            "street": blank(typos(street_lines(rng, seen, short=0.6), rng, 0.02), rng, 0.03),
            "city": shout(typos(cities(seen), rng, 0.01), rng, 0.08),
            "state": state,
            "zip": blank(mixed(rng, [seen["zip"], zip4], [9, 1]), rng, 0.05),
            "telephone": nonsense(blank(phones(rng, seen), rng, 0.04), rng, 0.012, BAD_PHONES),
            "url": blank(websites(rng, seen, moved=0.04), rng, 0.2),
            "email": nonsense(blank(seen["email"], rng, 0.45), rng, 0.015, BAD_EMAILS),
            "stars": blank((seen["rating"] * 2).round(0) / 2, rng, 0.08),
            "reviews": (seen["reviews"] * 0.6).cast(pl.Int64),
            "category": seen["category"].str.replace_all("_", " ").str.to_titlecase(),
        }
    )


def crm(rng: np.random.Generator, seen: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
    """The CRM: accounts as representatives typed them, bare domains, headcounts and technologies."""
    headcount = seen["employees"].cast(pl.String)
    return pl.DataFrame(
        {
            "account_id": keys,
            "account_name": typos(called(rng, seen, legal=0.5), rng, 0.04),
            "billing_street": blank(street_lines(rng, seen, short=0.5), rng, 0.1),
            "billing_city": cities(seen),
            "billing_state": states(seen),
            "billing_zip": blank(seen["zip"], rng, 0.1),
            "phone": nonsense(blank(phones(rng, seen), rng, 0.2), rng, 0.008, BAD_PHONES),
            "website": blank(websites(rng, seen, moved=0.05, styles=["{}", "www.{}", "https://{}"]), rng, 0.1),
            "email": nonsense(blank(shout(seen["email"], rng, 0.03), rng, 0.15), rng, 0.008, BAD_EMAILS),
            "email_verified": seen["email_verified"].replace_strict([True, False], ["true", "false"]),
            "employees": blank(mixed(rng, [headcount, band(seen["employees"])], [7, 3]), rng, 0.15),
            "technologies": blank(seen["technologies"], rng, 0.15),
            "vertical": seen["vertical"],
        }
    )


def registry(rng: np.random.Generator, seen: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
    """The company register: legal names in capitals, one-line addresses, some of them only an agent's."""
    agent = draw(rng, ["1 Filing Plaza", "200 Registered Agent Way", "75 Charter Row Ste 400"], seen.height)
    street = replace(street_lines(rng, seen, short=0.9), hits(rng, seen.height, 0.08), agent)
    legal = seen["name"] + " " + pl.Series(names.LEGAL_SUFFIXES).gather(seen["suffix"])
    return pl.DataFrame(
        {
            "registration_no": keys,
            "legal_name": legal.str.to_uppercase(),
            "trading_as": blank(seen["name"], rng, 0.4),
            "address": blank(street + ", " + cities(seen) + ", " + states(seen) + " " + seen["zip"], rng, 0.02),
            "founded": blank(seen["founded"], rng, 0.03),
            "employees_band": blank(band(seen["employees"]), rng, 0.1),
            "homepage": blank(websites(rng, seen, moved=0.03), rng, 0.45),
        }
    )


LAYOUTS: dict[str, Callable[[np.random.Generator, pl.DataFrame, pl.Series], pl.DataFrame]] = {
    "demo_places": places,
    "demo_directory": directory,
    "demo_crm": crm,
    "demo_registry": registry,
}
KEYS = {
    "demo_places": ("id", "pl-"),
    "demo_directory": ("listing_id", "L"),
    "demo_crm": ("account_id", "ACC-"),
    "demo_registry": ("registration_no", "R"),
    "demo_people": ("person_id", "per-"),
}


def numbered(source: str, start: int, count: int) -> pl.Series:
    """`count` keys of a source, from `start`."""
    return KEYS[source][1] + pl.Series(np.arange(start, start + count)).cast(pl.String).str.zfill(7)


def band(employees: pl.Series) -> pl.Series:
    """Headcounts as the size bands that providers print."""
    upper = np.array([limit for limit, _ in BANDS])
    return pl.Series([label for _, label in BANDS]).gather(np.searchsorted(upper, employees.to_numpy()))


def called(rng: np.random.Generator, seen: pl.DataFrame, legal: float) -> pl.Series:
    """Names as people write them: with a legal suffix on `legal` of the rows, `and` for some ampersands."""
    plain = replace(seen["name"], hits(rng, seen.height, 0.3), seen["name"].str.replace_all("&", "and", literal=True))
    spellings = [pl.Series(words).gather(seen["suffix"]) for words in (names.LEGAL_SUFFIXES, names.SUFFIX_VARIANTS)]
    suffix = mixed(rng, spellings, [1, 1])
    return mixed(rng, [plain, plain + " " + suffix, plain + ", " + suffix], [1 - legal, legal / 2, legal / 2])


def street_lines(rng: np.random.Generator, seen: pl.DataFrame, short: float) -> pl.Series:
    """Street lines; type and direction abbreviated on `short` of the rows, the unit left out on some."""
    lines = [_street_line(seen, form) for form in (0, 1)]
    line = mixed(rng, lines, [1 - short, short])
    unit = draw(rng, [" Ste ", " Suite ", " #", ", Unit "], seen.height) + seen["unit"]
    return line + blank(unit, rng, 0.3).fill_null("")


def _street_line(seen: pl.DataFrame, form: int) -> pl.Series:
    direction = pl.Series([d[form] for d in names.DIRECTIONS]).gather(seen["direction"])
    kind = pl.Series([t[form] for t in names.STREET_TYPES]).gather(seen["street_type"])
    return (seen["house"].cast(pl.String) + " " + direction + " " + seen["street"] + " " + kind).str.replace(
        "  ", " ", literal=True
    )


def cities(seen: pl.DataFrame) -> pl.Series:
    return pl.Series([c.name for c in CITIES]).gather(seen["city_index"])


def states(seen: pl.DataFrame) -> pl.Series:
    return pl.Series([c.state for c in CITIES]).gather(seen["city_index"])


def phones(rng: np.random.Generator, seen: pl.DataFrame, styles: list[str] | None = None) -> pl.Series:
    """Phones as printed; a shared line stands in for half of the phones of those who have one."""
    use_shared = seen["shared_phone"].is_not_null() & hits(rng, seen.height, 0.5)
    digits = replace(seen["phone"], use_shared, seen["shared_phone"])
    return phone_spellings(digits, rng, styles) if styles else phone_spellings(digits, rng)


def websites(rng: np.random.Generator, seen: pl.DataFrame, moved: float, styles: list[str] | None = None) -> pl.Series:
    """Websites as printed; those who moved are still listed at the old address on some rows."""
    is_old = seen["old_domain"].is_not_null() & hits(rng, seen.height, moved / 0.08)
    domain = replace(seen["domain"], is_old, seen["old_domain"])
    return url_spellings(domain, rng, styles) if styles else url_spellings(domain, rng)

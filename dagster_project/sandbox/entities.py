"""Who exists in the demo world: businesses with one true name, address, phone, website and size each.

What providers get wrong about them is said in `providers`. Chains share name and website between locations, agencies
share a phone between clients; both are the traps that make matching hard in real data.
"""

import re
import unicodedata

import numpy as np
import polars as pl

from dagster_project.sandbox import names
from dagster_project.sandbox.corruption import draw, hits, replace
from dagster_project.sandbox.geography import CITIES

CHAIN_SHARE = 0.03  # of businesses that are locations of a chain
LOCATIONS_PER_CHAIN = 5  # on average; the number of chains grows with the world, not the chains
AGENCY_SHARE = 0.01  # of businesses reached through the phone of an agency
CLIENTS_PER_AGENCY = 6
VERTICALS = {"local_services": 0.46, "healthcare": 0.18, "b2b_saas": 0.14, "ecommerce": 0.12, "real_estate": 0.10}
HEADCOUNT = {"local_services": 9, "healthcare": 18, "b2b_saas": 60, "ecommerce": 25, "real_estate": 12}  # medians
LINES_PER_CODE = 10_000
# how the telephone numbers of a city are shared out, so that worlds of up to 1M records never give one out twice
NUMBER_SHARES = {"business": (0.0, 0.60), "person": (0.60, 0.30), "later": (0.90, 0.10)}


def slug(text: str) -> str:
    """Lower-case ASCII letters and digits of a text."""
    plain = unicodedata.normalize("NFKD", text.replace("ø", "o").replace("ł", "l")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain.lower())


def slugs(texts: pl.Series) -> pl.Series:
    """`slug` of each value, worked out once per distinct value."""
    distinct = texts.unique()
    return texts.replace_strict(distinct, pl.Series([slug(text) for text in distinct]))


def make_entities(rng: np.random.Generator, count: int, *, first: int = 0, era: str = "") -> pl.DataFrame:
    """`count` businesses numbered from `first`, one row each; columns are the truth that providers see.

    `era` marks websites of businesses founded on a later day, so that none takes an existing website.
    """
    brand = _brands(rng, count, era)
    places = _addresses(rng, count)
    pool = "later" if era else "business"
    phones = telephone_numbers(places["city_index"], pool)
    entities = pl.concat(
        [pl.DataFrame({"entity": np.arange(first, first + count)}), brand, places, phones.to_frame()], how="horizontal"
    )
    return entities.with_columns(_reputation(rng, entities)).with_columns(
        _shared_phone(rng, entities), *_mail(rng, entities)
    )


def telephone_numbers(city_index: pl.Series, pool: str) -> pl.Series:
    """One ten-digit number per row, of an area code of its city and the fictional exchange 555.

    Distinct until a city's share of the pool is used up (`NUMBER_SHARES`), then they repeat.
    """
    start, share = NUMBER_SHARES[pool]
    codes = pl.Series([len(c.codes) for c in CITIES]).gather(city_index)
    rank = city_index.to_frame().select(pl.int_range(pl.len()).over("city_index")).to_series()
    capacity = codes * LINES_PER_CODE
    used = (capacity * start).cast(pl.Int64) + rank % (capacity * share).cast(pl.Int64)
    line = (
        used * 7919 + 142
    ) % capacity  # 7919 is prime and shares no factor with the capacity: a shuffle without repeats
    flat = pl.Series([code for c in CITIES for code in c.codes])
    offset = pl.Series(np.concatenate([[0], np.cumsum([len(c.codes) for c in CITIES])[:-1]])).gather(city_index)
    area = flat.gather(offset + line // LINES_PER_CODE)
    return (area + "555" + (line % LINES_PER_CODE).cast(pl.String).str.zfill(4)).alias("phone")


def _brands(rng: np.random.Generator, count: int, era: str) -> pl.DataFrame:
    """Name, trade, website and size of each business; locations of a chain get those of one brand."""
    in_chain = rng.random(count) < CHAIN_SHARE
    chains = max(1, int(in_chain.sum()) // LOCATIONS_PER_CHAIN)
    brand_of = np.arange(count) + chains
    brand_of[in_chain] = rng.integers(0, chains, int(in_chain.sum()))
    brands = _brand_table(rng, count + chains, era)
    chain = pl.Series("chain", np.where(in_chain, brand_of, -1)).replace(-1, None)
    return brands[brand_of].with_columns(chain)


def _brand_table(rng: np.random.Generator, count: int, era: str) -> pl.DataFrame:
    vertical = draw(rng, list(VERTICALS), count, list(VERTICALS.values()))
    trade, category, tech, employees = _trades(rng, vertical)
    stem = _stems(rng, count)
    name = stem + " " + trade
    host = slugs(stem) + "-" + slugs(trade)
    twin = host.to_frame("host").select(pl.int_range(pl.len()).over("host")).to_series()
    number = replace((twin + 1).cast(pl.String), twin == 0, pl.Series([""]).new_from_index(0, count))
    domain = host + number + f"-demo{era}.com"
    has_site = hits(rng, count, 0.9)
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, count)
    return pl.DataFrame(
        {
            "name": name,
            "suffix": rng.integers(0, len(names.LEGAL_SUFFIXES), count),
            "vertical": vertical,
            "category": category,
            "technologies": tech,
            "employees": employees,
            "founded": 2025 - np.minimum(rng.exponential(14, count), 90).astype(np.int64),
            "handle": host + number,
            "domain": replace(nothing, has_site, domain),
            "old_domain": replace(nothing, has_site & hits(rng, count, 0.08), host + number + f"-online-demo{era}.net"),
        }
    )


def _trades(rng: np.random.Generator, vertical: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series, np.ndarray]:
    """Trade, category, technologies and headcount that fit each vertical."""
    number = vertical.replace_strict(list(VERTICALS), range(len(VERTICALS))).to_numpy()
    pick = _within(rng, [names.TRADES[v] for v in VERTICALS], number)
    trade, category = (pl.Series([t[i] for v in VERTICALS for t in names.TRADES[v]]).gather(pick) for i in (0, 1))
    pick = _within(rng, [names.TECHNOLOGIES[v] for v in VERTICALS], number)
    technologies = pl.Series([t for v in VERTICALS for t in names.TECHNOLOGIES[v]]).gather(pick)
    median = np.array([HEADCOUNT[v] for v in VERTICALS])[number]
    employees = np.maximum(1, (median * rng.lognormal(0, 1.1, len(vertical))).astype(np.int64))
    return trade, category, technologies, employees


def _within(rng: np.random.Generator, groups: list[list], group: np.ndarray) -> np.ndarray:
    """For each row a random place in its group, counted along all groups laid end to end."""
    sizes = np.array([len(g) for g in groups])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return starts[group] + (rng.random(len(group)) * sizes[group]).astype(np.int64)


def _stems(rng: np.random.Generator, count: int) -> pl.Series:
    """Invented first halves of names: coined words, families, partners, and coined words with an opener."""
    coined = draw(rng, names.STEMS, count) + draw(rng, names.ENDINGS, count)
    family, partner = draw(rng, names.SURNAMES, count), draw(rng, names.SURNAMES, count)
    kind = pl.Series(rng.random(count))
    stems = replace(coined, (kind >= 0.5) & (kind < 0.62), family)
    stems = replace(stems, (kind >= 0.62) & (kind < 0.82), family + " & " + partner)
    return replace(stems, kind >= 0.82, draw(rng, names.OPENERS, count) + " " + coined)


def _addresses(rng: np.random.Generator, count: int) -> pl.DataFrame:
    """City, street, ZIP code and point; the ZIP code names a zone of the city and the point lies in it."""
    # cities are drawn by their area codes, so that telephone numbers are used up evenly
    weights = np.array([len(c.codes) for c in CITIES], float)
    city = rng.choice(len(CITIES), count, p=weights / weights.sum())
    zone = rng.integers(1, 61, count)
    centre = np.array([(c.lat, c.lon) for c in CITIES])[city]
    unit = pl.Series(rng.integers(1, 40, count) * 10).cast(pl.String)
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, count)
    return pl.DataFrame(
        {
            "city_index": city,
            "house": rng.integers(1, 9800, count),
            "direction": rng.choice(len(names.DIRECTIONS), count, p=[0.5, 0.14, 0.14, 0.11, 0.11]),
            "street": draw(rng, names.STREETS, count),
            "street_type": rng.choice(
                len(names.STREET_TYPES), count, p=[0.34, 0.24, 0.1, 0.1, 0.08, 0.05, 0.03, 0.03, 0.03]
            ),
            "unit": replace(nothing, hits(rng, count, 0.22), unit),
            "zip": pl.Series([c.zip3 for c in CITIES]).gather(city) + pl.Series(zone).cast(pl.String).str.zfill(2),
            "lat": centre[:, 0] + ((zone * 37) % 60 / 60 - 0.5) * 0.20 + rng.normal(0, 0.006, count),
            "lon": centre[:, 1] + ((zone * 23) % 60 / 60 - 0.5) * 0.25 + rng.normal(0, 0.006, count),
        }
    )


def _reputation(rng: np.random.Generator, entities: pl.DataFrame) -> list[pl.Series]:
    quality = rng.normal(0, 1, entities.height)
    rating = np.clip(np.round(4.05 + 0.45 * quality, 1), 1.5, 5.0)
    reviews = rng.lognormal(3.6 + 0.35 * quality, 1.1).astype(np.int64)
    return [pl.Series("rating", rating), pl.Series("reviews", reviews)]


def _shared_phone(rng: np.random.Generator, entities: pl.DataFrame) -> pl.Series:
    """The phone that several businesses share: a chain's toll-free line or an agency's own number."""
    count = entities.height
    agencies = max(1, int(count * AGENCY_SHARE) // CLIENTS_PER_AGENCY)
    agency = entities["phone"].gather(rng.integers(0, min(agencies, count), count))
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, count)
    shared = replace(nothing, hits(rng, count, AGENCY_SHARE), agency)
    toll_free = "844555" + (entities["chain"] % LINES_PER_CODE).cast(pl.String).str.zfill(4)
    return replace(shared, entities["chain"].is_not_null(), toll_free).alias("shared_phone")


def _mail(rng: np.random.Generator, entities: pl.DataFrame) -> list[pl.Series]:
    """The business's mailbox (at its domain, else a free one) and whether mail there is known to arrive."""
    count = entities.height
    box = draw(rng, ["info", "hello", "contact", "sales", "office"], count, [5, 2, 2, 2, 1])
    own = box + "@" + entities["domain"]
    free = entities["handle"] + ".demo@" + draw(rng, ["gmail.com", "outlook.com", "yahoo.com"], count)
    is_free = entities["domain"].is_null() | hits(rng, count, 0.05)
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, count)
    email = replace(replace(own, is_free, free), hits(rng, count, 0.15), nothing)
    return [email.alias("email"), (hits(rng, count, 0.65) & email.is_not_null()).alias("email_verified")]

"""Countries, states and provinces, cities, postal codes and coordinates: codes and standard forms.

States are coded for the countries of `contracts/regions.csv` (US, CA); other regions stay as given.
"""

from functools import cache

import polars as pl

from dagster_project.contracts.geography import countries as country_table
from dagster_project.contracts.geography import regions as region_table
from dagster_project.normalize import names, values
from dagster_project.normalize.names import Style
from dagster_project.normalize.text import fold, lookup, per_distinct, rewritten, tidy

US_POSTAL = r"^(\d{5})(?:[- ]?\d{4})?$"
CA_POSTAL = r"(?i)^([ABCEGHJ-NPRSTVXY]\d[A-Z])[ -]?(\d[A-Z]\d)$"


def country(texts: pl.Series) -> pl.Series:
    """ISO 3166-1 alpha-2 of a code or name in English or in the country's own languages; null when unknown."""
    return lookup(_key(texts), country_keys())


def region(regions: pl.Series, countries: pl.Series) -> pl.Series:
    """Code of a state or province of the US or Canada (of either when the country is null); null for an unknown one.
    Regions of other countries are only tidied.
    """
    texts = tidy(regions)
    known = lookup(countries.fill_null("") + ":" + _key(texts), region_keys())
    elsewhere = ~countries.is_in(["US", "CA"]).fill_null(False)
    return rewritten(known, known.is_null() & elsewhere, lambda _: texts.filter(known.is_null() & elsewhere))


def city(cities: pl.Series, countries: pl.Series) -> pl.Series:
    """Cities with repaired case; in the US the common short forms (NYC, LA) are written out."""
    texts = per_distinct(cities, lambda some: names.display(some.str.strip_chars(" ,"), Style.PLACE))
    american = (countries == "US").fill_null(False)
    known = rewritten(texts, american, lambda some: per_distinct(some, lambda few: values.choice(few, "us_city")))
    return known.zip_with(american & known.is_not_null(), texts)


def postal(codes: pl.Series, countries: pl.Series) -> pl.Series:
    """US: five digits, lost leading zeros restored; CA: "A1A 1A1"; elsewhere tidied capitals. Null when it cannot be a
    code of the US or of Canada. Without a country either form is recognised.
    """
    texts = tidy(codes)
    odd = ~(texts.str.contains(r"^\d{5}$") & (countries.fill_null("") != "CA"))
    return rewritten(texts, odd, lambda some: _postal(some, countries.filter(odd.fill_null(False))))


def _postal(codes: pl.Series, countries: pl.Series) -> pl.Series:
    texts = codes.str.to_uppercase().str.strip_chars("- ").str.replace(r"^(\d+)\.0$", "$1")
    padded = pl.when(pl.col("text").str.contains(r"^\d{3,4}$")).then(pl.col("text").str.zfill(5)).otherwise("text")
    us = pl.col("text").str.extract(US_POSTAL)
    is_ca = pl.col("text").str.contains(CA_POSTAL)
    frame = pl.DataFrame({"text": texts, "country": countries})
    return frame.select(
        pl.when(pl.col("country") == "US")
        .then(padded.str.extract(US_POSTAL))
        .when(is_ca & (pl.col("country").fill_null("CA") == "CA"))
        .then(pl.col("text").str.replace(CA_POSTAL, "$1 $2"))
        .when(pl.col("country") == "CA")
        .then(None)
        .when(pl.col("country").is_null() & us.is_not_null())
        .then(us)
        .otherwise("text")
        .replace("", None)
    ).to_series()


def coordinates(lats: pl.Series, lons: pl.Series) -> pl.DataFrame:
    """Columns lat and lon in degrees; both null when either is missing, out of range, or both are 0 (no such place:
    it is what a geocoder says when it found nothing). Nothing is swapped or guessed.
    """
    frame = pl.DataFrame({"lat": values.number(lats), "lon": values.number(lons)})
    inside = pl.col("lat").is_between(-90, 90) & pl.col("lon").is_between(-180, 180)
    good = inside & ~((pl.col("lat") == 0) & (pl.col("lon") == 0))
    return frame.select(pl.when(good).then("lat"), pl.when(good).then("lon"))


def _key(texts: pl.Series) -> pl.Series:
    return per_distinct(texts, _folded)


def _folded(texts: pl.Series) -> pl.Series:
    keys = fold(texts)
    keys = rewritten(keys, keys.str.contains(r"[^a-z]"), lambda s: s.str.replace_all(r"[^\p{L}\p{N}]+", " "))
    return keys.str.replace_all(r"\b(\w) \b", "$1").str.strip_chars(" ")


@cache
def country_keys() -> dict[str, str]:
    """Every way of writing a country, as `_key` folds it, to its code."""
    table = country_table()
    return dict(zip(_key(pl.Series(list(table))), table.values(), strict=True))


@cache
def region_keys() -> dict[str, str]:
    """COUNTRY:KEY to the code of a region; with an empty country for any, and with the ISO form "us il"."""
    table = region_table()
    keys = _key(pl.Series([name for _, name in table]))
    coded = {}
    for ((home, _), value), key in zip(table.items(), keys, strict=True):
        for prefix in (home, ""):
            coded.setdefault(f"{prefix}:{key}", value)
            coded.setdefault(f"{prefix}:{home.lower()} {value.lower()}", value)
    return coded

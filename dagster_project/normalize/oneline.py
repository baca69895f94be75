"""Whole addresses on one line, taken apart from the end: country, postal code, state, city.

Knows the forms of the US and Canada ("867 N Hermitage Ave, Chicago, IL 60622", "465 S Arroyo Parkway Pasadena, CA,",
"1877 Nostrand Avenue, Brooklyn, NY, NY"). What it cannot tell apart stays in address_line1: a wrong city is worse than
none. Standard forms of the parts are made by `addresses` and `places`.
"""

from functools import cache

import polars as pl

from dagster_project.contracts.geography import countries, regions
from dagster_project.normalize.tables import words
from dagster_project.normalize.text import one_of, rewritten, tidy

COUNTRIES = ["US", "CA"]  # the forms it knows
POSTAL = r"(?i)^(?<rest>.*?)[,\s]+(?<postal>\d{5}(?:-\d{4})?|[A-Z]\d[A-Z][ -]?\d[A-Z]\d)$"
CODE = r"^(?<rest>.*?)(?<comma>,?)\s*[,\s](?<code>[A-Za-z]{2})\.?$"
# "CA94608", and "CA 94103, CA"
RUN_TOGETHER = r"\b([A-Z]{2})\s?(\d{5}(?:-\d{4})?)(?:,\s*[A-Z]{2})?$"
LAST_PART = r",\s*([^,\d]+)$"
CITY = r"^(?<line>.*\S)\s*,\s*(?<city>[^,\d#]*\p{L}[^,\d#]*)$"
NOT_CITY = r"(?i)^(?:suite|ste|unit|apt|floor|fl|room|rm|building|bldg)\b"
UNIT = r"(?:\s+(?:#\s*|(?i:suite|ste|apt|unit|fl|floor|rm|room)\.?\s+)[\w-]+)?"
EDGES = " ,;"


def split(addresses: pl.Series) -> pl.DataFrame:
    """Columns address_line1, city, region, postal, country: the text of each part, null where the line has none. A
    country is given when it is named, or when a state comes with a postal code of its country's form.
    """
    text = tidy(addresses.str.replace_all(r"\s*[\r\n]+\s*", ", ")).str.strip_chars(EDGES)
    text, country = _country(text.str.replace(RUN_TOGETHER, "$1 $2"))
    parts = text.str.extract_groups(POSTAL).struct.unnest()
    rest, region = _region(_or(parts["rest"], text).str.strip_chars(EDGES), parts["postal"].is_not_null())
    # without a state five digits at the end may be a house number
    postal = parts["postal"].set(region.is_null(), None)
    rest = rest.zip_with(region.is_not_null(), text)
    line, city = _city(rest, region)
    return pl.DataFrame(
        {
            "address_line1": line.str.strip_chars(EDGES),
            "city": city.str.strip_chars(EDGES),
            "region": region,
            "postal": postal,
            "country": _or(country, _implied_country(postal)),
        }
    )


def _or(first: pl.Series, other: pl.Series) -> pl.Series:
    return first.zip_with(first.is_not_null(), other)


def _country(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The line without its country, and the country, which is a known one after the last comma, or "USA"."""
    last = text.str.extract(LAST_PART)
    last = last.set(~last.str.strip_chars(" .").str.to_lowercase().is_in(_country_names()).fill_null(True), None)
    spaced = text.str.extract(r"(?i)\s(usa|united states)$")
    rest = rewritten(text, last.is_not_null(), lambda s: s.str.replace(LAST_PART, ""))
    rest = rewritten(rest, last.is_null() & spaced.is_not_null(), lambda s: s.str.replace(r"\s\S*(?: states)?$", ""))
    return rest.str.strip_chars(EDGES), _or(last, spaced)


def _implied_country(postal: pl.Series) -> pl.Series:
    american = pl.when(pl.col("postal").str.contains(r"^\d")).then(pl.lit("US"))
    return (
        pl.DataFrame({"postal": postal})
        .select(american.when(pl.col("postal").is_not_null()).then(pl.lit("CA")))
        .to_series()
    )


def _region(rest: pl.Series, has_postal: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The line without its state, and the state: a code in capitals, after a comma or before a postal code; or a name
    after a city.
    """
    parts = rest.str.extract_groups(CODE).struct.unnest()
    code = parts["code"].str.to_uppercase()
    sure = has_postal | (parts["code"] == code) | (parts["comma"] == ",")
    code = code.set(~(sure & code.is_in(sorted(set(regions().values())))).fill_null(True), None)
    named = rest.str.extract_groups(_state_tail()).struct.unnest()
    region = _or(code, named["region"])
    before = parts["rest"].zip_with(code.is_not_null(), named["rest"])
    before = before.zip_with(region.is_not_null(), rest).str.strip_chars(EDGES)
    # the state said twice: "Brooklyn, NY, NY"
    again = before.str.extract(r",\s*([A-Z]{2})$") == code
    return rewritten(before, again, lambda s: s.str.replace(r",\s*[A-Z]{2}$", "")), region


def _city(rest: pl.Series, region: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Only after a state was found: a last part without digits, what follows the street's type, or all there is."""
    sought = rest.set(region.is_null(), None)
    parted = sought.str.extract_groups(CITY).struct.unnest()
    parted = parted.with_columns(pl.when(~pl.col("city").str.contains(NOT_CITY)).then(pl.all()))
    run_on = sought.set(sought.str.contains(",", literal=True).fill_null(True), None)
    spaced = run_on.str.extract_groups(_street_end()).struct.unnest()
    alone = run_on.set(run_on.str.contains(_street_alone()).fill_null(True), None)
    line = _or(_or(parted["line"], spaced["line"]), rest)
    return line.set(alone.is_not_null(), None), _or(_or(parted["city"], spaced["city"]), alone)


@cache
def _street_end() -> str:
    ends, sides = one_of(words("street_ends")), "(?:N|S|E|W|NE|NW|SE|SW)"
    return rf"(?i)^(?<line>\d\S*\s+\S+(?:\s+\S+)*?\s+{ends}\.?(?:\s+{sides}\.?)?{UNIT})\s+(?<city>\p{{L}}[^\d,#]*)$"


@cache
def _street_alone() -> str:
    return rf"(?i)\d|\b{one_of(words('street_ends'))}\.?$"


@cache
def _country_names() -> list[str]:
    # "Georgia" is also a state, and two letters are a state before they are a country
    states = {name.lower() for _, name in regions()}
    return sorted({name.lower().strip(" .") for name in countries() if len(name) > 2} - states)


@cache
def _state_tail() -> str:
    names = [name for _, name in regions() if len(name) > 2]
    return rf"(?i)^(?<rest>.*,\s*[^,\d]+),\s*(?<region>{one_of(names)})$"

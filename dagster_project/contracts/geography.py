"""Countries and their regions: the codes that every room writes, and the names that providers use for them.

The tables are data (`countries.csv`, `regions.csv` beside this file), read once.
"""

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files


@cache
def countries() -> dict[str, str]:
    """Codes and names, as written in the table, to ISO 3166-1 alpha-2."""
    named = {name: row["iso2"] for row in _csv("countries") for name in row["names"].split("|")}
    coded = {row[code]: row["iso2"] for row in _csv("countries") for code in ("iso2", "iso3")}
    return named | coded


@cache
def regions() -> dict[tuple[str, str], str]:
    """(country, code or name of a state or province) to its code, for the countries the table has."""
    return {
        (row["country"], name): row["code"]
        for row in _csv("regions")
        for name in (row["code"], *row["names"].split("|"))
    }


@cache
def country_names() -> dict[str, str]:
    """ISO 3166-1 alpha-2 to the first name that the table gives."""
    return {code: name for name, code in reversed(countries().items()) if len(name) > 3}


@cache
def region_names() -> dict[tuple[str, str], str]:
    """(country, code) to the first name that the table gives."""
    return {(country, code): name for (country, name), code in reversed(regions().items()) if name != code}


def _csv(name: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(files(__package__).joinpath(f"{name}.csv").read_text("utf-8").splitlines())

"""Sanity on the team's real sets: how many values are understood, and what is refused."""

from pathlib import Path

import polars as pl
import pytest

from dagster_project.normalize import Normalized, normalize
from tests.normalize.frames import extracted

pytestmark = pytest.mark.shared

RESTAURANT = {
    "name": "NAME",
    "rating": "RATING",
    "phone": "PHONENUMBER",
    "review_count": "NO_OF_REVIEWS",
    "address": "ADDRESS",
}
BREWERY = {
    "name": "name",
    "category": "brewery_type",
    "city": "city",
    "postal": "postal_code",
    "country": "country",
    "phone": "phone",
    "website": "website_url",
    "lat": "latitude",
    "lon": "longitude",
}


def normalized(file: Path, fields: dict[str, str], constants: dict[str, str] | None = None) -> Normalized:
    """A comma-separated file through the given columns, as a mapping would."""
    table = pl.read_csv(file, infer_schema=False, encoding="utf8-lossy").rename(str.strip)
    chosen = table.select(pl.col(column).str.strip_chars().replace("", None).alias(f) for f, column in fields.items())
    return normalize(extracted("business", [row | (constants or {}) for row in chosen.to_dicts()]), "business")


def filled(result: Normalized, column: str) -> float:
    """Share of rows with a value."""
    return 1 - result.frame[column].null_count() / result.frame.height


def refused(result: Normalized, field: str) -> int:
    return result.rejected.filter(pl.col("field") == field).height


def test_open_brewery_db_of_2026(shared_dir):
    fields = BREWERY | {"address_line1": "address_1", "address_line2": "address_2", "region": "state_province"}
    result = normalized(shared_dir / "data/er/openbrewerydb/breweries.csv", fields)
    assert result.frame.height == 11_822
    assert filled(result, "country") == 1
    assert filled(result, "phone") > 0.88
    assert filled(result, "domain") > 0.86
    assert filled(result, "house_number") > 0.9
    assert result.rejected.height < 40


def test_open_brewery_db_of_2018(shared_dir):
    fields = BREWERY | {"address_line1": "street", "region": "state"}
    result = normalized(shared_dir / "data/er/openbrewerydb/breweries_2018.csv", fields)
    assert result.frame.height == 8028
    assert filled(result, "phone") > 0.87
    assert result.frame.filter(country="US")["region"].str.contains(r"^[A-Z]{2}$").all(ignore_nulls=True)


def test_the_chicago_sites_are_told_apart_by_seven_digits(shared_dir):
    file = shared_dir / "data/er/chicago_early_childhood/csv_example_messy_input.csv"
    fields = {"name": "Site name", "address": "Address", "postal": "Zip", "phone": "Phone", "fax": "Fax"}
    result = normalized(file, fields, {"country": "US"})
    assert result.frame.height == 3337
    assert filled(result, "phone_key") > 0.95
    assert filled(result, "house_number") > 0.99
    reasons = result.rejected.filter(field="phone")["reason"].value_counts().to_dicts()
    assert {r["reason"]: r["count"] for r in reasons} == {"phone_without_area_code": 3189, "invalid_phone": 2}


@pytest.mark.parametrize(("name", "rows"), [("fodors", 533), ("zagats", 331)])
def test_fodors_and_zagats(shared_dir, name, rows):
    fields = {"name": "name", "address_line1": "addr", "city": "city", "phone": "phone", "category": "type"}
    result = normalized(shared_dir / f"data/er/fodors_zagats/{name}.csv", fields, {"country": "US"})
    assert result.frame.height == rows
    assert refused(result, "phone") == 1
    assert filled(result, "house_number") > 0.95


@pytest.mark.parametrize(("name", "rows", "cities"), [("restA", 3013, 0.85), ("restB", 5882, 0.99)])
def test_whole_addresses_of_restaurants(shared_dir, name, rows, cities):
    file = shared_dir / f"data/er/restaurants_mag_test/{name}.csv"
    result = normalized(file, RESTAURANT, {"country": "US"})
    assert result.frame.height == rows
    assert filled(result, "city") > cities
    assert filled(result, "region") > 0.92
    assert filled(result, "phone") > 0.97


def test_crunchbase_has_one_broken_name(shared_dir):
    fields = {
        "name": "name",
        "country": "country_code",
        "region": "state_code",
        "city": "city",
        "founded": "founded_at",
        "category": "category_code",
    }
    result = normalized(shared_dir / "data/er/crunchbase_2013/crunchbase-companies.csv", fields)
    assert result.rejected.select("field", "reason", "value").rows() == [("name", "spreadsheet_error", "#NAME?")]
    assert filled(result, "country") == 1
    assert filled(result, "founded_year") > 0.77

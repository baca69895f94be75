"""Extraction from providers' payloads: the same columns as from files, whichever endpoint a record came from."""

import datetime as dt

import orjson
import polars as pl
import pytest

from dagster_project.contracts import FIELDS, RAW_RECORDS
from dagster_project.sources.adapter import Ask
from dagster_project.sources.files.extract import IDENTITY
from dagster_project.sources.pages.extract import extract_records
from dagster_project.sources.providers import adapter

OAK = {"id": "1", "displayName": {"text": "Oak Dental "}, "rating": 4.5, "types": ["dentist"], "websiteUri": None}


def raw(*payloads: dict, endpoint: str = "text_search", kind: str = "business") -> pl.DataFrame:
    return RAW_RECORDS.conform(
        pl.DataFrame(
            {
                "payload": [orjson.dumps(payload).decode() for payload in payloads],
                "query": [Ask(endpoint, {"text": str(i)}).text for i in range(len(payloads))],
            },
            schema={"payload": pl.String, "query": pl.String},
        ).with_columns(kind=pl.lit(kind), partition_date=pl.lit(dt.date(2026, 11, 1)))
    )


def test_fields_are_text_and_rows_keep_their_order() -> None:
    found = extract_records(raw(OAK, {"id": "2"}, OAK | {"rating": 3}), adapter("google_places"), "business")
    assert found.columns == [*IDENTITY, *FIELDS["business"]]
    assert found["name"].to_list() == ["Oak Dental", None, "Oak Dental"]
    assert found["rating"].to_list() == ["4.5", None, "3"]
    assert found["tags"].to_list() == ['["dentist"]', None, '["dentist"]']
    assert found["website"].null_count() == 3


def test_a_business_is_what_the_campaign_looks_for_unless_its_record_says() -> None:
    found = extract_records(raw(OAK), adapter("google_places"), "business", "healthcare")
    assert found["vertical"].to_list() == ["healthcare"]


def test_people_have_no_vertical() -> None:
    person = raw({"id": "1", "first_name": "Ann"}, endpoint="people_search", kind="person")
    found = extract_records(person, adapter("apollo"), "person", "healthcare")
    assert found.columns == [*IDENTITY, *FIELDS["person"]]
    assert found["first_name"].to_list() == ["Ann"]


def test_no_records_give_every_column() -> None:
    found = extract_records(raw(), adapter("yelp"), "business", "other")
    assert (found.columns, found.height) == ([*IDENTITY, *FIELDS["business"]], 0)


def test_an_endpoint_that_is_gone_is_named() -> None:
    with pytest.raises(ValueError, match='yelp has no endpoint "text_search"'):
        extract_records(raw(OAK), adapter("yelp"), "business")

import json
from datetime import date

import polars as pl
import pytest

from dagster_project import user_yaml
from dagster_project.contracts import FIELDS
from dagster_project.sources.files.extract import IDENTITY, extract, pointers
from dagster_project.sources.files.mapping import Mapping
from tests.sources.conftest import NOW, mapping


def raw(*payloads: dict) -> pl.DataFrame:
    """Raw records with the given payloads."""
    return pl.DataFrame(
        {
            "org_id": "default",
            "provider": "p",
            "provider_key": [str(i) for i in range(len(payloads))],
            "record_id": "00000000-0000-5000-8000-000000000000",
            "kind": "business",
            "source": "places",
            "partition_date": date(2026, 11, 23),
            "fetched_at": NOW,
            "payload": [json.dumps(p) for p in payloads],
            "payload_hash": "h",
            "request_cost_usd": "0",
            "query": "file a.csv line 2",
        },
        schema_overrides={"payload": pl.String, "provider_key": pl.String},
    )


def filled(payload: dict, **content: object) -> dict[str, str]:
    """The targets that a payload fills under a mapping."""
    (record,) = extract(raw(payload), mapping(**content)).drop(IDENTITY).to_dicts()
    return {k: v for k, v in record.items() if v is not None}


def test_every_target_of_the_kind_is_there_as_text():
    extracted = extract(raw({"id": 1}), mapping(fields={"name": "n"}))
    assert extracted.columns == [*IDENTITY, *FIELDS["business"]]
    assert set(extracted.drop(IDENTITY).dtypes) == {pl.String}
    assert extracted["query"].to_list() == ["file a.csv line 2"]


def test_values_are_stripped_and_blank_is_null():
    assert filled({"a": "  x ", "b": " ", "c": ""}, fields={"name": "a", "city": "b", "region": "c"}) == {"name": "x"}


def test_columns_are_joined_without_their_blanks():
    fields = {"address_line1": ["no", "street", "unit"]}
    assert filled({"no": " 12 ", "street": "", "unit": "A"}, fields=fields) == {"address_line1": "12 A"}


def test_numbers_booleans_and_lists_are_text():
    fields = {"rating": "r", "review_count": "n", "email_verified": "v", "tags": "t"}
    payload = {"r": 4.5, "n": 12, "v": True, "t": ["a", "b"]}
    assert filled(payload, fields=fields) == {
        "rating": "4.5",
        "review_count": "12",
        "email_verified": "true",
        "tags": '["a","b"]',
    }


@pytest.mark.parametrize(
    ("column", "payload"),
    [
        ("a.b", {"a": {"b": "x"}}),
        ("a.b", {"a.b": "x"}),
        ("a.1", {"a": ["y", "x"]}),
        ("No. of 'things' / ~all*", {"No. of 'things' / ~all*": "x"}),
        ('q"uote\\', {'q"uote\\': "x"}),
        ("", {"": "x"}),
        ("$.a", {"$.a": "x"}),
    ],
)
def test_any_key_can_be_reached(column: str, payload: dict):
    assert filled(payload, fields={"name": column}) == {"name": "x"}


def test_pointers_escape_what_json_pointer_reserves():
    assert pointers("a/b~c.d") == ["/a~1b~0c.d", "/a~1b~0c/d"]


def test_constants_fill_what_is_empty_or_not_mapped():
    content = {"fields": {"country": "c"}, "constants": {"country": "US", "vertical": "other"}}
    assert filled({"c": "DE"}, **content) == {"country": "DE", "vertical": "other"}
    assert filled({"c": " "}, **content) == {"country": "US", "vertical": "other"}


def test_only_constants_give_a_value_per_row():
    extracted = extract(raw({}, {}, {}), mapping(constants={"country": "US"}))
    assert extracted["country"].to_list() == ["US"] * 3


def test_a_split_wins_over_the_field_and_the_first_match_wins():
    splits = [
        {"column": "a", "pattern": r"^(?P<address_line1>.+?),\s*(?P<city>[^,]+),\s*(?P<region>[A-Z]{2})$"},
        {"column": "a", "pattern": r"^(?P<address_line1>.+?),\s*(?P<region>[A-Z]{2})$"},
    ]
    content = {"splits": splits, "fields": {"address_line1": "a"}, "constants": {"city": "Chicago"}}
    assert filled({"a": " 1 Main St, Berwyn, IL "}, **content) == {
        "address_line1": "1 Main St",
        "city": "Berwyn",
        "region": "IL",
    }
    assert filled({"a": "1 Main St, IL"}, **content) == {
        "address_line1": "1 Main St",
        "city": "Chicago",
        "region": "IL",
    }
    assert filled({"a": "somewhere"}, **content) == {"address_line1": "somewhere", "city": "Chicago"}


def test_a_prefix_stands_before_values_that_are_there():
    people = user_yaml.parse(
        Mapping,
        {"kind": "person", "key": "id", "fields": {"company_key": "acc"}, "prefix": {"company_key": "crm:"}},
        "p",
        "p.yaml",
    )
    assert extract(raw({"acc": "7"}, {"acc": ""}), people)["company_key"].to_list() == ["crm:7", None]


def test_events_keep_their_whole_payload():
    events = user_yaml.parse(
        Mapping, {"kind": "event", "key": "id", "fields": {"email": "visitor.email"}}, "e", "e.yaml"
    )
    payload = {"id": "1", "visitor": {"email": "a@example.com"}}
    extracted = extract(raw(payload), events)
    assert extracted["email"].to_list() == ["a@example.com"]
    assert json.loads(extracted["properties"].item()) == payload


def test_rows_keep_their_order_and_none_make_none():
    many = extract(raw(*[{"n": str(i)} for i in range(10_000)]), mapping(fields={"name": "n"}))
    assert many["name"].to_list() == [str(i) for i in range(10_000)]
    assert extract(raw().clear(), mapping(fields={"name": "n"})).is_empty()

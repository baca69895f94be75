import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from dagster_project.sources.files.errors import FileRefused
from dagster_project.sources.files.landing import Landing
from tests.sources.conftest import keys, mapping, refused, rows

Land = Callable[..., Landing]


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def test_json_lines_are_kept_as_received(land_bytes: Land):
    line = '{"id": 7, "displayName": {"text": "Ann"}, "n": 1.50}'
    landing = land_bytes(f"{line}\n\n".encode(), "a.jsonl")
    assert rows(landing)["payload"].to_list() == [line]
    assert keys(landing) == ["7"]
    canonical = '{"displayName":{"text":"Ann"},"id":7,"n":1.5}'
    assert rows(landing)["payload_hash"].to_list() == [hashlib.sha256(canonical.encode()).hexdigest()]


def test_the_order_of_keys_makes_no_new_version(land_bytes: Land):
    landing = land_bytes(b'{"id":"1","a":1,"b":2}\n{"b":2,"a":1,"id":"1"}\n', "a.ndjson")
    assert landing.receipts.select("accepted", "duplicate").rows() == [(1, 1)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{not json", "invalid_json"),
        (b"[1, 2]", "invalid_json"),
        (b'"text"', "invalid_json"),
        (b'{"id": NaN}', "invalid_json"),
        (b'{"id": 1e999}', "invalid_json"),
        (b'{"id": ' + b"9" * 5000 + b"}", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"id": "1", "a": "\\ud800"}', "invalid_bytes"),
        (b'{"id": "1", "a": "\xff"}', "invalid_bytes"),
        (b'{"id": "1", "a": ["\\u0000"]}', "nul_byte"),
        (b'{"id": "1", "a": "' + b"x" * (10 << 20) + b'"}', "field_too_large"),
        (b'{"name": "Ann"}', "missing_key"),
        (b'{"id": "  "}', "missing_key"),
        (b'{"id": null}', "missing_key"),
    ],
)
def test_a_bad_line_is_refused_and_its_neighbours_land(land_bytes: Land, line: bytes, reason: str):
    landing = land_bytes('{"id":"0","a":"Zoë"}\n'.encode() + line + b'\n{"id":"9"}\n', "a.jsonl")
    assert keys(landing) == ["0", "9"]
    assert [(number, why) for number, _, why in refused(landing)] == [(2, reason)]
    assert landing.quarantined["value"].str.len_chars().item() <= 500


def test_text_that_only_looks_like_a_nul_escape_lands(land_bytes: Land):
    assert keys(land_bytes(rb'{"id":"1","a":"\\u0000"}', "a.jsonl")) == ["1"]


def test_nested_keys_and_keys_with_dots_can_be_the_key(land_bytes: Land):
    lines = b'{"a":{"b":["x","y"]}}\n{"a.b.1":"z"}\n{"a":{"b":[]}}\n'
    landing = land_bytes(lines, "a.jsonl", mapping(key="a.b.1"))
    assert keys(landing) == ["y", "z"]
    assert refused(landing) == [(3, "a.b.1", "missing_key")]


def test_columns_that_no_record_has_are_noted_with_the_nearest(land_bytes: Land):
    landing = land_bytes(b'{"id":"1","phone_no":"1"}\n', "a.jsonl", mapping(fields={"phone": "phone_num"}))
    assert landing.receipts["notes"].to_list() == [['never seen: phone_num (did you mean "phone_no"?)']]


def test_parquet_values_become_text_and_nested_ones_json(land_bytes: Land):
    frame = pl.DataFrame(
        {
            "id": [1, 2],
            "when": [datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC), None],
            "day": [date(2024, 5, 6), None],
            "price": [Decimal("1.50"), None],
            "ok": [True, None],
            "raw": [b"\x00\xff", None],
            "tags": [["a", "b"], None],
            "place": [{"lat": 1.5, "name": 'say "x"'}, None],
        }
    )
    landing = land_bytes(parquet(frame), "a.parquet", mapping(fields={"name": "place.name"}, required=["tags.1"]))
    (first,) = (json.loads(p) for p in rows(landing)["payload"])
    assert first == {
        "id": "1",
        "when": "2024-05-06T07:08:09.000000+00:00",
        "day": "2024-05-06",
        "price": "1.50",
        "ok": "true",
        "raw": "00ff",
        "tags": ["a", "b"],
        "place": {"lat": 1.5, "name": 'say "x"'},
    }
    assert refused(landing) == [(2, "tags.1", "missing_required")]
    assert json.loads(landing.quarantined["value"].item()) == {"id": "2", **dict.fromkeys(list(first)[1:])}
    assert rows(landing)["query"].to_list() == ["file a.parquet line 1"]


def test_parquet_rows_with_nul_are_refused(land_bytes: Land):
    landing = land_bytes(parquet(pl.DataFrame({"id": ["1", "2"], "a": ["x", "y\0"]})), "a.parquet")
    assert refused(landing) == [(2, "a", "nul_byte")]


@pytest.mark.parametrize("damage", [lambda b: b[:-10], lambda b: b[10:], lambda _: b"", lambda _: b"PAR1 not PAR1"])
def test_damaged_parquet_is_refused(land_bytes: Land, damage: Callable[[bytes], bytes]):
    content = parquet(pl.DataFrame({"id": ["1", "2"]}))
    with pytest.raises(FileRefused, match=r"a\.parquet: it is not a readable Parquet file"):
        land_bytes(damage(content), "a.parquet")


def test_an_unknown_format_is_an_error_that_lists_the_known_ones(land_bytes: Land):
    with pytest.raises(FileRefused, match=r'a\.pdf: "\.pdf" files are not read\. Supported: \.csv, \.tsv'):
        land_bytes(b"", "a.pdf")

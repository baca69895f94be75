"""Whatever comes in: nothing crashes but in the two ways that are meant, and every row is in exactly one heap."""

import csv
import io
import json
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dagster_project.sources.files.errors import FileRefused, UnknownColumn
from dagster_project.sources.files.extract import extract
from dagster_project.sources.files.inbox import deposit, received
from dagster_project.sources.files.landing import Landing, land
from dagster_project.sources.files.mapping import Mapping
from tests.sources.conftest import NOW, ORG, assert_balanced, keys, mapping, rows

FAST = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANY_ROW = mapping(identity=["id"], fields={"name": "id"})
CSV_BYTES = st.lists(
    st.sampled_from([b"id", b",", b"\n", b'"', b"\r\n", b"\r", b"\0", b"\xff", b"\xc3\xa9", b";", b"1", b" "])
)
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    ['"', "\n", ",", "\r", '""']
)


def landed(content: bytes, name: str, under: Mapping) -> Landing:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(content)
        deposit(Path(folder) / name, under.name, Path(folder) / "lake", ORG, NOW)
        files = received(Path(folder) / "lake", ORG, under.name, NOW.date())
        return land(files, under, org_id=ORG, day=NOW.date(), known={})


def survives(content: bytes, name: str, under: Mapping) -> Landing | None:
    try:
        landing = landed(content, name, under)
    except (FileRefused, UnknownColumn):
        return None
    assert_balanced(landing)
    assert landing.receipts["file"].to_list() == [name]
    if landing.raw:
        assert extract(pl.concat(landing.raw), under).height == rows(landing).height
    return landing


@FAST
@given(st.binary(max_size=300))
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.xlsx", "a.parquet"])
def test_any_bytes_are_survived(name: str, content: bytes):
    survives(content, name, ANY_ROW)


@settings(FAST, max_examples=120)
@given(CSV_BYTES.map(b"".join))
@example(b'1,"open\n2,b\n')
@example(b"1\0,b\n")
def test_any_mess_of_separators_and_quotes_is_survived(body: bytes):
    survives(b"id,b\n" + body, "a.csv", ANY_ROW)


@settings(FAST, max_examples=100)
@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=20), st.sampled_from([",", ";", "\t", "|"]), st.booleans())
def test_any_table_that_csv_writes_comes_back_cell_by_cell(table: list, delimiter: str, quote_all: bool):
    buffer = io.StringIO()
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator="\r\n")
    writer.writerows([("n", "id", "b", "c"), *[(i, *row) for i, row in enumerate(table)]])
    landing = landed(buffer.getvalue().encode(), "a.csv", mapping(key="n", options={"delimiter": delimiter}))
    assert keys(landing) == [str(i) for i in range(len(table))]
    assert landing.receipts["received"].to_list() == [len(table)]
    payloads = [json.loads(p) for p in rows(landing)["payload"]]
    assert [(p["id"], p["b"], p["c"]) for p in payloads] == table


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(FAST, max_examples=60)
@given(st.lists(st.dictionaries(st.sampled_from(["id", "a", "a.b", ""]), JSON), max_size=6))
def test_any_objects_are_survived_and_kept_as_written(objects: list[dict]):
    lines = [json.dumps(o) for o in objects]
    landing = survives("\n".join(lines).encode(), "a.jsonl", mapping(fields={"name": "a.b", "city": "a"}))
    assert landing is not None
    assert landing.receipts["received"].to_list() == [len(lines)]
    assert set(rows(landing)["payload"]) <= set(lines)

"""`leadhouse review …`: questions out as a file, answers back as decisions."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from dagster_project.cli import app
from dagster_project.contracts import REVIEW_PAIRS, STAGED_RECORDS, Table
from dagster_project.contracts.identity import record_ids
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse

pytestmark = pytest.mark.integration

DAY = datetime(2026, 11, 23, tzinfo=UTC)
NAMES = ["Bob's Tacos", "Bobs Tacos", "=HYPERLINK(1)", "Cafe Zoë"]
A, B, C, D = sorted(record_ids("default", ["yelp"] * 4, ["a", "b", "c", "d"]))


def frame(table: Table, rows: list[dict]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=table.polars_schema, strict=False)


@pytest.fixture
def house(tmp_path: Path, clean_warehouse: Warehouse) -> dict[str, str]:
    """Environment of a house with two questions about four records."""
    lake = Lake(tmp_path / "lake")
    known = {"org_id": "default", "provider": "yelp", "source": "yelp", "payload_hash": "0", "vertical": "other"}
    known |= {"partition_date": DAY.date(), "fetched_at": DAY, "provenance": "{}"}
    staged = [known | {"record_id": r, "provider_key": r, "name": n} for r, n in zip((A, B, C, D), NAMES, strict=True)]
    lake.write(STAGED_RECORDS, frame(STAGED_RECORDS, staged), "default", "yelp", "2026-11-23")
    common = {"org_id": "default", "kind": "business", "match_weight": 0.5, "match_probability": 0.6, "rule": "phone"}
    common |= {"weights": "{}", "model_version": "1", "reason": "near_threshold"}
    pairs = [common | {"rank": n, "record_id_l": a, "record_id_r": b} for n, (a, b) in enumerate([(A, B), (C, D)], 1)]
    lake.write(REVIEW_PAIRS, frame(REVIEW_PAIRS, pairs), "default", "business")
    return {"LEADHOUSE_DATA_DIR": str(tmp_path), "DATABASE_URL": clean_warehouse.owner_url(), "LEADHOUSE_ORG_ID": ""}


def leadhouse(house: dict[str, str], *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "500", **house}).invoke(app, list(arguments))


def exported(house: dict[str, str], file: Path, *options: str) -> list[dict[str, str]]:
    result = leadhouse(house, "review", "export", "--out", str(file), *options)
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(file.open(encoding="utf-8-sig", newline="")))


def answer(file: Path, *answers: str, delimiter: str = ",") -> None:
    """Fill in a file's answers as a person does in a spreadsheet."""
    rows = list(csv.DictReader(file.open(encoding="utf-8-sig", newline="")))
    with file.open("w", newline="", encoding="utf-8") as text:
        written = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
        written.writeheader()
        written.writerows(row | {"is_same": said} for row, said in zip(rows, answers, strict=True))


def imported(house: dict[str, str], file: Path) -> dict:
    return json.loads(leadhouse(house, "review", "import", str(file), "--who", "ann", "--json").stdout)


def test_a_question_shows_both_records_side_by_side_and_an_empty_answer(house: dict[str, str], tmp_path: Path):
    first, second = exported(house, tmp_path / "q.csv")
    assert (first["is_same"], first["reason"], first["match_probability"]) == ("", "near_threshold", "0.6")
    assert (first["name_l"], first["name_r"]) == ("Bob's Tacos", "Bobs Tacos")
    assert list(first).index("name_r") == list(first).index("name_l") + 1
    assert (second["name_l"], second["name_r"]) == ("'=HYPERLINK(1)", "Cafe Zoë")
    assert len(exported(house, tmp_path / "q.csv", "--n", "1")) == 1


def test_answers_become_decisions_and_are_not_asked_again(house: dict[str, str], tmp_path: Path):
    file = tmp_path / "q.csv"
    exported(house, file)
    answer(file, "yes", "", delimiter=";")
    assert imported(house, file) == {"new": 1, "known": 0, "contradictions": []}
    (made,) = json.loads(leadhouse(house, "override", "list", "--json").stdout)
    assert (made["verdict"], made["decided_by"], made["why"]) == ("must_link", "ann", "answer in q.csv")
    assert imported(house, file) == {"new": 0, "known": 1, "contradictions": []}
    (left,) = exported(house, file)
    assert left["record_id_l"] == C


def test_an_answer_that_is_now_the_other_way_round_takes_the_place_of_the_earlier(
    house: dict[str, str], tmp_path: Path
):
    file = tmp_path / "q.csv"
    exported(house, file)
    answer(file, "yes", "")
    imported(house, file)
    answer(file, "no", "")
    assert imported(house, file)["new"] == 1
    rows = json.loads(leadhouse(house, "override", "list", "--json").stdout)
    assert [row["verdict"] for row in rows] == ["cannot_link"]


def test_an_answer_that_contradicts_other_decisions_is_left_out_and_told(house: dict[str, str], tmp_path: Path):
    file = tmp_path / "q.csv"
    exported(house, file)
    answer(file, "no", "yes")
    rows = list(csv.DictReader(file.open(newline="")))
    with file.open("a", newline="") as text:
        for left, right, said in ((A, C, "yes"), (B, C, "yes")):
            csv.DictWriter(text, list(rows[0])).writerow(
                rows[0] | {"record_id_l": left, "record_id_r": right, "is_same": said}
            )
    result = leadhouse(house, "review", "import", str(file), "--who", "ann")
    assert result.exit_code == 1
    assert result.stdout == "3 decisions made, 0 known already. They hold from the next walk on.\n"
    assert result.stderr.startswith("Left out, line 5: cannot_link ")


def test_a_file_that_cannot_be_understood_decides_nothing(house: dict[str, str], tmp_path: Path):
    file = tmp_path / "q.csv"
    exported(house, file)
    answer(file, "yes", "perhaps")
    result = leadhouse(house, "review", "import", str(file))
    assert result.exit_code == 2
    assert "row 3: 'perhaps' is neither yes nor no" in result.stderr
    assert json.loads(leadhouse(house, "override", "list", "--json").stdout) == []
    file.write_text("name,is_same\nx,yes\n")
    assert "has no column kind, record_id_l, record_id_r" in leadhouse(house, "review", "import", str(file)).stderr

"""`leadhouse explain`: from the lake's files and the decisions in the database to sentences and JSON."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from dagster_project.cli import app
from dagster_project.contracts import LEAD_MAP, MERGE_GRAPH, STAGED_RECORDS
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from tests.resolution.conftest import record_id, run, staged
from tests.resolution.test_runner import town

pytestmark = pytest.mark.integration


@pytest.fixture
def house(tmp_path: Path, clean_warehouse: Warehouse) -> dict[str, str]:
    """Environment of a house whose lake holds the town, and somebody who lives elsewhere, resolved."""
    lake = Lake(tmp_path / "lake")
    hermit = {"key": "hermit", "name": "The Hermit", "name_key": "cave of the hermit", "city": "Reno"}
    records = pl.concat([town(), staged("business", hermit)])
    found = run(records)
    lake.write(STAGED_RECORDS, records, "acme", "test", "2026-01-01")
    lake.write(LEAD_MAP, found.lead_map, "acme", "business", "v1")
    lake.write(MERGE_GRAPH, found.merge_graph, "acme", "business", manifest={"stats": found.stats})
    return {
        "LEADHOUSE_DATA_DIR": str(tmp_path),
        "DATABASE_URL": clean_warehouse.owner_url(),
        "LEADHOUSE_ORG_ID": "acme",
    }


def leadhouse(house: dict[str, str], *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200", **house}).invoke(app, list(arguments))


def explained(house: dict[str, str], a: str, b: str) -> dict:
    return json.loads(leadhouse(house, "explain", a, b, "--json").stdout)


def test_two_records_of_one_lead_show_both_the_waterfall_and_the_rules(house: dict[str, str]):
    result = leadhouse(house, "explain", record_id("0"), record_id("1"))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert any(line.startswith("One lead, ") for line in lines)
    assert any(line.startswith("location") and "same address" in line and "likelier the same" in line for line in lines)
    assert any(line.startswith("Rule address: ") for line in lines)
    assert any(line.split()[:1] == ["provider_key"] and line.rstrip().endswith("≠") for line in lines)


def test_two_leads_show_what_is_missing(house: dict[str, str]):
    found = explained(house, record_id("0"), record_id("hermit"))
    assert not found["same_lead"]
    assert found["blocking_rules"] == []
    assert found["verdict"].endswith("and no rule compares them.")
    assert found["match_weight"] == pytest.approx(sum(step["weight"] for step in found["waterfall"]))
    assert found["match_weight"] < found["threshold"]


def test_a_decision_that_the_next_walk_will_follow_is_told(house: dict[str, str]):
    leadhouse(house, "link", record_id("0"), record_id("hermit"), "--why", "moved", "--who", "ann")
    found = explained(house, record_id("0"), record_id("hermit"))
    assert found["verdict"] == "Two leads, until the next walk, which joins them because a person decided so."
    assert [(said["decided_by"], said["why"]) for said in found["decisions"]] == [("ann", "moved")]


def test_an_unknown_record_is_wrong_usage(house: dict[str, str]):
    result = leadhouse(house, "explain", record_id("0"), record_id("nobody"))
    assert result.exit_code == 2
    assert "tenant acme has no record and no lead" in result.stderr

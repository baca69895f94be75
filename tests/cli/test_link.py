"""`leadhouse link`, `unlink` and `override …`: decisions about records and leads, made, refused, listed, withdrawn."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from dagster_project.cli import app
from dagster_project.contracts import LEAD_MAP
from dagster_project.contracts.identity import record_ids
from dagster_project.resolution.identity import lead_id
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse

pytestmark = pytest.mark.integration

DAY = datetime(2026, 11, 23, tzinfo=UTC)
(A, B, C) = record_ids("default", ["yelp", "yelp", "osm"], ["a", "b", "c"])
(P,) = record_ids("default", ["crm"], ["p"])


@pytest.fixture
def house(tmp_path: Path, clean_warehouse: Warehouse) -> dict[str, str]:
    """Environment of a house where yelp:a and osm:c are one lead, yelp:b another, and crm:p a person."""
    lake = Lake(tmp_path / "lake")
    for kind, leads in {"business": {A: A, C: A, B: B}, "person": {P: P}}.items():
        rows = [("default", kind, record, lead_id(founder), None, "test", DAY) for record, founder in leads.items()]
        lake.write(LEAD_MAP, pl.DataFrame(rows, schema=LEAD_MAP.polars_schema, orient="row"), "default", kind, "v1")
    return {"LEADHOUSE_DATA_DIR": str(tmp_path), "DATABASE_URL": clean_warehouse.owner_url(), "LEADHOUSE_ORG_ID": ""}


def leadhouse(house: dict[str, str], *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "500", **house}).invoke(app, list(arguments))


def decisions(house: dict[str, str], *options: str) -> list[dict]:
    return json.loads(leadhouse(house, "override", "list", "--json", *options).stdout)


def test_two_records_are_linked_by_providers_key_or_by_id(house: dict[str, str]):
    result = leadhouse(house, "link", "yelp:a", B, "--why", "same owner", "--who", "ann")
    assert result.exit_code == 0
    (made,) = decisions(house)
    assert result.stdout == (
        "From the next walk on, 2 records are one lead. To take it back: "
        f"leadhouse override withdraw {made['override_id']}\n"
    )
    assert {made["left_id"], made["right_id"]} == {A, B}
    assert (made["verdict"], made["decided_by"], made["why"]) == ("must_link", "ann", "same owner")


def test_a_lead_stands_for_the_records_it_has_now(house: dict[str, str]):
    made = json.loads(leadhouse(house, "unlink", lead_id(A), lead_id(B), "--why", "two sites", "--json").stdout)
    assert sorted([made["left_records"], made["right_records"]], key=len) == [[B], sorted([A, C])]
    assert made["is_new"]


def test_a_lead_and_one_of_its_records_stand_for_that_record_and_the_others(house: dict[str, str]):
    made = json.loads(leadhouse(house, "unlink", lead_id(A), "osm:c", "--why", "a branch", "--json").stdout)
    assert sorted([made["left_records"], made["right_records"]]) == sorted([[A], [C]])


def test_the_same_decision_again_is_no_second_one(house: dict[str, str]):
    leadhouse(house, "link", A, B, "--why", "same owner", "--who", "ann")
    again = leadhouse(house, "link", B, A, "--why", "as ann said")
    assert again.exit_code == 0
    assert again.stdout.startswith("Already decided by ann on ")
    assert len(decisions(house)) == 1


def test_the_opposite_of_a_decision_in_force_is_refused_until_that_is_withdrawn(house: dict[str, str]):
    leadhouse(house, "link", A, B, "--why", "same owner", "--who", "ann")
    refused = leadhouse(house, "unlink", A, B, "--why", "two sites")
    assert refused.exit_code == 1
    (made,) = decisions(house)
    assert f"must_link {made['override_id']} (ann, " in refused.stderr
    withdrawn = leadhouse(house, "override", "withdraw", made["override_id"], "--why", "a mistake", "--who", "bob")
    assert (withdrawn.exit_code, withdrawn.stdout) == (0, "Withdrawn. The next walk decides again.\n")
    assert leadhouse(house, "unlink", A, B, "--why", "two sites").exit_code == 0
    assert [row["verdict"] for row in decisions(house, "--all")] == ["cannot_link", "must_link"]
    told = leadhouse(house, "override", "list", "--all").stdout
    assert "by bob: a mistake" in told


def test_what_is_not_there_is_wrong_usage(house: dict[str, str]):
    for arguments, message in (
        (("yelp:a", "yelp:zz"), "tenant default has no record and no lead yelp:zz"),
        (("yelp:a", "nobody"), "'nobody' is neither an id nor PROVIDER:KEY"),
        (("yelp:a", "yelp:a"), f"both mean {A}"),
        (("yelp:a", "crm:p"), f"{A} is a business and {P} a person"),
    ):
        result = leadhouse(house, "link", *arguments, "--why", "x")
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.replace("│", " ").split())
    assert leadhouse(house, "link", A, B, "--why", " ").exit_code == 2
    assert leadhouse(house, "override", "withdraw", A, "--why", "x").exit_code == 2
    assert leadhouse(house, "override", "withdraw", "nothing", "--why", "x").exit_code == 2
    assert leadhouse(house, "override", "list").stdout == "No decisions.\n"

"""`leadhouse run` as a person runs it: the generated sample, twice, then the notebook over what it left behind."""

import hashlib
from collections.abc import Iterator
from typing import Any

import nbformat
import polars as pl
import pytest
from nbclient import NotebookClient

from dagster_project.settings import PROJECT_ROOT
from tests.house import House, open_house

# One worker for the file: the house is walked once for all its tests.
pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("walk")]
DESTINATIONS = ("csv_export", "webhook")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture(scope="module")
def first(house: House) -> dict[str, Any]:
    return house.walk()


@pytest.fixture(scope="module")
def walked(house: House, first) -> House:
    return house


def sent(summary: dict[str, Any], state: str) -> dict[str, int]:
    return {delivered["destination"]: delivered[state] for delivered in summary["delivered"]}


def test_every_row_of_every_file_is_accounted_for(first: dict[str, Any]):
    assert len(first["sources"]) == 13
    assert {"demo_texas.apollo", "demo_texas.google_places", "demo_texas.yelp"} < {
        s["source"] for s in first["sources"]
    }
    for source in first["sources"]:
        assert source["received"] == source["accepted"] + source["quarantined"] + source["duplicate"]
    assert first["quarantined"] > 0
    assert {refusal["stage"] for refusal in first["refusals"]} == {"land", "normalize"}


def test_known_duplicates_are_merged(first: dict[str, Any]):
    for matching in first["matching"]:
        assert matching["merged"] > 100
        assert min(matching["precision"], matching["recall"]) > 0.97


def test_the_best_leads_are_explained_by_points_that_add_up(walked: House, first: dict[str, Any]):
    assert [lead["score"] for lead in first["best"]] == sorted((b["score"] for b in first["best"]), reverse=True)
    assert all(lead["reasons"] for lead in first["best"])
    sums = walked.warehouse.query(
        "select lead_id, rules_score, sum(points) as points from marts.dim_lead "
        "join intermediate.int_score_contributions using (org_id, lead_id) group by lead_id, rules_score"
    )
    assert sums.filter((pl.col("rules_score") - pl.col("points")).abs() > 1e-9).is_empty()
    assert sums.height > 1_000


def test_every_lead_arrives_everywhere_once(walked: House, first: dict[str, Any]):
    leads = walked.warehouse.query("select lead_id::text from marts.sync_leads")["lead_id"]
    assert sent(first, "acknowledged") == dict.fromkeys(DESTINATIONS, leads.len())
    assert walked.exported()["lead_id"].sort().equals(leads.sort())
    assert walked.receiver.records == dict.fromkeys(leads, 1)
    assert (walked.receiver.refused, walked.receiver.duplicates) == (0, 0)


def test_nobody_who_must_not_be_contacted_is_delivered(walked: House):
    hashes = set(walked.warehouse.query("select value_hash from lake.suppressions")["value_hash"])
    columns = ("email", "phone", "domain", "contact_email", "contact_phone")
    values = walked.exported().unpivot(columns)["value"].drop_nulls()
    assert len(hashes) > 20
    assert hashes.isdisjoint(hashlib.sha256(value.encode()).hexdigest() for value in values)


def test_the_notebook_runs_over_what_the_walk_left(walked: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEADHOUSE_DATA_DIR", str(walked.data_dir))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    notebook = nbformat.read(PROJECT_ROOT / "notebooks" / "explore_leads.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": PROJECT_ROOT}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert len(shown) == 5


def test_a_second_walk_changes_and_delivers_nothing(walked: House, first: dict[str, Any]):
    before, calls = walked.result(), len(walked.receiver.calls)
    again = walked.walk()
    assert sent(again, "acknowledged") == dict.fromkeys(DESTINATIONS, 0)
    assert sent(again, "unchanged") == sent(first, "acknowledged")
    assert walked.result() == before
    assert len(walked.receiver.calls) == calls

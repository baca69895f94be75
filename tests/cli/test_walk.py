"""`leadhouse run` as a person runs it: the generated sample, twice, the notebook over what it left behind, and
`leadhouse enrich` on some of its leads."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import nbformat
import polars as pl
import pytest
from nbclient import NotebookClient

from dagster_project.cli.run import DEMO_ORG, DEMO_RECORDS, DEMO_SEED
from dagster_project.sandbox.api.server import Sandbox
from dagster_project.settings import PROJECT_ROOT
from tests.house import LEADHOUSE, House, open_house

# One worker for the file: the house is walked once for all its tests.
pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("walk")]
DESTINATIONS = ("csv_export", "webhook")
# One provider for both fields: a question about a lead is one call.
WATERFALL = """
description: Ours.
budget: {max_cost_per_day_usd: 5}
fields: {company: {providers: [pdl]}, social: {providers: [pdl]}}
"""
LACKING = """
select lead_id::text as lead_id, employees_range, provenance::text as provenance from marts.dim_lead
where domain is not null and employees_range is null and linkedin is null order by lead_score desc, lead_id limit 8
"""


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


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(DEMO_RECORDS, DEMO_SEED, process=True, limits={"*": "off"}, complete=True) as found:
        yield found


@pytest.fixture(scope="module")
def lacking(walked: House) -> pl.DataFrame:
    """Leads of which neither size nor profile is known."""
    return walked.warehouse.query(LACKING)


@pytest.fixture(scope="module")
def enriched(walked: House, lacking: pl.DataFrame, sandbox: Sandbox) -> dict[str, Any]:
    """What `leadhouse enrich` says about them."""
    (walked.data_dir / "waterfalls").mkdir()
    (walked.data_dir / "waterfalls" / "default.yaml").write_text(WATERFALL)
    leads = [argument for lead in lacking["lead_id"] for argument in ("--lead", lead)]
    done = subprocess.run(
        [LEADHOUSE, "enrich", *leads, "--field", "company", "--field", "social", "--org", DEMO_ORG, "--json"],
        env=walked.environment | sandbox.environment() | {"LEADHOUSE_PDL_LIMITS": "off"},
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_what_was_missing_is_in_the_marts_with_who_said_it(
    walked: House, lacking: pl.DataFrame, enriched: dict[str, Any]
):
    assert lacking.height == 8
    after = walked.warehouse.query(
        "select lead_id::text as lead_id, employees_range, provenance::text as provenance from marts.dim_lead"
    )
    filled = after.join(lacking, on="lead_id", how="semi").filter(pl.col("employees_range").is_not_null())
    # a lead may also have it from the answer about another that it turns out to be one with
    assert filled.height >= enriched["fields"]["company"]["filled"] > 0
    assert all("pdl" in provenance for provenance in filled["provenance"])


def test_the_bill_is_the_ledger_to_the_cent(walked: House, enriched: dict[str, Any], sandbox: Sandbox):
    assert enriched["state"] == "completed"
    bill = sum((Decimal(account["charged"]) for account in sandbox.bill().values()), Decimal(0))
    assert bill == sum(Decimal(field["cost_usd"]) for field in enriched["fields"].values()) > 0
    with walked.warehouse.connect() as connection:
        (spent,) = connection.execute("select sum(cost_usd) from ops.enrichment_answers").fetchone()
    assert spent == bill
    calls = walked.warehouse.query("select call_id::text as id from ops.enrichment_calls")["id"]
    assert {call["request_id"] for call in sandbox.calls("pdl")} == set(calls)

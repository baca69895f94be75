"""Provider assets as Dagster runs them, against the sandbox over HTTP: plan, budget, landing, replay, no secrets."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from dagster_project.assets.partitions import CAMPAIGNS
from dagster_project.assets.providers import provider_asset
from dagster_project.assets.reading import reader_of
from dagster_project.contracts import PROVIDER_CALLS, RAW_RECORDS, RECORD_SIGHTINGS
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.sandbox.api.server import Sandbox
from dagster_project.settings import Settings
from dagster_project.sources.pages.journal import journal_folder
from dagster_project.sources.pages.since import COMPLETE
from dagster_project.sources.providers import adapter

pytestmark = pytest.mark.integration

TODAY = datetime.now(UTC).date()
KEY = "canary-key-4711"
AUSTIN = "geo: {lat: 30.27, lon: -97.74, radius_km: 12, country: US}"
TEXAS = "geo: {bounding_box: {south: 29.2, west: -98.8, north: 33.2, east: -94.9}}"
CAMPAIGN = f"""
vertical: local_services
{AUSTIN}
density_per_km2: 0.01
sources: [google_places, yelp]
budget: {{max_cost_usd: %s}}
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(30_000, 7, key=KEY, limits={"*": "off"}, complete=True) as found:
        yield found


@pytest.fixture
def town(sandbox: Sandbox, clean_warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Town":
    sandbox.reset()
    sandbox.limits({"*": "off"})
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    for provider in ("GOOGLE_PLACES", "YELP"):
        monkeypatch.setenv(f"LEADHOUSE_{provider}_LIMITS", "off")
    return Town(clean_warehouse, tmp_path)


class Town:
    """A data folder with campaigns, on a database of its own."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse, self.data = warehouse, folder / "data"
        (self.data / "campaigns").mkdir(parents=True)
        self.lake, self.instance = Lake(self.data / "lake"), dg.DagsterInstance.ephemeral()
        self.settings = Settings(_env_file=None, DATABASE_URL=None, data_dir=self.data)

    def campaign(self, name: str, text: str) -> None:
        (self.data / "campaigns" / f"{name}.yaml").write_text(text)
        self.instance.add_dynamic_partitions(CAMPAIGNS.name, [name])

    def fetch(self, campaign: str, provider: str, day: date = TODAY) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [provider_asset(adapter(provider))],
            partition_key=dg.MultiPartitionKey({"campaign": campaign, "day": day.isoformat()}),
            instance=self.instance,
            resources={"lake": self.lake, "warehouse": self.warehouse, "settings": self.settings},
            raise_on_error=False,
        )

    def runs(self) -> list[dict[str, Any]]:
        return self.warehouse.query("select * from ops.campaign_runs order by started_at").rows(named=True)

    def alerts(self) -> list[tuple[str, str]]:
        return self.warehouse.query("select alert_type, subject from ops.alerts order by 1").rows()


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def why(result: dg.ExecuteInProcessResult) -> str:
    (failure,) = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    return failure.user_failure_data.description


def test_a_campaign_is_planned_fetched_landed_and_billed_to_the_cent(town: Town, sandbox: Sandbox):
    town.campaign("town", CAMPAIGN % 20)
    shown = metadata(town.fetch("town", "google_places"))
    calls = town.lake.scan(PROVIDER_CALLS).collect()
    bill = sandbox.bill()["google_places"]
    assert calls["cost_usd"].sum() == Decimal(bill["charged"])
    assert (calls.height, shown["calls"]) == (bill["calls"], bill["calls"])
    raw = town.lake.scan(RAW_RECORDS).collect()
    assert raw.height == shown["dagster/row_count"] > 0
    assert raw["request_cost_usd"].sum() <= calls["cost_usd"].sum()
    assert raw["source_url"].null_count() == 0
    (run,) = town.runs()
    assert (run["state"], run["provider"], '"parts"' in run["plan"]) == ("complete", "google_places", True)
    assert COMPLETE in town.lake.manifest(RECORD_SIGHTINGS, "default", "town.google_places", TODAY.isoformat())
    assert town.alerts() == []


def test_a_second_run_of_the_day_calls_nobody_and_leaves_the_same_bytes(town: Town, sandbox: Sandbox):
    town.campaign("town", CAMPAIGN % 20)
    town.fetch("town", "yelp")
    file = town.lake.path(RAW_RECORDS, "default", "town.yelp", TODAY.isoformat())
    before, called = file.read_bytes(), sandbox.bill()["yelp"]["calls"]
    assert metadata(town.fetch("town", "yelp"))["calls in this run"] == 0
    assert (file.read_bytes(), sandbox.bill()["yelp"]["calls"]) == (before, called)


def test_a_plan_over_budget_is_refused_before_anything_is_spent_and_is_stored(town: Town, sandbox: Sandbox):
    town.campaign("town", CAMPAIGN % "0.05")
    result = town.fetch("town", "google_places")
    assert "the plan is refused: it would cost" in why(result)
    assert "google_places" not in sandbox.bill() or not sandbox.bill()["google_places"]["calls"]
    (run,) = town.runs()
    assert (run["state"], "refused" in run["reason"], '"problems"' in run["plan"]) == ("failed", True, True)


def test_an_exhausted_budget_ends_the_run_cleanly_with_what_was_fetched_and_an_alert(town: Town, sandbox: Sandbox):
    # one page is planned for each of the eleven categories, and most have more
    town.campaign("town", (CAMPAIGN % "0.40").replace(AUSTIN, TEXAS).replace("0.01", "0.000001"))
    shown = metadata(town.fetch("town", "google_places"))
    assert "stopped: the budget of $0.40 is used up" in shown["ended"]
    assert 0 < Decimal(sandbox.bill()["google_places"]["charged"]) <= Decimal("0.40")
    assert town.lake.scan(RAW_RECORDS).collect().height > 0
    assert town.alerts() == [("campaign_stopped", "town.google_places")]
    assert town.lake.manifest(RECORD_SIGHTINGS, "default", "town.google_places", TODAY.isoformat()) == {}


def test_two_providers_of_a_campaign_share_its_budget(town: Town, sandbox: Sandbox):
    town.campaign("town", (CAMPAIGN % 20).replace("sources: [google_places, yelp]", "sources: [yelp, google_places]"))
    town.fetch("town", "google_places")
    town.fetch("town", "yelp")
    spent = town.warehouse.query("select provider, spent_usd, reserved_usd from ops.campaign_spend order by 1").rows()
    charged = float(sandbox.bill()["google_places"]["charged"])
    assert spent == [("google_places", pytest.approx(charged), 0.0), ("yelp", 0.0, 0.0)]


def test_a_provider_without_a_key_is_skipped_at_no_cost(town: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("LEADHOUSE_YELP_API_KEY")
    town.campaign("town", CAMPAIGN % 20)
    assert why(town.fetch("town", "yelp")) == "yelp is skipped: no key is configured"


def test_a_wrong_key_fails_with_a_reason_and_an_alert(town: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEADHOUSE_YELP_API_KEY", "wrong")
    town.campaign("town", CAMPAIGN % 20)
    assert "Yelp Fusion refuses the key" in why(town.fetch("town", "yelp"))
    assert town.alerts() == [("campaign_failed", "town.yelp")]


def test_a_past_day_is_landed_from_what_is_stored_and_never_asked_for(town: Town, sandbox: Sandbox):
    town.campaign("town", CAMPAIGN % 20)
    past = TODAY - timedelta(days=3)
    assert "never filed under a past day" in why(town.fetch("town", "yelp", past))
    town.fetch("town", "yelp")
    folder = journal_folder(town.lake.root, "default", "town.yelp", past.isoformat())
    shutil.copytree(journal_folder(town.lake.root, "default", "town.yelp", TODAY.isoformat()), folder)
    called = sandbox.bill()["yelp"]["calls"]
    shown = metadata(town.fetch("town", "yelp", past))
    assert shown["ended"] == "complete: landed again from what is stored"
    assert shown["dagster/row_count"] > 0
    assert sandbox.bill()["yelp"]["calls"] == called


CITY = """
vertical: dentists
geo: {city: Austin, region: TX, country: US, radius_km: 12}
density_per_km2: 0.01
sources: [yelp]
"""


def test_a_city_is_placed_once_by_a_call_that_is_in_the_ledger(town: Town, sandbox: Sandbox):
    town.campaign("dentists_of_austin", CITY)
    for _ in range(2):
        assert metadata(town.fetch("dentists_of_austin", "yelp"))["received"] > 0
    assert sandbox.bill()["google_geocoding"]["calls"] == 1
    calls = town.lake.scan(PROVIDER_CALLS, "default", "dentists_of_austin.google_geocoding").collect()
    assert (calls["outcome"].to_list(), calls["cost_usd"].sum()) == (["ok"], Decimal("0.005"))


def test_a_geocoder_that_refuses_the_key_fails_the_run_with_a_reason_and_is_stored(town: Town, monkeypatch):
    monkeypatch.setenv("LEADHOUSE_GOOGLE_GEOCODING_API_KEY", "wrong")
    town.campaign("dentists_of_austin", CITY)
    assert "cannot be placed on the map" in why(town.fetch("dentists_of_austin", "yelp"))
    assert [(run["state"], "cannot be placed" in run["reason"]) for run in town.runs()] == [("failed", True)]


def test_what_leads_are_stays_with_the_partition_when_its_campaign_is_broken_or_gone(town: Town):
    town.campaign("town", CAMPAIGN % 20)
    town.fetch("town", "yelp")
    parts = ("default", "town.yelp", TODAY.isoformat())
    raw = pl.read_parquet(town.lake.path(RAW_RECORDS, *parts))
    for left in ("vertical: [", None):
        file = town.data / "campaigns" / "town.yaml"
        file.write_text(left) if left else file.unlink()
        extracted = reader_of(town.lake, town.settings, parts).extract(raw, "business")
        assert set(extracted["vertical"]) == {"local_services"}


def test_what_a_day_changes_is_landed_and_the_rest_is_not_written_again(town: Town, sandbox: Sandbox):
    town.campaign("town", CAMPAIGN % 20)
    town.fetch("town", "yelp")
    yesterday = filed_a_day_earlier(town, "town.yelp")
    sandbox.advance()
    shown = metadata(town.fetch("town", "yelp"))
    assert 0 < shown["dagster/row_count"] < yesterday.height
    assert shown["unchanged records"] > 0


def filed_a_day_earlier(town: Town, source: str) -> pl.DataFrame:
    """Today's partition of a source as yesterday's; returns its raw records."""
    parts, day = ("default", source), TODAY - timedelta(days=1)
    for table in (RAW_RECORDS, RECORD_SIGHTINGS):
        frame = pl.read_parquet(town.lake.path(table, *parts, TODAY.isoformat()))
        town.lake.write(table, frame.with_columns(partition_date=pl.lit(day)), *parts, day.isoformat())
        town.lake.remove(table, *parts, TODAY.isoformat())
    today = journal_folder(town.lake.root, *parts, TODAY.isoformat())
    today.rename(today.with_name(day.isoformat()))
    return town.lake.scan(RAW_RECORDS).collect()


def test_the_key_is_nowhere_in_the_lake_the_events_or_the_database(town: Town):
    town.campaign("town", CAMPAIGN % 20)
    result = town.fetch("town", "google_places")
    told = [str(event) for event in result.all_events]
    assert not [text for text in told if KEY in text]
    assert not [path for path in town.data.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert KEY not in str(town.runs())

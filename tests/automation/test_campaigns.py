"""Campaigns in time: partitions for files, schedules for crons, and the walk after the fetching."""

from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.assets.partitions import CAMPAIGNS
from dagster_project.automation.campaigns import AFTER_FETCHING, campaign_schedule, campaign_sensor, fetch_request
from dagster_project.definitions import build_definitions
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings
from dagster_project.sources.campaign import Campaign, campaigns
from dagster_project.sources.providers import adapters
from dagster_project.transport.credentials import provider_configs

DENTISTS = 'vertical: dentists\nsources: [yelp]\nschedule: {cron: "0 6 * * 1", timezone: America/Chicago}\n'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "our_dentists.yaml").write_text(DENTISTS)
    return Settings(_env_file=None, DATABASE_URL=None, data_dir=tmp_path)


@pytest.fixture
def campaign(settings: Settings) -> Campaign:
    return campaigns(settings.yaml_dirs("campaigns"))[0]["our_dentists"]


def schedule_of(campaign: Campaign) -> dg.ScheduleDefinition:
    return campaign_schedule(campaign, provider_configs(adapters().values()))


def tick(settings: Settings, warehouse: Warehouse, instance: dg.DagsterInstance) -> dg.SensorResult:
    resources = {"settings": settings, "warehouse": warehouse}
    with dg.build_sensor_context(
        instance=instance, definitions=build_definitions(resources), resources=resources
    ) as context:
        return campaign_sensor.evaluate_tick(context)


@pytest.mark.integration
def test_a_new_file_gets_its_partition_once_and_a_wrong_one_an_alert(settings: Settings, clean_warehouse: Warehouse):
    (settings.data_dir / "campaigns" / "wrong.yaml").write_text("vertical: dentists\nsources: [yelpp]\n")
    instance = dg.DagsterInstance.ephemeral()
    (request,) = tick(settings, clean_warehouse, instance).dynamic_partitions_requests
    assert "our_dentists" in request.partition_keys
    assert "wrong" not in request.partition_keys
    instance.add_dynamic_partitions(CAMPAIGNS.name, list(request.partition_keys))
    assert "no new campaign" in tick(settings, clean_warehouse, instance).skip_message
    alerts = clean_warehouse.query("select alert_type, subject, message from ops.alerts").rows()
    assert [(kind, subject, "yelpp" in message) for kind, subject, message in alerts] == [
        ("campaign_mistake", "wrong", True)
    ]


def test_a_cron_becomes_a_schedule_that_runs_where_a_source_has_a_key(campaign: Campaign, monkeypatch):
    monkeypatch.delenv("LEADHOUSE_YELP_API_KEY", raising=False)
    without = schedule_of(campaign)
    assert (without.cron_schedule, without.execution_timezone) == ("0 6 * * 1", "America/Chicago")
    assert without.default_status is dg.DefaultScheduleStatus.STOPPED
    monkeypatch.setenv("LEADHOUSE_YELP_API_KEY", "k")
    assert schedule_of(campaign).default_status is dg.DefaultScheduleStatus.RUNNING


def test_a_schedule_asks_only_the_sources_that_have_a_key(campaign: Campaign, monkeypatch):
    monkeypatch.setenv("LEADHOUSE_YELP_API_KEY", "k")
    schedule = schedule_of(campaign)
    request = schedule(dg.build_schedule_context())
    assert request.asset_selection == [dg.AssetKey(["sources", "yelp"])]
    assert request.partition_key.startswith("our_dentists|")
    monkeypatch.delenv("LEADHOUSE_YELP_API_KEY")
    assert "none of its sources has a key" in schedule(dg.build_schedule_context()).skip_message


def test_a_request_names_campaign_day_and_providers():
    request = fetch_request("our_dentists", ["yelp", "apollo"], date(2026, 11, 25))
    assert request.partition_key == "our_dentists|2026-11-25"
    assert request.tags["leadhouse/campaign"] == "our_dentists"


@pytest.mark.parametrize(
    ("asset", "tags", "day"),
    [
        (["sources", "yelp"], {}, "2026-11-25"),
        (["lake", "enrichment_answers"], {}, "2026-11-25"),
        (["lake", "raw_records"], {}, None),
        (["sources", "yelp"], {"dagster/backfill": "b"}, None),
    ],
    ids=["a provider was asked", "leads were enriched", "none was", "a backfill"],
)
def test_the_walk_follows_a_run_that_asked_a_provider_once(asset: list[str], tags: dict[str, str], day: str | None):
    for sensor in AFTER_FETCHING:
        partition = {"dagster/partition/day": "2026-11-25"}
        run = dg.DagsterRun(
            job_name="any",
            asset_selection={dg.AssetKey(asset)},
            tags={**partition, **tags},
            status=dg.DagsterRunStatus.SUCCESS,
        )
        context = dg.build_run_status_sensor_context(
            sensor_name=sensor.name,
            dagster_event=dg.DagsterEvent("PIPELINE_SUCCESS", "any"),
            dagster_instance=dg.DagsterInstance.ephemeral(),
            dagster_run=run,
        )
        found = sensor(context)
        asked = (found.partition_key, found.run_key) if isinstance(found, dg.RunRequest) else None
        assert asked == ((day, run.run_id) if day else None)
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING

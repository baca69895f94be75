"""What the code location promises as a whole, whatever assets it has."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.assets import resolve, staging
from dagster_project.contracts import FILE_RECEIPTS, QUARANTINED_RECORDS, RAW_RECORDS, TABLES
from dagster_project.definitions import build_definitions
from dagster_project.sources.campaign import PLACES_ONLY
from dagster_project.sources.providers import adapters

LANDED = (RAW_RECORDS, FILE_RECEIPTS, QUARANTINED_RECORDS)
UNSAID = (None, "", "default", set(), [])  # `default` is the group that Dagster puts an asset in when none is said
SINKS = {dg.AssetKey(["delivery", "csv_export"]), dg.AssetKey(["delivery", "webhook"])}
ASKING = {dg.AssetKey(["lake", name]) for name in ("enrichment_answers", "enrichment_attempts", "provider_health")}
ENRICHMENT_MARTS = ("fct_enrichment_attempts", "mart_enrichment_metrics", "mart_provider_health")
PROVIDERS = {dg.AssetKey(["sources", name]) for name in adapters() if name != PLACES_ONLY}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions()


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions):
    return definitions.resolve_asset_graph()


def lake_keys(graph) -> set[dg.AssetKey]:
    return {key for key in graph.materializable_asset_keys if key.path[0] == "lake"}


def test_the_definitions_load_with_an_empty_environment(tmp_path: Path):
    program = (
        "from dagster_project.definitions import defs; print(len(defs.resolve_asset_graph().get_all_asset_keys()))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": str(Path(sys.executable).parent)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    assert int(loaded.stdout) > 50


def test_the_definitions_are_valid_and_every_resource_is_provided(definitions: dg.Definitions):
    dg.Definitions.validate_loadable(definitions)


@pytest.mark.parametrize("trait", ["group_name", "owners", "kinds", "description"])
def test_every_asset_has_its(graph, trait: str):
    lacking = [k.to_user_string() for k in graph.get_all_asset_keys() if getattr(graph.get(k), trait) in UNSAID]
    assert lacking == []


def test_owners_are_teams(graph):
    owners = {owner for key in graph.get_all_asset_keys() for owner in graph.get(key).owners}
    assert all(owner.startswith("team:") for owner in owners)


def test_nothing_is_read_that_nobody_makes(graph):
    assert graph.get_all_asset_keys() == graph.materializable_asset_keys


def test_every_table_of_the_lake_is_a_contract_with_a_blocking_check(graph):
    assert {key.path[-1] for key in lake_keys(graph)} <= TABLES.keys()
    checked = {key.asset_key for key in graph.asset_check_keys if key.name == "keeps_contract"}
    assert checked == lake_keys(graph)
    lax = [k.name for k in graph.asset_check_keys if k.asset_key in checked and not graph.get_check_spec(k).blocking]
    # alarms: a person looks, the walk goes on
    assert set(lax) == {
        "answers_meet_expectations",
        "fields_are_filled",
        "no_lead_is_suspiciously_large",
        "spend_is_within_budget",
    }


def test_every_contract_asset_shows_its_columns(graph):
    for key in graph.materializable_asset_keys:
        if key.path[0] in ("lake", "warehouse"):
            shown = graph.get(key).metadata["dagster/column_schema"]
            assert [c.name for c in shown.columns] == TABLES[key.path[-1]].names


def test_what_is_received_and_staged_is_cut_by_day_and_what_is_resolved_is_not(graph):
    for table in (*LANDED, *staging.TABLES, *resolve.TABLES):
        cut = graph.get(dg.AssetKey(["lake", table.name])).partitions_def
        assert isinstance(cut, dg.DailyPartitionsDefinition) is (table not in resolve.TABLES)


def test_the_walk_makes_everything_but_what_is_fetched_and_what_is_delivered(definitions: dg.Definitions, graph):
    jobs = (definitions.resolve_job_def(name) for name in ("fetch_campaign", "walk", "deliver_batch"))
    fetch, walk, deliver = jobs
    assert walk.asset_layer.executable_asset_keys == graph.materializable_asset_keys - SINKS - PROVIDERS - ASKING
    assert deliver.asset_layer.executable_asset_keys == SINKS
    assert fetch.asset_layer.executable_asset_keys == PROVIDERS
    checked = {key for key in graph.asset_check_keys if key.asset_key not in ASKING}
    assert checked == set(walk.asset_layer.asset_graph.asset_check_keys)


def test_enrichment_asks_in_jobs_of_its_own_and_its_marts_are_built_by_the_walk(definitions: dg.Definitions, graph):
    enrich, health, walk = (definitions.resolve_job_def(n) for n in ("enrich", "check_providers", "walk"))
    assert enrich.asset_layer.executable_asset_keys | health.asset_layer.executable_asset_keys == ASKING
    assert health.asset_layer.executable_asset_keys == {dg.AssetKey(["lake", "provider_health"])}
    marts = {dg.AssetKey(["marts", name]) for name in ENRICHMENT_MARTS}
    assert marts <= {key for key in graph.get_all_asset_keys() if graph.get(key).group_name == "enrichment"}
    assert marts <= walk.asset_layer.executable_asset_keys


def test_sensors_are_on_and_schedules_without_a_key_wait_to_be_asked(definitions: dg.Definitions):
    repository = definitions.get_repository_def()
    names = "inbox campaign fetched_campaign_success fetched_campaign_failure finished_batch".split()
    names += "campaign_enrichment enrichment_delivery event notice".split()
    assert {s.name: s.default_status for s in repository.sensor_defs} == {
        f"{name}_sensor": dg.DefaultSensorStatus.RUNNING for name in names
    }
    assert {s.name: s.default_status for s in repository.schedule_defs} == {
        "daily_walk": dg.DefaultScheduleStatus.STOPPED,
        "provider_checks": dg.DefaultScheduleStatus.STOPPED,
        "enrichment_cache_cleaning": dg.DefaultScheduleStatus.RUNNING,
        "alert_sweep": dg.DefaultScheduleStatus.RUNNING,
        "campaign_austin_dentists": dg.DefaultScheduleStatus.STOPPED,
    }
    assert all(found.description for found in (*repository.sensor_defs, *repository.schedule_defs))


def test_two_runs_never_ask_one_provider_at_once(definitions: dg.Definitions):
    for key in PROVIDERS:
        fetching = definitions.resolve_assets_def(key)
        assert fetching.op.pool == f"provider_{key.path[-1]}"
        assert isinstance(fetching.partitions_def, dg.MultiPartitionsDefinition)


def test_two_runs_never_enrich_at_once(definitions: dg.Definitions):
    assert definitions.resolve_assets_def(dg.AssetKey(["lake", "enrichment_answers"])).op.pool == "enrichment"


def test_two_runs_never_send_to_one_destination_at_once(definitions: dg.Definitions):
    for key in SINKS:
        sink = definitions.resolve_assets_def(key)
        assert sink.op.pool == f"sync_{key.path[-1]}"

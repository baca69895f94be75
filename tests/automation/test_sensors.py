"""The sensors, ticked for real: what they ask for, when they skip, and what they tell a person."""

import json
import os
import time
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.automation.sensors import inbox_sensor
from dagster_project.definitions import build_definitions
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "shops.yaml").write_text("kind: business\nkey: id\nfields: {name: name}\n")
    return Settings(_env_file=None, DATABASE_URL=None, data_dir=tmp_path)


def drop(settings: Settings, place: str) -> Path:
    file = settings.data_dir / "inbox" / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("id,name\n1,Alpha\n")
    minute_ago = time.time() - 60
    os.utime(file, (minute_ago, minute_ago))
    return file


def tick_inbox(settings: Settings, warehouse: Warehouse) -> dg.SensorResult:
    definitions = build_definitions({"settings": settings, "warehouse": warehouse})
    with dg.build_sensor_context(
        instance=dg.DagsterInstance.ephemeral(),
        definitions=definitions,
        resources={"settings": settings, "warehouse": warehouse},
    ) as context:
        return inbox_sensor.evaluate_tick(context)


def test_an_empty_inbox_is_skipped(settings: Settings, clean_warehouse: Warehouse):
    assert "no finished file" in tick_inbox(settings, clean_warehouse).skip_message


def test_a_finished_file_asks_for_one_walk_and_the_same_file_for_the_same_run(settings, clean_warehouse):
    drop(settings, "shops/monday.csv")
    first, again = tick_inbox(settings, clean_warehouse), tick_inbox(settings, clean_warehouse)
    assert len(first.run_requests) == 1
    assert first.run_requests[0].run_key == again.run_requests[0].run_key
    drop(settings, "shops/tuesday.csv")
    assert tick_inbox(settings, clean_warehouse).run_requests[0].run_key != first.run_requests[0].run_key


def test_a_file_without_a_mapping_raises_one_alert_that_names_it(settings, clean_warehouse):
    drop(settings, "shoops/monday.csv")
    for _ in range(2):
        tick_inbox(settings, clean_warehouse)
    alerts = clean_warehouse.query("select alert_type, subject from ops.alerts")
    assert alerts.rows() == [("unmapped_file", "monday.csv")]


def finish_batch(warehouse: Warehouse, org_id: str, batch_id: str) -> None:
    with warehouse.app(org_id) as connection:
        connection.execute(
            "insert into ops.batches (org_id, batch_id, finished_at, leads) values (%s, %s, clock_timestamp(), 3)",
            (org_id, batch_id),
        )


def tick_batches(settings: Settings, warehouse: Warehouse, cursor: str | None) -> dg.SensorResult:
    definitions = build_definitions({"settings": settings, "warehouse": warehouse})
    sensor = definitions.resolve_sensor_def("finished_batch_sensor")
    with dg.build_sensor_context(
        instance=dg.DagsterInstance.ephemeral(),
        definitions=definitions,
        cursor=cursor,
        resources={"warehouse": warehouse},
    ) as context:
        return sensor.evaluate_tick(context)


def test_each_tenants_newest_batch_is_delivered_once(settings, clean_warehouse):
    for org_id, batch_id in (("a", "1"), ("b", "1"), ("a", "2")):
        finish_batch(clean_warehouse, org_id, batch_id)
    tick = tick_batches(settings, clean_warehouse, None)
    assert {r.run_key for r in tick.run_requests} == {"a:2", "b:1"}
    assert json.loads(tick.cursor) == {"a": "2", "b": "1"}
    assert "no batch" in tick_batches(settings, clean_warehouse, tick.cursor).skip_message
    finish_batch(clean_warehouse, "b", "3")
    assert [r.run_key for r in tick_batches(settings, clean_warehouse, tick.cursor).run_requests] == ["b:3"]


def test_a_request_configures_every_sink_for_its_batch(settings, clean_warehouse):
    finish_batch(clean_warehouse, "a", "7")
    (request,) = tick_batches(settings, clean_warehouse, None).run_requests
    assert set(request.run_config["ops"]) == {"delivery__csv_export", "delivery__webhook"}
    assert all(op["config"] == {"org_id": "a", "batch_id": "7"} for op in request.run_config["ops"].values())

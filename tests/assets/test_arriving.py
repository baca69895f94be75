"""Event files on arrival: taken once, told at once, and left for the walk; whoever writes, in whatever order."""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from dagster_project.assets.arriving import events_of, take_events
from dagster_project.assets.ingest import receive_inbox
from dagster_project.automation.responses import event_sensor, notice_sensor
from dagster_project.cli.event import write
from dagster_project.definitions import build_definitions
from dagster_project.resources.lake import Lake
from dagster_project.settings import Settings
from dagster_project.sources.files.inbox import received
from dagster_project.sources.files.mapping import load_mapping
from tests.response.conftest import ORG, Walked, walked

__all__ = ["walked"]
pytestmark = pytest.mark.integration
NOW = datetime.now(UTC)
IDENTIFIED = ("event_id", "event_type", "identity_domain", "occurred_at")


@pytest.fixture
def conf(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, DATABASE_URL=None, data_dir=tmp_path, org_id=ORG)


def event(event_id: str, event_type: str = "demo_request", who: str = "acme.com", **values: object) -> dict:
    at = {"occurred_at": NOW.isoformat()}
    return {"event_id": event_id, "event_type": event_type, "domain": who} | at | values


def drop(conf: Settings, *events: dict) -> Path:
    path = write(list(events), conf.data_dir / "inbox" / "events", NOW)
    os.utime(path, (time.time() - 60, time.time() - 60))
    return path


def landed(conf: Settings) -> list[str]:
    return [file.file for file in received(conf.data_dir / "lake", ORG, "events", datetime.now(UTC).date())]


def tick(sensor: dg.SensorDefinition, conf: Settings, walked: Walked, instance: dg.DagsterInstance):
    given = {"settings": conf, "warehouse": walked.warehouse, "lake": Lake(conf.data_dir / "lake")}
    definitions = build_definitions({name: given[name] for name in ("settings", "warehouse")})
    with dg.build_sensor_context(instance=instance, definitions=definitions, resources=given) as context:
        return sensor.evaluate_tick(context)


def test_an_event_is_told_when_it_arrives_and_its_file_waits_for_the_walk(walked: Walked, conf: Settings):
    walked.lead("acme.com")
    path = drop(conf, event("1"), event("2", who="unknown.com"))
    found = take_events(conf.data_dir / "lake", walked.warehouse, conf)
    assert (found.events, found.alerts, found.refused) == (2, 1, {})
    assert not path.exists()
    assert landed(conf) == [path.name]


def test_an_event_that_comes_again_is_known(walked: Walked, conf: Settings):
    walked.lead("acme.com")
    for _ in range(2):
        drop(conf, event("1"))
        found = take_events(conf.data_dir / "lake", walked.warehouse, conf)
    assert (found.events, found.known, found.alerts) == (0, 1, 0)


def test_a_look_that_was_killed_before_the_file_left_the_inbox_is_made_good(
    walked: Walked, conf: Settings, monkeypatch
):
    walked.lead("acme.com")
    dropped, unlink = drop(conf, event("1")), Path.unlink

    def die_at_it(path: Path, missing_ok: bool = False) -> None:
        if path == dropped:
            raise KeyboardInterrupt
        unlink(path, missing_ok)

    with monkeypatch.context() as killed:
        killed.setattr(Path, "unlink", die_at_it)
        with pytest.raises(KeyboardInterrupt):
            take_events(conf.data_dir / "lake", walked.warehouse, conf)
    assert take_events(conf.data_dir / "lake", walked.warehouse, conf).alerts == 0
    assert walked.rows("select count(*) from ops.alerts") == [(1,)]


def test_a_file_that_its_mapping_does_not_fit_is_set_aside_with_an_alert(walked: Walked, conf: Settings):
    path = drop(conf, event("1"))
    path.write_text('{"x": 1}\n')
    os.utime(path, (time.time() - 60, time.time() - 60))
    drop(conf, event("2"))
    found = take_events(conf.data_dir / "lake", walked.warehouse, conf)
    assert (list(found.refused), found.events) == ([f"events/{path.name}"], 1)
    assert walked.rows("select alert_type from ops.alerts where alert_type <> 'signal'") == [("refused_file",)]


def test_before_the_first_walk_events_are_kept_and_nothing_is_told(clean_warehouse, conf: Settings):
    drop(conf, event("1"))
    found = take_events(conf.data_dir / "lake", clean_warehouse, conf)
    assert (found.events, found.alerts) == (1, 0)


def test_a_walk_that_comes_first_tells_too(walked: Walked, conf: Settings):
    walked.lead("acme.com")
    drop(conf, event("1"))
    assert receive_inbox(Lake(conf.data_dir / "lake"), walked.warehouse, conf) == 1
    assert walked.rows("select count(*) from ops.alerts") == [(1,)]


def test_sixteen_writers_of_the_same_events_in_any_order_end_where_one_does(walked: Walked, conf: Settings):
    for name in ("acme.com", "bolt.com"):
        walked.lead(name)
    kinds = ("demo_request", "page_view", "content_download")
    events = [event(str(n), kinds[n % 3], ("acme.com", "bolt.com", "unknown.com")[n % 7 % 3]) for n in range(60)]

    def writer(seed: int) -> None:
        mine = random.Random(seed).sample(events, len(events))
        for start in range(0, len(mine), 15):
            drop(conf, *mine[start : start + 15])
        # each of the sixteen also takes what lies there; files that another takes first are not there any more
        for _ in range(3):
            take_events(conf.data_dir / "lake", walked.warehouse, conf)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(writer, range(16)))
    take_events(conf.data_dir / "lake", walked.warehouse, conf)
    counted = walked.rows("select event_id from ops.arrived_events")
    assert sorted(counted, key=lambda row: int(row[0])) == [(str(n),) for n in range(60)]
    told = walked.rows("select subject, signal_type, count(*) from ops.alerts group by 1, 2")
    assert len(told) == 4
    assert {count for _, _, count in told} == {1}
    mapping = load_mapping("events", conf.yaml_dirs("mappings"))
    files = received(conf.data_dir / "lake", ORG, "events", datetime.now(UTC).date())
    kept = pl.concat(events_of(file, mapping, ORG) for file in files).select(IDENTIFIED).unique()
    assert kept.sort("event_id").equals(serial(events).sort("event_id"))


def serial(events: list[dict]) -> pl.DataFrame:
    """What one writer of each event once leaves behind."""
    frame = pl.DataFrame(events).rename({"domain": "identity_domain"})
    return frame.with_columns(pl.col("occurred_at").str.to_datetime(time_unit="us", time_zone="UTC")).select(IDENTIFIED)


def test_the_sensor_asks_for_one_walk_however_many_files_come(walked: Walked, conf: Settings):
    with dg.DagsterInstance.ephemeral() as instance:
        assert "no events arrived" in tick(event_sensor, conf, walked, instance).skip_message
        drop(conf, event("1"))
        drop(conf, event("2"))
        (request,) = tick(event_sensor, conf, walked, instance).run_requests
        assert request.tags["leadhouse/files"] == "2"
        instance.create_run_for_job(build_definitions().resolve_job_def("walk"), status=dg.DagsterRunStatus.NOT_STARTED)
        drop(conf, event("3"))
        assert "a walk is waiting already" in tick(event_sensor, conf, walked, instance).skip_message


def test_notices_are_sent_when_there_are_any_and_a_channel_for_them(walked: Walked, conf: Settings):
    walked.lead("acme.com")
    told = conf.model_copy(update={"notice_email": "sales@us.example"})
    with dg.DagsterInstance.ephemeral() as instance:
        assert "no channel" in tick(notice_sensor, conf, walked, instance).skip_message
        assert "nothing to say" in tick(notice_sensor, told, walked, instance).skip_message
        drop(conf, event("1"))
        take_events(conf.data_dir / "lake", walked.warehouse, conf)
        assert len(tick(notice_sensor, told, walked, instance).run_requests) == 1
        job = build_definitions({"settings": told, "warehouse": walked.warehouse}).resolve_job_def("notify")
        assert job.execute_in_process(instance=instance).success
        assert "nothing to say" in tick(notice_sensor, told, walked, instance).skip_message
    (mail,) = (conf.data_dir / "exports" / ORG / "mail").glob("*.eml")
    assert "CRITICAL: Demo request, to be answered within 1 h (acme.com)" in mail.read_text().replace("\n ", " ")

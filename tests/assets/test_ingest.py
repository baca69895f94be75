"""Landing as Dagster runs it: partitions, change detection over days, and files that must not stop the others."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from dagster_project.assets.ingest import land_files
from dagster_project.checks.contracts import every_row_is_accounted_for
from dagster_project.contracts import FILE_RECEIPTS, RAW_RECORDS
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings
from dagster_project.sources.files.inbox import deposit

MAPPING = "kind: business\nkey: id\nfields: {name: name, phone: phone}\n"
TODAY = datetime.now(UTC).date()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    data = tmp_path / "data"
    (data / "mappings").mkdir(parents=True)
    (data / "mappings" / "shops.yaml").write_text(MAPPING)
    (data / "inbox" / "shops").mkdir(parents=True)
    return Settings(_env_file=None, DATABASE_URL=None, data_dir=data)


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["id,name,phone", *rows]) + "\n")
    return path


def land(settings: Settings, warehouse: Warehouse | None, day: date) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [land_files, every_row_is_accounted_for],
        partition_key=day.isoformat(),
        instance=dg.DagsterInstance.ephemeral(),
        resources={"lake": Lake(settings.data_dir / "lake"), "warehouse": warehouse, "settings": settings},
        raise_on_error=False,
    )


def receive(settings: Settings, file: Path, day: date) -> None:
    at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=6)
    deposit(file, "shops", settings.data_dir / "lake", "default", at)


def raw(settings: Settings, day: date) -> list[str]:
    frame = Lake(settings.data_dir / "lake").scan(RAW_RECORDS).filter(pl.col("partition_date") == day).collect()
    return sorted(frame["provider_key"].to_list())


def test_only_new_and_changed_records_are_written_on_a_later_day(settings: Settings, tmp_path: Path):
    first, second = TODAY - timedelta(days=2), TODAY - timedelta(days=1)
    receive(settings, write(tmp_path / "a.csv", "1,Alpha,1", "2,Beta,2"), first)
    receive(settings, write(tmp_path / "b.csv", "1,Alpha,1", "2,Beta,changed", "3,Gamma,3"), second)
    assert land(settings, None, first).success
    assert land(settings, None, second).success
    assert raw(settings, first) == ["1", "2"]
    assert raw(settings, second) == ["2", "3"]


def test_backfilling_a_day_again_leaves_the_same_bytes(settings: Settings, tmp_path: Path):
    first, second = TODAY - timedelta(days=2), TODAY - timedelta(days=1)
    receive(settings, write(tmp_path / "a.csv", "1,Alpha,1"), first)
    receive(settings, write(tmp_path / "b.csv", "1,Alpha,2"), second)
    for day in (first, second):
        land(settings, None, day)
    files = {f: f.read_bytes() for f in (settings.data_dir / "lake").rglob("*.parquet")}
    for day in (first, second):
        assert land(settings, None, day).success
    assert {f: f.read_bytes() for f in (settings.data_dir / "lake").rglob("*.parquet")} == files


def test_the_check_accounts_for_every_row_of_every_file(settings: Settings, tmp_path: Path):
    day = TODAY - timedelta(days=1)
    receive(settings, write(tmp_path / "a.csv", "1,Alpha,1", "1,Alpha,1", "broken", "2,Beta,2"), day)
    result = land(settings, None, day)
    receipts = Lake(settings.data_dir / "lake").scan(FILE_RECEIPTS).collect()
    assert [c.passed for c in result.get_asset_check_evaluations()] == [True]
    assert receipts.select("received", "accepted", "quarantined", "duplicate").row(0) == (4, 2, 1, 1)


@pytest.mark.integration
def test_a_file_that_cannot_be_landed_is_set_aside_with_an_alert_and_the_others_go_on(
    settings: Settings, clean_warehouse: Warehouse
):
    inbox = settings.data_dir / "inbox" / "shops"
    good = write(inbox / "good.csv", "1,Alpha,1")
    bad = inbox / "bad.csv"
    bad.write_text("colour\nred\n")
    for file in (good, bad):
        old = datetime.now(UTC).timestamp() - 60
        os.utime(file, (old, old))
    assert land(settings, clean_warehouse, TODAY).success
    assert raw(settings, TODAY) == ["1"]
    assert [f.name for f in inbox.iterdir()] == [".refused-bad.csv"]
    alerts = clean_warehouse.query("select alert_type, subject, message from ops.alerts")
    assert alerts.row(0)[:2] == ("refused_file", "shops/bad.csv")
    assert "id" in alerts["message"][0]

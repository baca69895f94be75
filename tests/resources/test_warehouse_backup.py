"""Dump, restore and the commands that look after the database."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dagster_project.contracts import ALERTS, Table
from dagster_project.resources import warehouse_backup
from dagster_project.resources.warehouse import Warehouse, WarehouseError


def count(warehouse: Warehouse, table: Table) -> int:
    return warehouse.query(f"select count(*) from lake.{table.name}").item()


@pytest.mark.integration
def test_a_restored_dump_holds_the_same_rows_and_still_isolates_tenants(two_tenants: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "leads.dump"
    assert warehouse_backup.dump(two_tenants, file) == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    two_tenants.mirror(ALERTS, ALERTS.empty())
    warehouse_backup.restore(two_tenants, file)
    assert count(two_tenants, ALERTS) == 3
    with two_tenants.app("b") as connection:
        assert connection.execute("select count(*) from lake.alerts").fetchone()[0] == 1


@pytest.mark.integration
def test_a_restore_over_rows_needs_replace(two_tenants: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "leads.dump"
    warehouse_backup.dump(two_tenants, file)
    two_tenants.mirror(ALERTS, ALERTS.empty(), where={"org_id": "b"})
    with pytest.raises(warehouse_backup.NotEmpty, match=r"lake\.alerts"):
        warehouse_backup.restore(two_tenants, file)
    assert count(two_tenants, ALERTS) == 2
    warehouse_backup.restore(two_tenants, file, replace=True)
    assert count(two_tenants, ALERTS) == 3


@pytest.mark.integration
@pytest.mark.parametrize("keep", [0.0, 0.5])
def test_a_broken_dump_changes_nothing(two_tenants: Warehouse, tmp_path: Path, keep: float) -> None:
    file = tmp_path / "leads.dump"
    size = warehouse_backup.dump(two_tenants, file)
    file.write_bytes(file.read_bytes()[: int(size * keep)])
    with pytest.raises(WarehouseError, match="cannot be read as a dump"):
        warehouse_backup.restore(two_tenants, file, replace=True)
    assert count(two_tenants, ALERTS) == 3


@pytest.mark.integration
def test_the_commands_tell_state_and_exit_codes(two_tenants: Warehouse, tmp_path: Path, monkeypatch) -> None:
    from dagster_project.cli import db

    runner = CliRunner()
    monkeypatch.setattr(db, "_warehouse", lambda: two_tenants)
    found = json.loads(runner.invoke(db.db_app, ["status", "--json"]).stdout)
    assert found["running"] is True
    assert "leads" in found["databases"]
    file = str(tmp_path / "x.dump")
    assert runner.invoke(db.db_app, ["dump", file]).exit_code == 0
    assert runner.invoke(db.db_app, ["restore", file]).exit_code == 3
    assert runner.invoke(db.db_app, ["restore", file, "--replace"]).exit_code == 0
    absent = runner.invoke(db.db_app, ["restore", file + ".absent"])
    assert (absent.exit_code, absent.stderr.startswith("Error: There is no file")) == (1, True)
    assert runner.invoke(db.db_app, ["stop"]).exit_code == 1

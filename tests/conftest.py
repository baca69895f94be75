"""Fixtures that several rooms share: a PostgreSQL server per session, a clean database per test, the team's data."""

import datetime as dt
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import psycopg
import pytest

from dagster_project.contracts import ALERTS
from dagster_project.resources.embedded_postgres import EmbeddedPostgres
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import PROJECT_ROOT, Settings

TEMPLATE = "template_leads"
ALERT_TIME = dt.datetime(2026, 11, 23, 12, 30, 15, 123456, tzinfo=dt.UTC)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--adapter", help="run the contract suite in tests/adapters for this provider's adapter only")


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A temporary folder that the server's account may pass through; pytest's own are private, and we may be root."""
    folder = Path(tempfile.mkdtemp(prefix="leadhouse-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def warehouse(open_folder: Path) -> Iterator[Warehouse]:
    """The session's warehouse on an embedded server; with pytest-xdist each worker has its own."""
    found = Warehouse(Settings(_env_file=None, DATABASE_URL=None, data_dir=open_folder, pg_bin=None, pg_tcp=False))
    found.ensure()
    with found.connect("dagster", autocommit=True) as connection:  # copied before any test can add rows
        connection.execute(f"create database {TEMPLATE} template leads")
    yield found
    found.embedded.remove()


@pytest.fixture
def clean_warehouse(warehouse: Warehouse, tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse on a migrated database of this test's own, reached as by DATABASE_URL; dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    with warehouse.connect("dagster", autocommit=True) as connection:
        connection.execute(f"create database {name} template {TEMPLATE}")
        yield at_url(warehouse.owner_url(name), tmp_path)
        dropped(connection, name)


def dropped(connection: psycopg.Connection, name: str) -> None:
    """Drop a database, whoever is connected to it; an autovacuum worker, which only a superuser may end, is waited
    for."""
    for _ in range(40):
        try:
            connection.execute(f"drop database {name} with (force)")
        except psycopg.errors.InsufficientPrivilege:
            time.sleep(0.25)
        else:
            return
    pytest.fail(f"database {name} cannot be dropped")


@pytest.fixture
def two_tenants(clean_warehouse: Warehouse) -> Warehouse:
    """A clean warehouse whose `lake.alerts` holds two rows of tenant a and one of tenant b."""
    rows = [{"org_id": org, "alert_id": f"00000000-0000-5000-8000-00000000000{n}"} for n, org in enumerate("aab")]
    frame = pl.DataFrame(rows).with_columns(
        created_at=pl.lit(ALERT_TIME),
        severity=pl.lit("info"),
        alert_type=pl.lit("t"),
        subject=pl.lit("s"),
        message=pl.lit("m"),
    )
    clean_warehouse.mirror(ALERTS, frame)
    return clean_warehouse


def at_url(url: str, data_dir: Path) -> Warehouse:
    """A warehouse on a server named by DATABASE_URL."""
    return Warehouse(Settings(_env_file=None, DATABASE_URL=url, data_dir=data_dir))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short temporary folder that the server's account can reach, however private pytest's own is."""
    found = Path(tempfile.mkdtemp(prefix="pgt-"))
    found.chmod(0o755)
    yield found
    shutil.rmtree(found)


@pytest.fixture(scope="session")
def server(warehouse: Warehouse) -> EmbeddedPostgres:
    return warehouse.embedded


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The team's data sets. Absent, the test is skipped, but fails in CI, where they are required."""
    folder = Path(os.environ.get("LEADHOUSE_SHARED_DIR", PROJECT_ROOT.parent / "shared"))
    if not folder.is_dir():
        reason = "the shared data folder is absent; set LEADHOUSE_SHARED_DIR"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


def one(server: EmbeddedPostgres, query: str, database: str = "leads") -> object:
    """The single value that a query gives on a server."""
    with psycopg.connect(server.url(database)) as connection:
        return connection.execute(query).fetchone()[0]

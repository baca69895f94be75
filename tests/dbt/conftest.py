"""A small world in the lake's mirror, and dbt run on it as the walk does."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from dagster_project import contracts
from dagster_project.assets.warehouse import MIRRORED
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import PROJECT_ROOT
from tests.conftest import TEMPLATE, at_url
from tests.dbt.world import campaigned, enriched, world

DBT = PROJECT_ROOT / "dbt"
PROJECT = ("--project-dir", str(DBT), "--profiles-dir", str(DBT))


def frame(table: contracts.Table, rows: list[dict]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=table.polars_schema, strict=False)


@contextmanager
def mirrored(warehouse: Warehouse, folder: Path, *parts: dict[str, list[dict]]) -> Iterator[Warehouse]:
    """A database with the rows of a world mirrored, and no dbt schema yet; dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    with warehouse.connect("dagster", autocommit=True) as connection:
        connection.execute(f"create database {name} template {TEMPLATE}")
        found = at_url(warehouse.owner_url(name), folder)
        for table in MIRRORED:
            found.mirror(table, frame(table, [row for part in parts for row in part.get(table.name, [])]))
        yield found
        connection.execute(f"drop database {name} with (force)")


def run_dbt(warehouse: Warehouse, scratch: Path, *arguments: str) -> str:
    """Run dbt on the project; returns what it printed. Its target folder is not the project's."""
    places = {"DBT_TARGET_PATH": str(scratch / "target"), "DBT_LOG_PATH": str(scratch / "logs")}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", *arguments, *PROJECT],
        env={**os.environ, **warehouse.dbt_env(), **places, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    return done.stdout


@pytest.fixture(scope="module")
def filled(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A database of this module's own with the small world mirrored, and no dbt schema yet."""
    with mirrored(warehouse, tmp_path_factory.mktemp("data"), world(), campaigned(), enriched()) as found:
        yield found


@pytest.fixture(scope="module")
def build(filled: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """`dbt build` of the whole project, or another command of dbt's; returns what it printed."""
    scratch: Path = tmp_path_factory.mktemp("dbt")
    return lambda *arguments: run_dbt(filled, scratch, *(arguments or ["build"]))


@pytest.fixture(scope="module")
def built(filled: Warehouse, build: Callable[[], str]) -> Warehouse:
    """The small world after one build on a database without dbt's schemas."""
    build()
    return filled

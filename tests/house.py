"""A whole house to walk through from outside: a data folder with its own database, and `leadhouse run` as a process."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from dagster_project.contracts import LEAD_MAP
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.sandbox.receiver import WebhookReceiver
from dagster_project.settings import PROJECT_ROOT, Settings

LEADHOUSE = str(Path(sys.executable).with_name("leadhouse"))
LEADS = "select * from marts.sync_leads order by org_id, lead_id"
OUTBOX = """
select destination, natural_key, revision, state, fingerprint
from ops.delivery_outbox order by destination, natural_key, revision
"""
# When a record was received differs between two walks by design, and provenance tells it.
TIMES = ("updated_at", "provenance")


class House:
    """Walks `inputs` (FILE=MAPPING; none: the sample), and delivers to a receiver that outlives every walk."""

    def __init__(self, folder: Path, receiver: WebhookReceiver, inputs: Sequence[str] = ()) -> None:
        self.data_dir, self.log, self.receiver, self.inputs = folder / "data", folder / "walk.log", receiver, inputs
        self.data_dir.mkdir()
        self.environment = os.environ | receiver.environment() | {"LEADHOUSE_DATA_DIR": str(self.data_dir)}
        self.environment.pop("DATABASE_URL", None)

    def start(self) -> subprocess.Popen[str]:
        """Begin a walk; its summary comes as JSON on standard output."""
        return subprocess.Popen(
            [LEADHOUSE, "run", "--json", *self.inputs],
            env=self.environment,
            cwd=PROJECT_ROOT,
            stdout=subprocess.PIPE,
            stderr=self.log.open("a"),
            start_new_session=True,
            text=True,
        )

    def walk(self) -> dict[str, Any]:
        """One undisturbed walk; returns its summary."""
        return self.finish(self.start())

    def finish(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        printed, _ = process.communicate()
        assert process.returncode == 0, self.log.read_text()[-3000:]
        return json.loads(printed)

    def killed_walk(self, seconds: float) -> None:
        """A walk whose whole process group is killed after some seconds."""
        process = self.start()
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(Settings(data_dir=self.data_dir, database_url=None))

    @property
    def lake(self) -> Lake:
        return Lake(self.data_dir / "lake")

    def lead_map(self) -> pl.DataFrame:
        """(kind, record_id, lead_id) as it stands."""
        current = self.lake.scan(LEAD_MAP).sort("valid_from").unique("record_id", keep="last")
        return current.select("kind", "record_id", "lead_id").sort("record_id").collect()

    def result(self) -> dict[str, str]:
        """Digests of all that a user could compare."""
        frames = {
            "lead map": self.lead_map(),
            "leads": self.warehouse.query(LEADS).drop(TIMES),
            "outbox": self.warehouse.query(OUTBOX),
            "export": self.exported().drop(TIMES, strict=False).sort("lead_id"),
        }
        return {name: hashlib.sha256(frame.write_ndjson().encode()).hexdigest() for name, frame in frames.items()}

    def exported(self) -> pl.DataFrame:
        """The CSV export, all columns as text."""
        return pl.read_csv(next((self.data_dir / "exports").rglob("*.csv")), infer_schema=False)


@contextmanager
def open_house(folder: Path, inputs: Sequence[str] = ()) -> Iterator[House]:
    """A house in an empty folder; its database is removed at the end."""
    with WebhookReceiver() as receiver:
        house = House(folder, receiver, inputs)
        try:
            yield house
        finally:
            house.warehouse.embedded.remove()

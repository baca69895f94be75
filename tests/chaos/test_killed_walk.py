"""kill -9 in the middle of a walk, then the same command again: the result is that of an undisturbed walk.

`LEADHOUSE_CHAOS_KILLS` says how many instants are tried, spread over the walk's length; `make test-chaos` tries 12.
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from dagster_project.resources.warehouse import Warehouse
from dagster_project.sandbox.receiver import WebhookReceiver
from dagster_project.settings import PROJECT_ROOT, Settings

KILLS = int(os.environ.get("LEADHOUSE_CHAOS_KILLS", "2"))
LEADHOUSE = str(Path(sys.executable).with_name("leadhouse"))
LEADS = "select * from marts.sync_leads order by org_id, lead_id"
OUTBOX = """
select destination, natural_key, revision, state, fingerprint
from ops.delivery_outbox order by destination, natural_key, revision
"""

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos")]


class House:
    """A data folder of its own with its own database, and a webhook receiver that outlives every walk."""

    def __init__(self, data_dir: Path, receiver: WebhookReceiver) -> None:
        self.data_dir, self.receiver = data_dir, receiver
        self.environment = os.environ | receiver.environment() | {"LEADHOUSE_DATA_DIR": str(data_dir)}
        self.environment.pop("DATABASE_URL", None)

    def start(self) -> subprocess.Popen[bytes]:
        log = (self.data_dir.parent / "walk.log").open("ab")
        return subprocess.Popen(
            [LEADHOUSE, "run"], env=self.environment, cwd=PROJECT_ROOT, stdout=log, stderr=log, start_new_session=True
        )

    def walk(self) -> float:
        """One undisturbed walk; returns its seconds."""
        started = time.monotonic()
        assert self.start().wait() == 0, (self.data_dir.parent / "walk.log").read_text()[-3000:]
        return time.monotonic() - started

    def killed_walk(self, seconds: float) -> None:
        """A walk whose whole process group is killed after some seconds."""
        process = self.start()
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(Settings(data_dir=self.data_dir, database_url=None))

    def result(self) -> dict[str, str]:
        """Digests of all that a user could compare; times of receipt are left out, because they differ by design."""
        leads = self.warehouse.query(LEADS).drop("updated_at", "provenance")
        frames = {"leads": leads, "outbox": self.warehouse.query(OUTBOX), "exports": self.exported()}
        return {name: hashlib.sha256(frame.write_csv().encode()).hexdigest() for name, frame in frames.items()}

    def exported(self) -> pl.DataFrame:
        file = next((self.data_dir / "exports").rglob("*.csv"))
        return pl.read_csv(file, infer_schema=False).drop("updated_at", "provenance", strict=False).sort("lead_id")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    (tmp_path / "data").mkdir()
    with WebhookReceiver() as receiver:
        house = House(tmp_path / "data", receiver)
        yield house
        if (embedded := house.warehouse.embedded) is not None:
            embedded.stop()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], float]]:
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "data").mkdir()
    with WebhookReceiver() as receiver:
        house = House(folder / "data", receiver)
        seconds = house.walk()
        yield house.result(), seconds
        house.warehouse.embedded.stop()


@pytest.mark.parametrize("instant", range(KILLS))
def test_a_killed_walk_run_again_gives_the_undisturbed_result(instant: int, house: House, undisturbed):
    expected, seconds = undisturbed
    house.killed_walk(seconds * (instant + 1) / (KILLS + 1))
    house.walk()
    assert house.result() == expected
    assert set(house.receiver.records.values()) == {1}, "every lead arrived, with its first revision, once"


def test_a_second_walk_changes_and_delivers_nothing(house: House):
    house.walk()
    before, calls = house.result(), house.receiver.calls
    house.walk()
    assert house.result() == before
    assert house.receiver.calls == calls

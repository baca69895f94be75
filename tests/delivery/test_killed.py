"""`kill -9` at every step of a run: the next run ends where an undisturbed one would, and nothing is delivered twice.

Judged by the receiver's own ledger and by the file's bytes. A few points run always, the others with the chaos tests.
"""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dagster_project.delivery.csv_file import CsvFile
from dagster_project.delivery.run import run_sink
from dagster_project.delivery.sync import Sync
from dagster_project.delivery.webhook import Webhook
from dagster_project.sandbox.receiver import WebhookReceiver
from dagster_project.settings import PROJECT_ROOT
from tests.delivery.conftest import ORG, Mart

pytestmark = pytest.mark.integration

LEADS = 25  # three batches of the ten-row webhook, seven of the four-row file


def points(*always: str, chaos: list[str]) -> list:
    return [*always, *[pytest.param(point, marks=pytest.mark.chaos) for point in chaos]]


STEPS = [f"{step}:{n}" for step in ("leased", "sent", "recorded") for n in (1, 3)]
COMMITS = [f"{side} commit:{n}" for side in ("before", "after") for n in range(1, 11)]


def killed_run(mart: Mart, sync: Sync, point: str, folder: Path, **order: str) -> None:
    """Runs the sync in a process of its own, which must have died by the signal."""
    order |= {
        "point": point,
        "sync": sync.model_dump_json(),
        "org": ORG,
        "folder": str(folder),
        "database": mart.warehouse.owner_url(),
    }
    command = [sys.executable, "-m", "tests.delivery.killed_run", json.dumps(order)]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]


@pytest.mark.parametrize("point", points("sent:2", "before commit:5", chaos=[*STEPS, *COMMITS]))
def test_a_killed_webhook_run_is_finished_by_the_next_one(mart: Mart, hook_sync: Sync, tmp_path: Path, point: str):
    ids = mart.put(LEADS)
    with WebhookReceiver() as receiver:
        killed_run(mart, hook_sync, point, tmp_path, url=receiver.url, secret=receiver.secret)
        webhook = Webhook(hook_sync, ORG, receiver.url, receiver.secret, allow_hosts=[receiver.host])
        report = run_sink(mart.connect, ORG, hook_sync, "batch", webhook)
    assert receiver.records == dict.fromkeys(ids, 1)
    assert len(receiver.keys) == LEADS
    assert (report.counts["acknowledged"], report.counts["enqueued"]) == (LEADS, LEADS)
    repeated = [key for key, times in Counter(c.idempotency_key for c in receiver.calls).items() if times > 1]
    assert len(repeated) <= 1  # one call may be made twice per kill, and then with the same key and records
    assert len(receiver.calls) == 3 + len(repeated)


@pytest.mark.parametrize("point", points("rename:2", "sent:7", chaos=["rename:1", *STEPS, *COMMITS]))
def test_a_killed_file_run_is_finished_by_the_next_one(mart: Mart, csv_sync: Sync, tmp_path: Path, point: str):
    mart.put(LEADS)
    path, undisturbed = tmp_path / "killed.csv", tmp_path / "undisturbed.csv"
    killed_run(mart, csv_sync, point, tmp_path, file=str(path))
    report = run_sink(mart.connect, ORG, csv_sync, "batch", CsvFile(path, csv_sync))
    other = Sync(**csv_sync.model_dump() | {"name": "undisturbed"})
    run_sink(mart.connect, ORG, other, "batch", CsvFile(undisturbed, other))
    assert path.read_bytes() == undisturbed.read_bytes()
    assert (report.counts["acknowledged"], report.counts["leased"], report.counts["pending"]) == (LEADS, 0, 0)
    assert run_sink(mart.connect, ORG, csv_sync, "next", CsvFile(path, csv_sync)).calls == 0

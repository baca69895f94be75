"""From an event to its alert, with everything running: `leadhouse up` on a walked sample, events posted one by one.

    python -m tests.bench.bench_alerts --events 300 --seconds 150

The delay counts from the event's file in the inbox to the alert's row, whoever is slow in between: the settling of the
file, the sensor's interval, the daemon, and the walks that the same events start beside it. Every event is a demo
request of another lead, so that each has an alert of its own.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table as View

from dagster_project.cli.event import write
from dagster_project.settings import PROJECT_ROOT
from tests.house import LEADHOUSE, House, open_house

LEADS = "select lead_id::text as lead_id from marts.dim_lead order by lead_id"
ALERTS = "select lead_id::text as lead_id, created_at from ops.alerts where signal_type = 'demo_request'"
TENANT = "demo"  # the sample's
READY_SECONDS, LAST_SECONDS = 300.0, 180.0


@contextmanager
def running(house: House, port: int) -> Iterator[None]:
    """Daemon and UI of the house as a person starts them; both are ended, with their runs."""
    process = subprocess.Popen(
        [LEADHOUSE, "up", "--port", str(port)],
        env=house.environment | {"LEADHOUSE_ORG_ID": TENANT},
        cwd=PROJECT_ROOT,
        stdout=house.log.open("a"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def post(house: House, lead_id: str) -> datetime:
    """A demo request of a lead, as `leadhouse event post` writes it; returns when it lay in the inbox."""
    now = datetime.now(UTC)
    event = {"event_id": f"bench {lead_id}", "event_type": "demo_request", "lead_id": lead_id}
    write([event | {"occurred_at": now.isoformat()}], house.data_dir / "inbox" / "events", now)
    return datetime.now(UTC)


def alerted(house: House) -> dict[str, datetime]:
    """When each lead's alert was raised."""
    return dict(house.warehouse.query(ALERTS).rows())


def wait_for(house: House, leads: set[str], seconds: float) -> dict[str, datetime]:
    """The alerts, once all leads have theirs or the time is over."""
    until = time.monotonic() + seconds
    while leads - (found := alerted(house)).keys() and time.monotonic() < until:
        time.sleep(1)
    return found


def measure(house: House, events: int, seconds: float, port: int) -> pl.Series:
    """Seconds from each event to its alert; events without one are left out."""
    leads = house.warehouse.query(LEADS)["lead_id"].to_list()
    first, *others = random.Random(1).sample(leads, min(events, len(leads) - 1) + 1)
    with running(house, port):
        post(house, first)
        if not wait_for(house, {first}, READY_SECONDS):
            raise SystemExit("the daemon raised no alert; see the log of the house")
        posted, pause = {}, seconds / len(others)
        for lead in others:
            posted[lead] = post(house, lead)
            time.sleep(random.expovariate(1 / pause))
        raised = wait_for(house, set(others), LAST_SECONDS)
    delays = [(raised[lead] - at).total_seconds() for lead, at in posted.items() if lead in raised]
    return pl.Series("seconds", delays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=150.0, help="over which they are posted")
    parser.add_argument("--port", type=int, default=3999, help="of the UI")
    given = parser.parse_args()
    console = Console(width=100)
    with tempfile.TemporaryDirectory(prefix="bench-alerts-") as folder:
        Path(folder).chmod(0o711)  # the embedded server has an account of its own
        with open_house(Path(folder)) as house:
            console.print("walking the sample")
            house.walk()
            delays = measure(house, given.events, given.seconds, given.port)
    table = View(title="from an event to its alert, seconds")
    for heading in ("events", "alerts", "p50", "p95", "longest"):
        table.add_column(heading, justify="right")
    p50, p95 = np.percentile(delays, [50, 95])
    table.add_row(str(given.events), str(delays.len()), f"{p50:.1f}", f"{p95:.1f}", f"{delays.max():.1f}")
    console.print(table)
    sys.exit(0 if p95 < 60 and delays.len() == given.events else 1)


if __name__ == "__main__":
    main()

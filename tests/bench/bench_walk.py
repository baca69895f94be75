"""The whole walk measured: generated records through every room, the first day and a 1% day.

    python -m tests.bench.bench_walk --records 100000

Everything happens in a temporary data folder with its own embedded PostgreSQL. Seconds are Dagster's own step times;
memory is the proportional set size of this process, its children and PostgreSQL together, sampled four times a second.
"""

import argparse
import os
import platform
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table as View

SAMPLE_SECONDS = 0.25
# Seconds that a million business records may cost each room on 2 cores (300 in all), and the seconds to enter a room.
SECONDS_PER_MILLION = {
    "landing received files": 30,
    "normalising records": 25,
    "resolving leads and contacts": 65,
    "loading PostgreSQL": 45,
    "building and testing the marts (dbt)": 80,
    "delivering to csv_export": 45,
    "blocking checks": 10,
}
SECONDS_TO_ENTER = 3
SECONDS_TO_ENTER_DBT = 20


@dataclass
class MemorySampler:
    """Samples of (time, MiB in use) of a process, its descendants and PostgreSQL, taken beside the work."""

    root: psutil.Process = field(default_factory=psutil.Process)
    samples: list[tuple[float, float]] = field(default_factory=list)

    def __enter__(self) -> "MemorySampler":
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.sample, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()

    def sample(self) -> None:
        while not self.stop.wait(SAMPLE_SECONDS):
            self.samples.append((time.time(), sum(map(pss, self.processes())) / 2**20))

    def processes(self) -> list[psutil.Process]:
        try:
            mine = [self.root, *self.root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
        return mine + [p for p in psutil.process_iter(["name"]) if p.info["name"] == "postgres" and p not in mine]

    def peak(self, start: float = 0, end: float = inf) -> float:
        """MiB at most, between two Unix times."""
        inside = [mib for at, mib in self.samples if start - SAMPLE_SECONDS <= at <= end + SAMPLE_SECONDS]
        return max(inside, default=0.0)


def pss(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0  # it ended between being listed and being read


@contextmanager
def temporary_house(folder: Path) -> Iterator[None]:
    """A data folder of its own, with its own database, which is removed at the end."""
    os.environ["LEADHOUSE_DATA_DIR"] = str(folder)
    os.environ.pop("DATABASE_URL", None)
    from dagster_project import settings
    from dagster_project.resources.warehouse import Warehouse

    try:
        yield
    finally:
        Warehouse(settings.load()).embedded.remove()


@dataclass
class Step:
    """One room of a walk."""

    name: str
    rows: int
    seconds: float
    peak_mib: float


def walk_once(inputs: list[tuple[Path, str]], day: date, sampler: MemorySampler) -> list[Step]:
    """One walk for `day`; returns its rooms in order, with the blocking checks as one of them."""
    import dagster as dg

    from dagster_project import settings
    from dagster_project.automation.progress import is_room, room
    from dagster_project.cli import walk
    from dagster_project.cli.environment import prepare
    from dagster_project.definitions import build_definitions
    from dagster_project.resources.lake import Lake

    conf = settings.load()
    warehouse = prepare(conf)
    received = datetime.combine(day, datetime.now(UTC).timetz())
    walk.receive(inputs, Lake(conf.data_dir / "lake"), conf.org_id, received)
    with (conf.data_dir / "dagster" / "walk.log").open("w") as log:
        done = walk.walk(build_definitions(), warehouse, conf.org_id, day, log)
    instance = dg.DagsterInstance.get()
    steps, checks = [], Step("blocking checks", 0, 0.0, 0.0)
    for run in (done.run_id, *done.deliveries):
        rows = rows_written(instance, run)
        for s in sorted(instance.get_run_step_stats(run), key=lambda s: s.start_time):
            seconds, peak = s.end_time - s.start_time, sampler.peak(s.start_time, s.end_time)
            if is_room(s.step_key):
                steps.append(Step(room(s.step_key), rows[s.step_key], seconds, peak))
            else:
                checks.seconds, checks.peak_mib = checks.seconds + seconds, max(checks.peak_mib, peak)
    return [*steps, checks]


def rows_written(instance: Any, run_id: str) -> Counter[str]:
    """Step to the rows that its materialisations say they hold."""
    import dagster as dg

    rows: Counter[str] = Counter()
    for record in instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records:
        event = record.event_log_entry.dagster_event
        count = event.materialization.metadata.get("dagster/row_count")
        rows[event.step_key] += count.value if count else 0
    return rows


def machine() -> str:
    """What a figure was measured on."""
    cpu = f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.machine()}"
    return f"machine: {cpu}; Python {platform.python_version()}"


def show(console: Console, title: str, records: int, steps: list[Step]) -> None:
    """The table of one walk, with each room's budget for this many records."""
    view = View("room", title=f"{title}: {records:,} business records received")
    for name in ("rows", "seconds", "budget", "peak MiB"):
        view.add_column(name, justify="right")
    for s in steps:
        enter = SECONDS_TO_ENTER_DBT if "dbt" in s.name else SECONDS_TO_ENTER
        budget = enter + SECONDS_PER_MILLION.get(s.name, 0) * records / 1e6
        view.add_row(s.name, f"{s.rows:,}", f"{s.seconds:,.1f}", f"{budget:,.0f}", f"{s.peak_mib:,.0f}")
    view.add_section()
    view.add_row("all", "", f"{sum(s.seconds for s in steps):,.1f}", "", f"{max(s.peak_mib for s in steps):,.0f}")
    console.print(view)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000, help="business records of the first day")
    parser.add_argument("--changed", type=float, default=0.01, help="share of records new or changed on the second day")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--webhook", action="store_true", help="also post every lead to a receiver in this process")
    options = parser.parse_args()
    console = Console(width=100)
    console.print(machine())
    from dagster_project.cli.run import demo_receiver
    from dagster_project.sandbox.world import make_world, next_day, write_world

    today = datetime.now(UTC).date()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leadhouse-bench-")))
        stack.enter_context(temporary_house(folder / "data"))
        if options.webhook:
            stack.enter_context(demo_receiver())
        world = make_world(options.records, options.seed)
        first = [(path, m) for m, path in write_world(world, folder / "1").items()]
        delta = next_day(world, options.changed)
        second = [(path, m) for m, path in write_world(delta, folder / "2").items()]
        changed = delta.records
        del world, delta
        with MemorySampler() as sampler:
            show(console, "first day", options.records, walk_once(first, today - timedelta(days=1), sampler))
            show(console, "1% day", changed, walk_once(second, today, sampler))


if __name__ == "__main__":
    main()

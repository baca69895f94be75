"""Providers measured against the sandbox: faults and kills, throughput, limits, a day without changes.

    python -m tests.bench.bench_sources [faults] [kills] [throughput] [limits] [quiet] [--faults 1000] …

Without a name all parts run, and each stops by itself after its time. The sandbox shares the machine's cores: in the
parts `throughput`, `limits` and `quiet` it is a process of its own, reached over HTTP; in `faults` it is called within
this process, on a simulated clock; in `kills` processes that end by SIGKILL reach it over HTTP.
"""

import argparse
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as View

from tests.bench.bench_walk import machine

if TYPE_CHECKING:
    from dagster_project.sources.adapter import Ask
    from dagster_project.sources.pages.run import Fetched
    from dagster_project.transport.windows import Window
    from tests.bench.fault_runs import Judgement
    from tests.bench.sandbox_runs import House

CONSOLE = Console(width=120)
PARTS = ("faults", "kills", "throughput", "limits", "quiet")


@contextmanager
def temporary(prefix: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=f"leadhouse-bench-{prefix}-") as folder:
        yield Path(folder)


def table(title: str, *columns: str) -> View:
    """A table whose first column is text and whose others are numbers."""
    view = View(title=title)
    for number, column in enumerate(columns):
        view.add_column(column, justify="right" if number else "left")
    return view


def faults(options: argparse.Namespace) -> None:
    """Seeded runs in which the provider fails and the process dies, in turn over all adapters."""
    from dagster_project.sources.providers import adapters
    from tests.bench.failpoints import POINTS
    from tests.bench.fault_runs import FaultRuns

    # no machine dies here: only what a process leaves behind matters
    os.fsync = os.fdatasync = lambda file: None
    names, began = list(adapters()), time.monotonic()
    found: dict[str, list[Judgement]] = {name: [] for name in names}
    with temporary("faults") as folder:
        runs = FaultRuns(6_000, folder)
        for number in range(options.faults):
            if time.monotonic() - began > options.seconds:
                break
            name = names[number % len(names)]
            found[name].append(runs.run(name, options.seed + number))
    show_faults(found, time.monotonic() - began)
    died, reached = (sum(1 for p in POINTS if counts[p]) for counts in (runs.points.died_at, runs.points.reached))
    CONSOLE.print(f"died at {died} of {len(POINTS)} failpoints, reached {reached}")
    wrong = [j for js in found.values() for j in js if j.is_wrong]
    for judgement in [*wrong, *(j for js in found.values() for j in js if not j.is_stated)]:
        CONSOLE.print(judgement)


def show_faults(found: "dict[str, list[Judgement]]", seconds: float) -> None:
    runs = sum(map(len, found.values()))
    title = f"{runs:,} fault runs in {seconds:,.0f} s"
    names = ("runs", "complete", "stated", "other", "kills", "faults", "calls")
    bad = ("lost", "double", "paid twice", "open at a kill, asked again")
    view = table(title, "provider", *names, *bad)
    totals = [0] * (len(names) + len(bad))
    for name, js in found.items():
        complete = sum(j.ending == "complete" for j in js)
        stated = sum(j.is_stated for j in js) - complete
        numbers = [len(js), complete, stated, len(js) - complete - stated]
        numbers += [sum(getattr(j, what) for j in js) for what in ("kills", "faults", "calls")]
        numbers += [sum(j.lost + j.invented for j in js)]
        numbers += [sum(getattr(j, what) for j in js) for what in ("duplicated", "paid_twice", "open_again")]
        totals = [total + number for total, number in zip(totals, numbers, strict=True)]
        view.add_row(name, *(f"{number:,}" for number in numbers))
    view.add_section()
    view.add_row("all", *(f"{total:,}" for total in totals))
    CONSOLE.print(view)


def kills(options: argparse.Namespace) -> None:
    """Processes that end by SIGKILL at a failpoint while they fetch over HTTP, and the ones that go on."""
    from tests.bench.kill_runs import kill_runs

    columns = ("kills", "runs", "complete", "lost", "double", "calls open at a kill", "of them asked again")
    view = table("kill -9 while fetching over HTTP", "provider", *columns)
    with temporary("kills") as folder:
        for row in kill_runs(folder, options.kills, options.seconds):
            view.add_row(*map(str, row))
    CONSOLE.print(view)


def throughput(options: argparse.Namespace) -> None:
    """Records landed per second without limits: a part of the world by every adapter, all of it by one."""
    from dagster_project.sources.providers import adapters
    from tests.bench.sandbox_runs import DAY_ONE, Memory, asks_about, everybody, unlimited

    columns = ("page", "calls", "records", "fetch s", "land s", "records/s", "CPU s", "records/CPU s", "peak MiB")
    view = table("throughput, limits off", "provider", *columns)
    began = time.monotonic()
    with temporary("rate") as folder, Memory() as memory, unlimited(folder, options.records) as found:
        whole = {"crunchbase, everybody": (everybody(), None)}
        parts = {name: asks_about(name, cities=2) for name in adapters() if name != "google_geocoding"}
        for label, (asks, area) in {**whole, **parts}.items():
            name = label.split(",")[0]
            if time.monotonic() - began > options.seconds:
                CONSOLE.print(f"no time left for {label}")
                continue
            open_books(found, name, asks)
            day = found.day(name, asks, area, DAY_ONE, "all" if label in whole else "part")
            fetch, land = day.landing_began - day.began, day.ended - day.landing_began
            records, peaks = day.fetched.records, memory.peaks(day.began, day.ended, 6)
            page = max(endpoint.page_size for endpoint in adapters()[name].endpoints)
            numbers = (f"{page:,}", f"{day.fetched.calls:,}", f"{records:,}", f"{fetch:,.1f}", f"{land:,.1f}")
            rates = (f"{records / day.seconds:,.0f}", f"{day.cpu:,.1f}", f"{records / day.cpu:,.0f}")
            view.add_row(label, *numbers, *rates, f"{max(peaks):,.0f}")
            if label in whole:
                stretches = ((day.began, day.landing_began), (day.landing_began, day.ended))
                fetching, landing = ([f"{mib:,.0f}" for mib in memory.peaks(*when, 5)] for when in stretches)
                CONSOLE.print(f"{label}: resident MiB in fifths, fetching {fetching}, landing {landing}")
            if day.fetched.ending != "complete":
                CONSOLE.print(f"{label}: {day.fetched.ending}, {day.fetched.reason}")
    CONSOLE.print(view)


def open_books(found: "House", name: str, asks: "list[Ask]") -> None:
    """Have the sandbox open what it answers from, which is its own affair, by a question of each kind."""
    kinds = {ask.endpoint: ask for ask in asks}
    found.broken_off(name, list(kinds.values()), None, 0.5, "warm")


def limits(options: argparse.Namespace) -> None:
    """Several fetchings that share limits through PostgreSQL: what they use, and the most that the sandbox saw."""
    from dagster_project.transport.windows import parse_windows
    from tests.bench.sandbox_runs import asks_about, house
    from tests.transport.counting import most_in

    said = {"yelp": "5/second", "hunter": "15/second 500/minute", "google_places": "20/second 600/minute"}
    title = "limits on, four partitions at once"
    columns = ("limits", "calls", "seconds", "used", "refused", "most sent", "most seen by the sandbox")
    view = table(title, "provider", *columns)
    with temporary("limits") as folder, house(folder, 60_000, limits=said) as found:
        found.limits = {name: parse_windows(text) for name, text in said.items()}
        for name, text in said.items():
            asks, area = asks_about(name, cities=12)
            open_books(found, name, asks)
            found.sandbox.reset()
            how = (name, asks, area, options.limit_seconds)
            endings = at_once([partial(found.broken_off, *how, f"c{number}") for number in range(4)])
            sent, statuses = found.sent(name), found.sandbox.bill()[name]["statuses"]
            seen = [f"{m['most']} in {m['seconds']:g} s" for m in found.sandbox.seen() if m["provider"] == name]
            most = [f"{most_in(sent, w.seconds)} in {w.seconds:g} s" for w in found.limits[name]]
            refused = sum(count for status, count in statuses.items() if status != "200")
            view.add_row(name, text, *used(sent, found.limits[name]), f"{refused}", ", ".join(most), ", ".join(seen))
            CONSOLE.print(f"{name}: {', '.join(each.ending for each in endings)}; answers {statuses}")
    CONSOLE.print(view)


def at_once(work: "Sequence[Callable[[], Fetched]]") -> "list[Fetched]":
    """What the functions give, run side by side in threads that end with the process whatever they wait for."""
    found = []
    threads = [threading.Thread(target=lambda each=each: found.append(each()), daemon=True) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def used(sent: list[float], windows: "Sequence[Window]") -> tuple[str, str, str]:
    """Calls, seconds and the share of what the tightest window permits, from the second window's length on."""
    windows = [window for window in windows if window.seconds < sent[-1] - sent[0]]
    steady = [moment for moment in sent if moment - sent[0] >= max(window.seconds for window in windows)]
    seconds = steady[-1] - steady[0]
    permitted = min(window.calls * seconds / window.seconds for window in windows)
    return f"{len(steady):,}", f"{seconds:,.1f}", f"{(len(steady) - 1) / permitted:.1%}"


def quiet(options: argparse.Namespace) -> None:
    """A first day and days on which nothing changed: asked for changes, and asked for everything again."""
    from tests.bench.sandbox_runs import DAY_ONE, everybody, unlimited

    view = table(
        "a day without changes",
        "day",
        "asked",
        "calls",
        "received",
        "written",
        "seconds",
        "share",
        "CPU s",
        "CPU share",
    )
    with temporary("quiet") as folder, unlimited(folder, options.records) as found:
        open_books(found, "crunchbase", everybody())
        days = [
            ("first", DAY_ONE),
            ("next", DAY_ONE + timedelta(days=1)),
            ("a week later", DAY_ONE + timedelta(days=8)),
        ]
        first = None
        for label, on in days:
            day = found.day("crunchbase", everybody(), None, on)
            first = first or day
            asked = "changes" if day.since else "everything"
            counts = (f"{day.fetched.calls:,}", f"{day.counts.received:,}", f"{found.rows('crunchbase', on):,}")
            wall = (f"{day.seconds:,.1f}", f"{day.seconds / first.seconds:.1%}")
            view.add_row(label, asked, *counts, *wall, f"{day.cpu:,.1f}", f"{day.cpu / first.cpu:.1%}")
            if day.fetched.ending != "complete":
                CONSOLE.print(f"{label}: {day.fetched.ending}, {day.fetched.reason}")
    CONSOLE.print(view)


def time_is_over(number: int, frame: object) -> None:
    raise TimeoutError("broken off, its time is over")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)}; none is all")
    parser.add_argument("--faults", type=int, default=180, help="fault runs")
    parser.add_argument("--kills", type=int, default=2, help="processes killed per adapter")
    parser.add_argument("--records", type=int, default=1_000_000, help="businesses of the world")
    parser.add_argument("--limit-seconds", type=float, default=20.0, help="how long limits are used, per provider")
    parser.add_argument("--seconds", type=float, default=900.0, help="most that a part may take")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    CONSOLE.print(f"{machine()}; load {os.getloadavg()[0]:.1f}")
    signal.signal(signal.SIGALRM, time_is_over)
    for part in options.parts or PARTS:
        # a part looks at the clock between its steps; one that hangs is broken off
        signal.alarm(int(1.5 * options.seconds))
        try:
            globals()[part](options)
        except TimeoutError as reason:
            CONSOLE.print(f"{part}: {reason}")
        signal.alarm(0)


if __name__ == "__main__":
    main()

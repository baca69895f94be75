"""The whole walk over the real data sets, twice each: counts, accuracy where the truth is known, time and memory.

    python -m tests.bench.bench_real

Each set is walked by `leadhouse run` in a house of its own. The second walk must find the same ids and deliver nothing.
Seconds are those of the whole command, with PostgreSQL created in the first walk; MiB is the proportional set size of
the command and PostgreSQL together. The sets are those of LEADHOUSE_SHARED_DIR, scored by its `er_metrics.py`.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl
import psutil
from rich.console import Console
from rich.table import Table as View

from dagster_project.contracts import STAGED_RECORDS
from dagster_project.settings import PROJECT_ROOT
from tests import real_sets
from tests.bench.bench_walk import MemorySampler, machine
from tests.house import House, open_house

SHARED = Path(os.environ.get("LEADHOUSE_SHARED_DIR", PROJECT_ROOT.parent / "shared"))
WALKED = ("rows", "accepted", "quarantined", "duplicate", "leads", "largest", "seconds", "MiB", "delivered")
SCORED = ("precision", "recall", "f1", "b3_f1", "exact_cluster_f1", "largest_cluster")


def measured_walk(house: House) -> tuple[dict[str, Any], float, float]:
    """One walk: its summary, seconds and peak MiB."""
    started = time.perf_counter()
    process = house.start()
    with MemorySampler(psutil.Process(process.pid)) as sampler:
        summary = house.finish(process)
    return summary, time.perf_counter() - started, sampler.peak()


def row(summary: dict[str, Any], seconds: float, mib: float, largest: int) -> list[str]:
    """The cells of one walk, in the order of WALKED."""
    counts = [sum(s[name] for s in summary["sources"]) for name in ("received", "accepted", "quarantined", "duplicate")]
    assert counts[0] == sum(counts[1:]), "received = accepted + quarantined + duplicate"
    delivered = " + ".join(f"{d['acknowledged']:,}" for d in summary["delivered"]) or "0"
    return [f"{n:,}" for n in (*counts, summary["leads"], largest)] + [f"{seconds:.1f}", f"{mib:,.0f}", delivered]


def scores(house: House, name: str) -> list[str]:
    """The figures of er_metrics.py for a house whose truth is known."""
    keys = house.lake.scan(STAGED_RECORDS).select("record_id", "source", "provider_key").unique().collect()
    found = house.lead_map().join(keys, on="record_id")
    truth = real_sets.TRUTH[name](SHARED)
    figures = real_sets.er_metrics(SHARED)(
        {(source, key): entity for source, key, entity in truth.iter_rows()},
        {(r["source"], r["provider_key"]): r["lead_id"] for r in found.iter_rows(named=True)},
    )
    return [f"{figures[f]:,}" if isinstance(figures[f], int) else f"{figures[f]:.4f}" for f in SCORED]


def largest_lead(lead_map: pl.DataFrame) -> int:
    return lead_map["lead_id"].value_counts()["count"].max()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(real_sets.WALKS)}; none: all")
    chosen = parser.parse_args().sets or list(real_sets.WALKS)
    console = Console(width=130)
    console.print(machine())
    walked, scored = View("set", "walk", *WALKED), View("set", *SCORED)
    for name in chosen:
        inputs = [f"{real_sets.file_of(SHARED, mapping)}={mapping}" for mapping in real_sets.WALKS[name]]
        with (
            tempfile.TemporaryDirectory(prefix="leadhouse-bench-") as folder,
            open_house(Path(folder), inputs) as house,
        ):
            for walk in ("first", "second"):
                before = None if walk == "first" else house.result()
                summary, seconds, mib = measured_walk(house)
                assert before in (None, house.result()), f"{name}: the second walk changed something"
                walked.add_row(name, walk, *row(summary, seconds, mib, largest_lead(house.lead_map())))
            if name in real_sets.TRUTH:
                scored.add_row(name, *scores(house, name))
        console.print(f"{name}: walked")
    console.print(walked, scored)


if __name__ == "__main__":
    main()

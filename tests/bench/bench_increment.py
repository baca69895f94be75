"""A day on top of many known records: what going on from the last run costs, and how near it comes to a run over all.

    python -m tests.bench.bench_increment --rows 1000000

Of the synthetic businesses 99% are resolved and kept. Then a day brings the last 1% in a file of its own (`new`), or
also puts a changed file in the place of one that was read: a tenth of its records gone, the others a new version
(`replaced`). Each day is resolved by going on, and anew, from the same map.
"""

import argparse
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table as View

from dagster_project.contracts import LEAD_MAP
from dagster_project.resolution.increment import Published, go_on
from dagster_project.resolution.kept import Kept
from dagster_project.resolution.outcome import Resolution
from dagster_project.resolution.runner import resolve
from tests.bench.bench_resolution import ORG, figures, synthetic

FIRST, DAY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
COLUMNS = ("records", "changed", "seconds", "of anew", "apart", "ids kept", "F1", "F1 anew", "keeping", "file MiB")


def split(staged: Path, folder: Path, share: float) -> tuple[Path, Path, Path]:
    """Records that are known, a file among them as large as a day, and a day's new ones; in the order of a hash of
    their ids, so that every entity may be on either side."""
    rows = pl.read_parquet(staged).sort(pl.col("record_id").hash(seed=1))
    day = int(rows.height * share)
    parts = {"known": rows[: -2 * day], "file": rows[-2 * day : -day], "new": rows[-day:]}
    for name, part in parts.items():
        part.write_parquet(folder / f"{name}.parquet")
    known, file, new = (folder / f"{name}.parquet" for name in parts)
    return known, file, new


def replace(file: Path) -> None:
    """The file as a later landing of the same day leaves it."""
    rows = pl.read_parquet(file)
    later = rows[rows.height // 10 :].with_columns(
        pl.col("fetched_at") + timedelta(hours=1),
        pl.lit("1").alias("payload_hash"),
        pl.lit(None, pl.String).alias("email"),
    )
    later.write_parquet(file)


def stamps(*files: Path) -> dict[str, str]:
    """What tells a file apart from a later one of its name."""
    return {str(file): f"{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in files}


def pairs(one: pl.DataFrame, other: pl.DataFrame) -> tuple[int, int]:
    """How many pairs of records two maps join, and how many of those only one of them does."""
    both = one.join(other, on="record_id", suffix="_other")

    def joined(*by: str) -> int:
        sizes = both.group_by(by).len()["len"].cast(pl.Int64)
        return int((sizes * (sizes - 1) // 2).sum())

    a, b, common = joined("lead_id"), joined("lead_id_other"), joined("lead_id", "lead_id_other")
    return a + b - common, a + b - 2 * common


def merged(previous: pl.DataFrame, found: Resolution) -> pl.DataFrame:
    """The map after a run: record_id, lead_id."""
    return pl.concat([previous, found.lead_map]).sort("valid_from").unique("record_id", keep="last")


def measure(name: str, files: list[Path], kept: Kept, first: Resolution, truth: pl.DataFrame) -> dict[str, Any]:
    """One kind of day: gone on from `first`, and resolved anew."""
    started = time.perf_counter()
    day = Kept(kept.path, name, stamps(*files), least=0)
    published = Published(first.lead_map, first.merge_graph, first.review)
    found = go_on(day, "business", last=kept.version, org_id=ORG, published=published, now=DAY)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    anew = resolve(files, "business", org_id=ORG, previous=first.lead_map, now=DAY)
    whole = time.perf_counter() - started
    present = anew.current.select("record_id")
    mine = merged(first.lead_map, found).join(present, on="record_id", how="semi")
    all_pairs, apart = pairs(mine, anew.current)
    same = (
        mine.join(first.lead_map, on="record_id").select((pl.col("lead_id") == pl.col("lead_id_right")).mean()).item()
    )
    scored = [figures(Resolution(**vars(found) | {"current": m}), truth, 0.0)["F1"] for m in (mine, anew.current)]
    Console(stderr=True).print(name, found.stats["seconds"])
    return {
        "records": f"{found.stats['records']:,}",
        "changed": f"{found.stats['changed_records']:,}",
        "seconds": f"{seconds:.1f}",
        "of anew": f"{seconds / whole:.1%} of {whole:.1f}",
        "apart": f"{apart / all_pairs:.4%}",
        "ids kept": f"{same:.4%}",
        "F1": scored[0],
        "F1 anew": scored[1],
        "keeping": f"{first.stats['seconds']['keep']:.1f} s",
        "file MiB": f"{kept.path.stat().st_size / 2**20:.0f}",
    }


def main() -> None:
    """Measure both kinds of day and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="size of the synthetic set")
    parser.add_argument("--share", type=float, default=0.01, help="share of the records that a day brings")
    parser.add_argument("--seed", type=int, default=7, help="seed of the synthetic set")
    chosen = parser.parse_args()
    view = View("day", *COLUMNS, title=f"A day on {chosen.rows:,} records")
    with tempfile.TemporaryDirectory() as temp:
        folder = Path(temp)
        (staged,), _, truth = synthetic(chosen.rows, chosen.seed)(folder)
        known, file, new = split(staged, folder, chosen.share)
        kept = Kept(folder / "kept.duckdb", "first", stamps(known, file), least=0)
        empty = LEAD_MAP.empty()
        first = resolve([known, file], "business", org_id=ORG, previous=empty, now=FIRST, keep=kept)
        aside = shutil.copy(kept.path, folder / "aside.duckdb")
        rows = {"new": measure("new", [known, file, new], kept, first, truth)}
        Path(aside).replace(kept.path)
        replace(file)
        rows["replaced"] = measure("replaced", [known, file, new], kept, first, truth)
    for name, row in rows.items():
        view.add_row(name, *(row[c] for c in COLUMNS))
    Console(width=150).print(view)


if __name__ == "__main__":
    sys.exit(main())

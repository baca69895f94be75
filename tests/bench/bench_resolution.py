"""Resolution measured: accuracy on labelled sets, seconds and memory by size, with the shipped models.

    python -m tests.bench.bench_resolution --rows 100000

Files go through their shipped mapping and normalisation, as in a walk. The real sets come from the team's shared
folder (LEADHOUSE_SHARED_DIR), which also has the `er_metrics.py` that scores every set.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table as View

from dagster_project import user_yaml
from dagster_project.contracts import LEAD_MAP
from dagster_project.normalize import normalize
from dagster_project.resolution.runner import Resolution, resolve
from dagster_project.sandbox.measure import truth_of
from dagster_project.sandbox.world import make_world, write_world
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.files.extract import extract
from dagster_project.sources.files.inbox import deposit
from dagster_project.sources.files.landing import land
from dagster_project.sources.files.mapping import Mapping, load_mapping
from tests import real_sets

ORG = "bench"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHARED = Path(os.environ.get("LEADHOUSE_SHARED_DIR", PROJECT_ROOT.parent / "shared"))
MAPPINGS = PROJECT_ROOT / "data" / "mappings"
COLUMNS = ("records", "pairs", "edges", "largest", "P", "R", "F1", "B3", "seconds", "MiB")

SYNTHETIC = {
    "kind": "business",
    "key": "unique_id",
    "provider_column": "source",
    "required": ["name"],
    "fields": {
        "name": "name",
        "address_line1": "street",
        "city": "city",
        "postal": "postcode",
        "phone": "phone",
        "website": "domain",
        "lat": "lat",
        "lon": "lon",
    },
    "constants": {"country": "US"},
}

# A set is its staged files, its kind, and the truth: record_id, entity.
Labelled = tuple[list[Path], str, pl.DataFrame]


def stage(path: Path, mapping: Mapping, folder: Path) -> Path:
    """Take one file as the walk does, up to a Parquet file of staged rows."""
    kept = deposit(path, mapping.name, folder, ORG, NOW)
    landing = land([kept], mapping, org_id=ORG, day=NOW.date(), known={})
    frames = [normalize(extract(raw, mapping), mapping.kind).frame for raw in landing.raw]
    out = folder / f"{mapping.name}.parquet"
    pl.concat(frames).write_parquet(out)
    return out


def labelled(staged: list[Path], labels: pl.DataFrame) -> pl.DataFrame:
    """Truth of staged files from labels by key (source, provider_key, entity)."""
    keys = pl.concat([pl.read_parquet(file, columns=["record_id", "source", "provider_key"]) for file in staged])
    return keys.join(labels, on=["source", "provider_key"]).select("record_id", "entity")


def real(name: str) -> Callable[[Path], Labelled]:
    """One of the real sets that came with its truth."""

    def make(folder: Path) -> Labelled:
        staged = [
            stage(real_sets.file_of(SHARED, mapping), load_mapping(mapping, [MAPPINGS]), folder)
            for mapping in real_sets.WALKS[name]
        ]
        return staged, "business", labelled(staged, real_sets.TRUTH[name](SHARED))

    return make


def synthetic(rows: int, seed: int) -> Callable[[Path], Labelled]:
    """The team's synthetic businesses: chains, typing errors, missing values."""

    def make(folder: Path) -> Labelled:
        made = folder / "synthetic.parquet"
        script = SHARED / "tools/make_businesses.py"
        subprocess.run([sys.executable, script, str(rows), made, str(seed)], check=True, capture_output=True)
        labels = pl.read_parquet(made).select(
            pl.lit("synthetic_businesses").alias("source"),
            pl.col("unique_id").cast(pl.String).alias("provider_key"),
            pl.col("cluster").cast(pl.String).alias("entity"),
        )
        staged = stage(made, user_yaml.parse(Mapping, SYNTHETIC, "synthetic_businesses", "bench"), folder)
        return [staged], "business", labelled([staged], labels)

    return make


def demo(kind: str, mappings: tuple[str, ...]) -> Callable[[Path], Labelled]:
    """The demo world's records of one kind."""

    def make(folder: Path) -> Labelled:
        world = make_world(3_000, seed=1)
        files = write_world(world, folder / "world")
        staged = [stage(files[name], load_mapping(name, [MAPPINGS]), folder) for name in mappings]
        return staged, kind, truth_of(world.truth, ORG, kind).rename({"entity_id": "entity"})

    return make


def sets(rows: list[int]) -> Iterator[tuple[str, Callable[[Path], Labelled]]]:
    """Name and maker of every set."""
    yield "demo businesses", demo("business", ("demo_places", "demo_directory", "demo_crm", "demo_registry"))
    yield "demo people", demo("person", ("demo_people",))
    for name in real_sets.TRUTH:
        yield name, real(name)
    for n in rows:
        yield f"synthetic {n:,}", synthetic(n, seed=7)


def figures(resolution: Resolution, truth: pl.DataFrame, seconds: float) -> dict[str, Any]:
    """The row of one set."""
    leads = dict(resolution.current.select("record_id", "lead_id").iter_rows())
    known = {record: entity for record, entity in truth.iter_rows() if record in leads}
    score = real_sets.er_metrics(SHARED)(known, leads)
    return {
        "records": f"{resolution.stats['records']:,}",
        "pairs": f"{resolution.stats['blocked_pairs']:,}",
        "edges": f"{resolution.stats['edges']:,}",
        "largest": str(score["largest_cluster"]),
        "P": f"{score['precision']:.4f}",
        "R": f"{score['recall']:.4f}",
        "F1": f"{score['f1']:.4f}",
        "B3": f"{score['b3_f1']:.4f}",
        "seconds": f"{seconds:.1f}",
        "MiB": f"{resolution.stats['peak_memory_mib']:,}",
    }


def main() -> None:
    """Measure every set and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[100_000], help="sizes of the synthetic set")
    parser.add_argument("--threshold", type=float, help="match probability; default is the kind's")
    parser.add_argument("--stages", action="store_true", help="also print the seconds of each stage")
    chosen = parser.parse_args()
    view = View("set", *COLUMNS, title="Resolution")
    for name, make in sets(chosen.rows):
        with tempfile.TemporaryDirectory() as folder:
            files, kind, truth = make(Path(folder))
            started = time.perf_counter()
            found = resolve(
                files, kind, org_id=ORG, previous=LEAD_MAP.empty(), now=NOW, threshold=chosen.threshold, threads=2
            )
            row = figures(found, truth, time.perf_counter() - started)
        view.add_row(name, *(row[c] for c in COLUMNS))
        if chosen.stages:
            Console().print(name, found.stats["seconds"])
    Console(width=130).print(view)


if __name__ == "__main__":
    main()

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
COLUMNS = ("records", "pairs", "edges", "largest", "true", "P", "R", "F1", "B3", "threshold", "seconds", "MiB")

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


def people(mapping: str) -> Callable[[Path], Labelled]:
    """One of the synthetic sets of people that came with its truth."""
    path, truth = PEOPLE[mapping]

    def make(folder: Path) -> Labelled:
        staged = stage(SHARED / "data/er" / path, load_mapping(mapping, [MAPPINGS]), folder)
        return [staged], "person", labelled([staged], truth(pl.read_parquet(staged)))

    return make


def febrl_truth(staged: pl.DataFrame) -> pl.DataFrame:
    """The number in the key: rec-1496-org and rec-1496-dup-0 are one person."""
    return staged.select("source", "provider_key", entity=pl.col("provider_key").str.extract(r"rec-(\d+)-"))


def fake_truth(staged: pl.DataFrame) -> pl.DataFrame:
    rows = pl.read_csv(SHARED / "data/er/fake_1000/fake_1000.csv", infer_schema=False)
    return rows.select(pl.lit("fake_1000").alias("source"), provider_key="unique_id", entity="cluster")


PEOPLE = {"febrl": ("febrl/dataset3.csv", febrl_truth), "fake_1000": ("fake_1000/fake_1000.csv", fake_truth)}


def make_synthetic(rows: int, seed: int, folder: Path, *, sparse: bool = False) -> Path:
    """The team's synthetic businesses: chains, typing errors, missing values; `sparse` lacks half of the points and
    three in ten streets."""
    made = folder / "synthetic.parquet"
    script = SHARED / "tools/make_businesses.py"
    options = [str(seed), *(["sparse"] if sparse else [])]
    subprocess.run([sys.executable, script, str(rows), made, *options], check=True, capture_output=True)
    return made


def synthetic(rows: int, seed: int, *, sparse: bool = False) -> Callable[[Path], Labelled]:
    """Synthetic businesses with their truth."""

    def make(folder: Path) -> Labelled:
        made = make_synthetic(rows, seed, folder, sparse=sparse)
        labels = pl.read_parquet(made).select(
            pl.lit("synthetic_businesses").alias("source"),
            pl.col("unique_id").cast(pl.String).alias("provider_key"),
            pl.col("cluster").cast(pl.String).alias("entity"),
        )
        staged = stage(made, load_mapping("synthetic_businesses", [MAPPINGS]), folder)
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


def sets(rows: list[int], seeds: list[int]) -> Iterator[tuple[str, Callable[[Path], Labelled]]]:
    """Name and maker of every set."""
    yield "demo businesses", demo("business", ("demo_places", "demo_directory", "demo_crm", "demo_registry"))
    yield "demo people", demo("person", ("demo_people",))
    yield "febrl 3", people("febrl")
    yield "fake 1000", people("fake_1000")
    for name in real_sets.TRUTH:
        yield name, real(name)
    for n in rows:
        for seed in seeds:
            yield f"synthetic {n:,} seed {seed}", synthetic(n, seed)
            yield f"sparse {n:,} seed {seed}", synthetic(n, seed, sparse=True)


def reference(rows: int) -> None:
    """Splink as its documentation teaches it, on the same machine at the same time, for the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        made = make_synthetic(rows, 7, Path(folder))
        script = SHARED / "tools/splink_reference.py"
        done = subprocess.run(
            [sys.executable, script, made, Path(folder) / "out.parquet"], check=True, capture_output=True, text=True
        )
    Console().print(f"Splink reference on {rows:,} records\n{done.stdout}")


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
        "true": str(truth.group_by("entity").len()["len"].max()),
        "P": f"{score['precision']:.4f}",
        "R": f"{score['recall']:.4f}",
        "F1": f"{score['f1']:.4f}",
        "B3": f"{score['b3_f1']:.4f}",
        "threshold": f"{resolution.stats['threshold']:.3f}",
        "seconds": f"{seconds:.1f}",
        "MiB": f"{resolution.stats['peak_memory_mib']:,}",
    }


def main() -> None:
    """Measure every set and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[100_000], help="sizes of the synthetic set")
    parser.add_argument("--seeds", type=int, nargs="*", default=[7], help="seeds of the synthetic set")
    parser.add_argument("--reference", action="store_true", help="also time Splink's own way on the largest size")
    parser.add_argument("--threshold", type=float, help="match probability; default is the one found without labels")
    parser.add_argument("--stages", action="store_true", help="also print the seconds of each stage")
    chosen = parser.parse_args()
    view = View("set", *COLUMNS, title="Resolution")
    if chosen.reference:
        reference(max(chosen.rows))
    for name, make in sets(chosen.rows, chosen.seeds):
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
    Console(width=150).print(view)


if __name__ == "__main__":
    main()

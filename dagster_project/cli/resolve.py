"""`leadhouse resolve` and `leadhouse calibrate`: matching on any files, without touching the warehouse.

Exit codes: 0 done; 1 a file cannot be read, or Spark fails; 2 the arguments, a mapping or the labels are wrong.
"""

import json
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dagster_project import settings
from dagster_project.cli.resolve_files import MatchKind, staged_files

if TYPE_CHECKING:
    import polars as pl

    from dagster_project.resolution.model import Model
    from dagster_project.resolution.runner import Resolution

ORG = "resolve"


class Engine(StrEnum):
    """Where pairs can be made and weighed."""

    duckdb = "duckdb"
    spark = "spark"


Inputs = Annotated[list[str], typer.Argument(metavar="FILE=MAPPING...", help="Files and the mappings that read them.")]
KindOption = Annotated[MatchKind, typer.Option("--kind", help="What the rows are.")]
ModelOption = Annotated[
    Path | None, typer.Option("--model", exists=True, dir_okay=False, help="Model file; the shipped one when absent.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


def resolve(
    files: Inputs,
    kind: KindOption,
    out: Annotated[Path, typer.Option("--out", help="Parquet to write: source, provider_key, lead_id.")],
    threshold: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Least probability of a merge; else found without labels."),
    ] = None,
    edges: Annotated[Path | None, typer.Option(help="Parquet to write: the kept pairs and their weights.")] = None,
    model: ModelOption = None,
    engine: Annotated[
        Engine | None, typer.Option(help="Where pairs are made and weighed; else LEADHOUSE_RESOLUTION_ENGINE.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find which records of the files are the same business or person.

    Example: leadhouse resolve fodors.csv=fodors zagats.csv=zagats --kind business --out clusters.parquet
    """
    import polars as pl

    from dagster_project.contracts import LEAD_MAP
    from dagster_project.resolution.engines import SparkFailed, chosen
    from dagster_project.resolution.runner import resolve as run

    if threshold in (0.0, 1.0):
        raise typer.BadParameter("a threshold is a probability between 0 and 1, neither included")
    started = time.perf_counter()
    conf = settings.load(org_id=ORG, resolution_engine=engine and engine.value)
    with TemporaryDirectory(prefix="leadhouse-") as folder:
        staged = staged_files(files, kind.value, conf, Path(folder))
        read = time.perf_counter() - started
        try:
            resolution = run(
                staged.files,
                kind.value,
                org_id=ORG,
                previous=LEAD_MAP.empty(),
                now=datetime.now(UTC),
                threshold=threshold,
                model=_model(kind.value, model),
                temp_dir=Path(folder) / "spill",
                engine=chosen(conf),
            )
        except SparkFailed as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        keys = pl.concat([pl.read_parquet(f, columns=["record_id", "source", "provider_key"]) for f in staged.files])
    keys = keys.unique("record_id", keep="last", maintain_order=True)
    _write(out, keys.join(resolution.current, on="record_id").select("source", "provider_key", "lead_id"))
    if edges:
        _write(edges, _named_edges(resolution, keys))
    report = _report(resolution, staged.refused, read, time.perf_counter() - started)
    typer.echo(json.dumps(report, indent=2) if as_json else _lines(report))


def calibrate(
    files: Inputs,
    kind: KindOption,
    labels: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="CSV or Parquet: provider_key, entity; source if several.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Model file to write, for `resolve --model`.")],
    model: ModelOption = None,
    as_json: AsJson = False,
) -> None:
    """Fit what a match weight is worth to labelled records; the threshold of `resolve --model` follows from it.

    Example: leadhouse calibrate sites.csv=chicago_sites --kind business --labels truth.csv --out mine.json
    """
    from dagster_project.resolution.calibration import calibrate as fit
    from dagster_project.resolution.calibration import calibrated

    base = _model(kind.value, model)
    with TemporaryDirectory(prefix="leadhouse-") as folder:
        staged = staged_files(files, kind.value, settings.load(org_id=ORG), Path(folder))
        try:
            calibration, pairs, matches = fit(staged.files, kind.value, base, _truth(labels, staged.files))
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--labels") from error
    out.write_text(json.dumps(calibrated(base, calibration), indent=2) + "\n", encoding="utf-8")
    report = {
        "labelled_pairs": pairs,
        "matches": matches,
        "offset": calibration.offset,
        "slope": calibration.slope,
        "even_bet_bits": round(calibration.weight(0.5), 2),
    }
    typer.echo(json.dumps(report, indent=2) if as_json else _lines(report))


def _model(kind: str, path: Path | None) -> "Model":
    from dagster_project.resolution.kinds import kind_named
    from dagster_project.resolution.model import load_model, shipped_model

    return load_model(path) if path else shipped_model(kind_named(kind))


def _truth(labels: Path, staged: list[Path]) -> "pl.DataFrame":
    """record_id and entity of the labelled records. Raises ValueError when a column is missing."""
    import polars as pl

    frame = pl.read_parquet(labels) if labels.suffix == ".parquet" else pl.read_csv(labels, infer_schema=False)
    if missing := [c for c in ("provider_key", "entity") if c not in frame.columns]:
        raise ValueError(f"{labels.name} has no column {' or '.join(missing)}")
    by = [c for c in ("source", "provider_key") if c in frame.columns]
    keys = pl.concat([pl.read_parquet(f, columns=["record_id", "source", "provider_key"]) for f in staged])
    return keys.join(frame.with_columns(pl.col([*by, "entity"]).cast(pl.String)), on=by).select("record_id", "entity")


def _named_edges(resolution: "Resolution", keys: "pl.DataFrame") -> "pl.DataFrame":
    """The kept edges with the sources and keys of both records instead of their ids."""
    edges = resolution.merge_graph
    for side in ("l", "r"):
        names = {"record_id": f"record_id_{side}", "source": f"source_{side}", "provider_key": f"provider_key_{side}"}
        edges = edges.join(keys.rename(names), on=f"record_id_{side}")
    sides = [f"{column}_{side}" for side in ("l", "r") for column in ("source", "provider_key")]
    return edges.select(*sides, "match_weight", "match_probability", "rule", "weights")


def _write(path: Path, frame: "pl.DataFrame") -> None:
    """Write aside, then publish: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    frame.write_parquet(aside)
    aside.replace(path)


def _report(resolution: "Resolution", refused: int, read: float, total: float) -> dict[str, Any]:
    stats = resolution.stats
    kept = ("records", "blocked_pairs", "edges", "clusters", "largest_clusters", "threshold", "threshold_bits")
    return {
        **{name: stats[name] for name in kept},
        "refused_rows": refused,
        "seconds": {"read": round(read, 3), **stats["seconds"], "total": round(total, 3)},
        "peak_memory_mib": stats["peak_memory_mib"],
        "model_version": stats["model_version"],
    }


def _lines(report: dict[str, Any]) -> str:
    def shown(value: Any) -> str:
        if isinstance(value, dict):
            return ", ".join(f"{name} {number:.1f}" for name, number in value.items())
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return f"{value:,}" if isinstance(value, int) else str(value)

    return "\n".join(f"{name.replace('_', ' '):18s} {shown(value)}" for name, value in report.items())

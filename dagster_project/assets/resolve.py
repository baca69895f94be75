"""Staged records become leads and contacts: the one global step of the walk. Matching lives in `resolution`."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl
from pydantic import Field

from dagster_project.assets import metadata
from dagster_project.assets.resolution_charts import charts
from dagster_project.assets.specs import contract_spec
from dagster_project.contracts import (
    LEAD_ALIASES,
    LEAD_MAP,
    MERGE_GRAPH,
    REVIEW_PAIRS,
    STAGED_CONTACTS,
    STAGED_RECORDS,
    Table,
)
from dagster_project.enrichment.subject import is_answer
from dagster_project.resolution.engines import SparkCluster, chosen
from dagster_project.resolution.increment import Published, go_on
from dagster_project.resolution.kept import Kept
from dagster_project.resolution.kinds import kind_named
from dagster_project.resolution.model import shipped_model
from dagster_project.resolution.outcome import Resolution
from dagster_project.resolution.override_store import Overrides
from dagster_project.resolution.overrides import Override
from dagster_project.resolution.runner import resolve
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings

KINDS: dict[str, Table] = {"business": STAGED_RECORDS, "person": STAGED_CONTACTS}
TABLES = (LEAD_MAP, MERGE_GRAPH, LEAD_ALIASES, REVIEW_PAIRS)


class ResolutionConfig(dg.Config):
    """What a person may say in the launchpad."""

    rebuild: bool = Field(
        default=False, description="Resolve all records anew, instead of going on from the last resolution."
    )


@dg.multi_asset(
    name="resolve_entities",
    specs=[
        contract_spec(
            table,
            "lake",
            group="resolution",
            kinds={"splink", "duckdb", "parquet"},
            owner="team:data-science",
            deps=KINDS.values(),
        )
        for table in TABLES
    ],
)
def resolve_entities(
    context: dg.AssetExecutionContext,
    config: ResolutionConfig,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
    settings: dg.ResourceParam[Settings],
):
    """Resolve each tenant's businesses and people; what has not changed since the last resolution is left alone."""
    stats = []
    watch = metadata.Stopwatch()
    for kind, table in KINDS.items():
        for org_id in sorted({p[0] for p in lake.partitions(table)}):
            overrides = Overrides(warehouse.app, org_id).active(kind)
            done = resolve_org(lake, org_id, kind, overrides, rebuild=config.rebuild, engine=chosen(settings))
            stats.append(done | {"org_id": org_id, "kind": kind, "seconds": watch.lap()})
    seconds = watch.seconds()
    for table in TABLES:
        shown = {"seconds": seconds, **resolution_metadata(lake, table, stats)}
        yield dg.MaterializeResult(asset_key=["lake", table.name], metadata=shown)


def resolve_org(
    lake: Lake,
    org_id: str,
    kind: str,
    overrides: Sequence[Override] = (),
    *,
    rebuild: bool = False,
    engine: SparkCluster | None = None,
) -> dict:
    """Resolve one tenant's records of one kind and append what changed; returns the resolution's figures.

    Goes on from the last resolution where little has changed since, and resolves all records anew otherwise or to
    `rebuild`. The merge graph is published last, with the digest of its inputs and the name of the run: a killed run
    resolves again, and finds the ids it had appended. `engine` works for a run over all records; a day's pairs are few.
    """
    inputs = resolved_files(lake, KINDS[kind], org_id)
    digest = input_digest(lake, inputs, kind, overrides)
    done = lake.manifest(MERGE_GRAPH, org_id, kind) or {}
    if done.get("inputs") == digest and not rebuild:
        return done["stats"] | {"skipped": True}
    now = datetime.now(UTC)
    version = now.strftime("%Y%m%dT%H%M%S.%fZ")
    kept = Kept(kept_path(lake, org_id, kind), version, stamps(inputs))
    last = Published(*(lake.scan(table, org_id, kind).collect() for table in (LEAD_MAP, MERGE_GRAPH, REVIEW_PAIRS)))
    options = {"org_id": org_id, "now": now, "overrides": overrides}
    resolution = None if rebuild else go_on(kept, kind, last=done.get("run"), published=last, **options)
    if resolution is None:
        resolution = resolve(inputs, kind, previous=last.lead_map, keep=kept, engine=engine, **options)
    publish(lake, org_id, kind, resolution, {"inputs": digest, "run": version})
    return resolution.stats | {"skipped": False}


def resolved_files(lake: Lake, table: Table, org_id: str) -> list[Path]:
    """The staged files that a resolution reads. A day's answers of enrichment are left to the next day's: until then
    they belong to the lead that was asked about, and asking does not wait for a resolution that waits for answers."""
    today = datetime.now(UTC).date().isoformat()
    later = [p for p in lake.partitions(table, org_id) if is_answer(p[1]) and p[2] >= today]
    left = {lake.path(table, *parts) for parts in later}
    return [file for file in lake.files(table, org_id) if file not in left]


def publish(lake: Lake, org_id: str, kind: str, resolution: Resolution, manifest: dict) -> None:
    """Append to the map and replace the graph and the questions."""
    if resolution.aliases.height:
        lake.write(LEAD_ALIASES, resolution.aliases, org_id, kind, manifest["run"])
    if resolution.lead_map.height:
        lake.write(LEAD_MAP, resolution.lead_map, org_id, kind, manifest["run"])
    lake.write(REVIEW_PAIRS, resolution.review, org_id, kind)
    lake.write(MERGE_GRAPH, resolution.merge_graph, org_id, kind, manifest=manifest | {"stats": resolution.stats})


def kept_path(lake: Lake, org_id: str, kind: str) -> Path:
    """File of the last run, beside the tables: a cache, which the next run makes anew when it is not there."""
    return lake.path(MERGE_GRAPH, org_id, kind).parents[2] / "resolution_runs" / org_id / f"{kind}.duckdb"


def stamps(inputs: list[Path]) -> dict[str, str]:
    """What tells each staged file apart from a later one of its name, by path."""
    return {str(p): f"{p.stat().st_size}:{p.stat().st_mtime_ns}" for p in inputs}


def input_digest(lake: Lake, inputs: list[Path], kind: str, overrides: Sequence[Override]) -> str:
    """Changes when a staged partition was replaced, came or went, when the model file changed, and with decisions."""
    parts = [f"{Path(p).relative_to(lake.root)}:{stamp}" for p, stamp in stamps(inputs).items()]
    parts += [shipped_model(kind_named(kind)).version, *(override.override_id for override in overrides)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def resolution_metadata(lake: Lake, table: Table, stats: list[dict]) -> dict[str, object]:
    """Rows in the table, the figures per tenant and kind, and the table's charts."""
    columns = (
        "org_id",
        "kind",
        "records",
        "changed_records",
        "blocked_pairs",
        "edges",
        "clusters",
        "largest_clusters",
        "seconds",
        "skipped",
    )
    shown: dict[str, object] = {
        "dagster/row_count": lake.scan(table).select(pl.len()).collect().item(),
        "resolution": metadata.table(pl.DataFrame([{c: s.get(c) for c in columns} for s in stats])),
    }
    return shown | charts(lake, table, stats)

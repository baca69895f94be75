"""Staged records become leads and contacts: the one global step of the walk. Matching lives in `resolution`."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg
import polars as pl

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
from dagster_project.resolution.kinds import kind_named
from dagster_project.resolution.model import shipped_model
from dagster_project.resolution.override_store import Overrides
from dagster_project.resolution.overrides import Override
from dagster_project.resolution.runner import resolve
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse

KINDS: dict[str, Table] = {"business": STAGED_RECORDS, "person": STAGED_CONTACTS}
TABLES = (LEAD_MAP, MERGE_GRAPH, LEAD_ALIASES, REVIEW_PAIRS)


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
    context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
):
    """Resolve each tenant's businesses and people; what has not changed since the last resolution is left alone."""
    stats = []
    watch = metadata.Stopwatch()
    for kind, table in KINDS.items():
        for org_id in sorted({p[0] for p in lake.partitions(table)}):
            done = resolve_org(lake, org_id, kind, Overrides(warehouse.app, org_id).active(kind))
            stats.append(done | {"org_id": org_id, "kind": kind, "seconds": watch.lap()})
    seconds = watch.seconds()
    for table in TABLES:
        shown = {"seconds": seconds, **resolution_metadata(lake, table, stats)}
        yield dg.MaterializeResult(asset_key=["lake", table.name], metadata=shown)


def resolve_org(lake: Lake, org_id: str, kind: str, overrides: Sequence[Override] = ()) -> dict:
    """Resolve one tenant's records of one kind and append what changed; returns the resolution's figures.

    The merge graph is published last and carries the digest of its inputs: a killed run resolves again, and finds the
    ids it had appended.
    """
    inputs = lake.files(KINDS[kind], org_id)
    digest = input_digest(lake, inputs, kind, overrides)
    done = lake.manifest(MERGE_GRAPH, org_id, kind)
    if done and done["inputs"] == digest:
        return done["stats"] | {"skipped": True}
    now = datetime.now(UTC)
    previous = lake.scan(LEAD_MAP, org_id, kind).collect()
    resolution = resolve(inputs, kind, org_id=org_id, previous=previous, now=now, overrides=overrides)
    version = now.strftime("%Y%m%dT%H%M%S.%fZ")
    if resolution.aliases.height:
        lake.write(LEAD_ALIASES, resolution.aliases, org_id, kind, version)
    if resolution.lead_map.height:
        lake.write(LEAD_MAP, resolution.lead_map, org_id, kind, version)
    lake.write(REVIEW_PAIRS, resolution.review, org_id, kind)
    manifest = {"inputs": digest, "stats": resolution.stats}
    lake.write(MERGE_GRAPH, resolution.merge_graph, org_id, kind, manifest=manifest)
    return resolution.stats | {"skipped": False}


def input_digest(lake: Lake, inputs: list, kind: str, overrides: Sequence[Override]) -> str:
    """Changes when a staged partition was replaced, came or went, when the model file changed, and with decisions."""
    parts = [f"{p.relative_to(lake.root)}:{p.stat().st_size}:{p.stat().st_mtime_ns}" for p in inputs]
    parts += [shipped_model(kind_named(kind)).version, *(override.override_id for override in overrides)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def resolution_metadata(lake: Lake, table: Table, stats: list[dict]) -> dict[str, object]:
    """Rows in the table, the figures per tenant and kind, and the table's charts."""
    columns = (
        "org_id",
        "kind",
        "records",
        "blocked_pairs",
        "edges",
        "clusters",
        "largest_clusters",
        "seconds",
        "skipped",
    )
    shown: dict[str, object] = {
        "dagster/row_count": lake.scan(table).select(pl.len()).collect().item(),
        "resolution": metadata.table(pl.DataFrame([{c: s[c] for c in columns} for s in stats])),
    }
    return shown | charts(lake, table, stats)

"""Raw records become canonical ones: extraction by the source's reader, then normalisation, partition by partition."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pyarrow.parquet as pq

from dagster_project.assets import metadata
from dagster_project.assets.ingest import OWNER
from dagster_project.assets.partitions import DAILY
from dagster_project.assets.reading import Reader, reader_of
from dagster_project.assets.specs import contract_spec
from dagster_project.contracts import (
    ACTIVITIES,
    DEALS,
    EVENTS,
    LEAD_OUTCOMES,
    QUARANTINED_RECORDS,
    RAW_RECORDS,
    STAGED_CONTACTS,
    STAGED_RECORDS,
    SUPPRESSIONS,
    Table,
)
from dagster_project.normalize.engine import KINDS, normalize
from dagster_project.resources.lake import Lake
from dagster_project.settings import Settings

TABLES = (STAGED_RECORDS, STAGED_CONTACTS, EVENTS, DEALS, ACTIVITIES, LEAD_OUTCOMES, SUPPRESSIONS)
# Rows extracted and normalised at a time, which bounds memory.
BATCH_ROWS = 200_000


@dg.multi_asset(
    name="normalize_records",
    specs=[
        contract_spec(table, "lake", group="normalize", kinds={"polars", "parquet"}, owner=OWNER, deps=[RAW_RECORDS])
        for table in TABLES
    ],
    partitions_def=DAILY,
)
def normalize_records(
    context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], settings: dg.ResourceParam[Settings]
):
    """Normalise every raw partition of the day; a value that cannot be understood is quarantined, its row is not."""
    staged: dict[str, list[tuple[str, int, float]]] = {table.name: [] for table in TABLES}
    watch = metadata.Stopwatch()
    for partition in lake.partitions(RAW_RECORDS):
        if partition[-1] == context.partition_key:
            for table, rows in stage_partition(lake, reader_of(lake, settings, partition), partition):
                staged[table.name].append((partition[1], rows, watch.lap()))
    for table in TABLES:
        yield dg.MaterializeResult(
            asset_key=["lake", table.name],
            metadata=staged_metadata(lake, table, staged[table.name], context.partition_key),
        )


def stage_partition(lake: Lake, reader: Reader, partition: tuple[str, ...]) -> list[tuple[Table, int]]:
    """Normalise one raw partition into the table of each kind it may hold, replacing the staged partitions whole."""
    refused = [QUARANTINED_RECORDS.empty()]

    def frames(kind: str) -> Iterator[pl.DataFrame]:
        for raw in raw_batches(lake.path(RAW_RECORDS, *partition), kind):
            normalized = normalize(reader.extract(raw.filter(kind=kind), kind), kind)
            refused.append(normalized.rejected)
            yield reader.trusted(normalized.frame)

    staged = [(KINDS[kind].table, lake.write(KINDS[kind].table, frames(kind), *partition)) for kind in reader.kinds]
    lake.write(
        QUARANTINED_RECORDS,
        pl.concat(refused).unique(QUARANTINED_RECORDS.key, keep="last", maintain_order=True),
        "normalize",
        *partition,
    )
    return staged


def raw_batches(path: Path, kind: str) -> Iterator[pl.DataFrame]:
    """The raw partition in frames of at most `BATCH_ROWS` rows; whole for the narrow kinds, which are keyed by an id
    of the sender's that may come twice in a partition."""
    if kind not in ("business", "person"):
        yield pl.read_parquet(path)
        return
    for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS):
        yield pl.from_arrow(batch)


def staged_metadata(lake: Lake, table: Table, staged: list[tuple[str, int, float]], day: str) -> dict[str, object]:
    """Row count and seconds, both per source and in all, and, where there are rows, how full each column is."""
    per_source = pl.DataFrame(staged, {"source": pl.String, "rows": pl.Int64, "seconds": pl.Float64}, orient="row")
    rows = per_source["rows"].sum()
    shown: dict[str, object] = {
        "dagster/row_count": rows,
        "seconds": round(per_source["seconds"].sum(), 2),
        "per source": metadata.table(per_source),
    }
    optional = [c.name for c in table.columns if not c.required]
    if rows and optional:
        fill = (
            lake.scan(table)
            .filter(pl.col("partition_date").cast(pl.String) == day)
            .select((pl.col(optional).is_not_null().mean() * 100).round(1))
            .collect()
        )
        shown["filled columns, %"] = metadata.bars(optional, fill.row(0), "filled, % of rows")
    return shown

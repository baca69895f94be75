"""What changed at the sources: versions of a day against those before them, and records that went or came back.

The comparing lives in `sources.changes`. Work follows what changed: a day without new versions reads no payload.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import dagster as dg
import polars as pl
import pyarrow.parquet as pq

from dagster_project.assets import metadata
from dagster_project.assets.ingest import OWNER
from dagster_project.assets.partitions import DAILY
from dagster_project.assets.reading import Reader, reader_of
from dagster_project.assets.specs import contract_spec
from dagster_project.contracts import RAW_RECORDS, RECORD_SIGHTINGS, SOURCE_CHANGES
from dagster_project.normalize.values import choice
from dagster_project.resources.lake import Lake
from dagster_project.settings import Settings
from dagster_project.sources.changes import RECORD, changes, presence
from dagster_project.sources.pages.since import COMPLETE

TABLES = (SOURCE_CHANGES,)
# Events, deals and the like are history themselves.
KINDS = ("business", "person")
# Versions compared at a time, which bounds memory: 300,000 new versions of 1M records took the process to 750 MB.
BATCH_ROWS = 50_000

Partition = tuple[str, str, str]


@dg.multi_asset(
    name="find_changes",
    specs=[
        contract_spec(
            SOURCE_CHANGES,
            "lake",
            group="sources",
            kinds={"polars", "parquet"},
            owner=OWNER,
            deps=[RAW_RECORDS, RECORD_SIGHTINGS],
        )
    ],
    partitions_def=DAILY,
)
def find_changes(
    context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult:
    """Compare each source's versions of the day with those before, and its sightings with the last complete ones."""
    watch = metadata.Stopwatch()
    for partition in lake.partitions(RAW_RECORDS):
        if partition[-1] == context.partition_key:
            reader = reader_of(lake, settings, partition)
            lake.write(SOURCE_CHANGES, changes_of(lake, reader, partition), *partition)
    day = date.fromisoformat(context.partition_key)
    found = lake.scan(SOURCE_CHANGES).filter(pl.col("partition_date") == day)
    counts = found.group_by("source", "change_type").agg(pl.len().alias("rows")).sort("source", "change_type").collect()
    by_type = counts.group_by("change_type").agg(pl.col("rows").sum()).sort("rows", descending=True)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": counts["rows"].sum(),
            "seconds": watch.seconds(),
            "per source": metadata.table(counts),
            "changes by type": metadata.bars(by_type["change_type"], by_type["rows"], "changes"),
        }
    )


def changes_of(lake: Lake, reader: Reader, partition: Partition) -> Iterator[pl.DataFrame]:
    """SOURCE_CHANGES frames of one raw partition."""
    kinds = [kind for kind in reader.kinds if kind in KINDS]
    is_empty = pq.read_metadata(lake.path(RAW_RECORDS, *partition)).num_rows == 0
    pairs = SOURCE_CHANGES.empty() if is_empty or not kinds else version_pairs(lake, partition)
    for kind in kinds if not pairs.is_empty() else ():
        for before, after in payload_pairs(lake, partition, pairs, kind):
            sides = [_with_status(reader.extract(raw, kind), kind) for raw in (before, after)]
            yield changes(*sides, kind)
    yield presence_changes(lake, partition)


def version_pairs(lake: Lake, partition: Partition) -> pl.DataFrame:
    """record_id, payload_hash, previous_hash and previous_day of the partition's versions that had one before them:
    in the partition itself, else the last before it. Reads no payload."""
    org_id, source, day = partition
    columns = ("record_id", "payload_hash", "fetched_at", "partition_date")
    versions = lake.scan(RAW_RECORDS, *partition).select(columns).collect().sort("fetched_at", maintain_order=True)
    known = (
        lake.scan(RAW_RECORDS, org_id, source)
        .filter(
            pl.col("partition_date") < date.fromisoformat(day),
            pl.col("record_id").is_in(versions["record_id"].unique().implode()),
        )
        .select(columns)
        .sort("fetched_at")
        .group_by("record_id")
        .agg(pl.col("payload_hash", "partition_date").last().name.prefix("known_"))
    )
    before = versions.lazy().join(known, on="record_id", how="left", maintain_order="left")
    own_hash, own_day = (pl.col(c).shift(1).over("record_id") for c in ("payload_hash", "partition_date"))
    return (
        before.select(
            "record_id",
            "payload_hash",
            own_hash.fill_null(pl.col("known_payload_hash")).alias("previous_hash"),
            own_day.fill_null(pl.col("known_partition_date")).alias("previous_day"),
        )
        .filter(pl.col("previous_hash").is_not_null())
        .collect()
    )


def payload_pairs(
    lake: Lake, partition: Partition, pairs: pl.DataFrame, kind: str
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Raw records of the versions before and after, row by row, in batches; versions of another kind are left out."""
    org_id, source, _ = partition
    for batch in pq.ParquetFile(lake.path(RAW_RECORDS, *partition)).iter_batches(BATCH_ROWS):
        after = pl.from_arrow(batch).filter(kind=kind)
        after = after.join(pairs, on=["record_id", "payload_hash"], how="inner", maintain_order="left")
        if after.is_empty():
            continue
        days = [day.isoformat() for day in after["previous_day"].unique().sort()]
        stored = pl.scan_parquet([lake.path(RAW_RECORDS, org_id, source, day) for day in days], glob=False)
        candidates = stored.filter(pl.col("record_id").is_in(after["record_id"].unique().implode())).collect()
        wanted = after.select("record_id", payload_hash="previous_hash", partition_date="previous_day")
        before = wanted.join(
            candidates, on=["record_id", "payload_hash", "partition_date"], how="left", maintain_order="left"
        )
        yield before, after.drop("previous_hash", "previous_day")


def presence_changes(lake: Lake, partition: Partition) -> pl.DataFrame:
    """SOURCE_CHANGES rows of records that were no longer found, or found again, since the source was last asked the
    same and answered completely; none for a source that does not say so, as files do not."""
    org_id, source, day = partition
    last = last_complete(lake, partition)
    if last is None:
        return SOURCE_CHANGES.empty()
    seen = {at: lake.scan(RECORD_SIGHTINGS, org_id, source, at) for at in (last, day)}
    before, now = (seen[at].select("record_id", "payload_hash").collect() for at in (last, day))
    new = now.join(before, on="record_id", how="anti")
    earlier = (
        lake.scan(RECORD_SIGHTINGS, org_id, source)
        .filter(
            pl.col("partition_date") < date.fromisoformat(last), pl.col("record_id").is_in(new["record_id"].implode())
        )
        .select("record_id", "payload_hash", "partition_date")
        .sort("partition_date")
        .collect()
    )
    found = presence(before, now, earlier, is_complete=True)
    if found.is_empty():
        return SOURCE_CHANGES.empty()
    seen_at = seen[day].select(pl.col("last_seen_at").max()).collect().item()
    changed_at = seen_at or datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    return _presence_rows(found, provider_keys(lake, org_id, source, found["record_id"]), partition, changed_at)


def last_complete(lake: Lake, partition: Partition) -> str | None:
    """Day of the last sightings before the partition's that were as complete, and of the same questions."""
    *source, day = partition
    asked = (lake.manifest(RECORD_SIGHTINGS, *partition) or {}).get(COMPLETE)
    if not asked:
        return None
    days = [parts[-1] for parts in lake.partitions(RECORD_SIGHTINGS, *source) if parts[-1] < day]
    complete = (d for d in reversed(days) if lake.manifest(RECORD_SIGHTINGS, *source, d).get(COMPLETE) == asked)
    return next(complete, None)


def provider_keys(lake: Lake, org_id: str, source: str, record_ids: pl.Series) -> pl.DataFrame:
    """record_id, provider and provider_key of records of a source."""
    raw = lake.scan(RAW_RECORDS, org_id, source).filter(pl.col("record_id").is_in(record_ids.implode()))
    return raw.select("record_id", "provider", "provider_key").collect().unique("record_id")


def _presence_rows(found: pl.DataFrame, keys: pl.DataFrame, partition: Partition, changed_at: datetime) -> pl.DataFrame:
    org_id, source, day = partition
    rows = found.join(keys, on="record_id", how="inner").sort("record_id")
    return SOURCE_CHANGES.conform(
        rows.with_columns(
            org_id=pl.lit(org_id),
            source=pl.lit(source),
            partition_date=pl.lit(date.fromisoformat(day)),
            previous_hash=pl.col("payload_hash"),
            changed_at=pl.lit(changed_at),
            field=pl.lit(RECORD),
        )
    )


def _with_status(extracted: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Files spell a status in many ways; a word that nobody knows stays as it is."""
    if kind != "business":
        return extracted
    known = choice(extracted["status"], "business_status")
    return extracted.with_columns(known.fill_null(extracted["status"]).alias("status"))

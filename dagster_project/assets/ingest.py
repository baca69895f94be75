"""Through the door: received files become raw records, one lake partition per source and day.

The reading and the refusing live in `sources.files`; the store in `resources.lake`. What providers answered has been
landed in the same tables by their own assets (`providers`), each in its partition.
"""

import time
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import polars as pl

from dagster_project.assets import metadata
from dagster_project.assets.arriving import KIND as EVENT
from dagster_project.assets.arriving import take_events
from dagster_project.assets.partitions import DAILY, OF_THE_DAY
from dagster_project.assets.specs import contract_spec, provider_key
from dagster_project.contracts import (
    FILE_RECEIPTS,
    PROVIDER_CALLS,
    QUARANTINED_RECORDS,
    RAW_RECORDS,
    RECORD_SIGHTINGS,
    Table,
)
from dagster_project.resources.alerts import raise_alert
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings
from dagster_project.sources.campaign import PLACES_ONLY
from dagster_project.sources.files.inbox import deposit, inbox_files, received, received_sources
from dagster_project.sources.files.landing import check_file, land
from dagster_project.sources.files.mapping import load_mapping
from dagster_project.sources.providers import adapters

OWNER = "team:data-engineering"
TABLES = (RAW_RECORDS, FILE_RECEIPTS, QUARANTINED_RECORDS, RECORD_SIGHTINGS, PROVIDER_CALLS)
RECEIPT_COUNTS = ("received", "accepted", "quarantined", "duplicate")


# Providers land in these tables too, each campaign in a partition of its own.
FROM_PROVIDERS = [
    dg.AssetDep(provider_key(name), partition_mapping=OF_THE_DAY) for name in adapters() if name != PLACES_ONLY
]


@dg.multi_asset(
    name="land_files",
    specs=[
        contract_spec(
            table,
            "lake",
            group="sources",
            kinds={"python", "parquet"},
            owner=OWNER,
            deps=[] if table is FILE_RECEIPTS else FROM_PROVIDERS,
        )
        for table in TABLES
    ],
    partitions_def=DAILY,
)
def land_files(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
    settings: dg.ResourceParam[Settings],
):
    """Land every file received on the partition's day; files waiting in the inbox are received first."""
    day = date.fromisoformat(context.partition_key)
    if day == datetime.now(UTC).date():
        receive_inbox(lake, warehouse, settings)
    watch = metadata.Stopwatch()
    receipts = [
        land_source(lake, settings.yaml_dirs("mappings"), org_id, source, day, context.run.run_id)
        for org_id, source in received_sources(lake.root, day)
    ]
    summary = pl.concat([FILE_RECEIPTS.empty(), *receipts])
    per_source = summary.group_by("source").agg(pl.col(RECEIPT_COUNTS).sum()).sort("source")
    totals = per_source.select(pl.col(RECEIPT_COUNTS).sum()).row(0, named=True)
    seconds = watch.seconds()
    for table in TABLES:
        yield dg.MaterializeResult(
            asset_key=["lake", table.name],
            metadata={
                "dagster/row_count": rows_of(lake, table, day),
                "seconds": seconds,
                "per source": metadata.table(per_source),
                "what became of the rows": metadata.bars(
                    RECEIPT_COUNTS[1:], [totals[c] for c in RECEIPT_COUNTS[1:]], "rows"
                ),
            },
        )


def rows_of(lake: Lake, table: Table, day: date) -> int:
    """Rows of a daily table's partitions of a day, those of files and of providers."""
    return lake.scan(table).filter(pl.col("partition_date") == day).select(pl.len()).collect().item()


def receive_inbox(lake: Lake, warehouse: Warehouse, settings: Settings) -> int:
    """Move the inbox's finished files into the lake, events first, whose alerts do not wait; returns how many.

    A file that cannot be landed is set aside under a hidden name, with an alert that says why; the others go on.
    """
    taken = len(take_events(lake.root, warehouse, settings).files)
    ready, _ = inbox_files(settings.data_dir / "inbox", settings.yaml_dirs("mappings"), now=time.time())
    for path, name in ready:
        try:
            mapping = load_mapping(name, settings.yaml_dirs("mappings"))
            check_file(path, mapping)
        except ValueError as reason:
            path.rename(path.with_name(f".refused-{path.name}"))
            raise_alert(warehouse, settings.org_id, "warning", "refused_file", f"{name}/{path.name}", str(reason))
        else:
            if mapping.kind == EVENT:
                continue  # it came a moment ago: the event sensor takes it, or the next walk
            deposit(path, name, lake.root, settings.org_id, datetime.now(UTC), move=True)
            taken += 1
    return taken


def land_source(lake: Lake, mapping_dirs: list[Path], org_id: str, source: str, day: date, run_id: str) -> pl.DataFrame:
    """Land one source's files of one day, replacing the partition whole; returns its receipts."""
    mapping = load_mapping(source, mapping_dirs)
    partition = (org_id, source, day.isoformat())
    # A partition landed again keeps its first run's id, so that the same files give the same bytes.
    run_id = (lake.manifest(RAW_RECORDS, *partition) or {}).get("run_id", run_id)
    landing = land(
        received(lake.root, org_id, source, day),
        mapping,
        org_id=org_id,
        day=day,
        known=last_versions_before(lake, org_id, source, day),
        run_id=run_id,
    )
    lake.write(RAW_RECORDS, landing.raw, *partition, manifest={"run_id": run_id})
    lake.write(RECORD_SIGHTINGS, landing.sightings, *partition)
    lake.write(QUARANTINED_RECORDS, landing.quarantined, "land", *partition)
    lake.write(FILE_RECEIPTS, landing.receipts, *partition)
    return landing.receipts


def last_versions_before(lake: Lake, org_id: str, source: str, day: date) -> pl.DataFrame:
    """record_id and payload_hash of each record's last version before `day`: what change detection compares with."""
    return (
        lake.scan(RAW_RECORDS, org_id, source)
        .filter(pl.col("partition_date") < day)
        .sort("fetched_at")
        .group_by("record_id")
        .agg(pl.col("payload_hash").last())
        .collect()
    )

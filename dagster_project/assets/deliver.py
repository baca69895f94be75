"""Finished batches and the sinks that take them: a thin shell over `delivery`.

A batch says "this list is complete"; the sensor in `automation` sees it and launches one run that executes every sink.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import dagster as dg
import polars as pl

from dagster_project.assets import metadata
from dagster_project.delivery.run import NotConfigured, run_sync
from dagster_project.delivery.sync import Sync
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings

SYNC_LEADS = dg.AssetKey(["marts", "sync_leads"])
OWNERS = ["team:sales-ops"]


class BatchConfig(dg.Config):
    """Which finished batch to deliver."""

    org_id: str
    batch_id: str


@dg.asset(
    key=["delivery", "lead_batch"],
    deps=[SYNC_LEADS],
    group_name="delivery",
    kinds={"postgres"},
    owners=OWNERS,
    description="Finished batches: every blocking check before them has passed. One row per tenant and run.",
)
def lead_batch(context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult:
    """Record one finished batch per tenant that has leads; the sensor launches the sinks for it."""
    watch = metadata.Stopwatch()
    rows = warehouse.query("select org_id, count(*) as leads from marts.sync_leads group by org_id order by org_id")
    for org_id, leads in rows.iter_rows():
        with warehouse.app(org_id) as connection:
            connection.execute(
                "insert into ops.batches (org_id, batch_id, campaign_id, run_id, finished_at, leads) "
                "values (%s, %s, 'all', %s, %s, %s) on conflict do nothing",
                (org_id, context.run.run_id, context.run.run_id, datetime.now(UTC), leads),
            )
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows["leads"].sum(),
            "seconds": watch.seconds(),
            "batches": metadata.table(rows),
            "batch_id": context.run.run_id,
        }
    )


def sink_asset(sync: Sync) -> dg.AssetsDefinition:
    """The asset that delivers one sync; its pool keeps two runs from sending to the same destination at once."""

    @dg.asset(
        key=["delivery", sync.name],
        deps=[lead_batch],
        group_name="delivery",
        kinds={sync.destination.type},
        owners=OWNERS,
        pool=f"sync_{sync.name}",
        description=f"{sync.description} Each changed lead is sent once, through the outbox.",
    )
    def deliver(
        context: dg.AssetExecutionContext,
        config: BatchConfig,
        warehouse: dg.ResourceParam[Warehouse],
        settings: dg.ResourceParam[Settings],
    ) -> dg.MaterializeResult:
        watch = metadata.Stopwatch()
        try:
            report = run_sync(warehouse.app, config.org_id, sync, config.batch_id, settings)
        except NotConfigured as reason:
            context.log.info(str(reason))
            return dg.MaterializeResult(metadata={"dagster/row_count": 0, "skipped": str(reason)})
        states = pl.DataFrame({"state": list(report.counts), "writes": list(report.counts.values())})
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": report.acknowledged,
                "seconds": watch.seconds(),
                "sent in this run": report.acknowledged,
                "unchanged, not sent": report.unchanged,
                "outbox": metadata.table(states),
                "outbox by state": metadata.bars(states["state"], states["writes"], "writes"),
            }
        )

    return deliver


def sink_assets(syncs: Iterable[Sync]) -> list[dg.AssetsDefinition]:
    """One sink asset per sync file."""
    return [sink_asset(sync) for sync in syncs]

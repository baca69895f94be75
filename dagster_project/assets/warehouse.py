"""The lake's tables mirrored into PostgreSQL, where dbt reads them; only partitions that changed are loaded.

What has changed is found, and loaded, by `resources.mirror`.
"""

import dagster as dg
import polars as pl

from dagster_project.assets import metadata, resolve, staging
from dagster_project.assets.ingest import OWNER
from dagster_project.assets.specs import contract_spec
from dagster_project.contracts import (
    CAMPAIGNS,
    ENRICHMENT_ANSWERS,
    ENRICHMENT_ATTEMPTS,
    FILE_RECEIPTS,
    PROVIDER_CALLS,
    PROVIDER_HEALTH,
    QUARANTINED_RECORDS,
    SOURCE_CHANGES,
    VERTICALS,
)
from dagster_project.resources.lake import Lake
from dagster_project.resources.mirror import refresh, row_count
from dagster_project.resources.warehouse import Warehouse

SOURCES = (FILE_RECEIPTS, QUARANTINED_RECORDS, PROVIDER_CALLS, SOURCE_CHANGES, CAMPAIGNS, VERTICALS)
ENRICHMENT = (ENRICHMENT_ANSWERS, ENRICHMENT_ATTEMPTS, PROVIDER_HEALTH)
MIRRORED = (*SOURCES, *staging.TABLES, *resolve.TABLES, *ENRICHMENT)


@dg.multi_asset(
    name="load_warehouse",
    specs=[
        contract_spec(table, "warehouse", group="warehouse", kinds={"postgres"}, owner=OWNER, deps=[table])
        for table in MIRRORED
    ],
)
def load_warehouse(
    context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
):
    """Bring the mirror to the lake's state, table by table."""
    watch = metadata.Stopwatch()
    for table in MIRRORED:
        loaded = refresh(lake, warehouse, table)
        yield dg.MaterializeResult(
            asset_key=["warehouse", table.name],
            metadata={
                "dagster/row_count": row_count(warehouse, "lake", table.name),
                "seconds": watch.lap(),
                "partitions loaded": metadata.table(
                    pl.DataFrame(loaded, schema={"partition": pl.String, "rows": pl.Int64}, orient="row")
                ),
            },
        )

"""The campaigns and verticals that people declare, as tables: what the marts hold back and score leads by."""

from datetime import UTC, datetime

import dagster as dg
import polars as pl

from dagster_project.assets import metadata
from dagster_project.assets.ingest import OWNER
from dagster_project.assets.specs import contract_spec
from dagster_project.contracts import CAMPAIGNS, VERTICALS, Table
from dagster_project.resources.alerts import raise_alert
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings
from dagster_project.sources.campaign import campaigns
from dagster_project.sources.declared import campaign_table, vertical_table
from dagster_project.sources.planning import known_area
from dagster_project.sources.vertical import load_verticals

TABLES = (CAMPAIGNS, VERTICALS)
CURRENT = "current"


@dg.multi_asset(
    name="declare_campaigns",
    specs=[contract_spec(table, "lake", group="sources", kinds={"python", "parquet"}, owner=OWNER) for table in TABLES],
)
def declare_campaigns(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
    settings: dg.ResourceParam[Settings],
):
    """Read every campaign and vertical file; a campaign that cannot be used raises an alert and stops no other."""
    watch = metadata.Stopwatch()
    for table, frame in declared(lake, warehouse, settings).items():
        lake.write(table, frame, settings.org_id, CURRENT)
        shown = {"dagster/row_count": frame.height, "seconds": watch.lap(), "declared": metadata.table(frame)}
        yield dg.MaterializeResult(asset_key=["lake", table.name], metadata=shown)


def declared(lake: Lake, warehouse: Warehouse, settings: Settings) -> dict[Table, pl.DataFrame]:
    """The two tables as the files say now. Raises `YamlMistake` for a vertical that cannot be used."""
    verticals = load_verticals(settings.yaml_dirs("verticals"))
    good, mistakes = campaigns(settings.yaml_dirs("campaigns"))
    for name, mistake in mistakes.items():
        raise_alert(warehouse, settings.org_id, "warning", "broken_campaign", name, mistake)
    today, org_id = datetime.now(UTC).date(), settings.org_id
    found = {name: known_area(today, campaign, lake.root, org_id) for name, campaign in good.items()}
    areas = {name: area for name, area in found.items() if area}
    return {
        CAMPAIGNS: campaign_table(good.values(), areas, org_id),
        VERTICALS: vertical_table(verticals.values(), org_id),
    }

"""The campaigns and verticals that people declare, as tables: what the marts hold back and score leads by."""

from collections.abc import Iterable

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
from dagster_project.sources.area import Area
from dagster_project.sources.campaign import Campaign, campaigns
from dagster_project.sources.declared import campaign_table, vertical_table
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
    for table, frame in declared(warehouse, settings).items():
        lake.write(table, frame, settings.org_id, CURRENT)
        shown = {"dagster/row_count": frame.height, "seconds": watch.lap(), "declared": metadata.table(frame)}
        yield dg.MaterializeResult(asset_key=["lake", table.name], metadata=shown)


def declared(warehouse: Warehouse, settings: Settings) -> dict[Table, pl.DataFrame]:
    """The two tables as the files say now. Raises `YamlMistake` for a vertical that cannot be used."""
    verticals = load_verticals(settings.yaml_dirs("verticals"))
    good, mistakes = campaigns(settings.yaml_dirs("campaigns"))
    for name, mistake in mistakes.items():
        raise_alert(warehouse, settings.org_id, "warning", "broken_campaign", name, mistake)
    return {
        CAMPAIGNS: campaign_table(good.values(), areas(good.values()), settings.org_id),
        VERTICALS: vertical_table(verticals.values(), settings.org_id),
    }


def areas(found: Iterable[Campaign]) -> dict[str, Area]:
    """Areas of the campaigns whose files say where they are; a city has none until it was placed on the map."""
    return {campaign.name: area for campaign in found if campaign.geo and (area := campaign.geo.area())}

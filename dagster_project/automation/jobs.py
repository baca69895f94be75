"""The jobs: the fetching of a campaign, the walk from what was received to a finished batch, and its delivery."""

from collections.abc import Sequence

import dagster as dg

from dagster_project.assets.deliver import lead_batch
from dagster_project.assets.providers import GROUP

walk = dg.define_asset_job(
    "walk",
    # Everything but the sinks, which the batch sensor launches, and the providers, which are asked for campaigns: marts
    # that no sync reads are built too.
    selection=(dg.AssetSelection.all() - dg.AssetSelection.groups("delivery", GROUP))
    | dg.AssetSelection.assets(lead_batch),
    description="From what was received on a day to a finished batch of scored leads.",
)

fetch_campaign = dg.define_asset_job(
    "fetch_campaign",
    selection=dg.AssetSelection.groups(GROUP),
    description="Ask providers what a campaign wants; the walk follows. A past day is landed again from what is kept.",
)


def deliver_job(sinks: Sequence[dg.AssetsDefinition]) -> dg.JobDefinition:
    """The job that delivers one finished batch to every sink; the sensor launches it."""
    return dg.define_asset_job(
        "deliver_batch",
        selection=dg.AssetSelection.assets(*sinks),
        description="Send what changed in a finished batch to every destination.",
    )

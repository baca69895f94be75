"""The jobs: the walk, from received files to a finished batch, and the delivery of a batch."""

from collections.abc import Sequence

import dagster as dg

from dagster_project.assets.deliver import lead_batch

walk = dg.define_asset_job(
    "walk",
    # Everything but the sinks, which are launched by the batch sensor: marts that no sync reads are built too.
    selection=(dg.AssetSelection.all() - dg.AssetSelection.groups("delivery")) | dg.AssetSelection.assets(lead_batch),
    description="From the day's received files to a finished batch of scored leads.",
)


def deliver_job(sinks: Sequence[dg.AssetsDefinition]) -> dg.JobDefinition:
    """The job that delivers one finished batch to every sink; the sensor launches it."""
    return dg.define_asset_job(
        "deliver_batch",
        selection=dg.AssetSelection.assets(*sinks),
        description="Send what changed in a finished batch to every destination.",
    )

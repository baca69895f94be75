"""The jobs: the fetching of a campaign, the walk from what was received to a finished batch, and its delivery."""

from collections.abc import Sequence

import dagster as dg

from dagster_project.assets import enrichment
from dagster_project.assets.deliver import lead_batch
from dagster_project.assets.enriching import Enrichment
from dagster_project.assets.providers import GROUP
from dagster_project.automation.score_replay import replay_scores
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings

# What asks enrichment providers.
ASKING = (enrichment.enrichment_answers, enrichment.provider_health)

walk = dg.define_asset_job(
    "walk",
    # Everything but the sinks, which the batch sensor launches, and what asks providers, which campaigns and people do:
    # marts that no sync reads are built too.
    selection=(
        dg.AssetSelection.all() - dg.AssetSelection.groups("delivery", GROUP) - dg.AssetSelection.assets(*ASKING)
    )
    | dg.AssetSelection.assets(lead_batch),
    description="From what was received on a day to a finished batch of scored leads.",
)

fetch_campaign = dg.define_asset_job(
    "fetch_campaign",
    selection=dg.AssetSelection.groups(GROUP),
    description="Ask providers what a campaign wants; the walk follows. A past day is landed again from what is kept.",
)

enrich = dg.define_asset_job(
    "enrich",
    selection=dg.AssetSelection.assets(enrichment.enrichment_answers),
    description="Fill missing fields of leads and contacts from the cheapest sufficient provider; the walk follows. "
    "Without fields in the launchpad, requests that are open are worked on.",
)

check_providers = dg.define_asset_job(
    "check_providers",
    selection=dg.AssetSelection.assets(enrichment.provider_health),
    description="Make each enrichment provider's account call, and note its breaker.",
)


@dg.op(description="Drops the remembered answers that have expired.")
def forget_expired_answers(
    context: dg.OpExecutionContext,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
    settings: dg.ResourceParam[Settings],
) -> None:
    work = Enrichment(lake, warehouse, settings)
    try:
        gone = work.forget_expired()
    finally:
        work.close()
    context.add_output_metadata({"answers": gone})


@dg.job(description="Drop remembered answers of enrichment that have expired.")
def clean_enrichment_cache() -> None:
    forget_expired_answers()


ALL = (walk, fetch_campaign, enrich, check_providers, clean_enrichment_cache, replay_scores)


def deliver_job(sinks: Sequence[dg.AssetsDefinition]) -> dg.JobDefinition:
    """The job that delivers one finished batch to every sink; the sensor launches it."""
    return dg.define_asset_job(
        "deliver_batch",
        selection=dg.AssetSelection.assets(*sinks),
        description="Send what changed in a finished batch to every destination.",
    )

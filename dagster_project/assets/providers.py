"""One asset per provider, partitioned by campaign and day: what a campaign asks of it becomes raw records.

What happens in a partition is said in `fetching`; here it gets its place in the graph, its pool and its metadata.
"""

from collections.abc import Iterable
from datetime import date

import dagster as dg
import polars as pl

from dagster_project.assets import metadata
from dagster_project.assets.fetching import CampaignPartition, Outcome, Refused
from dagster_project.assets.ingest import OWNER
from dagster_project.assets.partitions import CAMPAIGN_DAYS
from dagster_project.assets.specs import provider_key
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings
from dagster_project.sources.adapter import Adapter
from dagster_project.sources.campaign import PLACES_ONLY
from dagster_project.sources.need import limits_of
from dagster_project.sources.pages.progress import State
from dagster_project.user_yaml import YamlMistake

GROUP = "providers"
# Calls between two lines of the log.
REPORT_EVERY = 100


def provider_asset(adapter: Adapter) -> dg.AssetsDefinition:
    """The asset of one provider; its pool keeps two runs from fetching from it at once."""
    terms = ", ".join(limits_of(adapter.terms)) or "no known limits of storage or use"

    @dg.asset(
        key=provider_key(adapter.name),
        partitions_def=CAMPAIGN_DAYS,
        group_name=GROUP,
        kinds={"http", "parquet"},
        owners=[OWNER],
        pool=f"provider_{adapter.name}",
        description=(
            f"What campaigns ask {adapter.title}, as raw records in the lake; a page that was paid for is never asked "
            f"for again. Terms: {terms} ({adapter.terms.licence}). One partition per campaign and day."
        ),
        metadata={"endpoints": ", ".join(e.name for e in adapter.endpoints), "attribution": adapter.terms.attribution},
    )
    def fetch_provider(
        context: dg.AssetExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        settings: dg.ResourceParam[Settings],
    ) -> dg.MaterializeResult:
        where = context.partition_key.keys_by_dimension
        day = date.fromisoformat(where["day"])
        try:
            partition = CampaignPartition(
                lake, warehouse, settings, where["campaign"], adapter.name, day, context.run.run_id
            )
            outcome = partition.run(progress_lines(context))
        except (Refused, YamlMistake) as reason:
            raise dg.Failure(str(reason), allow_retries=False) from None
        shown = shown_metadata(outcome)
        if outcome.fetched.ending == "failed":
            raise dg.Failure(f"{outcome.fetched.reason}. What was fetched is kept.", shown, allow_retries=False)
        if outcome.fetched.reason:
            context.log.warning(outcome.fetched.reason)
        return dg.MaterializeResult(metadata=shown)

    return fetch_provider


def provider_assets(adapters: Iterable[Adapter]) -> list[dg.AssetsDefinition]:
    """One asset per provider that finds leads; a geocoder finds none."""
    return [provider_asset(adapter) for adapter in adapters if adapter.name != PLACES_ONLY]


def progress_lines(context: dg.AssetExecutionContext):
    """Tells the log every so many calls how far the questions are."""

    def progress(state: State) -> None:
        if state.calls % REPORT_EVERY == 0:
            ended = sum(track.ended is not None for track in state.tracks.values())
            context.log.info(
                f"{ended:,} of {len(state.tracks):,} questions, {state.calls:,} calls, {state.records:,} records, "
                f"${state.cost:,.2f}"
            )

    return progress


def shown_metadata(outcome: Outcome) -> dict[str, object]:
    """What a materialisation shows: how it ended, calls and their classes, what became of the records, what it cost."""
    fetched, counts = outcome.fetched, outcome.counts
    heaps = {
        "new": counts.new,
        "changed": counts.changed,
        "duplicate": counts.duplicate,
        "quarantined": counts.quarantined,
    }
    classes = pl.DataFrame({"outcome": list(fetched.outcomes), "calls": list(fetched.outcomes.values())})
    return {
        "dagster/row_count": counts.accepted,
        "seconds": fetched.seconds,
        "ended": f"{fetched.ending}{f': {fetched.reason}' if fetched.reason else ''}",
        "calls": fetched.calls,
        "calls in this run": fetched.new_calls,
        "cost, USD": float(fetched.cost),
        "planned cost, USD": float(outcome.part.cost) if outcome.part else 0.0,
        "waited for limits, s": fetched.waited_seconds,
        "received": counts.received,
        "new": counts.new,
        "changed": counts.changed,
        "unchanged records": counts.unchanged_records,
        "cells that may hold more": fetched.capped,
        "questions short of their total": fetched.short,
        "calls by outcome": metadata.table(classes),
        "what became of the records": metadata.bars(heaps, heaps.values(), "records received"),
    }

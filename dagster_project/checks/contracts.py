"""Blocking checks derived from the contracts: one per lake table, and the balance of every received file."""

from collections.abc import Sequence

import dagster as dg
import polars as pl

from dagster_project.contracts import FILE_RECEIPTS, LEAD_MAP, STAGED_CONTACTS, STAGED_RECORDS, Table
from dagster_project.enrichment.subject import answers_of
from dagster_project.resolution.identity import current
from dagster_project.resolution.kinds import kind_named
from dagster_project.resolution.model import shipped_model, untrained_levels
from dagster_project.resources.lake import Lake

# Twelve providers with four listings each. A lead that large is looked at: see `leadhouse explain` and `unlink`.
MOST_RECORDS = 50


def run_day(context: dg.AssetCheckExecutionContext) -> str | None:
    """The day the run is for; None for a run over a range of days, or over none, which checks them all."""
    return context.run.tags.get("dagster/partition")


def contract_check(table: Table, *, daily: bool) -> dg.AssetChecksDefinition:
    """A blocking check that the lake's table keeps its contract; for a daily table, the run's day of it."""

    @dg.asset_check(
        asset=["lake", table.name],
        name="keeps_contract",
        blocking=True,
        description=f"Types, required columns and the key ({', '.join(table.key)}) are as declared.",
    )
    def keeps_contract(context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
        day = run_day(context) if daily else None
        broken = [
            f"{'/'.join(parts)}: {sentence}"
            for parts in lake.partitions(table)
            if day in (None, parts[-1])
            for sentence in table.violations(pl.scan_parquet(lake.path(table, *parts)))
        ]
        return dg.AssetCheckResult(passed=not broken, metadata={"broken promises": dg.MetadataValue.json(broken)})

    return keeps_contract


@dg.asset_check(
    asset=["lake", FILE_RECEIPTS.name],
    blocking=True,
    description="received = accepted + quarantined + duplicate, for every file.",
)
def every_row_is_accounted_for(
    context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake]
) -> dg.AssetCheckResult:
    day = run_day(context)
    receipts = lake.scan(FILE_RECEIPTS)
    lost = receipts.filter(
        (pl.col("partition_date").cast(pl.String) == day) if day else pl.lit(True),
        pl.col("received") != pl.col("accepted") + pl.col("quarantined") + pl.col("duplicate"),
    ).collect()
    return dg.AssetCheckResult(
        passed=lost.is_empty(), metadata={"files": dg.MetadataValue.json(lost["file"].to_list())}
    )


@dg.asset_check(
    asset=["lake", LEAD_MAP.name],
    blocking=True,
    additional_deps=[["lake", STAGED_RECORDS.name], ["lake", STAGED_CONTACTS.name]],
    description="Every staged record belongs to a lead; answers of enrichment do from the next day on.",
)
def every_record_has_a_lead(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    staged = pl.concat(
        lake.scan(t).filter(~pl.col("source").str.starts_with(answers_of(""))).select("org_id", "record_id")
        for t in (STAGED_RECORDS, STAGED_CONTACTS)
    )
    mapped = lake.scan(LEAD_MAP).select("org_id", "record_id")
    orphans = staged.join(mapped, on=["org_id", "record_id"], how="anti").select(pl.len()).collect().item()
    return dg.AssetCheckResult(passed=orphans == 0, metadata={"records without a lead": orphans})


def model_check(kind: str) -> dg.AssetChecksDefinition:
    """A blocking check that every level of the shipped matching model was trained."""

    @dg.asset_check(
        asset=["lake", LEAD_MAP.name],
        name=f"{kind}_model_is_trained",
        blocking=True,
        description=f"No comparison level of the {kind} model lacks its m or u probability.",
    )
    def model_is_trained() -> dg.AssetCheckResult:
        untrained = untrained_levels(shipped_model(kind_named(kind)))
        return dg.AssetCheckResult(passed=not untrained, metadata={"untrained": dg.MetadataValue.json(untrained)})

    return model_is_trained


@dg.asset_check(
    asset=["lake", LEAD_MAP.name],
    description=f"No lead has more than {MOST_RECORDS} records: past that a chain of mistakes is likelier.",
)
def no_lead_is_suspiciously_large(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    leads = current(lake.scan(LEAD_MAP)).group_by("org_id", "kind", "lead_id").agg(pl.len().alias("records"))
    large = leads.filter(pl.col("records") > MOST_RECORDS).sort("records", descending=True).collect()
    shown = dg.MetadataValue.json(large.head(20).to_dicts())
    return dg.AssetCheckResult(
        passed=large.is_empty(), severity=dg.AssetCheckSeverity.WARN, metadata={"large leads": shown}
    )


def lake_checks(daily: Sequence[Table], whole: Sequence[Table]) -> list[dg.AssetChecksDefinition]:
    """Every check on the lake's tables."""
    return [
        *(contract_check(table, daily=True) for table in daily),
        *(contract_check(table, daily=False) for table in whole),
        every_row_is_accounted_for,
        every_record_has_a_lead,
        no_lead_is_suspiciously_large,
        model_check("business"),
        model_check("person"),
    ]

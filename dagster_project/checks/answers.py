"""A check of what enrichment landed: the suite of `enrichment_expectations` on the run's answers.

It only warns. What blocks is the contract; an odd answer of a provider is for a person to look at.
"""

from datetime import UTC, datetime

import dagster as dg
import polars as pl

from dagster_project.assets import metadata
from dagster_project.checks import enrichment_expectations as suite
from dagster_project.checks.contracts import run_day
from dagster_project.contracts import (
    ENRICHMENT_ANSWERS,
    ENRICHMENT_ATTEMPTS,
    LEAD_ALIASES,
    LEAD_MAP,
    STAGED_CONTACTS,
    STAGED_RECORDS,
)
from dagster_project.enrichment.offers import offers
from dagster_project.resources.lake import Lake
from dagster_project.settings import Settings

# Below the data folder.
DOCS = ("reports", "enrichment")


@dg.asset_check(
    asset=["lake", ENRICHMENT_ANSWERS.name],
    description="Answers and the records they became are as a Great Expectations suite says; its data docs are linked.",
)
def answers_meet_expectations(
    context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake], settings: dg.ResourceParam[Settings]
) -> dg.AssetCheckResult:
    found = suite.examine(
        landed(lake, run_day(context), datetime.now(UTC)),
        {f"{provider}.{lookup}" for provider, lookup in offers()},
        settings.data_dir.joinpath(*DOCS),
    )
    broken = found.results.filter(pl.col("unexpected") > 0)
    return dg.AssetCheckResult(
        passed=found.passed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "data docs": dg.MetadataValue.path(str(found.docs)),
            "unmet expectations": broken.height,
            "expectations": metadata.table(found.results),
        },
    )


def landed(lake: Lake, day: str | None, now: datetime) -> pl.DataFrame:
    """The lake's answers of a day, or of all days, as the suite examines them."""
    of_day = pl.col("partition_date").cast(pl.String) == day if day else pl.lit(True)
    channels = ["org_id", "record_id", "payload_hash", "email", "phone", "mobile"]
    staged = [
        lake.scan(STAGED_RECORDS).filter(of_day).with_columns(mobile=pl.lit(None, pl.String)).select(channels),
        lake.scan(STAGED_CONTACTS).filter(of_day).select(channels),
    ]
    ids = [
        lake.scan(LEAD_MAP).select("org_id", subject_id="lead_id"),
        lake.scan(LEAD_ALIASES).select("org_id", subject_id="alias_id"),
    ]
    return suite.landing(
        lake.scan(ENRICHMENT_ANSWERS).filter(of_day),
        lake.scan(ENRICHMENT_ATTEMPTS).filter(of_day),
        pl.concat(staged),
        pl.concat(ids),
        pl.lit(now),
    )

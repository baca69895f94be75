"""Checks of enrichment: whether answers are as expected, how often a field is filled, what that costs. They warn."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from dagster_project.checks.answers import answers_meet_expectations
from dagster_project.contracts import ENRICHMENT_ANSWERS, ENRICHMENT_ATTEMPTS
from dagster_project.enrichment.providers import providers
from dagster_project.enrichment.waterfall import fills_of, waterfall_for, waterfalls
from dagster_project.resources.lake import Lake
from dagster_project.settings import Settings

# Over a week, a field of which fewer are filled is asked for in vain; fewer jobs say nothing.
LEAST_FILLED, FEWEST_JOBS, DAYS = 0.2, 50, 7
# Of a day's cap: there is time to act before the money is gone.
MOST_SPENT = 0.9


@dg.asset_check(
    asset=["lake", ENRICHMENT_ATTEMPTS.name],
    description=f"At least {LEAST_FILLED:.0%} of what was asked for in {DAYS} days was filled, field by field.",
)
def fields_are_filled(lake: dg.ResourceParam[Lake]) -> dg.AssetCheckResult:
    since = datetime.now(UTC).date() - timedelta(days=DAYS)
    jobs = (
        lake.scan(ENRICHMENT_ATTEMPTS)
        .filter(pl.col("partition_date") > since)
        .group_by("field", "job_id")
        .agg(pl.col("is_filled").any())
        .group_by("field")
        .agg(pl.len().alias("jobs"), pl.col("is_filled").mean().alias("filled"))
        .collect()
    )
    poor = jobs.filter(pl.col("jobs") >= FEWEST_JOBS, pl.col("filled") < LEAST_FILLED).sort("field")
    return dg.AssetCheckResult(
        passed=poor.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"fill rate": dg.MetadataValue.json(dict(jobs.sort("field").select("field", "filled").iter_rows()))},
    )


@dg.asset_check(
    asset=["lake", ENRICHMENT_ANSWERS.name],
    description=f"Less than {MOST_SPENT:.0%} of the tenant's budget of today is spent.",
)
def spend_is_within_budget(lake: dg.ResourceParam[Lake], settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    good, _ = waterfalls(settings.yaml_dirs("waterfalls"), fills_of(providers()))
    cap = waterfall_for(None, good).budget.max_cost_per_day_usd
    today = lake.scan(ENRICHMENT_ANSWERS, settings.org_id).filter(pl.col("partition_date") == datetime.now(UTC).date())
    spent = float(today.select(pl.col("cost_usd").sum()).collect().item() or 0)
    return dg.AssetCheckResult(
        passed=cap is None or spent < MOST_SPENT * float(cap),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"spent, USD": spent, "budget, USD": float(cap) if cap is not None else "none"},
    )


def enrichment_checks() -> list[dg.AssetChecksDefinition]:
    """Every check of enrichment beside its contracts."""
    return [answers_meet_expectations, fields_are_filled, spend_is_within_budget]

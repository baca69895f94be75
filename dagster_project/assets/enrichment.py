"""Enrichment in the graph: what is asked about leads and contacts, by day, and how the providers are.

What happens is said in `enriching` and `enrichment_landing`. These assets have no upstream: whom to ask about is read
from the marts, whose records the answers join on the same day and whose resolution they take part in on the next.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime

import dagster as dg
import polars as pl
from pydantic import Field

from dagster_project.assets import metadata
from dagster_project.assets.enriching import Enrichment, Wanted
from dagster_project.assets.enrichment_landing import AnswerLanding, Landed
from dagster_project.assets.ingest import OWNER
from dagster_project.assets.partitions import DAILY
from dagster_project.assets.specs import contract_spec
from dagster_project.contracts import ENRICHMENT_ANSWERS, ENRICHMENT_ATTEMPTS, PROVIDER_HEALTH
from dagster_project.enrichment.requests import Request
from dagster_project.enrichment.rounds import Report
from dagster_project.enrichment.selection import misspelt
from dagster_project.enrichment.subject import FIELDS
from dagster_project.resources.alerts import raise_alert
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings
from dagster_project.user_yaml import YamlMistake, nearest

GROUP = "enrichment"
TABLES = (ENRICHMENT_ANSWERS, ENRICHMENT_ATTEMPTS)
HEALTH = """
select state, failures from ops.provider_health where org_id = %s and provider = %s
"""


class EnrichConfig(dg.Config):
    """What a person may ask for in the launchpad. Without anything, requests that are open are worked on."""

    fields: list[str] = Field(default=[], description=f"Fields to fill: {', '.join(FIELDS)}. None: no new request.")
    leads: list[str] = Field(default=[], description="Ids of leads or contacts; none: the campaign's, or the best.")
    campaign: str = Field(default="", description="Campaign whose leads to enrich.")
    most: int = Field(default=100, ge=1, description="How many at most, the best scored first, without ids.")
    priority: str = Field(default="normal", pattern="^(low|normal|high)$", description="low, normal or high.")
    max_usd: float | None = Field(default=None, ge=0, description="The most that this request may cost.")
    request_id: str = Field(default="", description="Id of the request; the same again goes on with it.")


@dg.multi_asset(
    name="enrichment_answers",
    specs=[
        contract_spec(table, "lake", group=GROUP, kinds={"http", "postgres", "parquet"}, owner=OWNER)
        for table in TABLES
    ],
    partitions_def=DAILY,
    pool="enrichment",
)
def enrichment_answers(
    context: dg.AssetExecutionContext,
    config: EnrichConfig,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
    settings: dg.ResourceParam[Settings],
):
    """Ask about leads and contacts, and land what was answered on the day; a past day is landed again from what is
    kept, and nobody is asked."""
    watch, reports = metadata.Stopwatch(), []
    day = date.fromisoformat(context.partition_key)
    try:
        work = Enrichment(lake, warehouse, settings)
    except YamlMistake as mistake:
        raise dg.Failure(str(mistake), allow_retries=False) from None
    try:
        if day == datetime.now(UTC).date():
            reports = [(r, work.run(r, progress_lines(context))) for r in asked(work, config, context.run.run_id)]
        landed = AnswerLanding(lake, work.connect, settings.org_id, day, context.run.run_id).land()
    finally:
        work.close()
    for request, report in reports:
        if report.reason:
            message = f"Request {request.request_id}: {report.reason}. What was answered is kept."
            raise_alert(warehouse, settings.org_id, "warning", "enrichment_stopped", request.request_id, message)
    shown = answers_metadata(lake, day, landed, [report for _, report in reports]) | {"seconds": watch.seconds()}
    for table in TABLES:
        rows = sum(each.answers for each in landed) if table is ENRICHMENT_ANSWERS else attempts_of(lake, day).height
        yield dg.MaterializeResult(asset_key=["lake", table.name], metadata={"dagster/row_count": rows, **shown})


def asked(work: Enrichment, config: EnrichConfig, run_id: str) -> list[Request]:
    """The requests to work on: the one that is asked for, or else all that are open."""
    if not config.fields:
        return work.requests.open()
    if wrong := misspelt(config.leads):
        raise dg.Failure(f'"{wrong}" is not the id of a lead or contact', allow_retries=False)
    if strange := next((name for name in config.fields if name not in FIELDS), None):
        raise dg.Failure(f'no field "{strange}"{nearest(strange, FIELDS)}', allow_retries=False)
    wanted = Wanted(
        fields=tuple(config.fields),
        leads=config.leads or None,
        campaign=config.campaign or None,
        most=None if config.leads else config.most,
        priority=config.priority,
        max_usd=config.max_usd,
    )
    request_id = config.request_id or run_id
    work.ask(wanted, work.selected(wanted), by="dagster", request_id=request_id)
    return [work.requests.get(request_id)]


def progress_lines(context: dg.AssetExecutionContext):
    """Tells the log after each round how far a request is."""

    def progress(report: Report) -> None:
        context.log.info(f"{report.asked:,} asked, {report.cached:,} remembered, ${report.cost:,.2f}")

    return progress


def attempts_of(lake: Lake, day: date) -> pl.DataFrame:
    """The attempts of a day."""
    return lake.scan(ENRICHMENT_ATTEMPTS).filter(pl.col("partition_date") == day).collect()


def answers_metadata(lake: Lake, day: date, landed: Sequence[Landed], reports: Sequence[Report]) -> dict[str, object]:
    """What came of the day: requests, what each provider brought, fill rate, cost and latency by field."""
    attempts = attempts_of(lake, day)
    by_field = (
        attempts.group_by("field")
        .agg(
            pl.col("job_id").n_unique().alias("asked about"),
            pl.col("job_id").filter(pl.col("is_filled")).n_unique().alias("filled"),
            pl.col("cost_usd").sum().cast(pl.Float64).alias("cost, USD"),
            pl.col("latency_ms").median().alias("latency p50, ms"),
        )
        .with_columns(
            (pl.col("filled") / pl.col("asked about") * 100).round(1).alias("fill rate, %"),
            (pl.col("cost, USD") / pl.when(pl.col("filled") > 0).then("filled")).alias("cost per filled field, USD"),
        )
        .sort("field")
    )
    return {
        "ended": "; ".join(f"{r.state}{f': {r.reason}' if r.reason else ''}" for r in reports) or "nothing was asked",
        "jobs": sum(r.jobs for r in reports),
        "calls": sum(r.calls for r in reports),
        "remembered": sum(r.cached for r in reports),
        "lost in flight": sum(r.lost for r in reports),
        "cost of this run, USD": float(sum(r.cost for r in reports)),
        "per provider": metadata.table(pl.DataFrame([vars(each) for each in landed])),
        "per field": metadata.table(by_field),
        "fill rate by field": metadata.bars(
            by_field["field"], by_field["fill rate, %"], "filled, % of those asked about"
        ),
        "cost per filled field": metadata.bars(by_field["field"], by_field["cost per filled field, USD"], "USD"),
        "latency by field": metadata.bars(by_field["field"], by_field["latency p50, ms"], "median, ms"),
    }


@dg.multi_asset(
    name="provider_health",
    specs=[contract_spec(PROVIDER_HEALTH, "lake", group=GROUP, kinds={"http", "postgres", "parquet"}, owner=OWNER)],
)
def provider_health(
    lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse], settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult:
    """Make each provider's account call, which costs nothing, and note its breaker."""
    work = Enrichment(lake, warehouse, settings)
    try:
        rows = asyncio.run(checked(work))
    finally:
        work.close()
    frame = pl.DataFrame(rows, schema=PROVIDER_HEALTH.polars_schema)
    lake.write(PROVIDER_HEALTH, frame, settings.org_id, "current")
    shown = frame.select("provider", "is_configured", "is_enabled", "breaker", "failures", "outcome", "latency_ms")
    configured = frame.filter("is_configured")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": frame.height,
            "providers": metadata.table(shown),
            "latency of the account call": metadata.bars(configured["provider"], configured["latency_ms"], "ms"),
            "failures in a row": metadata.bars(frame["provider"], frame["failures"], "failures"),
        }
    )


async def checked(work: Enrichment) -> list[dict[str, object]]:
    """Rows of PROVIDER_HEALTH; providers without a key, and those that are turned off, are not called."""
    rows = []
    async with work.asker() as asker:
        for name in work.all:
            attempt = await asker.check(name) if name in work.usable else None
            with work.connect(work.org_id) as connection:
                found = connection.execute(HEALTH, [work.org_id, name]).fetchone()
            breaker, failures = found or ("closed", 0)
            rows.append(
                {
                    "org_id": work.org_id,
                    "provider": name,
                    "is_configured": work.configs[name].is_configured,
                    "is_enabled": name not in work.off,
                    "breaker": breaker,
                    "failures": failures,
                    "outcome": str(attempt.verdict.outcome) if attempt else None,
                    "latency_ms": attempt.latency_seconds * 1000 if attempt and attempt.answer else None,
                    "reason": (attempt.verdict.reason or None) if attempt else None,
                    "checked_at": datetime.now(UTC),
                }
            )
    return rows

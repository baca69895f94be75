"""Campaigns in time: a partition for each file, a schedule for each cron, and the walk after each fetching.

A campaign's schedule is RUNNING by default when a source of it has a key: who writes a cron wants it to run. Files
added later get their partition by the sensor, and their schedule when the code location is reloaded.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime

import dagster as dg

from dagster_project.assets.partitions import CAMPAIGNS
from dagster_project.assets.specs import PROVIDED, provider_key
from dagster_project.automation.jobs import enrich, fetch_campaign, walk
from dagster_project.contracts import ENRICHMENT_ANSWERS
from dagster_project.enrichment.subject import FIELDS
from dagster_project.resources.alerts import raise_alert
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings
from dagster_project.sources.campaign import Campaign, campaigns, load_campaign
from dagster_project.sources.providers import adapters
from dagster_project.transport.credentials import ProviderConfig, provider_configs

# Leads of a campaign that are enriched at a time, the best scored first; the caps of the waterfalls hold besides.
MOST_ENRICHED = 10_000
# Tag of the runs that a campaign gives rise to: its fetching, and the walk after it.
CAMPAIGN = "leadhouse/campaign"
ENRICHED = dg.AssetKey(["lake", ENRICHMENT_ANSWERS.name])


@dg.sensor(
    name="campaign_sensor",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Gives each file in data/campaigns its partition; alerts on files that cannot be used.",
)
def campaign_sensor(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings], warehouse: dg.ResourceParam[Warehouse]
) -> dg.SensorResult | dg.SkipReason:
    good, mistakes = campaigns(settings.yaml_dirs("campaigns"))
    for name, mistake in mistakes.items():
        raise_alert(warehouse, settings.org_id, "warning", "campaign_mistake", name, mistake)
    known = set(context.instance.get_dynamic_partitions(CAMPAIGNS.name))
    if not (fresh := sorted(good.keys() - known)):
        return dg.SkipReason(f"no new campaign ({len(mistakes)} cannot be used)")
    return dg.SensorResult(dynamic_partitions_requests=[CAMPAIGNS.build_add_request(fresh)])


def campaign_schedules(found: Iterable[Campaign]) -> list[dg.ScheduleDefinition]:
    """One schedule per campaign that has a cron."""
    configs = provider_configs(adapters().values())
    return [campaign_schedule(campaign, configs) for campaign in found if campaign.schedule]


def campaign_schedule(campaign: Campaign, configs: dict[str, ProviderConfig]) -> dg.ScheduleDefinition:
    """Fetches the campaign's sources that have a key, for the day on which it fires."""
    has_key = any(configs[provider].is_configured for provider in campaign.providers)

    @dg.schedule(
        name=f"campaign_{campaign.name}".replace("-", "_"),
        job=fetch_campaign,
        cron_schedule=campaign.schedule.cron,
        execution_timezone=campaign.schedule.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING if has_key else dg.DefaultScheduleStatus.STOPPED,
        description=f"{campaign.title or campaign.name}: asks {', '.join(campaign.providers)}.",
    )
    def fetch_on_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        now = provider_configs(adapters()[name] for name in campaign.providers)
        asked = [name for name, config in now.items() if config.is_configured]
        if not asked:
            return dg.SkipReason("none of its sources has a key")
        # a tick that comes late asks for the day on which it comes: a live search says what is true then
        return fetch_request(campaign.name, asked, datetime.now(UTC).date())

    return fetch_on_schedule


def fetch_request(campaign: str, providers: Iterable[str], day: date) -> dg.RunRequest:
    """The run that fetches a campaign's partition of a day from some of its providers."""
    return dg.RunRequest(
        partition_key=dg.MultiPartitionKey({"campaign": campaign, "day": day.isoformat()}),
        asset_selection=[provider_key(provider) for provider in providers],
        tags={CAMPAIGN: campaign},
    )


def walk_after_fetching(status: dg.DagsterRunStatus) -> dg.SensorDefinition:
    """The sensor that walks the day when its fetching has ended so: what was fetched goes on, whatever failed."""

    @dg.run_status_sensor(
        name=f"fetched_campaign_{status.value.lower()}_sensor",
        run_status=status,
        request_job=walk,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Walks the day of a fetching that ended in {status.value.lower()}, however it was started.",
    )
    def after_fetching(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        run = context.dagster_run
        if not any(key.path[0] == PROVIDED or key == ENRICHED for key in run.asset_selection or ()):
            return dg.SkipReason("the run asked no provider")
        if "dagster/backfill" in run.tags:
            return dg.SkipReason("a backfill says itself which rooms follow")
        day = run.tags.get("dagster/partition/day") or run.tags.get("dagster/partition")
        if day is None:
            return dg.SkipReason("it was for no single day")
        campaign = {CAMPAIGN: run.tags[CAMPAIGN]} if CAMPAIGN in run.tags else {}
        return dg.RunRequest(run_key=run.run_id, partition_key=day, tags=campaign)

    return after_fetching


AFTER_FETCHING = [walk_after_fetching(status) for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)]


@dg.run_status_sensor(
    name="campaign_enrichment_sensor",
    run_status=dg.DagsterRunStatus.SUCCESS,
    request_job=enrich,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Enriches a campaign's leads after the walk that brought them, where the campaign says `enrichment`.",
)
def campaign_enrichment_sensor(
    context: dg.RunStatusSensorContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    run = context.dagster_run
    if run.job_name != walk.name or CAMPAIGN not in run.tags:
        return dg.SkipReason("it was no walk after a campaign's fetching")
    campaign = load_campaign(run.tags[CAMPAIGN], settings.yaml_dirs("campaigns"))
    if not campaign.enrichment:
        return dg.SkipReason(f"{campaign.name} does not ask for enrichment")
    fields = list(campaign.enriched_fields or FIELDS)
    config = {"campaign": campaign.name, "fields": fields, "most": MOST_ENRICHED, "request_id": run.run_id}
    return dg.RunRequest(
        run_key=run.run_id,
        partition_key=datetime.now(UTC).date().isoformat(),
        run_config={"ops": {"enrichment_answers": {"config": config}}},
    )

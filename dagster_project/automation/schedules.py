"""Schedules. What arrives by itself starts by itself (see `sensors`); a schedule is for what must be asked for."""

import dagster as dg

from dagster_project.automation.jobs import check_providers, clean_enrichment_cache, walk

daily_walk = dg.build_schedule_from_partitioned_job(
    walk,
    name="daily_walk",
    hour_of_day=5,
    # STOPPED on purpose: the inbox sensor starts the walk when files come, and nothing else is fetched yet.
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Walks the day that ended, at 05:00 UTC; turn it on when files arrive without passing the inbox.",
)

provider_checks = dg.ScheduleDefinition(
    name="provider_checks",
    job=check_providers,
    cron_schedule="*/15 * * * *",
    # STOPPED on purpose: without a key there is nobody to ask.
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Looks every 15 minutes how the enrichment providers are; turn it on once they have keys.",
)

cache_cleaning = dg.ScheduleDefinition(
    name="enrichment_cache_cleaning",
    job=clean_enrichment_cache,
    cron_schedule="0 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Drops remembered answers that have expired, every hour.",
)

ALL = (daily_walk, provider_checks, cache_cleaning)

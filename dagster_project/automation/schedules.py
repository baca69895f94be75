"""Schedules. What arrives by itself starts by itself (see `sensors`); a schedule is for what must be asked for."""

import dagster as dg

from dagster_project.automation.jobs import walk

daily_walk = dg.build_schedule_from_partitioned_job(
    walk,
    name="daily_walk",
    hour_of_day=5,
    # STOPPED on purpose: the inbox sensor starts the walk when files come, and nothing else is fetched yet.
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Walks the day that ended, at 05:00 UTC; turn it on when files arrive without passing the inbox.",
)

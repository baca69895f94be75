"""Replaying scores: past days of `fct_score_history` computed again from what was known then, day after day.

One run replays a range of days, or the day of its partition; a backfill is a run per day. What a score is, is said in
dbt; what is current (`dim_lead` and beside it) is for the walk to build.
"""

import json
import os
from datetime import date, timedelta
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource

from dagster_project.assets.partitions import DAILY
from dagster_project.resources.score_history import changed_rows, digests
from dagster_project.resources.warehouse import Warehouse

HISTORY = "fct_score_history"
RESTATED = "fct_score_restated"


class ReplayConfig(dg.Config):
    """Days to replay, both included, as YYYY-MM-DD; without them, the partition's day."""

    from_day: str | None = None
    to_day: str | None = None
    # Not as of then, but with everything known now; goes to a table of its own.
    restate: bool = False


def replay_arguments(start: date, end: date, restate: bool) -> list[str]:
    """What dbt is asked to replay the days from `start` to `end`; raises ValueError when there are none."""
    if start > end:
        raise ValueError(f"nothing to replay: {start} is after {end}")
    if restate:
        days = {"restate_from": start.isoformat(), "restate_to": end.isoformat()}
        return ["run", "--select", RESTATED, "--vars", json.dumps(days)]
    until = end + timedelta(days=1)
    return ["run", "--select", HISTORY, "--event-time-start", f"{start}", "--event-time-end", f"{until}"]


def replayed_days(config: ReplayConfig, partition: str | None) -> tuple[date, date]:
    """The first and the last day that a run replays."""
    start, end = config.from_day or partition, config.to_day or config.from_day or partition
    if not (start and end):
        raise dg.Failure("Say which days: from_day and to_day, or a partition.", allow_retries=False)
    return date.fromisoformat(start), date.fromisoformat(end)


@dg.op(pool="score_history", description="Computes past days of the score history again; tells how many rows differ.")
def replay_days(
    context: dg.OpExecutionContext, config: ReplayConfig, dbt: DbtCliResource, warehouse: dg.ResourceParam[Warehouse]
) -> dict[str, Any]:
    start, end = replayed_days(config, context.partition_key if context.has_partition_key else None)
    table = RESTATED if config.restate else HISTORY
    before = digests(warehouse, table, start, end)
    os.environ.update(warehouse.dbt_env())
    dbt.cli(replay_arguments(start, end, config.restate)).wait()
    found = changed_rows(before, digests(warehouse, table, start, end))
    told = {"from": start.isoformat(), "to": end.isoformat(), "table": f"marts.{table}", **found}
    context.add_output_metadata(told)
    return told


@dg.job(
    partitions_def=DAILY,
    description="Compute past days of the score history again, as of then; or restated, as of now, to a table apart.",
)
def replay_scores() -> None:
    replay_days()

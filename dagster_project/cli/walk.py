"""One walk in this process: receive files, fetch campaigns, run the walk job, then do what the batch sensor asks for.

`run` is the command around it; what is printed at the end is gathered in `summary`.
"""

import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TextIO

import dagster as dg

from dagster_project.assets.partitions import CAMPAIGNS
from dagster_project.automation.campaigns import fetch_request
from dagster_project.automation.progress import why
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.sources.files.inbox import deposit

PROGRESS = {"loggers": {"progress": {}}}


class WalkFailed(RuntimeError):
    """A step or a blocking check failed; the progress lines have said which."""


@dataclass
class Walk:
    """What one walk did: the runs it made and the seconds of each step."""

    run_id: str
    deliveries: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Fetching:
    """What fetching a campaign came to: why providers failed, in sentences, and the seconds of each."""

    failed: list[str]
    seconds: dict[str, float]


def receive(inputs: Sequence[tuple[Path, str]], lake: Lake, org_id: str, now: datetime) -> None:
    """Copy each file into the lake under its mapping, as received `now`; the same content again is the same file."""
    for path, mapping in inputs:
        deposit(path, mapping, lake.root, org_id, now)


def fetch(definitions: dg.Definitions, campaign: str, providers: Sequence[str], day: date) -> Fetching:
    """Run the fetching job for a campaign and some of its providers; a provider that fails stops no other."""
    instance = dg.DagsterInstance.get()
    if campaign not in instance.get_dynamic_partitions(CAMPAIGNS.name):
        instance.add_dynamic_partitions(CAMPAIGNS.name, [campaign])
    request = fetch_request(campaign, providers, day)
    result = definitions.resolve_job_def("fetch_campaign").execute_in_process(
        instance=instance,
        partition_key=request.partition_key,
        asset_selection=request.asset_selection,
        run_config=PROGRESS,
        tags=request.tags,
        raise_on_error=False,
    )
    failed = [why(event) for event in result.all_events if event.is_step_failure]
    return Fetching(failed, step_seconds(instance, result.run_id))


def walk(definitions: dg.Definitions, warehouse: Warehouse, org_id: str, day: date, log: TextIO) -> Walk:
    """Run the walk job for `day`, then evaluate the batch sensor and execute the runs it requests for `org_id`.

    What dbt prints goes to `log`. Raises WalkFailed when a run does not succeed.
    """
    instance = dg.DagsterInstance.get()
    cursor = finished_batches(warehouse)
    job = definitions.resolve_job_def("walk")
    with redirect_stdout(log):
        result = job.execute_in_process(
            instance=instance, partition_key=day.isoformat(), run_config=PROGRESS, raise_on_error=False
        )
    done = Walk(run_id=result.run_id, seconds=step_seconds(instance, result.run_id))
    if not result.success:
        raise WalkFailed(failure(result))
    for request in requested_deliveries(definitions, instance, warehouse, cursor, org_id):
        delivered = definitions.resolve_job_def("deliver_batch").execute_in_process(
            instance=instance, run_config=request.run_config | PROGRESS, tags=request.tags, raise_on_error=False
        )
        done.deliveries.append(delivered.run_id)
        done.seconds |= step_seconds(instance, delivered.run_id)
        if not delivered.success:
            raise WalkFailed(failure(delivered))
    return done


def finished_batches(warehouse: Warehouse) -> str:
    """The batch sensor's cursor as it stands before this walk, so that it asks only for what this walk finishes."""
    from dagster_project.automation.sensors import LATEST_BATCHES

    return json.dumps({row["org_id"]: row["batch_id"] for row in warehouse.query(LATEST_BATCHES).iter_rows(named=True)})


def requested_deliveries(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    warehouse: Warehouse,
    cursor: str,
    org_id: str,
) -> list[dg.RunRequest]:
    """Evaluate the real sensor once, and keep its requests for one tenant."""
    sensor = definitions.resolve_sensor_def("finished_batch_sensor")
    resources = {"warehouse": warehouse}
    with dg.build_sensor_context(instance, cursor, definitions=definitions, resources=resources) as context:
        tick = sensor.evaluate_tick(context)
    return [request for request in tick.run_requests or [] if request.tags.get("leadhouse/org") == org_id]


def step_seconds(instance: dg.DagsterInstance, run_id: str) -> dict[str, float]:
    """Wall seconds of every step of a run, as Dagster recorded them."""
    return {
        stats.step_key: round(stats.end_time - stats.start_time, 2)
        for stats in instance.get_run_step_stats(run_id)
        if stats.start_time and stats.end_time
    }


def failure(result: dg.ExecuteInProcessResult) -> str:
    """One sentence naming the failed checks, or else the failed steps, of a run."""
    checks = [
        f"{e.asset_key.to_user_string()}:{e.check_name}" for e in result.get_asset_check_evaluations() if not e.passed
    ]
    steps = [event.step_key for event in result.all_events if event.is_step_failure]
    what = f"blocking check {', '.join(checks)}" if checks else f"step {', '.join(filter(None, steps))}"
    return f"run {result.run_id} failed in {what}"

"""What answers events without waiting for a walk: alerts when they arrive, messages when there is something to say, and
the hourly sweep of what nobody answered.

`event_sensor` looks every 10 s and raises alerts itself: a run would take longer to start than the work takes.
"""

import hashlib
import json
from datetime import UTC, datetime

import dagster as dg

from dagster_project.assets.arriving import take_events
from dagster_project.assets.notifying import send_notices
from dagster_project.automation.jobs import walk
from dagster_project.delivery.channels import channels
from dagster_project.delivery.notices import due
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.response import alerts, arrivals
from dagster_project.settings import Settings

LOOK_SECONDS = 10
WAITING = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED]


@dg.sensor(
    job=walk,
    minimum_interval_seconds=LOOK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes events that arrive in the inbox and raises their alerts; asks for a walk unless one waits.",
)
def event_sensor(
    context: dg.SensorEvaluationContext,
    settings: dg.ResourceParam[Settings],
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
) -> dg.RunRequest | dg.SkipReason:
    found = take_events(lake.root, warehouse, settings)
    if not found.files:
        return dg.SkipReason(f"no events arrived ({len(found.refused)} files refused)")
    told = f"{found.events} events, {found.known} known before, {found.alerts} alerts"
    context.log.info(told)
    # A walk that has not begun will find these files in the lake.
    if context.instance.get_runs_count(dg.RunsFilter(job_name=walk.name, statuses=WAITING)):
        return dg.SkipReason(f"{told}; a walk is waiting already")
    names = "\n".join(file.path.name for file in found.files)
    return dg.RunRequest(
        run_key=hashlib.sha256(names.encode()).hexdigest(),
        partition_key=datetime.now(UTC).date().isoformat(),
        tags={"leadhouse/files": str(len(found.files))},
    )


@dg.op(description="Marks alerts that nobody took in time, and forgets events that arrived days ago.")
def mark_overdue_alerts(context: dg.OpExecutionContext, warehouse: dg.ResourceParam[Warehouse]) -> None:
    with warehouse.connect() as connection:
        overdue = alerts.sweep(connection)
        forgotten = arrivals.forget(connection)
    context.add_output_metadata({"overdue": overdue.total(), "forgotten": forgotten})


@dg.job(description="Mark alerts that nobody took in time.")
def sweep_alerts() -> None:
    mark_overdue_alerts()


@dg.op(description="Queues what alerts have to say, and sends what the outbox holds for every channel.")
def send_waiting_notices(
    context: dg.OpExecutionContext, warehouse: dg.ResourceParam[Warehouse], settings: dg.ResourceParam[Settings]
) -> None:
    context.add_output_metadata(send_notices(warehouse, settings))


@dg.job(description="Send notices about alerts and from automations to Slack and by e-mail.")
def notify() -> None:
    send_waiting_notices()


@dg.sensor(
    job=notify,
    minimum_interval_seconds=LOOK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends notices when there are any, to the channels that the settings configure.",
)
def notice_sensor(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings], warehouse: dg.ResourceParam[Warehouse]
) -> dg.RunRequest | dg.SkipReason:
    names = [channel.name for channel in channels(settings)]
    if not names:
        return dg.SkipReason("no channel is configured: LEADHOUSE_SLACK_URL, LEADHOUSE_NOTICE_EMAIL")
    with warehouse.app(settings.org_id) as connection:
        waiting = due(connection, settings.org_id, names, settings.notice_priority)
    if not waiting:
        return dg.SkipReason("nothing to say")
    running = dg.RunsFilter(job_name=notify.name, statuses=[*WAITING, dg.DagsterRunStatus.STARTED])
    if context.instance.get_runs_count(running):
        return dg.SkipReason(f"{json.dumps(waiting)} wait; a run is sending already")
    return dg.RunRequest(tags={"leadhouse/notices": str(sum(waiting.values()))})


alert_sweep = dg.ScheduleDefinition(
    name="alert_sweep",
    job=sweep_alerts,
    cron_schedule="0 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Marks alerts that nobody took in time, every hour.",
)

JOBS = (notify, sweep_alerts)
SENSORS = (event_sensor, notice_sensor)

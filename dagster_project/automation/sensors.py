"""Sensors: files that arrive start the walk; a finished batch starts the sinks.

Both are RUNNING by default. Their run keys only avoid needless runs: what is landed or sent once is decided by the
lake's partitions and by the outbox.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from dagster_project.assets.enriching import Enrichment
from dagster_project.assets.enrichment_deliveries import is_delivery, take_deliveries, waiting
from dagster_project.automation.jobs import enrich, walk
from dagster_project.resources.alerts import raise_alert
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings
from dagster_project.sources.files.inbox import inbox_files

LATEST_BATCHES = """
select distinct on (org_id) org_id, batch_id, leads
from ops.batches
order by org_id, finished_at desc
"""


@dg.sensor(
    job=walk,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts the walk when finished files lie in data/inbox/<mapping>/; alerts on files without a mapping.",
)
def inbox_sensor(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings], warehouse: dg.ResourceParam[Warehouse]
) -> dg.SensorResult | dg.SkipReason:
    ready, unmapped = inbox_files(settings.data_dir / "inbox", settings.yaml_dirs("mappings"), now=time.time())
    for path in (path for path in unmapped if not is_delivery(path)):
        message = f"No mapping is named {path.parent.name}; `leadhouse mapping suggest` proposes one for {path.name}."
        raise_alert(warehouse, settings.org_id, "warning", "unmapped_file", path.name, message)
    if not ready:
        return dg.SkipReason(f"no finished file in the inbox ({len(unmapped)} without a mapping)")
    names = "\n".join(f"{path}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path, _ in ready)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=hashlib.sha256(names.encode()).hexdigest(),
                partition_key=datetime.now(UTC).date().isoformat(),
                tags={"leadhouse/files": str(len(ready))},
            )
        ]
    )


@dg.sensor(
    job=enrich,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes answers that enrichment providers delivered into data/inbox/enrichment.<provider>/, and goes on "
    "with the requests that waited for them.",
)
def enrichment_delivery_sensor(
    context: dg.SensorEvaluationContext,
    settings: dg.ResourceParam[Settings],
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
) -> dg.RunRequest | dg.SkipReason:
    inbox = settings.data_dir / "inbox"
    if not any(waiting(inbox, time.time())):
        return dg.SkipReason("no delivery waits")
    work = Enrichment(lake, warehouse, settings)
    try:
        found = take_deliveries(work, inbox)
    finally:
        work.close()
    for name, reason in found.refused.items():
        raise_alert(warehouse, settings.org_id, "warning", "refused_delivery", name, reason)
    if not found.taken:
        return dg.SkipReason(f"{found.known} answers were known already, {len(found.refused)} files are no deliveries")
    return dg.RunRequest(partition_key=datetime.now(UTC).date().isoformat())


def batch_sensor(job: dg.JobDefinition, sinks: Sequence[dg.AssetsDefinition]) -> dg.SensorDefinition:
    """The sensor that launches `job` once for each tenant's newest finished batch."""
    sink_ops = [sink.op.name for sink in sinks]

    @dg.sensor(
        name="finished_batch_sensor",
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Launches the sinks for each tenant's newest finished batch; an older one is part of it.",
    )
    def finished_batch_sensor(
        context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.SensorResult | dg.SkipReason:
        seen = json.loads(context.cursor or "{}")
        newest = {row["org_id"]: row["batch_id"] for row in warehouse.query(LATEST_BATCHES).iter_rows(named=True)}
        fresh = {org_id: batch_id for org_id, batch_id in newest.items() if seen.get(org_id) != batch_id}
        if not fresh:
            return dg.SkipReason("no batch has finished since the last look")
        requests = [
            dg.RunRequest(
                run_key=f"{org_id}:{batch_id}",
                run_config={"ops": {op: {"config": {"org_id": org_id, "batch_id": batch_id}} for op in sink_ops}},
                tags={"leadhouse/org": org_id, "leadhouse/batch": batch_id},
            )
            for org_id, batch_id in fresh.items()
        ]
        return dg.SensorResult(run_requests=requests, cursor=json.dumps(newest))

    return finished_batch_sensor

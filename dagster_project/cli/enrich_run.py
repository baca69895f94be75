"""The run behind `leadhouse enrich`: the job `enrich` for today, then the walk, and what came of the request."""

import uuid
from datetime import date
from typing import Any

import dagster as dg
from rich.console import Console

from dagster_project.cli.walk import PROGRESS, WalkFailed, failure
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings

FIELDS = """
select r.field, r.state, count(*), coalesce(sum(r.cost_usd), 0)
from ops.enrichment_results as r
inner join ops.enrichment_jobs as j on j.org_id = r.org_id and j.job_id = r.job_id
where r.org_id = %(org_id)s and j.request_id = %(request_id)s
group by r.field, r.state order by r.field, r.state
"""
REQUEST = """
select state, reason from ops.enrichment_requests where org_id = %(org_id)s and request_id = %(request_id)s
"""


def enriched(conf: Settings, console: Console, config: dict[str, Any], day: date) -> dict[str, Any]:
    """Ask, land and walk. Raises WalkFailed when a step or a blocking check fails."""
    from dagster_project.cli.environment import prepare
    from dagster_project.cli.run import walk_files
    from dagster_project.definitions import build_definitions

    warehouse, request_id = prepare(conf), uuid.uuid4().hex
    result = (
        build_definitions()
        .resolve_job_def("enrich")
        .execute_in_process(
            instance=dg.DagsterInstance.get(),
            partition_key=day.isoformat(),
            run_config=PROGRESS | {"ops": {"enrichment_answers": {"config": config | {"request_id": request_id}}}},
            raise_on_error=False,
        )
    )
    if not result.success:
        raise WalkFailed(failure(result))
    walk_files(console, conf, [])
    return figures(warehouse, conf.org_id, request_id)


def figures(warehouse: Warehouse, org_id: str, request_id: str) -> dict[str, Any]:
    """The state of a request, and of its fields: how many are in which state, and what they cost."""
    values = {"org_id": org_id, "request_id": request_id}
    with warehouse.app(org_id) as connection:
        state, reason = connection.execute(REQUEST, values).fetchone()
        rows = connection.execute(FIELDS, values).fetchall()
    fields: dict[str, dict[str, Any]] = {}
    for name, said, count, cost in rows:
        own = fields.setdefault(name, {"cost_usd": 0})
        own[said] = count
        own["cost_usd"] += cost
    return {"request_id": request_id, "state": state, "reason": reason, "fields": fields}

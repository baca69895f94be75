"""What follows a walk: alerts for signals that found their lead only now, and automations. Thin shells.

Alerts of events whose lead is known are raised on arrival (`arriving`); the two find each other's by event and signal.
"""

import dagster as dg
import polars as pl

from dagster_project.assets import metadata
from dagster_project.assets.automating import run_automations, totals
from dagster_project.resources.warehouse import Warehouse
from dagster_project.response import alerts
from dagster_project.settings import Settings

GROUP, KINDS, OWNERS = "response", {"postgres"}, ["team:sales-ops"]
TENANTS = "select distinct org_id from intermediate.int_signals order by org_id"


@dg.asset(
    key=["response", "signal_alerts"],
    deps=[dg.AssetKey(["intermediate", "int_signals"]), dg.AssetKey(["marts", "fct_lead_intelligence"])],
    group_name=GROUP,
    kinds=KINDS,
    owners=OWNERS,
    description="Alerts about fresh signals, each with a time to answer in. One row per event and signal type.",
)
def signal_alerts(context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult:
    """Raise, tenant by tenant, what the arrival of the events could not: their leads came later."""
    watch, raised = metadata.Stopwatch(), 0
    for org_id in warehouse.query(TENANTS)["org_id"]:
        with warehouse.connect() as connection:
            raised += alerts.raise_standing(connection, org_id)
    return dg.MaterializeResult(metadata={"dagster/row_count": raised, "seconds": watch.seconds()})


@dg.asset(
    key=["response", "automation_runs"],
    deps=[
        signal_alerts,
        *(dg.AssetKey(["marts", name]) for name in ("dim_lead", "fct_lead_intelligence", "fct_threshold_crossings")),
    ],
    group_name=GROUP,
    kinds=KINDS,
    owners=OWNERS,
    description="What automations answered. One row per automation, lead and bucket of days.",
)
def automation_runs(
    context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse], settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult:
    """Run the automations on what the marts say now; notices wait in the outbox for the notice sensor."""
    watch = metadata.Stopwatch()
    ran = run_automations(warehouse, settings)
    rows = [(name, state, count) for name, states in ran.items() for state, count in sorted(states.items())]
    told = pl.DataFrame(rows, schema={"automation": pl.String, "state": pl.String, "leads": pl.Int64}, orient="row")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": totals(ran).total(),
            "seconds": watch.seconds(),
            "by automation": metadata.table(told),
        }
    )

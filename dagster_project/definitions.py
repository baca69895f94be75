"""The one page that knows every room.

`build_definitions` assembles the code location; tests call it with resources of their own. Importing this module needs
no environment variable, and starts nothing.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dagster_project import settings
from dagster_project.assets import deliver, ingest, marts, resolve, staging, warehouse
from dagster_project.automation import jobs, schedules, sensors
from dagster_project.automation.progress import progress_logger
from dagster_project.checks.contracts import lake_checks
from dagster_project.delivery.sync import load_syncs
from dagster_project.resources.configurable import LakeFactory, SettingsFactory, WarehouseFactory


def build_definitions(resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The whole code location; `resources` replace the default ones by name (lake, warehouse, settings, dbt)."""
    sinks = deliver.sink_assets(load_syncs(settings.load().yaml_dirs("syncs")).values())
    delivery = jobs.deliver_job(sinks)
    return dg.Definitions(
        assets=[
            ingest.land_files,
            staging.normalize_records,
            resolve.resolve_entities,
            warehouse.load_warehouse,
            marts.lead_marts,
            deliver.lead_batch,
            *sinks,
        ],
        asset_checks=lake_checks(daily=[*ingest.TABLES, *staging.TABLES], whole=resolve.TABLES),
        jobs=[jobs.walk, delivery],
        schedules=[schedules.daily_walk],
        sensors=[sensors.inbox_sensor, sensors.batch_sensor(delivery, sinks)],
        resources={
            "lake": LakeFactory(),
            "warehouse": WarehouseFactory(),
            "settings": SettingsFactory(),
            "dbt": marts.dbt_resource(),
            **(resources or {}),
        },
        loggers={"progress": progress_logger},
        # A process per step costs about 5 CPU-seconds of imports each; the walk's steps are few and fat.
        executor=dg.in_process_executor,
    )


defs = build_definitions()

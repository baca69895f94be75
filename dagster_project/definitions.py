"""The one page that knows every room.

`build_definitions` assembles the code location; tests call it with resources of their own. Importing this module needs
no environment variable, and starts nothing.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dagster_project import settings
from dagster_project.assets import (
    campaigns,
    changes,
    deliver,
    enrichment,
    ingest,
    marts,
    providers,
    resolve,
    responding,
    staging,
    warehouse,
)
from dagster_project.automation import campaigns as campaign_automation
from dagster_project.automation import jobs, responses, schedules, sensors
from dagster_project.automation.progress import progress_logger
from dagster_project.checks.contracts import lake_checks
from dagster_project.checks.enrichment import enrichment_checks
from dagster_project.contracts import PROVIDER_HEALTH
from dagster_project.delivery.sync import load_syncs
from dagster_project.resources.configurable import LakeFactory, SettingsFactory, WarehouseFactory
from dagster_project.sources.campaign import campaigns as load_campaigns
from dagster_project.sources.providers import adapters


def build_definitions(resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The whole code location; `resources` replace the default ones by name (lake, warehouse, settings, dbt)."""
    conf = settings.load()
    sinks = deliver.sink_assets(load_syncs(conf.yaml_dirs("syncs")).values())
    delivery = jobs.deliver_job(sinks)
    found, _ = load_campaigns(conf.yaml_dirs("campaigns"))
    return dg.Definitions(
        assets=[
            *providers.provider_assets(adapters().values()),
            ingest.land_files,
            campaigns.declare_campaigns,
            changes.find_changes,
            staging.normalize_records,
            resolve.resolve_entities,
            warehouse.load_warehouse,
            marts.lead_marts,
            enrichment.enrichment_answers,
            enrichment.provider_health,
            responding.signal_alerts,
            responding.automation_runs,
            deliver.lead_batch,
            *sinks,
        ],
        asset_checks=[
            *lake_checks(
                daily=[*ingest.TABLES, *changes.TABLES, *staging.TABLES, *enrichment.TABLES],
                whole=[*campaigns.TABLES, *resolve.TABLES, PROVIDER_HEALTH],
            ),
            *enrichment_checks(),
        ],
        jobs=[*jobs.ALL, *responses.JOBS, delivery],
        schedules=[*schedules.ALL, responses.alert_sweep, *campaign_automation.campaign_schedules(found.values())],
        sensors=[
            sensors.inbox_sensor,
            sensors.enrichment_delivery_sensor,
            *responses.SENSORS,
            campaign_automation.campaign_sensor,
            *campaign_automation.AFTER_FETCHING,
            campaign_automation.campaign_enrichment_sensor,
            sensors.batch_sensor(delivery, sinks),
        ],
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

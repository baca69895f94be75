"""The dbt project as Dagster assets: one asset per model, one check per data test, one step for all."""

import os
import sys
from pathlib import Path

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, DbtProject, dbt_assets

from dagster_project.resources.mirror import row_count
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import PROJECT_ROOT

DBT_DIR = PROJECT_ROOT / "dbt"
DBT_PROJECT = DbtProject(project_dir=DBT_DIR, profiles_dir=DBT_DIR)
DBT_PROJECT.prepare_if_dev()


class Translator(DagsterDbtTranslator):
    """Groups models by layer and marts by folder, so that the graph reads like the walk; dbt's groups name owners."""

    def get_asset_spec(self, manifest, unique_id, project):
        spec = super().get_asset_spec(manifest, unique_id, project)
        props = self.get_resource_props(manifest, unique_id)
        if props["resource_type"] == "source":
            return spec
        layer, *folders = props["fqn"][1:-1] or [props["resource_type"] + "s"]
        group = manifest["groups"][f"group.{props['package_name']}.{props['config']['group']}"]
        return spec.replace_attributes(
            group_name=folders[0] if layer == "marts" else layer,
            kinds={"dbt", "postgres"},
            owners=[f"team:{group['owner']['name']}"],
        )


@dbt_assets(
    manifest=DBT_PROJECT.manifest_path,
    project=DBT_PROJECT,
    dagster_dbt_translator=Translator(settings=DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True)),
)
def lead_marts(context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: dg.ResourceParam[Warehouse]):
    """`dbt build`: staging, intermediate, marts, with their tests; a failed test stops what is downstream.

    Unit tests ask nothing of the data, so they are left to `make test`; in every walk they would take half of the time.
    """
    os.environ.update(warehouse.dbt_env())
    for event in dbt.cli(["build", "--exclude-resource-type", "unit_test"], context=context).stream():
        yield with_row_count(context, warehouse, event)


def with_row_count(context: dg.AssetExecutionContext, warehouse: Warehouse, event: object) -> object:
    """The event with its mart's row count; dagster-dbt's own count names the database that dbt was parsed against."""
    if not isinstance(event, dg.Output):
        return event
    schema, *rest = context.asset_key_for_output(event.output_name).path
    if schema != "marts":
        return event
    return event.with_metadata({**event.metadata, "dagster/row_count": row_count(warehouse, schema, rest[-1])})


def dbt_resource() -> DbtCliResource:
    """dbt beside this Python: construction fails when `dbt` is merely not on PATH."""
    return DbtCliResource(project_dir=DBT_PROJECT, dbt_executable=str(Path(sys.executable).with_name("dbt")))

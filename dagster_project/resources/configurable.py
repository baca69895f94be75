"""Dagster's face of the stores: each resource is configuration that yields a plain domain object.

Asset bodies receive the `Lake` and the `Warehouse` themselves. Keep store logic in the modules beside this one.
"""

import dagster as dg

from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings, load


class SettingsFactory(dg.ConfigurableResource):
    """The environment's settings, read when a run starts, so that importing the definitions needs no variable."""

    def create_resource(self, context: dg.InitResourceContext) -> Settings:
        return load()


class LakeFactory(dg.ConfigurableResource):
    """The lake under the data folder."""

    def create_resource(self, context: dg.InitResourceContext) -> Lake:
        return Lake(load().data_dir / "lake")


class WarehouseFactory(dg.ConfigurableResource):
    """PostgreSQL: `DATABASE_URL`, or the embedded one, started when it is not running."""

    def create_resource(self, context: dg.InitResourceContext) -> Warehouse:
        return Warehouse(load()).ensure()

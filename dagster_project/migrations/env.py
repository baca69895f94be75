"""Alembic's entry point: runs the migrations in one transaction, one process at a time.

`Warehouse.migrate()` passes the URL; a developer's `alembic revision` takes it from the settings. Tables of dbt and of
the mirror are not migrated: they can be built again.
"""

from alembic import context
from sqlalchemy import NullPool, create_engine, text

from dagster_project import settings
from dagster_project.resources.warehouse import Warehouse


def run() -> None:
    url = context.config.attributes.get("url") or Warehouse(settings.load()).owner_url(driver="psycopg2")
    with create_engine(url, poolclass=NullPool).begin() as connection:
        # the versions are read after the lock, so whoever waited finds nothing left to do
        connection.execute(text("select pg_advisory_xact_lock(hashtextextended('leadhouse migrations', 0))"))
        connection.execute(text("create schema if not exists ops"))
        context.configure(connection=connection, version_table_schema="ops")
        context.run_migrations()


run()

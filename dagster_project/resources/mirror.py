"""Brings schema `lake` of the warehouse to the state of the lake, partition by partition.

A partition is loaded when its file is not the one loaded last. The note of it is written after the load: killed in
between, the same partition is loaded again, with the same result.
"""

from pathlib import Path

import polars as pl
from psycopg import sql

from dagster_project.contracts import (
    CAMPAIGNS,
    LEAD_ALIASES,
    LEAD_MAP,
    MERGE_GRAPH,
    PROVIDER_HEALTH,
    QUARANTINED_RECORDS,
    REVIEW_PAIRS,
    VERTICALS,
    Table,
)
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse

DAILY = ("org_id", "source", "partition_date")
# Columns that the parts of a partition's path stand for, where they are not (org, source, day).
PARTITION_COLUMNS = {
    QUARANTINED_RECORDS.name: ("stage", *DAILY),
    MERGE_GRAPH.name: ("org_id", "kind"),
    REVIEW_PAIRS.name: ("org_id", "kind"),
    # the second part is always `current`
    CAMPAIGNS.name: ("org_id", None),
    VERTICALS.name: ("org_id", None),
    PROVIDER_HEALTH.name: ("org_id", None),
}
# Never rewritten, only added to: their partitions are versions.
APPEND_ONLY = {LEAD_MAP.name, LEAD_ALIASES.name}

NOTE = """
insert into ops.lake_loads (table_name, lake_partition, file_version) values (%s, %s, %s)
on conflict (table_name, lake_partition) do update set file_version = excluded.file_version, loaded_at = now()
"""


def refresh(lake: Lake, warehouse: Warehouse, table: Table) -> list[tuple[str, int]]:
    """Load what changed and drop what is gone; returns (partition, rows) of what was loaded, in order."""
    # versions are read before the rows: a file replaced meanwhile is loaded again, instead of never
    files = {parts: version(lake.path(table, *parts)) for parts in lake.partitions(table)}
    if not warehouse.mirror_is_current(table):
        return refill(lake, warehouse, table, files)
    with warehouse.connect() as connection:
        noted = dict(
            connection.execute(
                "select lake_partition, file_version from ops.lake_loads where table_name = %s", [table.name]
            ).fetchall()
        )
    gone = sorted(noted.keys() - {"/".join(parts) for parts in files})
    if gone and table.name in APPEND_ONLY:  # its rows do not say which partition they came from
        return refill(lake, warehouse, table, files)
    for name in gone:
        load(warehouse, table, tuple(name.split("/")), table.empty())
        forget(warehouse, table, name)
    changed = [parts for parts, found in files.items() if noted.get("/".join(parts)) != found]
    loaded = []
    for parts in changed:
        loaded.append(("/".join(parts), load(warehouse, table, parts, pl.scan_parquet(lake.path(table, *parts)))))
        note(warehouse, table, {parts: files[parts]})
    return loaded


def refill(lake: Lake, warehouse: Warehouse, table: Table, files: dict[tuple[str, ...], str]) -> list[tuple[str, int]]:
    """Make the mirror's table anew from the whole lake: it was missing, its contract has changed, or versions went."""
    rows = warehouse.mirror(table, lake.scan(table))
    forget(warehouse, table)
    note(warehouse, table, files)
    return [("all", rows)] if rows else []


def load(warehouse: Warehouse, table: Table, parts: tuple[str, ...], frame: pl.DataFrame | pl.LazyFrame) -> int:
    """Load one partition in place of what the mirror has of it."""
    if table.name in APPEND_ONLY:
        return warehouse.mirror(table, frame, append=True)
    columns = PARTITION_COLUMNS.get(table.name, DAILY)
    where = {column: part for column, part in zip(columns, parts, strict=True) if column}
    return warehouse.mirror(table, frame, where=where)


def row_count(warehouse: Warehouse, schema: str, table: str) -> int:
    """Rows of a table, of every tenant."""
    with warehouse.connect() as connection:
        counted = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table)))
        return counted.fetchone()[0]


def version(path: Path) -> str:
    """Changes whenever the lake replaces the file; writing the same bytes again keeps the file and its time."""
    found = path.stat()
    return f"{found.st_size}:{found.st_mtime_ns}"


def note(warehouse: Warehouse, table: Table, files: dict[tuple[str, ...], str]) -> None:
    with warehouse.connect() as connection, connection.cursor() as cursor:
        cursor.executemany(NOTE, [(table.name, "/".join(parts), found) for parts, found in files.items()])


def forget(warehouse: Warehouse, table: Table, name: str | None = None) -> None:
    with warehouse.connect() as connection:
        connection.execute(
            "delete from ops.lake_loads "
            "where table_name = %(table)s and lake_partition = coalesce(%(name)s, lake_partition)",
            {"table": table.name, "name": name},
        )

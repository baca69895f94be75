"""Hand-made records and a short way to resolve them."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from dagster_project.contracts import LEAD_MAP
from dagster_project.resolution.kinds import kind_named
from dagster_project.resolution.runner import Resolution, resolve

START = datetime(2026, 1, 1, tzinfo=UTC)

REQUIRED = {
    "org_id": "acme",
    "provider": "test",
    "source": "test",
    "partition_date": START.date(),
    "fetched_at": START,
    "payload_hash": "0",
    "provenance": "{}",
    "vertical": "other",
    "consent": "unknown",
}


def record_id(key: str) -> str:
    """A record id that a test can predict."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, key))


def staged(kind: str, *rows: dict) -> pl.DataFrame:
    """Rows of the kind's staged table from their interesting columns; `key` names the record."""
    table = kind_named(kind).table
    full = [
        {**REQUIRED, **row, "record_id": record_id(row["key"]), "provider_key": row["key"]} for row in map(dict, rows)
    ]
    known = [{name: value for name, value in row.items() if name in table.names} for row in full]
    return table.conform(pl.DataFrame(known, schema_overrides=_overrides(table, known)))


def _overrides(table, rows: list[dict]) -> dict:
    used = {name for row in rows for name in row}
    return {name: dtype for name, dtype in table.polars_schema.items() if name in used}


def run(frame: pl.DataFrame, kind: str = "business", **options) -> Resolution:
    """Resolve with an empty map, one day after the start, unless told otherwise."""
    defaults = {"org_id": "acme", "previous": LEAD_MAP.empty(), "now": START + timedelta(days=1), "threads": 1}
    return resolve(frame.lazy(), kind, **(defaults | options))


def groups(resolution: Resolution) -> set[frozenset[str]]:
    """The clusters of more than one record, as sets of record ids."""
    members = resolution.current.group_by("lead_id").agg("record_id")["record_id"]
    return {frozenset(m) for m in members.to_list() if len(m) > 1}


@pytest.fixture
def pair() -> Callable[..., bool]:
    """Whether two records, given as dicts of columns, become one lead."""

    def is_one_lead(left: dict, right: dict, kind: str = "business") -> bool:
        frame = staged(kind, {"key": "left"} | left, {"key": "right"} | right)
        return bool(groups(run(frame, kind)))

    return is_one_lead

"""The mirror: values on their way into PostgreSQL, replacing, appending, changed contracts."""

import datetime as dt
import json
from decimal import Decimal

import polars as pl
import psycopg
import pytest

from dagster_project.contracts import ALERTS, EVENTS, STAGED_RECORDS, TABLES, Column, ContractError, Table, Type
from dagster_project.resources import warehouse_load
from dagster_project.resources.warehouse import Warehouse

NOW = dt.datetime(2026, 11, 23, 12, 30, 15, 123456, tzinfo=dt.UTC)
AWKWARD = "Zoë, \"the\n\\ baker' \t {x}\r\n\\."

VALUES = {
    Type.TEXT: [AWKWARD, "", "plain"],
    Type.UUID: ["00000000-0000-5000-8000-000000000001"] * 3,
    Type.INT: [2**62, -1, 0],
    Type.FLOAT: [1.5, -0.0, 1e300],
    Type.BOOL: [True, False, True],
    Type.DATE: [dt.date(2026, 2, 28), dt.date(1899, 12, 31), dt.date(2026, 1, 1)],
    Type.TIMESTAMP: [NOW, NOW.replace(microsecond=0), NOW],
    Type.MONEY: [Decimal("12345678901234.5678"), Decimal("-0.0001"), Decimal(0)],
    Type.JSON: ['{"a": "b\\n"}', "[]", '"x"'],
    Type.TEXT_LIST: [[AWKWARD, "", "a,b"], [], [None, "NULL"]],
}


def sample(table: Table) -> pl.DataFrame:
    """Three rows with awkward values, distinct in the text columns of the key, and one of them null where it may be."""
    columns = {}
    for column in table.columns:
        values = list(VALUES[column.type])
        if column.name == "org_id":
            values = ["default", "default", "other"]
        elif column.name in table.key and column.type is Type.TEXT:
            values = [f"{AWKWARD}{n}" for n in range(3)]
        elif not column.required and column.name not in table.key:
            values[1] = None
        columns[column.name] = values
    frame = pl.DataFrame(columns, schema=table.polars_schema, strict=False)
    uuids = [c.name for c in table.columns if c.type is Type.UUID]
    return frame.with_columns(pl.col(name).str.head(-1) + pl.int_range(pl.len()).cast(pl.String) for name in uuids)


def count(warehouse: Warehouse, table: Table) -> int:
    return warehouse.query(f"select count(*) from lake.{table.name}").item()


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (r'{"a": "x\u0000y"}', r'{"a": "xy"}'),
        (r'{"a": "x\\u0000y"}', r'{"a": "x\\u0000y"}'),
        (r'{"a": "\\\u0000\u0000"}', r'{"a": "\\"}'),
        (r'{"a": "\ud83d\ude00 \ud83d x \ude00"}', r'{"a": "\ud83d\ude00 \ufffd x \ufffd"}'),
        (r'{"a": "\uD83D\uDE00\u00e9\n"}', r'{"a": "\uD83D\uDE00\u00e9\n"}'),
    ],
)
def test_only_escapes_that_jsonb_refuses_are_repaired(text: str, stored: str) -> None:
    assert warehouse_load.storable_json(text) == stored
    json.loads(stored)


@pytest.mark.integration
@pytest.mark.parametrize("name", TABLES)
def test_every_contract_table_comes_back_from_the_mirror_as_it_went_in(clean_warehouse: Warehouse, name: str) -> None:
    table, frame = TABLES[name], sample(TABLES[name])
    assert clean_warehouse.mirror(table, frame) == 3
    assert clean_warehouse.mirror(table, frame.lazy()) == 3
    columns = ", ".join(f"{c.name}::text" if c.type in (Type.MONEY, Type.JSON) else c.name for c in table.columns)
    back = clean_warehouse.query(f"select {columns} from lake.{name}").cast(table.polars_schema)
    assert back.sort(table.key).equals(frame.sort(table.key))


@pytest.mark.integration
def test_nul_is_stripped_and_refused_json_is_repaired(clean_warehouse: Warehouse) -> None:
    frame = sample(EVENTS).with_columns(
        event_type=pl.lit("a\0b"), properties=pl.Series(['{"a": "\\u0000\\ud800"}', '{"b": 1}', "{}"])
    )
    clean_warehouse.mirror(EVENTS, frame)
    found = clean_warehouse.query("select event_type, properties from lake.events where properties ? 'a'")
    assert found.row(0) == ("ab", '{"a": "�"}')


@pytest.mark.integration
def test_where_replaces_only_the_rows_it_names(clean_warehouse: Warehouse) -> None:
    frame = sample(STAGED_RECORDS)
    clean_warehouse.mirror(STAGED_RECORDS, frame)
    part = frame.head(1).with_columns(name=pl.lit("new"))
    where = {"org_id": "default", "source": part["source"][0], "partition_date": "2026-02-28"}
    assert clean_warehouse.mirror(STAGED_RECORDS, part, where=where) == 1
    assert count(clean_warehouse, STAGED_RECORDS) == 3
    assert clean_warehouse.mirror(STAGED_RECORDS, STAGED_RECORDS.empty(), where=where) == 0
    assert count(clean_warehouse, STAGED_RECORDS) == 2


@pytest.mark.integration
def test_rows_outside_where_are_refused_and_nothing_changes(two_tenants: Warehouse) -> None:
    stray = sample(ALERTS)
    with pytest.raises(ValueError, match="rows outside org_id"):
        two_tenants.mirror(ALERTS, stray, where={"org_id": "a"})
    with pytest.raises(ValueError, match="no columns"):
        two_tenants.mirror(ALERTS, stray, where={"nonsense": "a"})
    with pytest.raises(ValueError, match="names no column"):
        two_tenants.mirror(ALERTS, stray, where={})
    assert count(two_tenants, ALERTS) == 3


@pytest.mark.integration
def test_a_load_that_fails_half_way_leaves_the_old_rows(two_tenants: Warehouse) -> None:
    frame = sample(ALERTS)
    with pytest.raises(psycopg.errors.UniqueViolation):
        two_tenants.mirror(ALERTS, pl.concat([frame, frame]))
    with pytest.raises(ContractError):
        two_tenants.mirror(ALERTS, frame.with_columns(extra=1))
    assert count(two_tenants, ALERTS) == 3


@pytest.mark.integration
def test_appending_again_adds_nothing(two_tenants: Warehouse) -> None:
    frame = sample(ALERTS).with_columns(org_id=pl.lit("c"))
    assert two_tenants.mirror(ALERTS, frame, append=True) == 3
    assert two_tenants.mirror(ALERTS, frame, append=True) == 0
    assert count(two_tenants, ALERTS) == 6


@pytest.mark.integration
def test_a_changed_contract_asks_for_a_load_of_all_rows(two_tenants: Warehouse) -> None:
    changed = Table(
        ALERTS.name, ALERTS.description, ALERTS.grain, ALERTS.key, (*ALERTS.columns, Column("extra", Type.INT, "New."))
    )
    with two_tenants.connect() as connection:
        connection.execute("create view staging.alerts as select * from lake.alerts")
    assert two_tenants.mirror_is_current(ALERTS)
    assert not two_tenants.mirror_is_current(changed)
    frame = sample(changed)
    for partial in ({"where": {"org_id": "a"}}, {"append": True}):
        with pytest.raises(warehouse_load.MirrorOutdated):
            two_tenants.mirror(changed, frame, **partial)
    assert two_tenants.mirror(changed, frame) == 3
    assert two_tenants.mirror_is_current(changed)
    with two_tenants.app("other") as connection:
        assert connection.execute("select count(*) from lake.alerts").fetchone()[0] == 1

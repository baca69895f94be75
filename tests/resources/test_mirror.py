"""The mirror follows the lake: what is loaded, what is left alone, what goes."""

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from dagster_project.contracts import EVENTS, LEAD_MAP, MERGE_GRAPH, PROVIDER_HEALTH, QUARANTINED_RECORDS, Table, Type
from dagster_project.resources.lake import Lake
from dagster_project.resources.mirror import refresh, row_count
from dagster_project.resources.warehouse import Warehouse

pytestmark = pytest.mark.integration

NOW = dt.datetime(2026, 11, 23, 12, 30, 15, 123456, tzinfo=dt.UTC)
MONDAY, TUESDAY = "2026-11-23", "2026-11-24"

# Holds a load back when it has read the partition's file and not yet committed.
HOLD_LOADS = """
create function lake.hold() returns trigger language plpgsql
as 'begin perform pg_advisory_xact_lock_shared(42); return null; end';
create trigger hold after insert on lake.events for each statement execute function lake.hold();
select pg_advisory_lock(42);
"""
HELD = """
select count(*) > 0 from pg_locks
where locktype = 'advisory' and not granted and objid = 42
  and database = (select oid from pg_database where datname = current_database())
"""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Events of two tenants: three of tenant a on two days, one of tenant b under an id that a has too."""
    found = Lake(tmp_path / "lake")
    put_events(found, "a", MONDAY, "1", "2")
    put_events(found, "a", TUESDAY, "3")
    put_events(found, "b", MONDAY, "1")
    return found


def put_events(lake: Lake, org_id: str, day: str, *ids: str, kind: str = "page_view") -> None:
    row = {
        "org_id": org_id,
        "occurred_at": NOW,
        "received_at": NOW,
        "event_type": kind,
        "properties": '{"a": 1}',
        "source": "web",
        "partition_date": dt.date.fromisoformat(day),
    }
    frame = EVENTS.conform(pl.DataFrame([{"event_id": n, **row} for n in ids], schema_overrides=EVENTS.polars_schema))
    lake.write(EVENTS, frame, org_id, "web", day)


def filled(table: Table, **values: object) -> pl.DataFrame:
    """One row with something in every required column."""
    fill = {Type.UUID: "00000000-0000-5000-8000-000000000001", Type.TIMESTAMP: NOW, Type.JSON: "{}", Type.TEXT: "x"}
    row = {c.name: fill.get(c.type, 1) for c in table.columns if c.required}
    return table.conform(pl.DataFrame([row | values]))


def in_lake(lake: Lake, table: Table) -> pl.DataFrame:
    return lake.scan(table).collect().sort(table.key)


def in_mirror(warehouse: Warehouse, table: Table) -> pl.DataFrame:
    columns = ", ".join(f"{c.name}::text" if c.type in (Type.MONEY, Type.JSON) else c.name for c in table.columns)
    return warehouse.query(f"select {columns} from lake.{table.name}").cast(table.polars_schema).sort(table.key)


def places(warehouse: Warehouse, table: Table = EVENTS) -> set[tuple[str, str]]:
    """Where each row is stored, and by which transaction: a row that was copied again has another place."""
    return set(warehouse.query(f"select ctid::text, xmin::text from lake.{table.name}").iter_rows())


def test_the_mirror_holds_what_the_lake_holds(lake: Lake, clean_warehouse: Warehouse):
    refresh(lake, clean_warehouse, EVENTS)
    assert in_mirror(clean_warehouse, EVENTS).equals(in_lake(lake, EVENTS))
    assert row_count(clean_warehouse, "lake", "events") == 4


def test_partitions_that_come_later_are_loaded_by_name_with_their_rows(lake: Lake, clean_warehouse: Warehouse):
    refresh(lake, clean_warehouse, EVENTS)
    put_events(lake, "b", TUESDAY, "4", "5")
    put_events(lake, "c", MONDAY, "1")
    assert refresh(lake, clean_warehouse, EVENTS) == [(f"b/web/{TUESDAY}", 2), (f"c/web/{MONDAY}", 1)]
    assert in_mirror(clean_warehouse, EVENTS).equals(in_lake(lake, EVENTS))


def test_nothing_is_copied_when_nothing_has_changed(lake: Lake, clean_warehouse: Warehouse):
    refresh(lake, clean_warehouse, EVENTS)
    before = places(clean_warehouse)
    put_events(lake, "a", TUESDAY, "3")  # the same rows once more, as a backfill writes them
    assert refresh(lake, clean_warehouse, EVENTS) == []
    assert places(clean_warehouse) == before


def test_a_changed_partition_replaces_its_rows_and_no_others(lake: Lake, clean_warehouse: Warehouse):
    refresh(lake, clean_warehouse, EVENTS)
    before = places(clean_warehouse)
    put_events(lake, "a", MONDAY, "1", kind="demo_request")
    assert refresh(lake, clean_warehouse, EVENTS) == [(f"a/web/{MONDAY}", 1)]
    assert in_mirror(clean_warehouse, EVENTS).equals(in_lake(lake, EVENTS))
    assert len(places(clean_warehouse) & before) == 2


def test_the_rows_of_a_removed_partition_go_and_stay_away(lake: Lake, clean_warehouse: Warehouse):
    refresh(lake, clean_warehouse, EVENTS)
    lake.remove(EVENTS, "a", "web", MONDAY)
    for _ in range(2):
        assert refresh(lake, clean_warehouse, EVENTS) == []
        assert in_mirror(clean_warehouse, EVENTS).equals(in_lake(lake, EVENTS))
    assert clean_warehouse.query("select org_id, event_id from lake.events order by 1").rows() == [
        ("a", "3"),
        ("b", "1"),
    ]


def test_a_tenant_finds_its_own_rows_in_the_mirror(lake: Lake, clean_warehouse: Warehouse):
    refresh(lake, clean_warehouse, EVENTS)
    for org_id, ids in (("a", ["1", "2", "3"]), ("b", ["1"]), ("c", [])):
        with clean_warehouse.app(org_id) as connection:
            found = connection.execute("select event_id from lake.events order by event_id").fetchall()
        assert [event_id for (event_id,) in found] == ids


def test_an_empty_lake_makes_an_empty_table(clean_warehouse: Warehouse, tmp_path: Path):
    assert refresh(Lake(tmp_path / "nothing"), clean_warehouse, EVENTS) == []
    assert row_count(clean_warehouse, "lake", "events") == 0


def test_a_mirror_that_was_lost_is_filled_from_the_whole_lake(lake: Lake, clean_warehouse: Warehouse):
    refresh(lake, clean_warehouse, EVENTS)
    with clean_warehouse.connect() as connection:
        connection.execute("drop table lake.events")
    assert refresh(lake, clean_warehouse, EVENTS) == [("all", 4)]
    assert refresh(lake, clean_warehouse, EVENTS) == []


def test_a_load_whose_note_was_lost_is_repeated_with_the_same_result(lake: Lake, clean_warehouse: Warehouse):
    refresh(lake, clean_warehouse, EVENTS)
    with clean_warehouse.connect() as connection:
        connection.execute("delete from ops.lake_loads where lake_partition = %s", [f"a/web/{MONDAY}"])
    assert refresh(lake, clean_warehouse, EVENTS) == [(f"a/web/{MONDAY}", 2)]
    assert in_mirror(clean_warehouse, EVENTS).equals(in_lake(lake, EVENTS))


def test_a_partition_replaced_while_it_is_loaded_is_loaded_again(lake: Lake, clean_warehouse: Warehouse):
    refresh(lake, clean_warehouse, EVENTS)
    put_events(lake, "b", TUESDAY, "4")
    with ThreadPoolExecutor() as pool, clean_warehouse.connect(autocommit=True) as connection:
        connection.execute(HOLD_LOADS)
        slow = pool.submit(refresh, lake, clean_warehouse, EVENTS)
        deadline = time.monotonic() + 30
        while not connection.execute(HELD).fetchone()[0] and time.monotonic() < deadline:
            time.sleep(0.02)
        put_events(lake, "b", TUESDAY, "4", "5")
        connection.execute("select pg_advisory_unlock(42)")
        assert slow.result(30) == [(f"b/web/{TUESDAY}", 1)]
    assert refresh(lake, clean_warehouse, EVENTS) == [(f"b/web/{TUESDAY}", 2)]
    assert in_mirror(clean_warehouse, EVENTS).equals(in_lake(lake, EVENTS))


@pytest.mark.parametrize(
    ("table", "first", "second"),
    [
        (QUARANTINED_RECORDS, ("land", "a", "web", MONDAY), ("normalize", "a", "web", MONDAY)),
        (MERGE_GRAPH, ("a", "business"), ("a", "person")),
        (LEAD_MAP, ("a", "business", "v1"), ("a", "business", "v2")),
        (PROVIDER_HEALTH, ("a", "current"), ("b", "current")),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_tables_cut_otherwise_follow_the_lake_too(
    clean_warehouse: Warehouse, tmp_path: Path, table: Table, first: tuple[str, ...], second: tuple[str, ...]
):
    lake = Lake(tmp_path / "lake")
    for n, parts in enumerate((first, second)):
        org_id = "b" if "b" in parts else "a"
        own = {
            "org_id": org_id,
            "kind": parts[1],
            "stage": parts[0],
            "source": "web",
            "valid_from": NOW.replace(hour=n),
        }
        own["partition_date"] = dt.date.fromisoformat(MONDAY)
        lake.write(table, filled(table, **{k: v for k, v in own.items() if k in table.names}), *parts)
        assert len(refresh(lake, clean_warehouse, table)) == 1
        assert in_mirror(clean_warehouse, table).equals(in_lake(lake, table))
    assert row_count(clean_warehouse, "lake", table.name) == 2
    lake.remove(table, *first)
    refresh(lake, clean_warehouse, table)
    assert in_mirror(clean_warehouse, table).equals(in_lake(lake, table))
    assert refresh(lake, clean_warehouse, table) == []

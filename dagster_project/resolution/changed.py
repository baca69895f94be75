"""The records that came, changed or went since a run, in the run's own tables.

Their features, frequencies and hubs are counted over all records that share a value with them, as a run over all
records would count them; what is common knowledge of the whole (usual words) stays as that run found it.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from dagster_project.resolution.comparable import WORLD, Counts, complete, rarity_table, reduce, view
from dagster_project.resolution.hubs import find_hubs
from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.levels import number_of
from dagster_project.resolution.pairs import keyed, keys

# The latest version of each record of `staged`.
NEWEST = """select record_id, latest.at as fetched_at, latest.hash as payload_hash
            from (select record_id, max({'at': fetched_at, 'hash': payload_hash}) as latest from staged
                  where $org_id is null or org_id = $org_id group by record_id)"""

# The records there are now, once `changed` is known: id, record_id.
PRESENT = """(select id, record_id from all_records where id not in (select id from changed)
              union all select id, record_id from changed where not is_gone)"""


def find_changed(
    con: duckdb.DuckDBPyConnection, kind: Kind, before: Mapping[str, str], now: Mapping[str, str], org_id: str
) -> int:
    """Create `changed` (id, record_id, is_gone) and `newest`, the versions to read; `staged` is left as a view of the
    files that hold them. Returns how many there are.

    Where files were only added, only they are read. Where one was replaced or removed, the versions of all records are
    compared, in three columns.
    """
    added = [Path(file) for file in now if file not in before]
    is_addition = all(now.get(file) == stamp for file, stamp in before.items())
    view(con, added if is_addition else [Path(file) for file in now], kind)
    con.execute(f"create temp table latest as {NEWEST}", {"org_id": org_id})
    newer = "(s.fetched_at, s.payload_hash) > (r.fetched_at, r.payload_hash)" if is_addition else "true"
    con.execute(
        f"""create temp table newest as
            select s.*, coalesce(r.id, (select max(id) from all_records)
                   + row_number() over (partition by r.id is null order by s.record_id))::int as id
            from latest s left join all_records r using (record_id)
            where r.id is null or ((s.fetched_at, s.payload_hash) <> (r.fetched_at, r.payload_hash) and {newer})"""  # noqa: S608
    )
    con.execute("create temp table changed as select id, record_id, false as is_gone from newest")
    if not is_addition:
        con.execute(
            """insert into changed select id, record_id, true
               from all_records anti join latest using (record_id)"""
        )
        _view_holders(con, kind, list(now))
    con.execute("drop table latest")
    return con.execute("select count(*) from changed").fetchone()[0]


def _view_holders(con: duckdb.DuckDBPyConnection, kind: Kind, files: list[str]) -> None:
    """Narrow `staged` to the files that hold a version of `newest`: the wide columns of the others need not be read."""
    con.execute("drop view staged")
    holders = con.read_parquet(files, filename=True) if files else None
    names = [] if holders is None else _holding(con, holders)
    view(con, [Path(name) for name in names], kind)


def _holding(con: duckdb.DuckDBPyConnection, staged: duckdb.DuckDBPyRelation) -> list[str]:
    staged.create_view("holders")
    found = con.execute(
        """select distinct filename from holders semi join newest using (record_id, fetched_at, payload_hash)
           order by filename"""
    ).fetchall()
    con.execute("drop view holders")
    return [name for (name,) in found]


def take_changed(con: duckdb.DuckDBPyConnection, kind: Kind, org_id: str) -> int:
    """Create `records`, the changed ones as they are now, and `stirred` (id): the changed records, and those that share
    a value with one which is, or was, a hub only by its doing. The pairs of all of these are to be weighed anew;
    `fresh` has their keys. Returns how many records there are now.

    But for hubs the kept tables stay as they are until `take_in`, because a scan takes three times as long once
    something was deleted.
    """
    reduce(con, kind, org_id)
    con.execute("drop table newest; drop view staged")
    size = con.execute(f"select count(*) from {PRESENT}").fetchone()[0]  # noqa: S608
    _find_near(con, kind)
    counts = Counts(find_hubs(con, kind, "near", str), _count_rarities(con, kind, size))
    con.execute("create temp table stirred as select id from changed")
    for name, table in counts.hubs.items():
        _stir(con, kind, name, table)
    complete(con, kind, counts)
    con.execute(
        f"""create temp table fresh as {keyed(keys(kind), "records")} union all by name
            select * from keys where id in (select id from stirred) and id not in (select id from changed)"""  # noqa: S608
    )
    con.execute("drop table seen; drop table near; drop table was")
    return size


def take_in(con: duckdb.DuckDBPyConnection) -> None:
    """Bring `all_records`, `keys` and `all_scored` up to date with the changed records and the pairs that were weighed
    anew."""
    for table, now in (("all_records", "records"), ("keys", "fresh")):
        con.execute(f"delete from {table} where id in (select id from changed)")  # noqa: S608
        con.execute(f"insert into {table} by name select * from {now} where id in (select id from changed)")  # noqa: S608
    con.execute(
        """delete from all_scored
           where id_l in (select id from stirred) or id_r in (select id from stirred)"""
    )
    con.execute("insert into all_scored by name select * from rescored")


def _find_near(con: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Create `near`: the keys by which hubs are found, of the changed records and of the unchanged ones that share such
    a value with what a changed one is or was. `seen` has these values, `was` the hubs of the unchanged ones so far."""
    values = [hub.value for hub in kind.hubs.values()]
    names = {f: number_of(f) for hub in kind.hubs.values() for f in (hub.value, *hub.over)}
    changed = keyed(names, "features")
    con.execute(
        f"""create temp table seen as select {", ".join(values)} from ({changed})
            union all select {", ".join(values)} from keys where id in (select id from changed)"""  # noqa: S608
    )
    shares = " or ".join(f"{value} in (select {value} from seen)" for value in values)  # noqa: S608
    con.execute(
        f"""create temp table near as {changed} union all by name
            select id, {", ".join(names)} from keys where ({shares}) and id not in (select id from changed)"""  # noqa: S608
    )
    con.execute(
        f"""create temp table was as select id, {", ".join(kind.hubs)} from all_records
            where id in (select id from near) and id not in (select id from changed)"""  # noqa: S608
    )


def _count_rarities(con: duckdb.DuckDBPyConnection, kind: Kind, size: int) -> dict[str, str]:
    """The tables of `comparable.count_rarities` for the values of `features`, counted over all records by keys."""
    tables = {column: rarity_table(column) for column in kind.rarity_columns}
    for column, table in tables.items():
        con.execute(
            f"""create temp table {table} as
                with own as (select {column} as value, {number_of(column)} as key, count(*) as n
                             from features where value is not null group by value),
                others as (select {column} as key, count(*) as n from keys
                           where key in (select key from own) and id not in (select id from changed) group by key)
                select value, (own.n + coalesce(others.n, 0)) / $world::double as tf_{column}
                from own left join others using (key) where own.n + coalesce(others.n, 0) > 1""",  # noqa: S608
            {"world": max(size, WORLD)},
        )
    return tables


def _stir(con: duckdb.DuckDBPyConnection, kind: Kind, hub: str, table: str) -> None:
    """Set a hub of the unchanged records whose value became one or ceased to be, given the hubs there are now."""
    value = kind.hubs[hub].value
    con.execute(
        f"""create temp table flipped as
            select was.id, h.value, h.tf_{hub} from was join near using (id)
            left join {table} h on h.value = near.{value}
            where near.{value} in (select {value} from seen) and (was.{hub} is null) <> (h.value is null)"""  # noqa: S608
    )
    con.execute(
        f"""update all_records set {hub} = flipped.value, tf_{hub} = flipped.tf_{hub}
            from flipped where flipped.id = all_records.id"""  # noqa: S608
    )
    con.execute("insert into stirred select id from flipped; drop table flipped")

"""The records that came, changed or went since a run, in the run's own tables.

Their features, frequencies and hubs are counted over all records that share a value with them, as a run over all
records would count them; what is common knowledge of the whole (usual words) stays as that run found it.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from dagster_project.resolution.comparable import complete, count, reduce, view
from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.pairs import counted_keys, keyed, keys

# The latest version of each record of `staged`.
NEWEST = """select record_id, latest.at as fetched_at, latest.hash as payload_hash
            from (select record_id, max({'at': fetched_at, 'hash': payload_hash}) as latest from staged
                  where $org_id is null or org_id = $org_id group by record_id)"""


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


def take_changed(con: duckdb.DuckDBPyConnection, kind: Kind, org_id: str) -> None:
    """Create `records`, the changed ones as they are now, and bring `all_records` and `keys` up to date with them.

    Creates `stirred` (id): the changed records, and those that share a value with one which is, or was, a hub only by
    its doing. The pairs of all of these are to be weighed anew.
    """
    reduce(con, kind, org_id)
    con.execute("drop table newest; drop view staged")
    fresh = con.table("features").shape[0]
    _add_neighbours(con, kind)
    for table in ("all_records", "keys"):
        con.execute(f"delete from {table} where id in (select id from changed)")  # noqa: S608
    counts = count(con, kind, con.table("keys").shape[0] + fresh)
    con.execute("create temp table stirred as select id from changed")
    for name, table in counts.hubs.items():
        _stir(con, kind, name, table)
    complete(con, kind, counts, where="id in (select id from changed)")
    con.execute(f"insert into keys by name {keyed(keys(kind), 'records')}")
    con.execute("insert into all_records by name select * from records")
    con.execute("drop table seen")


def _add_neighbours(con: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Add to `features` the unchanged records that share a counted value with what a changed one is or was, in the
    columns that are counted. Creates `seen`, these values."""
    names = counted_keys(kind)
    columns = ", ".join(names.values())
    con.execute(
        f"""create temp table seen as select {columns} from ({keyed(names, "features")})
            union all select {columns} from keys semi join changed using (id)"""  # noqa: S608
    )
    shares = " or ".join(f"{key} in (select {key} from seen)" for key in names.values())  # noqa: S608
    counted = {*kind.rarity_columns, *(c for hub in kind.hubs.values() for c in (hub.value, *hub.over))}
    con.execute(
        f"""insert into features by name select id, {", ".join(sorted(counted))} from all_records
            where id in (select id from keys where {shares}) and id not in (select id from changed)"""  # noqa: S608
    )


def _stir(con: duckdb.DuckDBPyConnection, kind: Kind, hub: str, table: str) -> None:
    """Set a hub of the unchanged records whose value became one or ceased to be, given the hubs there are now."""
    value = kind.hubs[hub].value
    key = counted_keys(kind)[value,]
    con.execute(
        f"""create temp table flipped as
            select a.id, h.value, h.tf_{hub} from all_records a join features f using (id)
            left join {table} h on h.value = f.{value}
            where hash(f.{value}) in (select {key} from seen) and (a.{hub} is null) <> (h.value is null)"""  # noqa: S608
    )
    con.execute(
        f"""update all_records set {hub} = flipped.value, tf_{hub} = flipped.tf_{hub}
            from flipped where flipped.id = all_records.id"""  # noqa: S608
    )
    con.execute("insert into stirred select id from flipped; drop table flipped")

"""From staged records to the table that is compared: the latest version of each record, reduced to features.

One DuckDB table per run, `records`, with a small integer `id` in the order of the record ids, and one table per
feature whose rarity counts. Which features there are is said by the kind; who is compared with whom, and what that
means, is said in `pairs`.
"""

from pathlib import Path

import duckdb
import polars as pl

from dagster_project.resolution.kinds import Kind

# A small file is a sample of a bigger world: that two of its 30 records share a phone is as telling as if they were
# two of 100,000. Frequencies and the prior are therefore those of at least so many records, which also keeps the
# weight of a pair the same while the data grows up to there. Past it both follow the data's real size.
WORLD = 100_000

# Columns every kind needs beside its features.
_KEYS = ["org_id", "record_id", "fetched_at", "payload_hash"]


def connect(memory_limit: str, threads: int | None, temp_dir: Path | None) -> duckdb.DuckDBPyConnection:
    """A private in-memory database that spills to `temp_dir` past `memory_limit`."""
    config: dict[str, str | int | bool] = {"memory_limit": memory_limit, "preserve_insertion_order": False}
    if threads:
        config["threads"] = threads
    if temp_dir:
        config["temp_directory"] = str(temp_dir)
    return duckdb.connect(":memory:", config=config)


def load(
    con: duckdb.DuckDBPyConnection, staged: pl.LazyFrame | list[Path], kind: Kind, org_id: str | None = None
) -> int:
    """Create `records` from staged rows: the latest version of each record of the tenant (of everybody when `org_id`
    is None). Returns how many there are."""
    _view(con, staged, kind)
    features = ", ".join(f"{sql} as {name}" for name, sql in kind.features.items())
    derived = ", ".join(f"{sql} as {name}" for name, sql in kind.derived.items())
    shared = ", ".join(
        f"""{value} in (select {value} from complete where {value} is not null group by {value}
            having count(distinct {across}) >= {least}) as {name}"""  # noqa: S608
        for name, (value, across, least) in kind.shared_values.items()
    )
    con.execute(
        f"""create table records as
            with latest as (
                select * from staged where $org_id is null or org_id = $org_id
                qualify row_number() over (
                    partition by record_id order by fetched_at desc, payload_hash desc) = 1
            ), numbered as (
                select (row_number() over (order by record_id) - 1)::int as id, record_id, fetched_at, {features}
                from latest
            )
            , complete as (select *, {derived} from numbered)
            select *, {shared} from complete""",  # noqa: S608
        {"org_id": org_id},
    )
    con.execute("drop view staged")
    return con.table("records").shape[0]


def _view(con: duckdb.DuckDBPyConnection, staged: pl.LazyFrame | list[Path], kind: Kind) -> None:
    """A view `staged` over the rows; an empty one of the contract's columns when there are no files."""
    if isinstance(staged, list) and staged:
        con.read_parquet([str(path) for path in staged]).create_view("staged")
        return
    frame = kind.table.empty() if isinstance(staged, list) else staged.select(_columns(staged, kind)).collect()
    con.register("staged", frame.to_arrow())


def _columns(staged: pl.LazyFrame, kind: Kind) -> list[str]:
    """The columns that a feature mentions, so that a wide frame is not collected whole."""
    sql = " ".join(kind.features.values())
    return [name for name in staged.collect_schema().names() if name in _KEYS or name in sql]


def count_rarities(con: duckdb.DuckDBPyConnection, kind: Kind, records: int) -> dict[str, str]:
    """One table per feature whose rarity counts: value and share of the world's records, for values seen twice or
    more (a value seen once is never shared). Returns feature name to table name."""
    tables = {column: f"rarity_of_{column}" for column in kind.rarity_columns}
    for column, table in tables.items():
        con.execute(
            f"""create table {table} as
                select {column}, count(*) / $world::double as tf_{column}
                from records where {column} is not null group by {column} having count(*) > 1""",  # noqa: S608
            {"world": max(records, WORLD)},
        )
    return tables

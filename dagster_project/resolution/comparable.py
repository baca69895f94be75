"""From staged records to the table that is compared: the latest version of each record, reduced to features.

One DuckDB table per run, `records`, with a small integer `id` in the order of the record ids and, for each feature
whose rarity counts, its share of the world's records (`tf_…`). Which features there are is said by the kind; who is
compared with whom, and what that means, is said in `pairs` and `weights`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from dagster_project.resolution.hubs import find_hubs
from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.levels import number_of
from dagster_project.resolution.words import find_usual, tell_words

# A small file is a sample of a bigger world: that two of its 30 records share a phone is as telling as if they were
# two of 100,000. Frequencies are therefore those of at least so many records, which also keeps the weight of a pair
# the same while the data grows up to there. Past it they follow the data's real size.
WORLD = 100_000

# Columns every kind needs beside its features.
_KEYS = ["org_id", "record_id", "provider", "fetched_at", "payload_hash"]


def connect(
    memory_limit: str, threads: int | None, temp_dir: Path | None, database: str = ":memory:"
) -> duckdb.DuckDBPyConnection:
    """A private database, in memory unless a file is named, that spills to `temp_dir` past `memory_limit`."""
    config: dict[str, str | int | bool] = {"memory_limit": memory_limit, "preserve_insertion_order": False}
    if threads:
        config["threads"] = threads
    if temp_dir:
        config["temp_directory"] = str(temp_dir)
    return duckdb.connect(database, config=config)


def load(
    con: duckdb.DuckDBPyConnection, staged: pl.LazyFrame | list[Path], kind: Kind, org_id: str | None = None
) -> int:
    """Create `records` from staged rows: the latest version of each record of the tenant (of everybody when `org_id`
    is None). Returns how many there are."""
    view(con, staged, kind)
    # two narrow steps and a join: sorting and ranking whole rows takes three times as long; numbering sorted rows takes
    # two thirds of a window with an order
    con.execute(
        """create temp table newest as select *, (row_number() over () - 1)::int as id from (
               select record_id, max(fetched_at) as fetched_at from staged
               where $org_id is null or org_id = $org_id group by record_id order by record_id)""",
        {"org_id": org_id},
    )
    reduce(con, kind, org_id)
    con.execute("drop table newest")
    con.execute("drop view staged")
    size = con.table("features").shape[0]
    find_usual(con, kind)
    complete(con, kind, count(con, kind, size))
    return size


@dataclass(frozen=True)
class Counts:
    """Tables of the values that are counted: hubs by name, and rarities by feature (see `hubs`, `count_rarities`)."""

    hubs: Mapping[str, str]
    rarities: Mapping[str, str]


def count(con: duckdb.DuckDBPyConnection, kind: Kind, size: int) -> Counts:
    """Count the values of `features`, in a world of `size` records."""
    return Counts(find_hubs(con, kind, "features"), count_rarities(con, kind, size))


def reduce(con: duckdb.DuckDBPyConnection, kind: Kind, org_id: str | None) -> None:
    """Create `features` of the versions in `newest` (id, record_id, fetched_at, payload_hash) from `staged`."""
    features = ", ".join(f"{sql} as {name}" for name, sql in kind.features.items())
    derived = ", ".join(f"{sql} as {name}" for name, sql in kind.derived.items())
    con.execute(
        f"""create temp table features as
            select *, {derived} from (
                select id, record_id, provider, fetched_at, payload_hash, {features} from (
                    select id, staged.* from staged join newest using (record_id, fetched_at)
                    where $org_id is null or org_id = $org_id))""",  # noqa: S608
        {"org_id": org_id},
    )
    if con.table("features").shape[0] > con.table("newest").shape[0]:
        _keep_one_version(con)


def _keep_one_version(con: duckdb.DuckDBPyConnection) -> None:
    """Of versions fetched at one time the one with the largest hash, and once; they may stand in two partitions."""
    con.execute(
        """delete from features where rowid in (
               select rowid from features
               qualify row_number() over (partition by id order by payload_hash desc, rowid) > 1)"""
    )


def complete(con: duckdb.DuckDBPyConnection, kind: Kind, counts: Counts) -> None:
    """Create `records`: `features` with telling words, hubs and rarities beside them. Drops `features` and the
    counts."""
    tell_words(con, kind)
    columns = [f"{t}.value as {name}, {t}.tf_{name}" for name, t in counts.hubs.items()]
    columns += [f"{t}.tf_{name}" for name, t in counts.rarities.items()]
    numbers = {name: number_of(f"f.{hub.value}") for name, hub in kind.hubs.items()}
    joins = [f"left join {t} on {t}.value = {numbers[name]}" for name, t in counts.hubs.items()]
    joins += [f"left join {t} on {t}.value = f.{name}" for name, t in counts.rarities.items()]
    spelt = f" exclude ({kind.words['words']})" if kind.words else ""
    con.execute(
        f"""create temp table records as select f.*{spelt}, telling_words, telling_letters, {", ".join(columns)}
            from features f left join telling using (id) {" ".join(joins)}"""  # noqa: S608
    )
    for table in ("features", "telling", *counts.hubs.values(), *counts.rarities.values()):
        con.execute(f"drop table {table}")


def view(con: duckdb.DuckDBPyConnection, staged: pl.LazyFrame | list[Path], kind: Kind) -> None:
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


def count_rarities(con: duckdb.DuckDBPyConnection, kind: Kind, size: int) -> dict[str, str]:
    """One table per feature whose rarity counts: value and share of the world's records, for values seen twice or
    more (a value seen once is never shared). Returns feature to table."""
    tables = {column: rarity_table(column) for column in kind.rarity_columns}
    for column, table in tables.items():
        con.execute(
            f"""create temp table {table} as
                select {column} as value, count(*) / $world::double as tf_{column}
                from features where {column} is not null group by {column} having count(*) > 1""",  # noqa: S608
            {"world": max(size, WORLD)},
        )
    return tables


def rarity_table(feature: str) -> str:
    """Name of the table of a feature's rarities."""
    return f"rarity_of_{feature}"

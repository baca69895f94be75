"""The Spark engine: the pairs of a run are made and weighed on a cluster, with the arithmetic of the DuckDB engine.

Spark groups, pairs, joins and spreads the work; what a pair weighs is worked out inside its tasks by the very
statements of `weights`, on the worker's own DuckDB. Spelling them again in Spark SQL would not give the same leads:
Splink's functions for Spark have another Jaro-Winkler (45,000 of 273,000 pairs of real and mistyped values differ, by
up to .14) and count letters where DuckDB counts bytes.

Records, keys and pairs pass through a folder that this process and the workers share. How the session is made is said
in `spark_session`.
"""

import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from dagster_project.resolution.comparable import connect
from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.model import Model
from dagster_project.resolution.spark_session import session_on
from dagster_project.resolution.weights import weigh, weigh_above

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

# What a killed run left in the shared folder is removed after this.
LEFT_SECONDS = 2 * 24 * 3600

# Groups are counted before they are collected: a city with a million records must not become an array first.
PAIRS = """
with groups as (
    select rule, sort_array(collect_list(id)) as ids
    from (select *, count(*) over (partition by rule, {columns}) as size from {{keys}})
    where size between 2 and most group by rule, {columns}
), lefts as (select rule, ids, posexplode(ids) as (place, id_l) from groups)
, candidates as (select id_l, explode(slice(ids, place + 2, size(ids))) as id_r, rule from lefts)
select id_l, id_r, min(rule) as rule from candidates group by id_l, id_r
"""

BOTH_SIDES = """
select p.id_l, p.id_r, p.rule, struct(l.*) as l, struct(r.*) as r
from {pairs} p join {records} l on l.id = p.id_l join {records} r on r.id = p.id_r
"""


@contextmanager
def opened(master: str, folder: Path) -> Iterator["SparkEngine"]:
    """An engine for one run, on a session of its own. Raises `SparkFailed`."""
    with session_on(master) as session:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        # not a private folder of tempfile's: the workers may have another account, of this one's group
        exchange = folder / f"run-{uuid.uuid4().hex}"
        exchange.mkdir()
        try:
            yield SparkEngine(session, exchange)
        finally:
            shutil.rmtree(exchange, ignore_errors=True)


class SparkEngine:
    """Makes and weighs the pairs of one run (see `engines.Engine`)."""

    def __init__(self, session: "SparkSession", folder: Path) -> None:
        self.session, self.folder = session, folder

    def block(self, con: duckdb.DuckDBPyConnection, kind: Kind) -> dict[str, int]:
        """Write the pairs into the folder. Returns pairs by rule."""
        columns = ", ".join(_key_names(kind))
        keys = self._handed_over(con, "keys", block_keys(kind))
        self.session.sql(PAIRS.format(columns=columns), keys=keys).write.parquet(self._path("pairs"))
        counted = self._read("pairs").groupBy("rule").count().orderBy("rule").collect()
        names = list(kind.blocking_rules)
        return {names[rule]: count for rule, count in counted}

    def weigh_above(self, con: duckdb.DuckDBPyConnection, model: Model, floor: float, rarest: float, into: str) -> None:
        """Create the table `into` from the pairs in the folder."""
        columns = ", ".join(compared_columns(model, con.table("records").columns))
        records = self._handed_over(con, "records", f"select {columns} from records")  # noqa: S608
        sides = self.session.sql(BOTH_SIDES, pairs=self._read("pairs"), records=records)
        task = partial(weigh_batches, model, weigh(model), floor, rarest)
        sides.mapInArrow(task, weighed_schema(model)).write.parquet(self._path(into))
        con.execute(f"create temp table {into} as select * from read_parquet($files)", {"files": self._files(into)})  # noqa: S608

    def _handed_over(self, con: duckdb.DuckDBPyConnection, name: str, query: str) -> "DataFrame":
        con.sql(query).write_parquet(self._path(name))
        return self._read(name)

    def _read(self, name: str) -> "DataFrame":
        return self.session.read.parquet(self._path(name))

    def _path(self, name: str) -> str:
        return str(self.folder / f"{name}.parquet")

    def _files(self, name: str) -> list[str]:
        return [str(path) for path in sorted(Path(self._path(name)).glob("*.parquet"))]


def block_keys(kind: Kind) -> str:
    """Query of what each record is grouped by: a row per rule whose columns it has (`rule`, `most`, `id`, `k0`, …)."""
    names, queries = _key_names(kind), []
    for number, rule in enumerate(kind.blocking_rules.values()):
        values = [*(f"({sql})::varchar" for sql in rule.columns), *["null::varchar"] * len(names)]
        keys = ", ".join(f"{value} as {name}" for value, name in zip(values, names, strict=False))
        known = " and ".join(f"({sql}) is not null" for sql in rule.columns)
        queries.append(
            f"select {number}::tinyint as rule, {rule.most}::int as most, id, {keys} from records where {known}"  # noqa: S608
        )
    return " union all ".join(queries)


def _key_names(kind: Kind) -> list[str]:
    return [f"k{n}" for n in range(max(len(rule.columns) for rule in kind.blocking_rules.values()))]


def compared_columns(model: Model, columns: list[str]) -> list[str]:
    """The columns of `records` that the model's comparisons read, and `id`."""
    read = set(re.findall(r"\b[lr]\.(\w+)", weigh(model)))
    return [name for name in columns if name in read | {"id"}]


def weighed_schema(model: Model) -> str:
    """Columns and types of the weighed pairs, as Spark spells them."""
    weights = ", ".join(f"mw_{c['output_column_name']} double" for c in model.comparisons)
    return f"id_l int, id_r int, rule tinyint, {weights}, evidence double"


def weigh_batches(
    model: Model, spelt: str, floor: float, rarest: float, batches: Iterator["pa.RecordBatch"]
) -> Iterator["pa.RecordBatch"]:
    """In a task: the pairs of each batch (`id_l`, `id_r`, `rule`, and both records as `l` and `r`) that reach the
    floor, weighed. `spelt` is how the driver spells the model's evidence."""
    import pyarrow as pa

    if weigh(model) != spelt:
        raise RuntimeError("this worker has another version of Leadhouse than the driver")
    for batch in batches:
        with closing(connect("1GB", 1, None)) as con:
            con.register("batch", pa.Table.from_batches([batch]))
            con.execute("create table pairs as select id_l, id_r, rule from batch")
            con.execute(
                """create table records as select unnest(any_value(side)) from
                   (select l as side from batch union all select r from batch) group by side.id"""
            )
            weigh_above(con, model, floor, rarest, "weighed")
            yield from con.table("weighed").to_arrow_table().to_batches()


def _sweep(folder: Path) -> None:
    """Remove what killed runs left behind."""
    for left in folder.glob("run-*"):
        if time.time() - left.stat().st_mtime > LEFT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)

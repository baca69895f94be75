"""What a day's changes touch: who is compared, whose component that is, and which pairs get another verdict.

Numbers of records are those of the kept run. Its tables (all_records, all_scored, keys, clustered) hold everything;
the tables that the rest of a run works on (records, scored) are temporary and hold what is touched.
"""

from collections.abc import Sequence

import duckdb
import numpy as np

from dagster_project.resolution.clustering import components
from dagster_project.resolution.kept import Learned, decisions
from dagster_project.resolution.model import Model
from dagster_project.resolution.overrides import Constraints, Override
from dagster_project.resolution.scoring import score_again


def decided(con: duckdb.DuckDBPyConnection, learned: Learned, overrides: Sequence[Override]) -> np.ndarray:
    """Numbers of the records that an override names which was made or withdrawn since."""
    was, now = learned.decisions, decisions(overrides)
    named = sorted({record for key in was.keys() ^ now.keys() for record in (was.get(key) or now[key])})
    query = "select id from all_records where record_id in (select unnest(?::varchar[]))"
    return con.execute(query, [named]).fetchnumpy()["id"] if named else np.array([], dtype=np.int32)


def joined(con: duckdb.DuckDBPyConnection, bits: float, said: Constraints[int]) -> np.ndarray:
    """Connected component of each record, by number, before this run; what a person joins is connected."""
    largest = "select max(id) from (select id from changed union all select id from clustered)"
    size = 1 + con.execute(largest).fetchone()[0]
    found = con.execute("select id_l, id_r from all_scored where match_weight >= ?", [bits]).fetchnumpy()
    linked = np.array(said.must_link, dtype=np.int64).reshape(-1, 2)
    ends = np.concatenate([found["id_l"], linked[:, 0]]), np.concatenate([found["id_r"], linked[:, 1]])
    return components(size, *ends)


def fetch(con: duckdb.DuckDBPyConnection, before: np.ndarray, seeds: np.ndarray) -> None:
    """Add to `records` whatever the run may ask about: who is compared, and the components of all of these. Once,
    because each time reads all of the kept records."""
    pairs = con.execute("select id_l, id_r from pairs").fetchnumpy()
    found = within(before, np.concatenate([pairs["id_l"], pairs["id_r"], seeds]))
    found[con.execute("select id from records").fetchnumpy()["id"]] = False
    con.register("numbers", {"id": np.flatnonzero(found)})
    con.execute("insert into records by name select * from all_records where id in (select id::int from numbers)")
    con.unregister("numbers")


def rescore(con: duckdb.DuckDBPyConnection, model: Model, learned: Learned) -> None:
    """Bring `all_scored` up to date; the pairs that were weighed anew are in `rescored`."""
    score_again(con, model, learned.scoring, con.table("keys").shape[0], into="rescored")
    con.execute(
        """delete from all_scored
           where id_l in (select id from stirred) or id_r in (select id from stirred)"""
    )
    con.execute("insert into all_scored by name select * from rescored")


def touch(con: duckdb.DuckDBPyConnection, bits: float, before: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Whether each record, by number, is connected with one of the seeds, by the edges as they were or as they are.

    Creates `touched` (id) and `scored`: the pairs whose verdict may be another than before.
    """
    new = con.execute("select id_l, id_r from rescored where match_weight >= ?", [bits]).fetchnumpy()
    together = components(len(before), before[new["id_l"]], before[new["id_r"]])[before]
    touched = within(together, seeds)
    con.register("numbers", {"id": np.flatnonzero(touched)})
    con.execute("create temp table touched as select id::int as id from numbers")
    con.unregister("numbers")
    con.execute(
        """create temp table scored as select * from all_scored
           where (id_l in (select id from touched) and id_r in (select id from touched))
               or id_l in (select id from stirred) or id_r in (select id from stirred)"""
    )
    return touched


def settled(con: duckdb.DuckDBPyConnection, touched: np.ndarray) -> np.ndarray:
    """Cluster of each record before this run, by number; -1 where it is to be formed anew."""
    was = con.execute("select id, cluster from clustered").fetchnumpy()
    clusters = np.full(len(touched), -1, dtype=np.int64)
    clusters[was["id"]] = was["cluster"]
    clusters[touched] = -1
    return clusters


def within(labels: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Whether each record is in a component, given by its smallest record, with one of the members."""
    chosen = np.zeros(len(labels), dtype=bool)
    chosen[labels[members]] = True
    return chosen[labels]

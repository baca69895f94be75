"""What a day's changes touch: who is compared, whose component that is, and which pairs get another verdict.

Numbers of records are those of the kept run. Its tables (all_records, all_scored, keys, clustered) hold everything;
the tables that the rest of a run works on (records, scored) are temporary and hold what is touched.
"""

from collections.abc import Sequence

import duckdb
import numpy as np

from dagster_project.resolution.clustering import components
from dagster_project.resolution.grouping import Groups
from dagster_project.resolution.kept import Learned, decisions
from dagster_project.resolution.overrides import Override


def decided(con: duckdb.DuckDBPyConnection, learned: Learned, overrides: Sequence[Override]) -> np.ndarray:
    """Numbers of the records that an override names which was made or withdrawn since."""
    was, now = learned.decisions, decisions(overrides)
    named = sorted({record for key in was.keys() ^ now.keys() for record in (was.get(key) or now[key])})
    query = "select id from all_records where record_id in (select unnest(?::varchar[]))"
    return con.execute(query, [named]).fetchnumpy()["id"] if named else np.array([], dtype=np.int32)


def earlier(con: duckdb.DuckDBPyConnection) -> Groups:
    """Cluster and connected component of each record, by number, before this run; a new record is its own."""
    largest = "select max(id) from (select id from changed union all select id from clustered)"
    alone = np.arange(1 + con.execute(largest).fetchone()[0])
    was = con.execute("select id, cluster, component from clustered").fetchnumpy()
    clusters, connected = alone, alone.copy()
    clusters[was["id"]], connected[was["id"]] = was["cluster"], was["component"]
    return Groups(clusters, connected)


def fetch(con: duckdb.DuckDBPyConnection, before: np.ndarray, seeds: np.ndarray) -> None:
    """Add to `records` whatever the run may ask about: who is compared, and the components of all of these. Once,
    because each time reads all of the kept records."""
    pairs = con.execute("select id_l, id_r from pairs").fetchnumpy()
    found = within(before, np.concatenate([pairs["id_l"], pairs["id_r"], seeds]))
    found[con.execute("select id from changed").fetchnumpy()["id"]] = False
    con.register("numbers", {"id": np.flatnonzero(found)})
    con.execute("insert into records by name select * from all_records where id in (select id::int from numbers)")
    con.unregister("numbers")


def touch(con: duckdb.DuckDBPyConnection, bits: float, before: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Whether each record, by number, is connected with one of the seeds, by the edges as they were or as they are.

    Creates `touched` (id) and `scored`: the pairs whose verdict may be another than before, of which `rescored` has
    those that were weighed anew.
    """
    new = con.execute("select id_l, id_r from rescored where match_weight >= ?", [bits]).fetchnumpy()
    together = components(len(before), before[new["id_l"]], before[new["id_r"]])[before]
    touched = within(together, seeds)
    con.register("numbers", {"id": np.flatnonzero(touched)})
    con.execute("create temp table touched as select id::int as id from numbers")
    con.unregister("numbers")
    con.execute(
        """create temp table scored as select * from rescored union all by name
           select * from all_scored where id_l in (select id from touched) and id_r in (select id from touched)
               and id_l not in (select id from stirred) and id_r not in (select id from stirred)"""
    )
    return touched


def settled(before: Groups, touched: np.ndarray) -> Groups:
    """The groups of before; -1 where they are to be formed anew."""
    return Groups(np.where(touched, -1, before.clusters), np.where(touched, -1, before.components))


def within(labels: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Whether each record is in a component, given by its smallest record, with one of the members."""
    chosen = np.zeros(len(labels), dtype=bool)
    chosen[labels[members]] = True
    return chosen[labels]

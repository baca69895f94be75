"""From scored pairs to clusters: which pairs are edges, what contradicts, and what a person has said.

The arithmetic of clusters is in `clustering`; here are the tables. Leaves `edges`: the kept edges, those within a
cluster.
"""

from dataclasses import dataclass

import duckdb
import numpy as np

from dagster_project.resolution import clustering
from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.model import Model
from dagster_project.resolution.overrides import Constraints
from dagster_project.resolution.scoring import Scoring
from dagster_project.resolution.weights import weigh

# No pair speaks louder than this for or against, in bits: evidence of one pair is counted naively, as if its parts
# were independent, and 30 bits of it are not three times as sure as 10.
LOUDEST = 10.0

NONE: Constraints[int] = Constraints()

# A pair without an edge and without a contradiction leans this much against, in bits: groups of five records each
# take more than one weak edge to join.
SILENCE = -0.25


@dataclass(frozen=True)
class Groups:
    """By record number: its cluster, and the connected component that was taken apart to find it; each named by its
    smallest record."""

    clusters: np.ndarray
    components: np.ndarray


def group(
    con: duckdb.DuckDBPyConnection,
    kind: Kind,
    model: Model,
    scoring: Scoring,
    records: int,
    threshold: float,
    *,
    constraints: Constraints[int] = NONE,
    settled: Groups | None = None,
) -> Groups:
    """Put the records into clusters; the edges are the pairs of at least `threshold` bits.

    `settled` are those of an earlier run: -1 where they are to be formed anew, and the same for all records of a
    connected component.
    """
    must_link, cannot_link = constraints.must_link, constraints.cannot_link
    kept = f"select id_l, id_r, match_weight from scored where match_weight >= {threshold} order by id_l, id_r"  # noqa: S608
    edges = con.execute(kept).fetchnumpy()
    left, right, weight = edges["id_l"], edges["id_r"], edges["match_weight"]
    wanted = np.array(must_link, dtype=np.int64).reshape(-1, 2)
    ends = np.concatenate([left, wanted[:, 0]]), np.concatenate([right, wanted[:, 1]])
    strongest = np.concatenate([weight, np.full(len(wanted), np.inf)])
    connected = clustering.components(records, *ends)
    labels = clustering.bounded(connected, *ends, strongest)
    doubtful = ~clustering.whole(labels, left)
    for a, b in [*must_link, *cannot_link]:
        doubtful |= (labels == labels[a]) | (labels == labels[b])
    if settled is not None:
        doubtful &= settled.clusters < 0
    _weigh_inside(con, kind, model, scoring, labels, doubtful, threshold)
    inside = con.execute("select id_l, id_r, affinity from inside order by id_l, id_r").fetchnumpy()
    clusters = clustering.take_apart(
        labels,
        inside["id_l"],
        inside["id_r"],
        inside["affinity"],
        SILENCE,
        must_link=must_link,
        cannot_link=cannot_link,
    )
    if settled is not None:
        anew = settled.clusters < 0
        clusters = np.where(anew, clusters, settled.clusters)
        connected = np.where(anew, connected, settled.components)
    _keep_edges(con, clusters, threshold)
    return Groups(clusters, connected)


def _weigh_inside(
    con: duckdb.DuckDBPyConnection,
    kind: Kind,
    model: Model,
    scoring: Scoring,
    labels: np.ndarray,
    doubtful: np.ndarray,
    threshold: float,
) -> None:
    """Create `inside`: every pair within a doubtful component, blocked or not, with its affinity."""
    ids = np.flatnonzero(doubtful)
    con.register("doubtful", {"id": ids, "component": labels[ids]})
    con.execute(
        """create temp table insiders as
           select l.id::int as id_l, r.id::int as id_r, 0 as rule
           from doubtful l join doubtful r on l.component = r.component and l.id < r.id"""
    )
    con.unregister("doubtful")
    names = [f"mw_{c['output_column_name']}" for c in model.comparisons] + ["mw_provider"]
    against = " + ".join(f"least({name}, 0)" for name in names)
    con.execute(
        f"""create temp table inside as
            select id_l, id_r,
                case when match_weight >= {threshold} then least(match_weight - {threshold}, {LOUDEST})
                     when {against} < 0
                         then {SILENCE} + {kind.contradiction}
                             * greatest({against}, match_weight - {threshold}, {-LOUDEST})
                     else {SILENCE} end as affinity
            from ({scoring.weighed(weigh(model, pairs="insiders"))})"""  # noqa: S608
    )
    con.execute("drop table insiders")


def _keep_edges(con: duckdb.DuckDBPyConnection, clusters: np.ndarray, threshold: float) -> None:
    """Create `edges`: the scored pairs over the threshold whose records share a cluster."""
    con.register("clusters", {"id": np.arange(len(clusters)), "cluster": clusters})
    con.execute(
        f"""create temp table edges as select scored.* from scored
            join clusters l on l.id = id_l join clusters r on r.id = id_r
            where match_weight >= {threshold} and l.cluster = r.cluster"""  # noqa: S608
    )
    con.unregister("clusters")

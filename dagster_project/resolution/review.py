"""Which pairs a person should look at: those whose answer tells the most.

* `cut`: over the threshold, but kept apart, because the records around the two speak against it;
* `bridge`: an edge on which alone a large cluster hangs together;
* `near_threshold`: nearly an even bet;
* `contradiction`: strong evidence for and strong evidence against.

The answers come back as overrides (`override_store`); a pair that somebody has decided is not asked about again.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, zip_longest

import duckdb
import polars as pl

from dagster_project.contracts import REVIEW_PAIRS
from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.model import Model
from dagster_project.resolution.overrides import Verdict
from dagster_project.resolution.scoring import Scoring

# What a run keeps: more than a person answers between two runs.
MOST = 200

# No record is asked about more than twice, so that one hub does not fill the list.
PER_RECORD = 2

# Bits from the threshold within which a pair is nearly an even bet.
NEAR = 3.0

# Bits for and against from which on evidence is at odds with itself: 1 in 256 each.
STRONG = 8.0

# Records from which on a cluster is worth a question about its bridges, and how many of the largest are looked at.
LARGE, LARGEST_CLUSTERS = 5, 2_000

YES = {"yes", "y", "same", "true", "1"}
NO = {"no", "n", "different", "false", "0"}
UNANSWERED = {"", "?", "unsure"}


def questions(
    con: duckdb.DuckDBPyConnection,
    kind: Kind,
    model: Model,
    scoring: Scoring,
    threshold: float,
    clusters: pl.DataFrame,
) -> pl.DataFrame:
    """The pairs most worth a question, the best first: rows of review_pairs without org_id.

    `con` is a run's database after clustering, with tables `records`, `scored` and `edges`; `threshold` is in bits;
    `clusters` has id and cluster of each record.
    """
    con.register("grouped", clusters.select("id", "cluster").to_arrow())
    found = [
        [(a, b, "cut") for a, b in con.execute(_cut(threshold)).fetchall()],
        [(a, b, "bridge") for a, b in _large_bridges(con)],
        [(a, b, "near_threshold") for a, b in con.execute(_near(threshold)).fetchall()],
        [(a, b, "contradiction") for a, b in con.execute(_at_odds(model, threshold)).fetchall()],
    ]
    con.unregister("grouped")
    chosen = _spread(chain.from_iterable(zip_longest(*found)))
    schema = {"id_l": pl.Int32, "id_r": pl.Int32, "reason": pl.String}
    asked = pl.DataFrame(chosen, schema=schema, orient="row").with_row_index("rank", offset=1)
    return _described(con, asked, kind, model, scoring)


def answer(text: str | None) -> Verdict | None:
    """What an answer decides; None for no answer. Raises ValueError for anything else."""
    said = (text or "").strip().lower()
    if said in YES:
        return Verdict.MUST_LINK
    if said in NO:
        return Verdict.CANNOT_LINK
    if said in UNANSWERED:
        return None
    raise ValueError(f"{text!r} is neither yes nor no")


def bridges(edges: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """The edges whose loss would part a connected graph, each once, with the number of nodes on its smaller side."""
    near: dict[int, list[int]] = {}
    for a, b in edges:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    order, parent = _walk(near)
    entered = {node: place for place, node in enumerate(order)}
    lowest, below = dict(entered), dict.fromkeys(order, 1)
    for node in reversed(order):
        for other in near[node]:
            if other != parent[node] and parent.get(other) != node:
                lowest[node] = min(lowest[node], entered[other])
        if parent[node] is not None:
            lowest[parent[node]] = min(lowest[parent[node]], lowest[node])
            below[parent[node]] += below[node]
    size = len(order)
    cut = [n for n in order[1:] if lowest[n] == entered[n]]
    return [(*sorted((parent[n], n)), min(below[n], size - below[n])) for n in cut]


def _walk(near: Mapping[int, Sequence[int]]) -> tuple[list[int], dict[int, int | None]]:
    """A depth-first walk from the smallest node: nodes in order, and whence each was entered."""
    start = min(near)
    order, parent, waiting = [], {}, [(start, None)]
    while waiting:
        node, came_from = waiting.pop()
        if node in parent:
            continue
        parent[node] = came_from
        order.append(node)
        waiting += [(other, node) for other in sorted(near[node], reverse=True) if other not in parent]
    return order, parent


def _large_bridges(con: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """Bridges with two records or more on either side, those on which most hang first."""
    # n records in two parts, of two at least, have fewer edges than (n - 2)(n - 3) / 2 + 3
    rows = con.execute(
        f"""with large as (
                select cluster, count(*) as n from grouped group by cluster having n >= {LARGE}
                order by n desc, cluster limit {LARGEST_CLUSTERS})
            select cluster, id_l, id_r from edges join grouped on id = id_l join large using (cluster)
            qualify count(*) over (partition by cluster) < (n - 2) * (n - 3) / 2 + 3
            order by cluster, id_l, id_r"""  # noqa: S608
    ).fetchall()
    inside: dict[int, list[tuple[int, int]]] = {}
    for cluster, a, b in rows:
        inside.setdefault(cluster, []).append((a, b))
    found = [(side, a, b) for edges in inside.values() for a, b, side in bridges(edges) if side > 1]
    return [(a, b) for _, a, b in sorted(found, key=lambda f: (-f[0], f[1], f[2]))[:MOST]]


def _cut(threshold: float) -> str:
    return f"""select id_l, id_r from scored join grouped l on l.id = id_l join grouped r on r.id = id_r
               where match_weight >= {threshold} and l.cluster <> r.cluster
               order by match_weight desc, id_l, id_r limit {MOST}"""  # noqa: S608


def _near(threshold: float) -> str:
    return f"""select id_l, id_r from scored where abs(match_weight - {threshold}) <= {NEAR}
               order by abs(match_weight - {threshold}), id_l, id_r limit {MOST}"""  # noqa: S608


def _at_odds(model: Model, threshold: float) -> str:
    names = [f"mw_{c['output_column_name']}" for c in model.comparisons]
    likely = " + ".join(f"greatest({name}, 0)" for name in names)
    unlikely = " + ".join(f"least({name}, 0)" for name in names)
    return f"""select id_l, id_r from scored
               where {likely} >= {STRONG} and {unlikely} <= -{STRONG}
                   and abs(match_weight - {threshold}) <= 2 * {STRONG}
               order by least({likely}, -({unlikely})) desc, id_l, id_r limit {MOST}"""  # noqa: S608


def _spread(candidates: Iterator[tuple[int, int, str] | None]) -> list[tuple[int, int, str]]:
    """The first `MOST` pairs, each once and no record more than `PER_RECORD` times."""
    asked: dict[int, int] = {}
    chosen: dict[tuple[int, int], str] = {}
    for candidate in candidates:
        if candidate is None or candidate[:2] in chosen:
            continue
        a, b, reason = candidate
        if max(asked.get(a, 0), asked.get(b, 0)) < PER_RECORD and len(chosen) < MOST:
            chosen[a, b] = reason
            asked |= {a: asked.get(a, 0) + 1, b: asked.get(b, 0) + 1}
    return [(a, b, reason) for (a, b), reason in chosen.items()]


def _described(
    con: duckdb.DuckDBPyConnection,
    asked: pl.DataFrame,
    kind: Kind,
    model: Model,
    scoring: Scoring,
) -> pl.DataFrame:
    """Chosen pairs by record id, with the evidence about them."""
    names = [c["output_column_name"] for c in model.comparisons] + ["provider"]
    weights = ", ".join([f"'prior': {scoring.prior}", *(f"'{n}': round(mw_{n}::double, 6)" for n in names)])
    rules = ", ".join(f"'{name}'" for name in kind.blocking_rules)
    con.register("chosen", asked.to_arrow())
    found = con.sql(
        f"""select rank, l.record_id as record_id_l, r.record_id as record_id_r, reason, match_weight,
                   [{rules}][rule + 1] as rule, to_json({{{weights}}})::varchar as weights
            from chosen join scored using (id_l, id_r)
            join records l on l.id = id_l join records r on r.id = id_r order by rank"""  # noqa: S608
    ).pl()
    con.unregister("chosen")
    sure = pl.Series("match_probability", model.calibration.probability(found["match_weight"].to_numpy()))
    named = found.with_columns(sure, kind=pl.lit(kind.name), model_version=pl.lit(model.version), org_id=pl.lit(""))
    return REVIEW_PAIRS.conform(named).drop("org_id")

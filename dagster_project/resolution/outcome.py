"""What a resolution run leaves behind, and how it is read off a run's tables.

The tables are those of `comparable`, `scoring` and `grouping`: records, scored, edges.
"""

import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import polars as pl

from dagster_project.contracts import LEAD_ALIASES, LEAD_MAP, MERGE_GRAPH
from dagster_project.resolution.identity import Assignment
from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.model import Model
from dagster_project.resolution.scoring import Scoring


@dataclass(frozen=True)
class Resolution:
    """What a run found.

    `lead_map` (new rows only) and `aliases` are to be appended; `merge_graph` and `review`, the pairs worth a question
    to a person, replace the last ones. `current` has record_id and lead_id of every record whose cluster was formed in
    this run: all of them, unless it went on from an earlier one. `stats` holds plain numbers and small lists.
    """

    lead_map: pl.DataFrame
    aliases: pl.DataFrame
    merge_graph: pl.DataFrame
    current: pl.DataFrame
    review: pl.DataFrame
    stats: dict[str, Any]


@dataclass
class Clock:
    """Wall seconds by stage of the run."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 3)


def read_clusters(con: duckdb.DuckDBPyConnection, labels: np.ndarray) -> pl.DataFrame:
    """Clusters (id, record_id, seen_at, cluster) given the cluster of each record by number."""
    nodes = con.sql("select id, record_id, fetched_at as seen_at from records order by id").pl()
    return nodes.with_columns(pl.Series("cluster", labels[nodes["id"].to_numpy()]))


def sizes(labels: np.ndarray) -> pl.Series:
    """Records of each cluster, given the cluster of each record."""
    counts = np.bincount(labels)
    return pl.Series("size", counts[counts > 0])


def reasons(con: duckdb.DuckDBPyConnection, kind: Kind, clusters: pl.DataFrame) -> pl.DataFrame:
    """Why each record of the clusters is where it is: record_id, match_weight, matched_by. That is its best edge, else
    that it founded a lead of its own or that a person put it there."""
    best = con.sql(
        f"""with ends as (select id_l as id, match_weight, rule from edges
                         union all select id_r, match_weight, rule from edges),
           tops as (select id, max((match_weight, -rule)) as top from ends group by id)
           select id, top[1] as match_weight, {_rules(kind)}[1 - top[2]] as matched_by from tops"""  # noqa: S608
    ).pl()
    alone = pl.when(pl.col("cluster").is_unique()).then(pl.lit("founder")).otherwise(pl.lit("must_link"))
    # by numbers: joining a million records by their names takes five times as long
    return clusters.join(best, on="id", how="left", maintain_order="left").select(
        "record_id", "match_weight", pl.coalesce("matched_by", alone).alias("matched_by")
    )


def lead_map(assignment: Assignment, why: pl.DataFrame, org_id: str, kind: Kind, now: datetime) -> pl.DataFrame:
    """The rows to append, with the `reasons`. An absent record that follows its lead into another has none and is
    placed by 'alias'."""
    return LEAD_MAP.conform(
        assignment.changed.join(why, on="record_id", how="left", maintain_order="left").select(
            "record_id",
            "lead_id",
            "match_weight",
            pl.col("matched_by").fill_null("alias"),
            org_id=pl.lit(org_id),
            kind=pl.lit(kind.name),
            valid_from=pl.lit(now),
        )
    )


def lead_aliases(assignment: Assignment, org_id: str, kind: Kind, now: datetime) -> pl.DataFrame:
    """The leads that ended, to be appended."""
    named = {"org_id": pl.lit(org_id), "kind": pl.lit(kind.name), "valid_from": pl.lit(now)}
    return LEAD_ALIASES.conform(assignment.aliases.with_columns(**named))


def merge_graph(
    con: duckdb.DuckDBPyConnection, org_id: str, kind: Kind, model: Model, scoring: Scoring
) -> pl.DataFrame:
    """The kept edges with their calibrated probability, by record id; the left one is the smaller."""
    weights = {"prior": f"{scoring.prior}"}
    weights |= {c["output_column_name"]: f"mw_{c['output_column_name']}" for c in model.comparisons}
    weights |= {"provider": "mw_provider"} if scoring.apart else {}
    shown = ", ".join(f"'{name}': round({sql}, 6)" for name, sql in weights.items())
    found = con.sql(
        f"""select least(l.record_id, r.record_id) as record_id_l, greatest(l.record_id, r.record_id) as record_id_r,
                   match_weight, {_rules(kind)}[rule + 1] as rule,
                   to_json({{{shown}}})::varchar as weights
            from edges join records l on l.id = id_l join records r on r.id = id_r order by id_l, id_r"""  # noqa: S608
    ).pl()
    sure = pl.Series("match_probability", model.calibration.probability(found["match_weight"].to_numpy()))
    return MERGE_GRAPH.conform(
        found.with_columns(sure, org_id=pl.lit(org_id), kind=pl.lit(kind.name), model_version=pl.lit(model.version))
    )


def figures(
    model: Model,
    scoring: Scoring,
    bits: float,
    blocked: Mapping[str, int],
    sizes: pl.Series,
    graph: pl.DataFrame,
    clock: Clock,
) -> dict[str, Any]:
    """Numbers for metadata and reports: sizes of the clusters, histograms, seconds; and what a run learned beside the
    model."""
    weights = graph.select(pl.col("match_weight").floor().cast(pl.Int64).alias("weight"))["weight"]
    # Linux counts the peak in KiB, macOS in bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "model_version": model.version,
        "threshold": round(float(model.calibration.probability(np.array([bits]))[0]), 4),
        "threshold_bits": round(bits, 3),
        "prior": scoring.prior,
        "apart": scoring.apart,
        "records": int(sizes.sum()),
        "blocked_pairs": sum(blocked.values()),
        "pairs_by_rule": dict(blocked),
        "edges": graph.height,
        "clusters": sizes.len(),
        "largest_clusters": sizes.sort(descending=True).head(10).to_list(),
        "cluster_sizes": _histogram(sizes),
        "match_weights": _histogram(weights),
        "seconds": clock.seconds,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit,
    }


def _rules(kind: Kind) -> str:
    """SQL list of the names of the blocking rules."""
    return "[" + ", ".join(f"'{name}'" for name in kind.blocking_rules) + "]"


def _histogram(values: pl.Series) -> dict[int, int]:
    counted = values.value_counts().sort(values.name)
    return dict(zip(*counted.get_columns(), strict=True))

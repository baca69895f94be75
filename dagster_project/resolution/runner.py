"""One resolution run: staged records in; new lead-map rows, aliases and merge graph out. Nothing is written here."""

import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from dagster_project.contracts import LEAD_ALIASES, LEAD_MAP, MERGE_GRAPH, REVIEW_PAIRS
from dagster_project.resolution.comparable import connect, load
from dagster_project.resolution.grouping import group
from dagster_project.resolution.identity import Assignment, assign
from dagster_project.resolution.kinds import Kind, kind_named
from dagster_project.resolution.model import Model, shipped_model
from dagster_project.resolution.overrides import Override, numbered
from dagster_project.resolution.pairs import block
from dagster_project.resolution.review import questions
from dagster_project.resolution.scoring import Scoring, score
from dagster_project.resolution.threshold import best_threshold


@dataclass(frozen=True)
class Resolution:
    """What a run found.

    `lead_map` (new rows only) and `aliases` are to be appended; `merge_graph` replaces the last one. `current` has
    record_id and lead_id of every record of this run; `review` the pairs worth a
    question to a person. `stats` holds plain numbers and small lists.
    """

    lead_map: pl.DataFrame
    aliases: pl.DataFrame
    merge_graph: pl.DataFrame
    current: pl.DataFrame
    review: pl.DataFrame
    stats: dict[str, Any]


def resolve(
    records: pl.LazyFrame | list[Path],
    kind: str,
    *,
    org_id: str,
    previous: pl.DataFrame,
    now: datetime,
    overrides: Sequence[Override] = (),
    threshold: float | None = None,
    model: Model | None = None,
    memory_limit: str = "3GB",
    threads: int | None = None,
    temp_dir: Path | None = None,
) -> Resolution:
    """Decide which records of a tenant are the same business or person.

    `records` are rows of staged_records or staged_contacts, as a frame or Parquet files; only the latest version of
    each counts. `previous` are the map's rows so far, of this tenant and kind (the current ones or all). An edge is
    kept when its match probability reaches `threshold`, by default the kind's. Past `memory_limit` DuckDB spills to
    `temp_dir`. Raises ValueError for an unknown kind, or when something changed and `now` is not later than the map.
    """
    rules, clock = kind_named(kind), Clock()
    model = model or shipped_model(rules)
    with closing(connect(memory_limit, threads, temp_dir)) as con:
        with clock.stage("load"):
            count = load(con, records, rules, org_id)
        with clock.stage("block"):
            blocked = block(con, rules)
        with clock.stage("score"):
            scoring = score(con, model, count)
            bits = _threshold(con, rules, model, threshold)
        with clock.stage("cluster"):
            said = numbered(con, overrides)
            labels = group(
                con,
                rules,
                model,
                scoring,
                count,
                bits,
                must_link=said.must_link,
                cannot_link=said.cannot_link,
            )
            clusters, best = _clusters(con, rules, labels)
        with clock.stage("identify"):
            assignment = assign(clusters, previous.select("record_id", "lead_id", "valid_from"), now)
            lead_map = _lead_map(assignment, best, org_id, kind, now)
        with clock.stage("explain"):
            graph = _merge_graph(con, org_id, rules, model, scoring)
            asked = questions(con, rules, model, scoring, bits, labels).with_columns(org_id=pl.lit(org_id))
    aliases = assignment.aliases.with_columns(org_id=pl.lit(org_id), kind=pl.lit(kind), valid_from=pl.lit(now))
    stats = _stats(rules, model, bits, blocked, clusters, graph, clock)
    stats |= {"prior": scoring.prior, "apart": scoring.apart, "contradictions": list(said.contradictions)}
    review = REVIEW_PAIRS.conform(asked)
    return Resolution(lead_map, LEAD_ALIASES.conform(aliases), graph, assignment.leads, review, stats)


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


def _clusters(con: duckdb.DuckDBPyConnection, kind: Kind, labels: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Clusters (record_id, seen_at, cluster) and, per record that has one, its best edge (record_id, match_weight,
    matched_by)."""
    nodes = con.sql("select record_id, fetched_at as seen_at from records order by id").pl()
    best = con.sql(
        f"""with ends as (select id_l as id, match_weight, rule from edges
                         union all select id_r, match_weight, rule from edges),
           tops as (select id, max((match_weight, -rule)) as top from ends group by id)
           select record_id, top[1] as match_weight, {_rules(kind)}[1 - top[2]] as matched_by
           from tops join records using (id)"""  # noqa: S608
    ).pl()
    return nodes.with_columns(pl.Series("cluster", labels)), best


def _rules(kind: Kind) -> str:
    """SQL list of the names of the blocking rules."""
    return "[" + ", ".join(f"'{name}'" for name in kind.blocking_rules) + "]"


def _lead_map(assignment: Assignment, best: pl.DataFrame, org_id: str, kind: str, now: datetime) -> pl.DataFrame:
    """The rows to append. An absent record that follows its lead into another has no edge; it is placed by 'alias'."""
    rule = pl.when(pl.len().over("lead_id") > 1).then(pl.lit("must_link")).otherwise(pl.lit("founder"))
    placed = assignment.leads.select("record_id", rule.alias("placed_by"))
    return LEAD_MAP.conform(
        assignment.changed.join(best, on="record_id", how="left")
        .join(placed, on="record_id", how="left")
        .select(
            "record_id",
            "lead_id",
            "match_weight",
            pl.coalesce("matched_by", "placed_by", pl.lit("alias")).alias("matched_by"),
            org_id=pl.lit(org_id),
            kind=pl.lit(kind),
            valid_from=pl.lit(now),
        )
    )


def _merge_graph(
    con: duckdb.DuckDBPyConnection, org_id: str, kind: Kind, model: Model, scoring: Scoring
) -> pl.DataFrame:
    """The kept edges, by record id. The numbers of the records are in the order of their ids, so left is smaller."""
    weights = {"prior": f"{scoring.prior}"}
    weights |= {c["output_column_name"]: f"mw_{c['output_column_name']}" for c in model.comparisons}
    weights |= {"provider": "mw_provider"} if scoring.apart else {}
    shown = ", ".join(f"'{name}': round({sql}, 6)" for name, sql in weights.items())
    edges = con.sql(
        f"""select l.record_id as record_id_l, r.record_id as record_id_r, match_weight,
                   1 / (1 + 2 ** -match_weight) as match_probability, {_rules(kind)}[rule + 1] as rule,
                   to_json({{{shown}}})::varchar as weights
            from edges join records l on l.id = id_l join records r on r.id = id_r order by id_l, id_r"""  # noqa: S608
    ).pl()
    return MERGE_GRAPH.conform(
        edges.with_columns(org_id=pl.lit(org_id), kind=pl.lit(kind.name), model_version=pl.lit(model.version))
    )


def _stats(
    kind: Kind,
    model: Model,
    bits: float,
    blocked: dict[str, int],
    clusters: pl.DataFrame,
    graph: pl.DataFrame,
    clock: Clock,
) -> dict[str, Any]:
    """Numbers for metadata and reports: sizes, histograms, seconds."""
    sizes = clusters.group_by("cluster").len("size")["size"]
    weights = graph.select(pl.col("match_weight").floor().cast(pl.Int64).alias("weight"))["weight"]
    # Linux counts the peak in KiB, macOS in bytes.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "kind": kind.name,
        "model_version": model.version,
        "threshold": round(float(model.calibration.probability(np.array([bits]))[0]), 4),
        "threshold_bits": round(bits, 3),
        "records": clusters.height,
        "blocked_pairs": sum(blocked.values()),
        "pairs_by_rule": blocked,
        "edges": graph.height,
        "clusters": sizes.len(),
        "largest_clusters": sizes.sort(descending=True).head(10).to_list(),
        "cluster_sizes": _histogram(sizes),
        "match_weights": _histogram(weights),
        "seconds": clock.seconds,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit,
    }


def _threshold(con: duckdb.DuckDBPyConnection, kind: Kind, model: Model, probability: float | None) -> float:
    """The match weight of a probability that was asked for, else the one at which the expected F is highest."""
    if probability is not None:
        return model.calibration.weight(probability)
    weights = con.execute("select match_weight from scored").fetchnumpy()["match_weight"]
    return best_threshold(weights, model.calibration, kind.recall_weight, kind.least_sure)


def _histogram(values: pl.Series) -> dict[int, int]:
    counted = values.value_counts().sort(values.name)
    return dict(zip(*counted.get_columns(), strict=True))

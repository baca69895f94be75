"""One resolution run: staged records in; new lead-map rows, aliases and merge graph out. Nothing is published here.

A run over all records may leave its tables in a file (`keep`), from which `increment` goes on when only some records
have changed.
"""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from dagster_project.contracts import REVIEW_PAIRS
from dagster_project.resolution.comparable import connect, load
from dagster_project.resolution.engines import SparkCluster, opened
from dagster_project.resolution.grouping import group
from dagster_project.resolution.identity import assign
from dagster_project.resolution.kept import Kept, Learned, decisions, keep_run
from dagster_project.resolution.kinds import Kind, kind_named
from dagster_project.resolution.model import Model, shipped_model
from dagster_project.resolution.outcome import (
    Clock,
    Resolution,
    figures,
    lead_aliases,
    lead_map,
    merge_graph,
    read_clusters,
    reasons,
    sizes,
)
from dagster_project.resolution.overrides import Override, numbered
from dagster_project.resolution.review import questions
from dagster_project.resolution.scoring import score
from dagster_project.resolution.threshold import best_threshold


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
    keep: Kept | None = None,
    engine: SparkCluster | None = None,
) -> Resolution:
    """Decide which records of a tenant are the same business or person.

    `records` are rows of staged_records or staged_contacts, as a frame or Parquet files; only the latest version of
    each counts. `previous` are the map's rows so far, of this tenant and kind (the current ones or all). An edge is
    kept when its match probability reaches `threshold`, by default the kind's. Past `memory_limit` DuckDB spills to
    `temp_dir`. `keep` says where to leave the run for a later one to go on from, `engine` where pairs are made and
    weighed: by default here, with the same result. Raises ValueError for an unknown kind, or when something changed and
    `now` is not later than the map.
    """
    rules, clock = kind_named(kind), Clock()
    model = model or shipped_model(rules)
    with closing(connect(memory_limit, threads, temp_dir)) as con, opened(engine) as working:
        with clock.stage("load"):
            count = load(con, records, rules, org_id)
        with clock.stage("block"):
            blocked = working.block(con, rules)
        with clock.stage("score"):
            scoring = score(con, model, count, working.weigh_above)
            bits = _threshold(con, rules, model, threshold)
        with clock.stage("cluster"):
            said = numbered(con, overrides)
            groups = group(con, rules, model, scoring, count, bits, constraints=said)
            clusters = read_clusters(con, groups.clusters)
        with clock.stage("identify"):
            assignment = assign(clusters, previous.select("record_id", "lead_id", "valid_from"), now)
            placed = lead_map(assignment, reasons(con, rules, clusters), org_id, rules, now)
        with clock.stage("explain"):
            graph = merge_graph(con, org_id, rules, model, scoring)
            asked = questions(con, rules, model, scoring, bits, clusters).with_columns(org_id=pl.lit(org_id))
        if keep and count >= keep.least:
            with clock.stage("keep"):
                named = decisions(overrides)
                apart, version = scoring.apart, model.version
                learned = Learned(keep.version, keep.files, version, scoring.prior, apart, bits, count, named)
                keep_run(con, keep.path, rules, learned, groups)
    stats = {"kind": kind, **figures(model, scoring, bits, blocked, sizes(groups.clusters), graph, clock)}
    stats |= {"contradictions": list(said.contradictions), "changed_records": count}
    aliases = lead_aliases(assignment, org_id, rules, now)
    return Resolution(placed, aliases, graph, assignment.leads, REVIEW_PAIRS.conform(asked), stats)


def _threshold(con: duckdb.DuckDBPyConnection, kind: Kind, model: Model, probability: float | None) -> float:
    """The match weight of a probability that was asked for, else the one at which the expected F is highest."""
    if probability is not None:
        return model.calibration.weight(probability)
    weights = con.execute("select match_weight from scored").fetchnumpy()["match_weight"]
    return best_threshold(weights, model.calibration, kind.recall_weight, kind.least_sure)

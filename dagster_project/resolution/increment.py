"""A run that goes on from an earlier one: what is new or changed is linked with the leads that are there.

Only the pairs of changed records are compared, with the model and what the run over all records learned (prior,
threshold, what providers keep apart, usual words), and only the connected components they touch are clustered anew. So
a day costs what its changes cost, and comes out as a run over all records would, save for what the changes would have
taught it. After `MOST_CHANGED` of the records it is time to learn again.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from dagster_project.contracts import REVIEW_PAIRS
from dagster_project.resolution.changed import PRESENT, find_changed, take_changed, take_in
from dagster_project.resolution.comparable import connect
from dagster_project.resolution.grouping import Groups, group
from dagster_project.resolution.identity import assign
from dagster_project.resolution.kept import Kept, Learned, read_learned, write_clusters, write_learned
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
from dagster_project.resolution.overrides import Constraints, Override, numbered
from dagster_project.resolution.pairs import block_stirred
from dagster_project.resolution.review import MOST, questions
from dagster_project.resolution.scoring import score_again
from dagster_project.resolution.touched import decided, earlier, fetch, settled, touch

# Share of the records that may change until prior, threshold and usual words are learned anew.
MOST_CHANGED = 0.1


@dataclass(frozen=True)
class Published:
    """What the last run published: all rows of the map, the merge graph, and the pairs worth a question."""

    lead_map: pl.DataFrame
    merge_graph: pl.DataFrame
    review: pl.DataFrame


def go_on(
    kept: Kept,
    kind: str,
    *,
    last: str | None,
    org_id: str,
    published: Published,
    now: datetime,
    overrides: Sequence[Override] = (),
    model: Model | None = None,
    memory_limit: str = "3GB",
    threads: int | None = None,
    temp_dir: Path | None = None,
) -> Resolution | None:
    """Go on from the run called `last`, kept at `kept.path`, with the staged files there are now, and keep the result
    there as `kept.version`.

    None, and nothing is changed, when there is nothing to go on from: no such run, another model, too few
    records, or too many have changed.
    """
    rules = kind_named(kind)
    model = model or shipped_model(rules)
    con = _opened(kept.path, memory_limit, threads, temp_dir)
    if con is None:
        return None
    with closing(con):
        learned = read_learned(con)
        if not learned or (learned.version, learned.model_version) != (last, model.version):
            return None
        if learned.records < kept.least:
            return None
        con.execute("begin")
        run = _Run(con, rules, model, learned, org_id, Clock())
        return run.go_on(kept, published, now, overrides)


def _opened(
    path: Path, memory_limit: str, threads: int | None, temp_dir: Path | None
) -> duckdb.DuckDBPyConnection | None:
    """The kept run; None when there is none that this release of DuckDB can read."""
    if not path.exists():
        return None
    try:
        return connect(memory_limit, threads, temp_dir, str(path))
    except duckdb.Error:
        return None


@dataclass(frozen=True)
class _Run:
    """The steps of a run that goes on, in one transaction of the kept database."""

    con: duckdb.DuckDBPyConnection
    kind: Kind
    model: Model
    learned: Learned
    org_id: str
    clock: Clock

    def go_on(self, kept: Kept, last: Published, now: datetime, overrides: Sequence[Override]) -> Resolution | None:
        """The run. None when too many have changed."""
        con, kind, clock, bits = self.con, self.kind, self.clock, self.learned.bits
        with clock.stage("load"):
            changed = find_changed(con, kind, self.learned.files, kept.files, self.org_id)
            if self.learned.changed + changed > MOST_CHANGED * self.learned.records:
                return None
            size = take_changed(con, kind, self.org_id)
        with clock.stage("block"):
            blocked = block_stirred(con, kind)
            said = numbered(con, overrides, PRESENT)
            before, seeds = earlier(con), self.seeds(overrides)
            fetch(con, before.components, seeds)
        with clock.stage("score"):
            score_again(con, self.model, self.learned.scoring, size, into="rescored")
        with clock.stage("cluster"):
            groups, formed = self.clustered(before, touch(con, bits, before.components, seeds), said)
        with clock.stage("identify"):
            touched = pl.concat([formed["record_id"], self.records("is_gone")])
            assignment = assign(formed, concerning(last.lead_map, touched), now)
            placed = lead_map(assignment, reasons(con, kind, formed), self.org_id, kind, now)
            aliases = lead_aliases(assignment, self.org_id, kind, now)
        with clock.stage("explain"):
            graph, review = self.graph(last.merge_graph, touched), self.review(last.review, touched, formed)
        with clock.stage("keep"):
            take_in(con)
            ids = con.execute("select id from keys").fetchnumpy()["id"]
            write_clusters(con, ids, groups)
            write_learned(con, self.learned.after(kept, overrides, changed))
            con.execute("commit")
        stats = figures(self.model, self.learned.scoring, bits, blocked, sizes(groups.clusters[ids]), graph, clock)
        stats |= {"kind": kind.name, "contradictions": list(said.contradictions), "changed_records": changed}
        return Resolution(placed, aliases, graph, assignment.leads, review, stats)

    def seeds(self, overrides: Sequence[Override]) -> np.ndarray:
        """Numbers of the records that were stirred, or about which a person decided or thought better of it."""
        stirred = self.con.execute("select id from stirred").fetchnumpy()["id"]
        return np.concatenate([stirred, decided(self.con, self.learned, overrides)])

    def clustered(self, before: Groups, touched: np.ndarray, said: Constraints[int]) -> tuple[Groups, pl.DataFrame]:
        """The groups, and the clusters that were formed anew: id, record_id, seen_at, cluster."""
        groups = group(
            self.con,
            self.kind,
            self.model,
            self.learned.scoring,
            len(touched),
            self.learned.bits,
            constraints=said,
            settled=settled(before, touched),
        )
        return groups, read_clusters(self.con, groups.clusters).join(
            self.con.table("touched").pl(), on="id", how="semi"
        )

    def records(self, where: str) -> pl.Series:
        """Ids of the changed records to which a condition applies."""
        return self.con.sql(f"select record_id from changed where {where}").pl()["record_id"]  # noqa: S608

    def graph(self, before: pl.DataFrame, touched: pl.Series) -> pl.DataFrame:
        """The merge graph: its edges between untouched records, and those that were formed anew."""
        untouched = before.join(touched.alias("record_id_l").to_frame(), on="record_id_l", how="anti")
        return pl.concat([untouched, merge_graph(self.con, self.org_id, self.kind, self.model, self.learned.scoring)])

    def review(self, before: pl.DataFrame, touched: pl.Series, formed: pl.DataFrame) -> pl.DataFrame:
        """The earlier questions, save those about what was touched, taken in turn with new ones about that."""
        asked = questions(self.con, self.kind, self.model, self.learned.scoring, self.learned.bits, formed)
        asked = REVIEW_PAIRS.conform(asked.with_columns(org_id=pl.lit(self.org_id)))
        ends, changed = (pl.col("record_id_l"), pl.col("record_id_r")), self.records("true")
        both_touched = pl.all_horizontal(end.is_in(touched.implode()) for end in ends)
        one_changed = pl.any_horizontal(end.is_in(changed.implode()) for end in ends)
        both = pl.concat([before.filter(~(both_touched | one_changed)), asked])
        both = both.sort("rank", maintain_order=True).head(MOST)
        return both.with_columns(pl.int_range(1, pl.len() + 1).cast(both.schema["rank"]).alias("rank"))


def concerning(lead_map: pl.DataFrame, records: pl.Series) -> pl.DataFrame:
    """All rows of the map of the records that were ever in a lead with one of these: record_id, lead_id, valid_from."""
    rows = lead_map.select("record_id", "lead_id", "valid_from")
    leads = rows.join(records.to_frame(), on="record_id", how="semi").select("lead_id").unique()
    others = rows.join(leads, on="lead_id", how="semi").select("record_id").unique()
    return rows.join(others, on="record_id", how="semi")

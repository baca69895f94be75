"""How well a lead map agrees with the truth: pairwise precision, recall and F1.

Pairs are counted from group sizes, never listed, so a million records take about a second. It judges; nothing in the
house decides by it.
"""

from dataclasses import dataclass

import polars as pl

from dagster_project.contracts.identity import record_ids


@dataclass(frozen=True)
class MatchQuality:
    """Pairwise figures of a lead map. A pair is two records of one lead; it is true when they are one entity's.

    `duplicates` counts records beyond the first of each entity, `merged` those beyond the first of each lead.
    """

    records: int
    entities: int
    leads: int
    true_pairs: int
    found_pairs: int
    shared_pairs: int
    largest_cluster: int

    @property
    def duplicates(self) -> int:
        return self.records - self.entities

    @property
    def merged(self) -> int:
        return self.records - self.leads

    @property
    def precision(self) -> float:
        """Share of the merged pairs that are right; 1 when nothing was merged."""
        return self.shared_pairs / self.found_pairs if self.found_pairs else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that were merged; 1 when there were none."""
        return self.shared_pairs / self.true_pairs if self.true_pairs else 1.0

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def truth_of(truth: pl.DataFrame, org_id: str, kind: str = "business") -> pl.DataFrame:
    """The world's truth of one kind as `record_id, entity_id`, under the record ids it has in a tenant."""
    chosen = truth.filter(pl.col("kind") == kind)
    ids = record_ids(org_id, chosen["provider"].to_list(), chosen["provider_key"].to_list())
    return chosen.select(pl.Series("record_id", ids, dtype=pl.String), "entity_id")


def measure(truth: pl.DataFrame, lead_map: pl.DataFrame) -> MatchQuality:
    """Compare `truth` (record_id, entity_id) with `lead_map` (record_id, lead_id, one row per record).

    Records the map lacks count as leads of their own; records the truth does not know are left out.
    """
    leads = lead_map.select("record_id", "lead_id")
    both = truth.select("record_id", "entity_id").join(leads, on="record_id", how="left")
    both = both.with_columns(pl.coalesce("lead_id", "record_id").alias("lead_id"))
    sizes = [both.group_by(by).len("n")["n"] for by in ("entity_id", "lead_id", ["entity_id", "lead_id"])]
    true_pairs, found_pairs, shared_pairs = (_pairs(n) for n in sizes)
    return MatchQuality(
        records=both.height,
        entities=len(sizes[0]),
        leads=len(sizes[1]),
        true_pairs=true_pairs,
        found_pairs=found_pairs,
        shared_pairs=shared_pairs,
        largest_cluster=int(sizes[1].max() or 0),
    )


def _pairs(sizes: pl.Series) -> int:
    n = sizes.cast(pl.Int64)
    return int((n * (n - 1) // 2).sum())

"""The estimator of the replay: what two orders of one field would have filled and cost, with intervals.

The direct method: rates are counted over the steps that were made, each after the misses before it, and an order is
worked out from them. The intervals are those of a bootstrap over subjects, because a subject's steps belong together.
Prices are taken as known. How the steps were chosen, and what an estimate leads to, is said by `replay`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.enrichment.attempt_history import misses
from dagster_project.enrichment.learned_order import PRIOR, Cell, Outlook, Price, Rates, outlook

DRAWS = 200
INTERVAL = (0.05, 0.95)


@dataclass(frozen=True)
class Group:
    """A field in a segment, the two orders that are compared, and what a filled field is worth in USD."""

    field: str
    segment: str
    fixed: tuple[str, ...]
    learned: tuple[str, ...]
    value: float


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its 90% interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Both orders over all of a field's `jobs`: how many fields they fill, what they cost in USD.

    `saved` is what the learned order costs less, `gained` the value in USD that it fills more. `seen` is the share of
    its steps that were made often enough for their rates to be their own.
    """

    jobs: int
    fixed: Outlook
    learned: Outlook
    saved: Interval
    gained: Interval
    seen: float


def compare(
    made: pl.DataFrame, bit: Mapping[str, int], groups: Sequence[Group], prices: Mapping[str, Price], seed: int
) -> Comparison:
    """Compare the orders of one field's groups by its steps (`attempt_history.steps`)."""
    counted = _Counted(made, bit)
    whole = counted.cells(np.ones(counted.subjects))
    fixed, learned = (_total(groups, whole, prices, name) for name in ("fixed", "learned"))
    jobs = sum(_jobs(group, whole) for group in groups)
    weights = np.random.default_rng(seed).poisson(1, (DRAWS, counted.subjects)).astype(float)
    drawn = np.array([_difference(groups, counted.cells(each), prices) for each in weights]) * jobs
    saved, gained = _difference(groups, whole, prices)
    intervals = np.quantile(drawn, INTERVAL, axis=0).T.tolist()
    return Comparison(
        round(jobs),
        fixed,
        learned,
        Interval(saved * jobs, *intervals[0]),
        Interval(gained * jobs, *intervals[1]),
        _seen(groups, whole),
    )


class _Counted:
    """Steps that can be counted again with other weights of their subjects."""

    def __init__(self, made: pl.DataFrame, bit: Mapping[str, int]) -> None:
        key = ("field", "segment", "provider", "missed")
        keys = made.select(key).unique().sort(key)
        self.keys = [(*place, misses(mask, bit)) for *place, mask in keys.iter_rows()]
        placed = made.join(keys.with_row_index("cell"), on=key, maintain_order="left")
        self.cell, self.filled = placed["cell"].to_numpy(), placed["is_filled"].to_numpy()
        names, self.subject = np.unique(placed["subject_id"].to_numpy(), return_inverse=True)
        self.subjects = len(names)

    def cells(self, weights: np.ndarray) -> list[Cell]:
        """The steps, counted with a weight for each subject."""
        weight = weights[self.subject]
        asked = np.bincount(self.cell, weight, len(self.keys)).tolist()
        filled = np.bincount(self.cell, weight * self.filled, len(self.keys)).tolist()
        return [Cell(*key, *counts) for key, counts in zip(self.keys, zip(asked, filled, strict=True), strict=True)]


def _jobs(group: Group, cells: Sequence[Cell]) -> float:
    """Jobs of a group: each has one step before which nobody missed."""
    return sum(cell.asked for cell in cells if cell.segment == group.segment and not cell.missed)


def _outlooks(
    groups: Sequence[Group], cells: Sequence[Cell], prices: Mapping[str, Price], which: str
) -> list[tuple[float, Outlook]]:
    """For each group its jobs, and what one of its orders does for one job."""
    rates = Rates(cells)
    return [
        (_jobs(group, cells), outlook(getattr(group, which), rates.expected(group.field, group.segment), prices))
        for group in groups
    ]


def _total(groups: Sequence[Group], cells: Sequence[Cell], prices: Mapping[str, Price], which: str) -> Outlook:
    found = _outlooks(groups, cells, prices, which)
    return Outlook(sum(jobs * each.filled for jobs, each in found), sum(jobs * each.usd for jobs, each in found))


def _difference(groups: Sequence[Group], cells: Sequence[Cell], prices: Mapping[str, Price]) -> tuple[float, float]:
    """What the learned order saves and what it gains in value, in USD for a job on average."""
    fixed, learned = (_outlooks(groups, cells, prices, which) for which in ("fixed", "learned"))
    pairs = [(jobs, group, a, b) for group, (jobs, a), (_, b) in zip(groups, fixed, learned, strict=True)]
    total = sum(jobs for jobs, *_ in pairs) or 1.0
    saved = sum(jobs * (a.usd - b.usd) for jobs, _, a, b in pairs)
    gained = sum(jobs * group.value * (b.filled - a.filled) for jobs, group, a, b in pairs)
    return saved / total, gained / total


def _seen(groups: Sequence[Group], cells: Sequence[Cell]) -> float:
    """The share of the learned order's steps whose rate rests more on its own attempts than on others."""
    rates, made, seen = Rates(cells), 0.0, 0.0
    for group in groups:
        nothing, jobs = rates.expected(group.field, group.segment), _jobs(group, cells)
        for position, provider in enumerate(group.learned):
            missed = frozenset(group.learned[:position])
            reached = jobs * nothing(missed)
            made += reached
            seen += reached * (rates.asked(group.field, group.segment, provider, missed) >= PRIOR)
    return seen / made if made else 0.0

"""The leak alarm: columns and models that know the outcome too well to have been known before it.

Before a salesperson has spoken to anyone, an AUC of .55 to .70 is usual; a single column above .80, or a model above
.85, is more often a field that was filled in afterwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dagster_project.scoring.encoder import Coded
from dagster_project.scoring.metrics import auc

COLUMN_AUC, MODEL_AUC = 0.80, 0.85
PRIOR_ROWS = 5.0
"""Rows of the base rate that a category's rate is mixed with, so that a category of one row says little."""


@dataclass(frozen=True)
class ColumnAuc:
    """How well one feature alone tells the outcome, whichever way it points."""

    feature: str
    auc: float


@dataclass(frozen=True)
class Alarm:
    """A warning, with the column or model it is about."""

    what: str
    auc: float
    sentence: str


def column_aucs(rows: Coded, y: np.ndarray) -> list[ColumnAuc]:
    """The AUC of each feature alone, the highest first.

    Categories and missing values count by their rate of positives in the other half of the rows, so that many small
    categories do not seem to know what they only remember.
    """
    found = [ColumnAuc(name, _of_numbers(rows.numbers[:, at], y)) for at, name in enumerate(rows.number_names)]
    found += [ColumnAuc(name, _of_codes(rows.codes[:, at], y)) for at, name in enumerate(rows.category_names)]
    return sorted(found, key=lambda each: (-each.auc, each.feature))


def alarms(columns: list[ColumnAuc], models: dict[str, float | None]) -> Iterator[Alarm]:
    """Alarms of columns, then of models; a model's names the columns that tell most."""
    for each in columns:
        if each.auc > COLUMN_AUC:
            told = f"column {each.feature!r} alone has an AUC of {each.auc:.3f}: was it known before the outcome?"
            yield Alarm(each.feature, each.auc, told)
    best = ", ".join(repr(each.feature) for each in columns[:3])
    for name, value in models.items():
        if value is not None and value > MODEL_AUC:
            yield Alarm(name, value, f"{name} has an AUC of {value:.3f}; the columns that tell most are {best}")


def _of_numbers(values: np.ndarray, y: np.ndarray) -> float:
    there = ~np.isnan(values)
    inside = auc(y[there], values[there]) or 0.5
    turned = values if inside >= 0.5 else -values
    if there.all():
        return max(inside, 1 - inside)
    given = _of_codes(there.astype(np.int32), y)
    return max(given, auc(y, np.where(there, turned, np.nanmedian(turned) if there.any() else 0.0)) or 0.5)


def _of_codes(codes: np.ndarray, y: np.ndarray) -> float:
    half, told = np.arange(len(y)) % 2, np.empty(len(y))
    size = int(codes.max()) + 2
    for side in (0, 1):
        other = half != side
        rows = np.bincount(codes[other] + 1, minlength=size)
        positives = np.bincount(codes[other] + 1, weights=y[other], minlength=size)
        rates = (positives + PRIOR_ROWS * y[other].mean()) / (rows + PRIOR_ROWS)
        told[half == side] = rates[codes[half == side] + 1]
    return auc(y, told) or 0.5

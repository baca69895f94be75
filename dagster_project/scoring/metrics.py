"""How good probabilities are: ranking (AUC, PR-AUC, precision and lift at the top) and honesty (Brier, ECE).

Every function takes `y` (0.0 or 1.0, [rows]) and probabilities or scores `p` ([rows]); None where a figure does not
exist, as the AUC of one class.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score

TOP_SHARE = 0.1
BINS = 10
ROWS_PER_BIN = 50
"""Fewer bins where there are few rows: under about 50 a bin, the error of a perfect model looks large (.06 at 30%)."""


@dataclass(frozen=True)
class Metrics:
    """Figures of one set of rows. `brier_constant` is that of the base rate known when the forecast was made."""

    rows: int
    positives: int
    base_rate: float
    auc: float | None
    pr_auc: float | None
    precision_top: float | None
    lift_top: float | None
    brier: float
    brier_constant: float
    ece: float
    mean_probability: float


@dataclass(frozen=True)
class Bin:
    """A step of the reliability table: what was said, and what came."""

    rows: int
    low: float
    high: float
    mean_probability: float
    observed: float


def measure(y: np.ndarray, p: np.ndarray, constant: np.ndarray) -> Metrics:
    """All figures of rows; `constant` is the constant's probability for each row."""
    base = float(y.mean())
    precision = precision_at_top(y, p)
    return Metrics(
        rows=len(y),
        positives=int(y.sum()),
        base_rate=base,
        auc=auc(y, p),
        pr_auc=float(average_precision_score(y, p)) if base > 0 else None,
        precision_top=precision,
        lift_top=precision / base if base > 0 else None,
        brier=brier(y, p),
        brier_constant=brier(y, constant),
        ece=ece(y, p),
        mean_probability=float(p.mean()),
    )


def auc(y: np.ndarray, p: np.ndarray) -> float | None:
    """Share of pairs of unlike outcome that are in the right order, ties half."""
    positives = float(y.sum())
    negatives = len(y) - positives
    if not positives or not negatives:
        return None
    return float((rankdata(p)[y > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def auc_within(y: np.ndarray, p: np.ndarray, window: np.ndarray) -> float | None:
    """AUC over the pairs that lie in the same window.

    Pooled pairs would credit a model for knowing in which window the base rate is high: on the bank's set the constant
    of the last 1,000 rows alone has a pooled AUC of .70.
    """
    right = pairs = 0.0
    for each in np.unique(window):
        inside = window == each
        found = auc(y[inside], p[inside])
        if found is not None:
            weight = float(y[inside].sum() * (1 - y[inside]).sum())
            right, pairs = right + found * weight, pairs + weight
    return right / pairs if pairs else None


def precision_at_top(y: np.ndarray, p: np.ndarray, share: float = TOP_SHARE) -> float:
    """Share of positives among the highest `share` of rows; rows tied at the edge count in proportion."""
    top = max(1, round(len(y) * share))
    edge = np.partition(p, len(p) - top)[len(p) - top]
    above, tied = p > edge, p == edge
    return float((y[above].sum() + y[tied].mean() * (top - above.sum())) / top)


def brier(y: np.ndarray, p: np.ndarray) -> float:
    """Mean squared error of probabilities."""
    return float(np.mean((p - y) ** 2))


def reliability(y: np.ndarray, p: np.ndarray, bins: int | None = None) -> list[Bin]:
    """Rows in order of probability, cut into bins of equal size; ties stay together."""
    count = bins or max(2, min(BINS, len(y) // ROWS_PER_BIN))
    edges = np.unique(np.quantile(p, np.linspace(0, 1, count + 1)[1:-1]))
    place = np.searchsorted(edges, p, side="right")
    found = []
    for each in np.unique(place):
        of = place == each
        said = p[of]
        found.append(Bin(int(of.sum()), float(said.min()), float(said.max()), float(said.mean()), float(y[of].mean())))
    return found


def ece(y: np.ndarray, p: np.ndarray, bins: int | None = None) -> float:
    """Expected calibration error: mean distance between said and observed over the bins, weighted by rows."""
    return sum(each.rows * abs(each.mean_probability - each.observed) for each in reliability(y, p, bins)) / len(y)

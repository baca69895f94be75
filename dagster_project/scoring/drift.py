"""What has changed since training: in the features, in the scores, and in whether the scores keep their word.

Pure measures over arrays; thresholds and what follows from them are the caller's.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.scoring.metrics import ece

BINS = 10
LEAST_SHARE = 1e-4
"""A bin never has a share of zero: an unseen category would make the index infinite."""

STABLE, SHIFTED = 0.1, 0.25
"""PSI below which nothing has changed, and above which much has: the index's usual reading."""


@dataclass(frozen=True)
class CalibrationDrift:
    """Calibration error then and now; `gap`: mean observed less mean said, now."""

    ece_then: float
    ece_now: float
    gap: float
    rows: int


def psi(then: np.ndarray, now: np.ndarray, bins: int = BINS) -> float:
    """Population stability index of a number, in bins that held equal shares then; NaN is a bin of its own.

    Raises ValueError when either side is empty.
    """
    if not len(then) or not len(now):
        raise ValueError("a stability index needs rows on both sides")
    there = then[~np.isnan(then)]
    edges = np.unique(np.quantile(there, np.linspace(0, 1, bins + 1)[1:-1])) if len(there) else np.zeros(0)
    return _index(*(_binned(each, edges) for each in (then, now)), len(edges) + 2)


def psi_of_categories(then: pl.Series, now: pl.Series) -> float:
    """Population stability index of a category; null is a category of its own, and so is one that was unseen then.

    Raises ValueError when either side is empty.
    """
    if then.is_empty() or now.is_empty():
        raise ValueError("a stability index needs rows on both sides")
    levels = then.drop_nulls().unique().sort().to_list()
    code = {level: at + 1 for at, level in enumerate(levels)}
    unseen = len(levels) + 1
    sides = (
        np.array([0 if each is None else code.get(each, unseen) for each in side.to_list()]) for side in (then, now)
    )
    return _index(*sides, unseen + 1)


def feature_drift(then: pl.DataFrame, now: pl.DataFrame) -> dict[str, float]:
    """The index of every feature of `then`: numbers as Float64, categories as String."""
    found = {}
    for name, kind in then.schema.items():
        if kind == pl.String:
            found[name] = psi_of_categories(then[name], now[name])
        else:
            sides = (each[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for each in (then, now))
            found[name] = psi(*sides)
    return found


def score_drift(then: np.ndarray, now: np.ndarray) -> float:
    """The index of the probabilities."""
    return psi(then, now)


def calibration_drift(y_then: np.ndarray, p_then: np.ndarray, y_now: np.ndarray, p_now: np.ndarray) -> CalibrationDrift:
    """Calibration error on the outcomes of training's last window and on those that have come since."""
    gap = float(y_now.mean() - p_now.mean())
    return CalibrationDrift(ece(y_then, p_then), ece(y_now, p_now), gap, len(y_now))


def _binned(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), 0, np.searchsorted(edges, values, side="right") + 1)


def _index(then: np.ndarray, now: np.ndarray, bins: int) -> float:
    shares = [np.clip(np.bincount(each, minlength=bins) / len(each), LEAST_SHARE, None) for each in (then, now)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())

"""How sure a difference is: the same rows drawn again and again, for all candidates at once (paired).

Rows are drawn by cluster: a row's repeats, or all rows of a group, come and go together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

DRAWS = 400
AT_ONCE = 20
SEED = 7


@dataclass(frozen=True)
class Draws:
    """[draws] figures of each candidate over the same draws of rows."""

    auc: dict[str, np.ndarray]
    brier: dict[str, np.ndarray]


def draw(y: np.ndarray, p: Mapping[str, np.ndarray], window: np.ndarray, cluster: np.ndarray) -> Draws:
    """AUC within windows and Brier of every candidate over `DRAWS` draws of clusters.

    All arrays are [forecasts]; `window` and `cluster` hold codes.
    """
    ranked = {name: _Ranked(y, each, window) for name, each in p.items()}
    lost = {name: (each - y) ** 2 for name, each in p.items()}
    auc: dict[str, list[np.ndarray]] = {name: [] for name in p}
    brier: dict[str, list[np.ndarray]] = {name: [] for name in p}
    for weights in _weights(cluster):
        total = weights.sum(axis=0)
        for name in p:
            auc[name].append(ranked[name].auc(weights))
            brier[name].append(lost[name] @ weights / total)
    return Draws(*({name: np.concatenate(parts) for name, parts in each.items()} for each in (auc, brier)))


def interval(draws: np.ndarray, level: float) -> tuple[float, float]:
    """The central interval that holds `level` of the draws."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _weights(cluster: np.ndarray) -> Iterator[np.ndarray]:
    """[forecasts × draws] how often each forecast is drawn."""
    random = np.random.default_rng(SEED)
    code = np.unique(cluster, return_inverse=True)[1]
    count = int(code.max()) + 1
    for _ in range(DRAWS // AT_ONCE):
        drawn = random.integers(0, count, size=(AT_ONCE, count))
        times = np.stack([np.bincount(each, minlength=count) for each in drawn], axis=1)
        yield times[code].astype(float)


class _Ranked:
    """Forecasts in order of window and probability, so that a weighted AUC is sums over them."""

    def __init__(self, y: np.ndarray, p: np.ndarray, window: np.ndarray) -> None:
        self.order = np.lexsort((p, window))
        self.y = y[self.order][:, None]
        ranked, inside = p[self.order], window[self.order]
        is_new_window = np.diff(inside, prepend=np.nan) != 0
        self.ties = np.flatnonzero(is_new_window | (np.diff(ranked, prepend=np.nan) != 0))
        self.windows = np.flatnonzero(is_new_window[self.ties])

    def auc(self, weights: np.ndarray) -> np.ndarray:
        """[draws] share of the pairs of a window that are in the right order, over all windows."""
        drawn = weights[self.order]
        positive = np.add.reduceat(drawn * self.y, self.ties, axis=0)
        negative = np.add.reduceat(drawn * (1 - self.y), self.ties, axis=0)
        below = np.cumsum(negative, axis=0) - negative
        before = below[self.windows]
        lengths = np.diff([*self.windows, len(self.ties)])
        right = (positive * (below - np.repeat(before, lengths, axis=0) + negative / 2)).sum(axis=0)
        of = np.add.reduceat(positive, self.windows, axis=0) * np.add.reduceat(negative, self.windows, axis=0)
        pairs = of.sum(axis=0)
        return np.divide(right, pairs, out=np.full(len(pairs), 0.5), where=pairs > 0)

"""On what to train and on what to judge: windows forward in time where there is time, whole groups or folds where not.

With time, a window is forecast from rows whose outcome was known when it began; a random split would let the future
teach the past (on the bank's set it makes XGBoost look better than logistic regression, which it is not by .08 AUC).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from dagster_project.scoring.table import BadTable, Table

FORWARD, BY_GROUP, REPEATED = "walk-forward", "group folds", "repeated stratified folds"
FIRST_TRAINING = 0.4
"""Share of the rows that only ever train; the rest is forecast."""

ROWS_PER_WINDOW = 300
MOST_WINDOWS, FEWEST_WINDOWS = 12, 4
MANY_ROWS, WINDOWS_OF_MANY = 50_000, 8
LEAST_KNOWN = 30
"""Outcomes of either kind that must be known before the first forecast."""

LEAST_LEFT = 0.5
"""Share of the known rows that must be left when the groups of a window are taken out of its training."""

FOLDS, REPEATS, FEW_ROWS, FEW_FEATURES = 5, 3, 5_000, 200
SEED = 7


@dataclass(frozen=True)
class Window:
    """Rows to train on, in order, and rows to forecast. `since`: when the forecast is made; None without time."""

    name: str
    train: np.ndarray
    test: np.ndarray
    since: float | None = None
    repeat: int = 0


def windows(table: Table) -> tuple[str, list[Window]]:
    """The scheme and its windows; a row may be forecast in several repeats. Raises `BadTable` for too few outcomes."""
    if table.at is not None:
        return FORWARD, _forward(table)
    if table.group is not None:
        return BY_GROUP, _grouped(table)
    return REPEATED, _repeated(table)


def known(table: Table, rows: np.ndarray, since: float) -> np.ndarray:
    """[rows] whether the outcome of each of `rows` is known at `since`."""
    return table.at[rows] + table.horizon <= since if table.horizon else table.at[rows] < since


def recurring(table: Table) -> bool:
    """Whether groups come again so often that leaving them out of training would leave too little to train on."""
    if table.at is None or table.group is None:
        return False
    return any(_without_groups(table, *each).size < LEAST_LEFT * len(each[0]) for each in _known_and_next(table))


def _forward(table: Table) -> list[Window]:
    # a lead's later rows must not be foretold from its own earlier ones
    is_apart = table.group is not None and not recurring(table)
    found = []
    for train, test in _known_and_next(table):
        seen = _without_groups(table, train, test) if is_apart else train
        if min(table.y[seen].sum(), len(seen) - table.y[seen].sum()) >= 2:
            found.append(Window(_name(table, test[0], test[-1] + 1), seen, test, table.at[test[0]]))
    if len(found) < 2:
        raise BadTable("too few outcomes were known early enough to forecast two windows")
    return found


def _known_and_next(table: Table) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each window the rows whose outcome was known when it began, and its own."""
    for start, end in pairwise(_edges(table)):
        yield np.flatnonzero(known(table, np.arange(start), table.at[start])), np.arange(start, end)


def _without_groups(table: Table, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    return train[~np.isin(table.group[train], table.group[test])]


def _edges(table: Table) -> np.ndarray:
    """Where windows begin, and the end; rows of the same time stay together."""
    first = _first(table)
    left = len(table) - first
    rarer = min(table.y[first:].sum(), left - table.y[first:].sum())
    most = WINDOWS_OF_MANY if len(table) >= MANY_ROWS else MOST_WINDOWS
    count = int(max(2, min(most, max(FEWEST_WINDOWS, left // ROWS_PER_WINDOW), rarer // 10)))
    wanted = np.linspace(first, len(table), count + 1).astype(int)[:-1]
    starts = np.searchsorted(table.at, table.at[wanted], side="left")
    starts = np.where(starts < first, np.searchsorted(table.at, table.at[wanted], side="right"), starts)
    return np.unique([*starts[starts < len(table)], len(table)])


def _first(table: Table) -> int:
    """The first row to be forecast: late enough that outcomes of both kinds are known, as early as that allows."""
    least = min(LEAST_KNOWN, (table.y.sum() // 2) or 1, ((1 - table.y).sum() // 2) or 1)
    for start in np.linspace(FIRST_TRAINING, 0.9, 26):
        row = int(len(table) * start)
        y = table.y[:row][known(table, np.arange(row), table.at[row])]
        if min(y.sum(), len(y) - y.sum()) >= least:
            return row
    raise BadTable(
        "too few outcomes were known before the last tenth of the rows; is the horizon longer than the file?"
    )


def _name(table: Table, start: int, end: int) -> str:
    if table.is_dated:
        return str(np.datetime64(int(table.at[start]), "s").astype("datetime64[D]"))
    return f"{start + 1:,}–{end:,}"


def _grouped(table: Table) -> list[Window]:
    folds = min(FOLDS, len(np.unique(table.group)))
    if folds < 2:
        raise BadTable("there is one group; there are no others to judge by")
    split = StratifiedGroupKFold(folds, shuffle=True, random_state=SEED).split(table.y, table.y, table.group)
    found = [Window(f"groups {at + 1}", train, test) for at, (train, test) in enumerate(split) if len(test)]
    return [each for each in found if np.ptp(table.y[each.train]) > 0]


def _repeated(table: Table) -> list[Window]:
    found = []
    is_quick = len(table) < FEW_ROWS and table.features.width <= FEW_FEATURES
    for repeat in range(REPEATS if is_quick else 1):
        split = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED + repeat).split(table.y, table.y)
        found += [
            Window(f"fold {repeat + 1}.{at + 1}", train, test, repeat=repeat) for at, (train, test) in enumerate(split)
        ]
    return found

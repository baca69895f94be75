"""From features to matrices: what a model learns about columns from its training rows, and applies to any rows.

`Coded` holds a frame as numbers and integer codes, made once. An `Encoder` is fitted on training rows only: medians,
spreads, levels that occur often enough, bin edges. It is plain data, so that it is stored as JSON beside the model.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

LEAST_ROWS = 20
"""Rows a category needs in the training rows to have a term of its own; the others share one."""

SKEWED = 8.0
"""Skewness from which a number enters a linear model by its logarithm: a few giants would else set its scale."""

BINS = 6
OTHER, ABSENT = "(other)", "(missing)"


@dataclass(frozen=True)
class Coded:
    """`numbers`: [rows × numbers] float64 with NaN; `codes`: [rows × categories] int32 into `levels`, -1 missing."""

    number_names: tuple[str, ...]
    numbers: np.ndarray
    category_names: tuple[str, ...]
    codes: np.ndarray
    levels: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def rows(self, which: np.ndarray | slice) -> "Coded":
        """Some of the rows."""
        return Coded(self.number_names, self.numbers[which], self.category_names, self.codes[which], self.levels)


def coded(features: pl.DataFrame) -> Coded:
    """A frame of Float64 and String columns as arrays."""
    numbers = [name for name, kind in features.schema.items() if kind != pl.String]
    categories = [name for name, kind in features.schema.items() if kind == pl.String]
    matrix = np.empty((features.height, len(numbers)))
    for place, name in enumerate(numbers):
        matrix[:, place] = features[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    codes, levels = np.empty((features.height, len(categories)), dtype=np.int32), []
    for place, name in enumerate(categories):
        found = features[name].drop_nulls().unique().sort()
        places = features[name].cast(pl.Enum(found)).to_physical().cast(pl.Int32).fill_null(-1)
        codes[:, place] = places.to_numpy()
        levels.append(tuple(found.to_list()))
    return Coded(tuple(numbers), matrix, tuple(categories), codes, tuple(levels))


@dataclass(frozen=True)
class NumberCode:
    """How one number enters a design. `logged`: sign(x) × log(1 + |x|) first, for long tails."""

    name: str
    median: float
    mean: float
    spread: float
    logged: bool
    has_missing: bool
    edges: tuple[float, ...]
    fills: tuple[float, float]


@dataclass(frozen=True)
class Encoder:
    """What is known of the columns; `levels` are those with a term of their own, by column name."""

    numbers: tuple[NumberCode, ...]
    levels: dict[str, tuple[str, ...]]

    def scaled(self, rows: Coded) -> tuple[np.ndarray, list[str]]:
        """[rows × terms]: scaled numbers with missing indicators, and one column per level; and each term's column."""
        return self._design(rows, self._scaled_number)

    def binned(self, rows: Coded) -> tuple[np.ndarray, list[str]]:
        """[rows × terms] of 0 and 1: a column per bin and per level; and each term's column."""
        return self._design(rows, self._binned_number)

    def trees(self, rows: Coded) -> tuple[np.ndarray, list[str]]:
        """[rows × terms] float32: numbers as they are, NaN where missing, and one column per level."""
        return self._design(rows, lambda values, _: values[:, None], np.float32)

    def _design(self, rows: Coded, number, kind=np.float64) -> tuple[np.ndarray, list[str]]:
        blocks, columns = [], []
        place = {name: at for at, name in enumerate(rows.number_names)}
        for code in self.numbers:
            block = number(rows.numbers[:, place[code.name]], code)
            blocks.append(block.astype(kind, copy=False))
            columns += [code.name] * block.shape[1]
        for name, block in self._one_hot(rows):
            blocks.append(block.astype(kind))
            columns += [name] * block.shape[1]
        return np.hstack(blocks) if blocks else np.zeros((len(rows), 0), kind), columns

    def _one_hot(self, rows: Coded):
        place = {name: at for at, name in enumerate(rows.category_names)}
        for name, kept in self.levels.items():
            column = place[name]
            index = {level: at for at, level in enumerate(kept)}
            other = index.get(OTHER, -1)
            lookup = np.array([index.get(level, other) for level in rows.levels[column]] + [index.get(ABSENT, -1)])
            yield name, lookup[rows.codes[:, column]][:, None] == np.arange(len(kept))[None, :]

    @staticmethod
    def _scaled_number(values: np.ndarray, code: NumberCode) -> np.ndarray:
        missing = np.isnan(values)
        low, high = code.fills
        filled = np.clip(np.where(missing, code.median, values), low, high)
        scaled = ((_logged(filled) if code.logged else filled) - code.mean) / code.spread
        return np.column_stack([scaled, missing]) if code.has_missing else scaled[:, None]

    @staticmethod
    def _binned_number(values: np.ndarray, code: NumberCode) -> np.ndarray:
        place = np.where(np.isnan(values), -1, np.searchsorted(code.edges, values, side="right"))
        return place[:, None] == np.arange(-1 if code.has_missing else 0, len(code.edges) + 1)[None, :]


def fit_encoder(train: Coded) -> Encoder:
    """An encoder of training rows; columns that are empty or constant there are left out."""
    numbers = [_number(name, train.numbers[:, at]) for at, name in enumerate(train.number_names)]
    levels = {}
    for at, name in enumerate(train.category_names):
        kept = _levels(train.codes[:, at], train.levels[at])
        if len(kept) > 1:
            levels[name] = kept
    return Encoder(tuple(each for each in numbers if each is not None), levels)


def _logged(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.log1p(np.abs(values))


def _number(name: str, values: np.ndarray) -> NumberCode | None:
    there = values[~np.isnan(values)]
    has_missing = len(there) < len(values)
    if not len(there) or (np.ptp(there) == 0 and not has_missing):
        return None
    median = float(np.median(there))
    fills = (float(there.min()), float(there.max()))
    filled = np.where(np.isnan(values), median, values)
    spread = float(filled.std())
    skew = float(np.mean(((filled - filled.mean()) / spread) ** 3)) if spread > 0 else 0.0
    logged = abs(skew) > SKEWED
    shown = _logged(filled) if logged else filled
    edges = np.unique(np.quantile(there, np.linspace(0, 1, BINS + 1)[1:-1]))
    edges = edges[edges > fills[0]]
    spread = float(shown.std()) or 1.0
    return NumberCode(
        name, median, float(shown.mean()), spread, logged, has_missing, tuple(float(e) for e in edges), fills
    )


def _levels(codes: np.ndarray, levels: tuple[str, ...]) -> tuple[str, ...]:
    """Levels with enough rows, then the shared and the missing one where rows are left for them."""
    counts = np.bincount(codes + 1, minlength=len(levels) + 1)
    least = min(LEAST_ROWS, max(2, len(codes) // 50))
    kept = [level for level, count in zip(levels, counts[1:], strict=True) if count >= least]
    rare = counts[1:][counts[1:] < least].sum()
    return (*kept, *((OTHER,) if rare else ()), *((ABSENT,) if counts[0] else ()))

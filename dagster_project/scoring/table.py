"""A labelled table: a flat file's rows as features, outcomes, times and groups, in the order in which they were known.

`labelled` is the only door from raw text to scoring. What it drops, turns and assumes, it says in `Table.notes` and
`Table.uses`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.scoring.columns import ColumnUse, calendar, read_columns
from dagster_project.scoring.label import labels
from dagster_project.scoring.values import ENOUGH, SECONDS_PER_DAY, as_numbers, as_times, epoch_times, without_missing

ROW = "ROW"
"""Instead of a column's name: the rows of the file are in order of time."""

LEAST_OUTCOMES = 20
"""Outcomes of the rarer kind below which nothing can be judged: the AUC of 20 has a 95% half-width of about .12."""


class BadTable(ValueError):
    """A file cannot be judged as it is; the message says why."""


@dataclass(frozen=True)
class Table:
    """Rows in order of time (or of the file). `features`: Float64 numbers and String categories; `y`: [rows] of 0.0
    and 1.0; `at`: [rows] seconds since 1970, or row numbers, or None; `group`: [rows] of codes, or None;
    `horizon`: in the unit of `at`, how long after it a row's outcome is known.
    """

    features: pl.DataFrame
    y: np.ndarray
    at: np.ndarray | None
    group: np.ndarray | None
    horizon: float
    positive: str
    uses: tuple[ColumnUse, ...]
    notes: tuple[str, ...]
    is_dated: bool

    def __len__(self) -> int:
        return len(self.y)


def labelled(
    raw: pl.DataFrame,
    label: str,
    *,
    time: str | None = None,
    group: str | None = None,
    drop: Sequence[str] = (),
    horizon_days: float = 0.0,
    positive: str | None = None,
) -> Table:
    """Read a flat file's text columns as a table.

    Raises `BadLabel` for a label that does not hold two values, `BadTable` for a column that is not there, a time that
    cannot be read, or too few outcomes.
    """
    _check_names(raw.columns, [label, *filter(None, (group,)), *drop, *([time] if time not in (None, ROW) else [])])
    y, meant = labels(raw[label], positive)
    at, is_dated, notes = _times(raw, time)
    if horizon_days and not is_dated:
        raise BadTable("--horizon-days needs --time with a column of dates")
    rows, lost = _usable(y, at)
    y, raw, at = y[rows], raw[rows], None if at is None else at[rows]
    _check_outcomes(y)
    features, uses = _features(raw.drop({label, group, time, *drop} & {*raw.columns}), at if is_dated else None)
    codes, horizon = None if group is None else _codes(raw[group]), horizon_days * SECONDS_PER_DAY
    return Table(features, y, at, codes, horizon, meant, tuple(uses), (*notes, *lost), is_dated=is_dated)


def _check_names(columns: list[str], wanted: list[str]) -> None:
    for name in wanted:
        if name not in columns:
            raise BadTable(f"no column {name!r}; the file has {', '.join(columns[:40])}")


def _check_outcomes(y: np.ndarray) -> None:
    rarer = int(min(y.sum(), len(y) - y.sum()))
    if rarer < LEAST_OUTCOMES:
        raise BadTable(
            f"{len(y):,} usable rows with {int(y.sum()):,} positives are too few to judge: "
            f"at least {LEAST_OUTCOMES} of each outcome are needed"
        )


def _times(raw: pl.DataFrame, time: str | None) -> tuple[np.ndarray | None, bool, list[str]]:
    """When each row was known, whether that is a date, and what there is to say of it."""
    if time is None:
        return None, False, []
    if time == ROW:
        return np.arange(raw.height, dtype=float), False, ["rows are taken to be in order of time"]
    text = without_missing(raw[time])
    numbers = as_numbers(text)
    is_number = numbers.null_count() - text.null_count() <= (1 - ENOUGH) * raw.height
    times = (epoch_times(numbers) if is_number else None) or as_times(text)
    if times is not None:
        return times.seconds, True, [f"time {time!r} is read as {times.written}"]
    if is_number and numbers.null_count() < raw.height:
        return numbers.fill_null(float("nan")).to_numpy().copy(), False, [f"time {time!r} is read as a number"]
    raise BadTable(f"the times in {time!r} cannot be read, such as {text.drop_nulls().head(1).to_list()}")


def _features(raw: pl.DataFrame, seconds: np.ndarray | None) -> tuple[pl.DataFrame, list[ColumnUse]]:
    features, uses = read_columns(raw, seconds)
    if seconds is not None:
        features = pl.DataFrame([*features.get_columns(), *calendar(seconds)])
    if not features.width:
        raise BadTable("no column is left to learn from")
    return features, uses


def _usable(y: np.ndarray, at: np.ndarray | None) -> tuple[np.ndarray, list[str]]:
    """Rows with a label and a time, in order of time; and what there is to say of the others."""
    keep = np.isfinite(y) if at is None else np.isfinite(y) & np.isfinite(at)
    rows = np.flatnonzero(keep)
    rows = rows if at is None else rows[np.argsort(at[rows], kind="stable")]
    unlabelled = int(np.isnan(y).sum())
    timeless = int((~keep).sum()) - unlabelled
    told = [f"{unlabelled:,} rows without a label are left out"] if unlabelled else []
    return rows, told + ([f"{timeless:,} rows without a time are left out"] if timeless else [])


def _codes(group: pl.Series) -> np.ndarray:
    """A number for each group; a row without a group is its own."""
    ids = group.cast(pl.String).to_numpy(allow_copy=True) if group.null_count() == 0 else None
    if ids is None:
        alone = pl.int_range(0, group.len(), eager=True).cast(pl.String)
        ids = group.cast(pl.String).fill_null("\0" + alone).to_numpy()
    return np.unique(ids.astype(str), return_inverse=True)[1]

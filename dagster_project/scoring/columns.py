"""What the columns of an unknown file are good for: numbers, categories, times, words, or nothing.

Decides from names and values alone, never from the label. `read_columns` gives a frame of Float64 (numbers) and String
(categories), in the file's order, and says of each column what became of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.scoring.values import (
    ENOUGH,
    SECONDS_PER_DAY,
    as_numbers,
    as_times,
    first_numbers,
    share,
    without_missing,
)

FEW = 20
"""Distinct values up to which texts with numbers in them are categories (`< 1 year`, `11-50`)."""

MOSTLY_NUMBERS = 0.8
UNIQUE_SHARE = 0.5
"""Texts of which more than this share are distinct say who a row is, not what it is like."""

LEAST_TO_TELL = 30
WORDS = 4
"""Mean words from which a text of many values is prose."""

IDENTIFIER = re.compile(r"(^|[_\s-])(id|uuid|guid|key|number|no|nr|hash|index|rownum)$|[a-z]I[Dd]$|^unnamed|^$")
WEEKDAY = "weekday of its time"
"""Not a plain `weekday`, which the file may have."""


@dataclass(frozen=True)
class ColumnUse:
    """What became of one column: used as number, category, time or text, or left out; and why."""

    column: str
    use: str
    why: str = ""


@dataclass(frozen=True)
class Read:
    """A column's features, and what became of it."""

    use: ColumnUse
    features: tuple[pl.Series, ...] = ()


def read_columns(raw: pl.DataFrame, seconds: np.ndarray | None) -> tuple[pl.DataFrame, list[ColumnUse]]:
    """Features of every column of `raw` (text), one row each; `seconds` is when each row was known, if that is known.

    A feature is named after its column; where a column gives several, as `column: part`.
    """
    read = [_read(raw[name], seconds) for name in raw.columns]
    frame = pl.DataFrame([feature for each in read for feature in each.features])
    return frame, [each.use for each in read]


def source_of(feature: str, columns: set[str]) -> str:
    """The column a feature was made from; a feature of the row's own time is its own."""
    return feature if feature in columns else feature.rpartition(": ")[0] or feature


def _read(values: pl.Series, seconds: np.ndarray | None) -> Read:
    text, name = without_missing(values), values.name
    distinct, there = text.drop_nulls().n_unique(), text.len() - text.null_count()
    if not there:
        return _left_out(name, "it is empty")
    if distinct == 1:
        if text.null_count() == 0:
            return _left_out(name, "it has one value")
        present = text.is_not_null().cast(pl.Float64).alias(f"{name}: given")
        return Read(ColumnUse(name, "number", "one value: only whether it is given"), (present,))
    numbers = as_numbers(text)
    numeric = share(numbers, text)
    if (numeric < ENOUGH or _looks_like_days(numbers)) and (times := as_times(text)) is not None:
        return _time(name, times.seconds, times.written, seconds)
    if numeric >= MOSTLY_NUMBERS:
        return _number(name, text, numbers, numeric)
    return _text(name, text, distinct, there)


def _left_out(name: str, why: str) -> Read:
    return Read(ColumnUse(name, "left out", why))


def _looks_like_days(numbers: pl.Series) -> bool:
    """Whether eight-digit numbers are days such as 20260131."""
    low, high = numbers.min(), numbers.max()
    return low is not None and low >= 19_000_101 and high <= 21_001_231


def _number(name: str, text: pl.Series, numbers: pl.Series, numeric: float) -> Read:
    if _is_identifier(name, numbers):
        return _left_out(name, "its numbers are all different and go with the name or the order of rows: an identifier")
    why = "" if numeric == 1 else f"{1 - numeric:.1%} of its values are no numbers and count as missing"
    return Read(ColumnUse(name, "number", why), (numbers.alias(name),))


def _is_identifier(name: str, numbers: pl.Series) -> bool:
    there = numbers.drop_nulls()
    if there.len() < LEAST_TO_TELL or there.n_unique() < there.len() or not (there == there.round(0)).all():
        return False
    order = np.corrcoef(there.rank().to_numpy(), np.arange(there.len()))[0, 1]
    return bool(IDENTIFIER.search(name.strip().lower())) or abs(order) > ENOUGH


def _time(name: str, at: np.ndarray, written: str, seconds: np.ndarray | None) -> Read:
    """Days before the row's own time, which is all that was known then; without one, the day itself."""
    if seconds is None:
        days = _series(name, at / SECONDS_PER_DAY)
        return Read(ColumnUse(name, "time", f"written {written}; as a day, there being no --time"), (days,))
    age = (seconds - at) / SECONDS_PER_DAY
    known = age[np.isfinite(age)]
    if (known < -1).mean() > 1 - ENOUGH if len(known) else True:
        later = f"{(known < -1).mean():.0%} of its times lie after the row's own" if len(known) else "no time is usable"
        return _left_out(name, f"{later}: it was not known then")
    if np.ptp(known) < 1 / SECONDS_PER_DAY:
        return _left_out(name, "it is the row's own time")
    why = f"written {written}; as days before the row's own time"
    return Read(ColumnUse(name, "time", why), (_series(f"{name}: days before", age),))


def _text(name: str, text: pl.Series, distinct: int, there: int) -> Read:
    if distinct > FEW and (firsts := first_numbers(text)) is not None and firsts.n_unique() > FEW:
        return Read(ColumnUse(name, "number", "the first number of its texts"), (firsts.alias(name),))
    words = text.str.count_matches(r"\S+")
    if distinct > FEW and there >= LEAST_TO_TELL and float(words.mean() or 0) >= WORDS and distinct > there / 10:
        return Read(ColumnUse(name, "text", "its length and frequent words"), tuple(_prose(name, text, words)))
    if there >= LEAST_TO_TELL and distinct > UNIQUE_SHARE * there:
        given = text.is_not_null().cast(pl.Float64).alias(f"{name}: given")
        many = f"{distinct:,} values in {there:,} rows: they say who a row is"
        if text.null_count():
            return Read(ColumnUse(name, "number", f"{many}; only whether it is given"), (given,))
        return _left_out(name, many)
    return Read(ColumnUse(name, "category", f"{distinct:,} values"), (text.str.to_lowercase().alias(name),))


def _prose(name: str, text: pl.Series, words: pl.Series, most: int = 30) -> Iterator[pl.Series]:
    """Length in words, and for each of the most frequent words whether it occurs."""
    yield words.cast(pl.Float64).alias(f"{name}: words")
    tokens = text.str.to_lowercase().str.extract_all(r"\p{L}{3,}").list.unique()
    counted = tokens.explode().drop_nulls().value_counts().rename({"count": "rows"}) if tokens.len() else None
    if counted is None:
        return
    word = counted.columns[0]
    frequent = counted.filter(pl.col("rows").is_between(text.len() * 0.02, text.len() * 0.98))
    for found in frequent.sort("rows", word, descending=[True, False]).head(most)[word]:
        yield tokens.list.contains(found).cast(pl.Float64).alias(f"{name}: {found!r}")


def calendar(seconds: np.ndarray) -> list[pl.Series]:
    """The weekday of the row's own time, as a category; nothing where all rows fall on one."""
    at = pl.Series(seconds * 1e6).cast(pl.Int64).cast(pl.Datetime("us"))
    weekday = at.dt.strftime("%A").str.to_lowercase().alias(WEEKDAY)
    return [weekday] if weekday.n_unique() > 1 else []


def _series(name: str, values: np.ndarray) -> pl.Series:
    return pl.Series(name, values).fill_nan(None)

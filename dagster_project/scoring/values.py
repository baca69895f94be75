"""What text values mean: missing, a number, a point in time. One column at a time; nothing here sees a label."""

from dataclasses import dataclass

import numpy as np
import polars as pl

MISSING = ("", "-", "--", "?", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "nat", "<na>", "(null)", "\\n")
NUMBER = r"^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$"
FIRST_NUMBER = r"(-?\d+(?:\.\d+)?)"
AROUND_NUMBER = r"^[<>~≈=+$€£\s]{0,4}\d[\d.,]*[^\d]{0,16}(?:\d[\d.,]*[^\d]{0,12})?$"
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d-%m-%Y", "%d-%m-%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%Y")
DAYS += ("%m-%d-%Y", "%Y%m%d", "%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%B %d, %Y")
CLOCKS = (" %H:%M:%S%.f", "T%H:%M:%S%.f", " %H:%M", "T%H:%M", " %I:%M:%S %p", " %I:%M %p")
ZONED = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.fZ")
SAMPLE = 2_000
ENOUGH = 0.95
"""Share of a column's values that must be of a kind for the column to be of it."""

SECONDS_PER_DAY = 86_400
EPOCH = (631_152_000, 4_102_444_800)
"""Seconds since 1970 that are read as times: 1990 to 2100."""


@dataclass(frozen=True)
class Times:
    """Points in time as seconds since 1970 (NaN where missing), and the format they were written in."""

    seconds: np.ndarray
    written: str


def without_missing(values: pl.Series) -> pl.Series:
    """Text without surrounding blanks, null where it says that there is no value."""
    text = values.cast(pl.String).str.strip_chars()
    return text.set(text.str.to_lowercase().is_in(MISSING).fill_null(value=True), None)


def share(part: pl.Series, whole: pl.Series) -> float:
    """How much of what is there in `whole` is also there in `part`."""
    there = whole.len() - whole.null_count()
    return (part.len() - part.null_count()) / there if there else 0.0


def as_numbers(text: pl.Series) -> pl.Series:
    """Float64; null for what is no number. Reads 1,234.5 and $12 and 7% (as 7)."""
    plain = text.str.replace_all(r"[$€£,%\s]", "")
    numbers = plain.set(~plain.str.contains(NUMBER), None).cast(pl.Float64, strict=False)
    return numbers.set(numbers.is_infinite(), None)


def first_numbers(text: pl.Series) -> pl.Series | None:
    """The first number of texts such as `10+ years` or `11-50 employees`; None unless nearly all are like that."""
    matched = text.set(~text.str.contains(AROUND_NUMBER), None)
    if share(matched, text) < ENOUGH:
        return None
    return matched.str.replace_all(",", "").str.extract(FIRST_NUMBER, 1).cast(pl.Float64, strict=False)


def as_times(text: pl.Series) -> Times | None:
    """Points in time in the one format that reads most of them; None when no format reads nearly all.

    Where day and month could be exchanged, the format that reads more rows wins; equal, the earlier of `DAYS`.
    """
    there = text.drop_nulls().unique(maintain_order=True).head(SAMPLE)
    if there.is_empty() or not there.str.contains(r"\d").all():
        return None
    shares = [(share(_parsed(there, each), there), -rank, each) for rank, each in enumerate(_formats(there))]
    best, _, written = max(shares, default=(0.0, 0, ""))
    if best < ENOUGH:
        return None
    parsed = _parsed(text, written)
    seconds = parsed.dt.epoch("us").cast(pl.Float64) / 1e6
    return Times(seconds.fill_null(float("nan")).to_numpy(), written)


def epoch_times(numbers: pl.Series) -> Times | None:
    """Numbers that are all seconds or milliseconds since 1970, as times."""
    low, high = numbers.min(), numbers.max()
    if low is None:
        return None
    for unit, written in ((1, "seconds since 1970"), (1_000, "milliseconds since 1970")):
        if EPOCH[0] * unit <= low and high <= EPOCH[1] * unit:
            return Times((numbers / unit).fill_null(float("nan")).to_numpy(), written)
    return None


def _formats(there: pl.Series) -> list[str]:
    """Formats worth trying, by whether a clock and a zone stand in the longest value."""
    longest = there[int(there.str.len_chars().arg_max())]
    return [*DAYS, "%Y-%m"] if ":" not in longest else [*ZONED, *(day + clock for clock in CLOCKS for day in DAYS)]


def _parsed(text: pl.Series, written: str) -> pl.Series:
    """Naive UTC datetimes, null where the format does not fit or the year is not of our time."""
    value = text
    if written == "%Y-%m":
        value, written = text + "-01", "%Y-%m-%d"
    parsed = value.str.to_datetime(written, strict=False, time_unit="us", ambiguous="earliest")
    if isinstance(parsed.dtype, pl.Datetime) and parsed.dtype.time_zone:
        parsed = parsed.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return parsed.set(~parsed.dt.year().is_between(1900, 2100).fill_null(value=False), None)

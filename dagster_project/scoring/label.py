"""Labels: which of two values is the outcome that is to be foretold."""

import numpy as np
import polars as pl

from dagster_project.scoring.values import as_numbers, without_missing

POSITIVE = "1 yes y true t won win converted qualified closed_won closedwon success positive subscribed bought churned"
NEGATIVE = "0 -1 2 no n false f lost loss not_converted unqualified closed_lost closedlost failure negative dropped"
POSITIVES, NEGATIVES = set(POSITIVE.split()), set(NEGATIVE.split())


class BadLabel(ValueError):
    """A column cannot be the label; the message says why and what would do."""


def labels(values: pl.Series, positive: str | None = None) -> tuple[np.ndarray, str]:
    """1.0, 0.0, and NaN where unknown, per row; and which value counts as 1.

    `positive` names it; else it is the one of 1/0, yes/no, true/false, won/lost and the like. Raises `BadLabel` when
    the column does not hold two values, or when it cannot be told which one is meant.
    """
    text = without_missing(values)
    numbers = as_numbers(text)
    if text.null_count() == numbers.null_count():  # 1 and 1.0 are one label
        text = numbers.cast(pl.String).str.strip_suffix(".0")
    found = text.drop_nulls().unique().sort().to_list()
    if len(found) != 2:
        raise BadLabel(_not_two(values.name, found))
    meant = _positive(values.name, found, positive)
    return (text == meant).cast(pl.Float64).fill_null(float("nan")).to_numpy().copy(), meant


def _not_two(name: str, found: list[str]) -> str:
    if len(found) < 2:
        told = f"only the value {found[0]!r}" if found else "no value"
        return f"label {name!r} holds {told}; there is nothing to tell apart"
    some = ", ".join(repr(value) for value in found[:6]) + (", …" if len(found) > 6 else "")
    return f"label {name!r} holds {len(found):,} values ({some}); it must hold two, such as 0/1, yes/no or won/lost"


def _positive(name: str, found: list[str], positive: str | None) -> str:
    plain = {value: value.lower().replace(" ", "_").replace("-", "_") for value in found}
    plain = {value: ("-1" if value == "-1" else key) for value, key in plain.items()}
    if positive is not None:
        asked = [value for value, key in plain.items() if positive.lower() in (value.lower(), key)]
        if not asked:
            raise BadLabel(f"label {name!r} holds {found[0]!r} and {found[1]!r}, not {positive!r}")
        return asked[0]
    good = [value for value, key in plain.items() if key in POSITIVES]
    if len(good) == 1:
        return good[0]
    bad = [value for value, key in plain.items() if key in NEGATIVES]
    if len(bad) == 1:
        return next(value for value in found if value != bad[0])
    raise BadLabel(f"label {name!r} holds {found[0]!r} and {found[1]!r}; say with --positive which one is the outcome")

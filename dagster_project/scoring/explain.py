"""Why a row has its probability: terms that add up to its log-odds exactly, and sentences for the largest.

A term is one feature's share of the log-odds: XGBoost's contributions, or a linear model's centred terms. They sum,
with the bias, to the model's log-odds before calibration; calibration moves all rows of the same log-odds alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.scoring.encoder import coded
from dagster_project.scoring.models import CHUNK, Fitted

MOST_REASONS = 5
LEAST_TERM = 0.05
"""Log-odds under which a term is not worth a sentence: odds move by less than 5%."""

PLAIN = "{feature} is {value}"


@dataclass(frozen=True)
class Reason:
    """One feature's part in a row's log-odds, and what to say of it. `field` is where the evidence is."""

    field: str
    value: str
    log_odds: float
    sentence: str


def terms(model: Fitted, features: pl.DataFrame) -> tuple[np.ndarray, list[str]]:
    """[rows × features] terms of the log-odds, which sum with `model.bias` to them; and the features' names."""
    rows = coded(features)
    parts = [model.terms(rows.rows(slice(at, at + CHUNK))) for at in range(0, max(len(rows), 1), CHUNK)]
    return np.vstack([part for part, _ in parts]), parts[0][1]


def reasons(
    model: Fitted, features: pl.DataFrame, sentences: Mapping[str, str] | None = None, most: int = MOST_REASONS
) -> list[list[Reason]]:
    """Of every row the terms of most weight, the heaviest first.

    `sentences`: by feature, a text with `{value}`; a feature without one is told plainly.
    """
    found, names = terms(model, features)
    most = min(most, len(names))
    heaviest = np.argsort(-np.abs(found), axis=1, kind="stable")[:, :most]
    values = [_shown(features[name]) for name in names]
    told = [sentence_of(name, sentences or {}) for name in names]
    return [
        [
            Reason(names[at], values[at][row], float(found[row, at]), told[at].format(value=values[at][row]))
            for at in places
            if abs(found[row, at]) >= LEAST_TERM
        ]
        for row, places in enumerate(heaviest)
    ]


def sentence_of(feature: str, sentences: Mapping[str, str]) -> str:
    """The text of a feature, with `{value}` still to be filled in."""
    plain = PLAIN.replace("{feature}", feature.replace("_", " ").replace("{", "(").replace("}", ")"))
    return sentences.get(feature, plain)


def _shown(values: pl.Series) -> Sequence[str]:
    if values.dtype == pl.String:
        return values.fill_null("not known").to_list()
    return ["not known" if value is None or value != value else f"{value:,.4g}" for value in values.to_list()]

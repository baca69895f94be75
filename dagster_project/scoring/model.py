"""A trained model as it is kept and applied: features in, probability and score out, the same for ever.

`train` fits one candidate on all rows whose outcome is known and calibrates it as the backtest did. A `Model` is
complete: encoder, estimator, calibration, and the figures it was promoted on. Files are in `model_file`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from dagster_project.scoring.calibration import Calibrator, calibrate
from dagster_project.scoring.encoder import coded, fit_encoder
from dagster_project.scoring.models import FITS, Fitted, directions
from dagster_project.scoring.table import Table

RECENT = 3_000


@dataclass(frozen=True)
class Model:
    """`features`: name to type (number or category), which is what `probability` asks of a frame."""

    kind: str
    fitted: Fitted
    calibrator: Calibrator
    features: dict[str, str]
    about: dict[str, Any] = field(default_factory=dict)

    def probability(self, features: pl.DataFrame) -> np.ndarray:
        """[rows] calibrated probabilities within [.005, .995].

        Raises `KeyError` for a feature that the frame does not have; columns that the model does not know are ignored.
        """
        absent = [name for name in self.features if name not in features.columns]
        if absent:
            raise KeyError(f"the model needs features that are not there: {', '.join(absent)}")
        return self.calibrator.probability(self.fitted.log_odds(coded(features.select(list(self.features)))))

    def score(self, features: pl.DataFrame) -> np.ndarray:
        """[rows] 100 × probability, to one decimal."""
        return np.round(100 * self.probability(features), 1)


def train(
    table: Table,
    kind: str,
    *,
    held_log_odds: np.ndarray | None = None,
    held_y: np.ndarray | None = None,
    declared: Mapping[str, int] | None = None,
    about: dict[str, Any] | None = None,
) -> Model:
    """Fit a candidate on every row of a table; the caller leaves out rows whose outcome is not known yet.

    `held_log_odds` and `held_y`: the candidate's forecasts of rows it had not seen, in order of time, and what came of
    them; the latest are what calibration is learned from. Without them the log-odds stay as they are.
    """
    rows = coded(table.features)
    monotone = {**directions(rows, table.y), **(declared or {})}
    fitted = FITS[kind](rows, table.y, fit_encoder(rows), monotone)
    unseen, outcomes = (np.zeros(0) if each is None else each[-RECENT:] for each in (held_log_odds, held_y))
    types = {name: "category" if dtype == pl.String else "number" for name, dtype in table.features.schema.items()}
    return Model(kind, fitted, calibrate(unseen, outcomes), types, about or {})

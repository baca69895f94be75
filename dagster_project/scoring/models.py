"""The candidates, each fitted on an encoder's matrix and each exact about its reasons: log-odds are a sum of terms.

In order of simplicity: logistic regression, naive Bayes on bins, XGBoost that may only rise or fall with a number, and
plain XGBoost. The base rate alone is what all of them have to beat. Calibration is elsewhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import xgboost as xgb
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import BernoulliNB

from dagster_project.scoring.calibration import logit
from dagster_project.scoring.encoder import Coded, Encoder

CONSTANT = "constant"
LOGISTIC, NAIVE_BAYES, MONOTONE, XGBOOST = "logistic", "naive_bayes", "xgboost_monotone", "xgboost"
TREES = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 4,
    "eta": 0.05,
    "min_child_weight": 3,
    # windows run side by side instead: on a busy machine two threads that wait for each other take ten times as long
    "nthread": 1,
    "seed": 7,
}
ROUNDS = 200
STRENGTH = 0.3
"""Inverse of logistic regression's penalty: a little more held than scikit-learn's 1, for training sets of hundreds."""

WIDE = 600
"""Terms above which the solver that inverts a matrix of them (cubic) gives way to one that does not."""

CHUNK = 50_000
CHRONICLE = 3
"""Parts of the training rows in each of which a number must pull in the same direction to be held to it."""


class Fitted(Protocol):
    """A fitted candidate: rows in, log-odds or their terms out."""

    encoder: Encoder

    def log_odds(self, rows: Coded) -> np.ndarray:
        """[rows] log-odds, uncalibrated."""

    def terms(self, rows: Coded) -> tuple[np.ndarray, list[str]]:
        """[rows × features] terms that, with `bias`, sum to the log-odds; and the features' names."""

    @property
    def bias(self) -> float:
        """The log-odds of a row whose terms are all 0."""


@dataclass(frozen=True)
class Linear:
    """Logistic regression or naive Bayes: weights over a matrix. Terms are centred on the training rows' mean."""

    encoder: Encoder
    estimator: Any
    weights: np.ndarray
    means: np.ndarray
    intercept: float
    is_binned: bool

    @property
    def bias(self) -> float:
        return float(self.intercept + self.weights @ self.means)

    def log_odds(self, rows: Coded) -> np.ndarray:
        return np.concatenate([self._matrix(rows.rows(part))[0] @ self.weights for part in _parts(rows)] or [[]]) + (
            self.intercept
        )

    def terms(self, rows: Coded) -> tuple[np.ndarray, list[str]]:
        matrix, columns = self._matrix(rows)
        return _by_feature((matrix - self.means) * self.weights, columns)

    def _matrix(self, rows: Coded) -> tuple[np.ndarray, list[str]]:
        return self.encoder.binned(rows) if self.is_binned else self.encoder.scaled(rows)


@dataclass(frozen=True)
class Boosted:
    """XGBoost; its terms are the exact contributions of its trees."""

    encoder: Encoder
    booster: xgb.Booster
    bias: float = 0.0

    def log_odds(self, rows: Coded) -> np.ndarray:
        parts = [self._predict(rows.rows(part), output_margin=True) for part in _parts(rows)]
        return np.concatenate(parts or [[]]).astype(float)

    def terms(self, rows: Coded) -> tuple[np.ndarray, list[str]]:
        matrix, columns = self.encoder.trees(rows)
        found = self.booster.predict(xgb.DMatrix(matrix, nthread=TREES["nthread"]), pred_contribs=True)
        return _by_feature(found[:, :-1].astype(float), columns)

    def _predict(self, rows: Coded, **how: bool) -> np.ndarray:
        return self.booster.inplace_predict(self.encoder.trees(rows)[0], predict_type="margin")


@dataclass(frozen=True)
class Constant:
    """The base rate of the training rows."""

    encoder: Encoder
    bias: float

    def log_odds(self, rows: Coded) -> np.ndarray:
        return np.full(len(rows), self.bias)

    def terms(self, rows: Coded) -> tuple[np.ndarray, list[str]]:
        return np.zeros((len(rows), 0)), []


def fit_constant(train: Coded, y: np.ndarray, encoder: Encoder, monotone: Mapping[str, int]) -> Constant:
    return Constant(encoder, logit(y))


def fit_logistic(train: Coded, y: np.ndarray, encoder: Encoder, monotone: Mapping[str, int]) -> Linear:
    matrix, _ = encoder.scaled(train)
    solver = "newton-cholesky" if matrix.shape[1] <= WIDE else "lbfgs"
    model = LogisticRegression(C=STRENGTH, solver=solver, max_iter=300).fit(matrix, y)
    return Linear(encoder, model, model.coef_[0], matrix.mean(axis=0), float(model.intercept_[0]), is_binned=False)


def fit_naive_bayes(train: Coded, y: np.ndarray, encoder: Encoder, monotone: Mapping[str, int]) -> Linear:
    matrix, _ = encoder.binned(train)
    model = BernoulliNB().fit(matrix, y)
    return linear_bayes(encoder, model, matrix.mean(axis=0))


def linear_bayes(encoder: Encoder, model: BernoulliNB, means: np.ndarray) -> Linear:
    """Naive Bayes over 0 and 1 is linear: a term's weight is what its being 1 instead of 0 adds to the log-odds."""
    there, absent = model.feature_log_prob_, np.log1p(-np.exp(model.feature_log_prob_))
    weights = (there - absent)[1] - (there - absent)[0]
    prior = model.class_log_prior_[1] - model.class_log_prior_[0]
    return Linear(encoder, model, weights, means, float(prior + (absent[1] - absent[0]).sum()), is_binned=True)


def fit_xgboost(train: Coded, y: np.ndarray, encoder: Encoder, monotone: Mapping[str, int]) -> Boosted:
    return _boosted(train, y, encoder, {})


def fit_monotone(train: Coded, y: np.ndarray, encoder: Encoder, monotone: Mapping[str, int]) -> Boosted:
    return _boosted(train, y, encoder, monotone)


def directions(train: Coded, y: np.ndarray) -> dict[str, int]:
    """Numbers that pull in one direction in every part of the training rows (in their order): 1 up, -1 down.

    A part speaks where the rank correlation is twice its standard error.
    """
    found = {}
    parts = np.array_split(np.arange(len(y)), CHRONICLE)
    for at, name in enumerate(train.number_names):
        signs = {_sign(train.numbers[part, at], y[part]) for part in parts}
        if len(signs) == 1 and (sign := signs.pop()):
            found[name] = sign
    return found


def _sign(values: np.ndarray, y: np.ndarray) -> int:
    there = ~np.isnan(values)
    values, y = values[there], y[there]
    if len(y) < CHUNK // 1_000 or np.ptp(values) == 0 or np.ptp(y) == 0:
        return 0
    ranks = np.unique(values, return_inverse=True)[1].astype(float)
    correlation = np.corrcoef(ranks, y)[0, 1]
    return int(np.sign(correlation)) if abs(correlation) > 2 / np.sqrt(len(y)) else 0


def _boosted(train: Coded, y: np.ndarray, encoder: Encoder, monotone: Mapping[str, int]) -> Boosted:
    matrix, columns = encoder.trees(train)
    signs = "(" + ",".join(str(monotone.get(name, 0)) for name in columns) + ")"
    data = xgb.QuantileDMatrix(matrix, label=y, nthread=TREES["nthread"])
    booster = xgb.train({**TREES, "monotone_constraints": signs}, data, num_boost_round=ROUNDS)
    return Boosted(encoder, booster, _bias(booster, matrix.shape[1]))


def _bias(booster: xgb.Booster, width: int) -> float:
    """The last of the contributions, which is the same for every row."""
    return float(booster.predict(xgb.DMatrix(np.zeros((1, width), np.float32)), pred_contribs=True)[0, -1])


def _parts(rows: Coded) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, len(rows), CHUNK)]


def _by_feature(terms: np.ndarray, columns: list[str]) -> tuple[np.ndarray, list[str]]:
    """Terms of the same feature added up; a feature's columns stand together."""
    names = list(dict.fromkeys(columns))
    starts = [columns.index(name) for name in names]
    return (np.add.reduceat(terms, starts, axis=1) if names else terms), names


Fit = Callable[[Coded, np.ndarray, Encoder, Mapping[str, int]], Fitted]
FITS: dict[str, Fit] = {
    CONSTANT: fit_constant,
    LOGISTIC: fit_logistic,
    NAIVE_BAYES: fit_naive_bayes,
    MONOTONE: fit_monotone,
    XGBOOST: fit_xgboost,
}
CANDIDATES = tuple(name for name in FITS if name != CONSTANT)
"""In order of simplicity: within noise, the first wins."""

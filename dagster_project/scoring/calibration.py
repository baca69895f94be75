"""From log-odds to probabilities that keep their word: learned on outcomes that the model had not seen.

With few outcomes a line over the log-odds (Platt), held near the identity so that a handful of outcomes cannot turn it
over; with many, isotonic regression, joined by straight lines so that ranks survive. Published probabilities are
clipped to [.005, .995]: nothing is impossible, and nothing is sure.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

LOWEST, HIGHEST = 0.005, 0.995
ISOTONIC_OUTCOMES = 500
"""Outcomes of the rarer kind from which on isotonic regression is worth its freedom."""

LEAST_OUTCOMES = 10
HOLD = (0.5, 5.0)
"""How strongly offset and slope are held to 0 and 1, in outcomes of even odds: the level little, the slope more."""

FLATTEST = 0.05
"""The least slope: whatever the outcomes say, ranks survive."""

CHI_SQUARE = 5.99
"""Twice the log-likelihood that two free numbers gain by chance, at 95%."""

STEPS = 60
MARGIN = 30.0


class Calibrator(Protocol):
    """Log-odds in, probabilities out."""

    def probability(self, log_odds: np.ndarray) -> np.ndarray:
        """[rows] probabilities within [.005, .995]."""


@dataclass(frozen=True)
class Platt:
    """Log-odds of the outcome = `offset` + `slope` × log-odds of the model."""

    offset: float = 0.0
    slope: float = 1.0

    def probability(self, log_odds: np.ndarray) -> np.ndarray:
        return clipped(expit(self.offset + self.slope * np.clip(log_odds, -MARGIN, MARGIN)))


@dataclass(frozen=True)
class Isotonic:
    """Straight lines between the centres of isotonic regression's steps; flat beyond the first and the last."""

    log_odds: tuple[float, ...]
    observed: tuple[float, ...]

    def probability(self, log_odds: np.ndarray) -> np.ndarray:
        return clipped(np.interp(log_odds, self.log_odds, self.observed))


def clipped(probability: np.ndarray) -> np.ndarray:
    """Probabilities as they may be published."""
    return np.clip(probability, LOWEST, HIGHEST)


def calibrate(log_odds: np.ndarray, y: np.ndarray) -> Calibrator:
    """The calibration that held-out outcomes ask for: the identity for too few, Platt for some, isotonic for many."""
    rarer = min(y.sum(), len(y) - y.sum())
    if rarer < LEAST_OUTCOMES:
        return Platt()
    return isotonic(log_odds, y) if rarer >= ISOTONIC_OUTCOMES else needed(platt(log_odds, y), log_odds, y)


def needed(line: Platt, log_odds: np.ndarray, y: np.ndarray) -> Platt:
    """The line where the outcomes are surely likelier with it (a likelihood-ratio test at 95%), else the identity."""
    gain = _likelihood(line.offset + line.slope * log_odds, y) - _likelihood(log_odds, y)
    return line if 2 * gain > CHI_SQUARE else Platt()


def platt(log_odds: np.ndarray, y: np.ndarray) -> Platt:
    """The line that makes the outcomes likeliest, by Newton's method with bounded steps."""
    x = np.column_stack([np.ones(len(y)), np.clip(log_odds, -MARGIN, MARGIN)])
    line, target = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    hold = np.diag(HOLD) / 4
    for _ in range(STEPS):
        p = expit(x @ line)
        gradient = x.T @ (y - p) - hold @ (line - target)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + hold
        step = np.clip(np.linalg.solve(hessian, gradient), -1.0, 1.0)
        line = line + step
        if np.abs(step).max() < 1e-9:
            break
    return Platt(float(line[0]), max(float(line[1]), FLATTEST))


def _likelihood(log_odds: np.ndarray, y: np.ndarray) -> float:
    bounded = np.clip(log_odds, -MARGIN, MARGIN)
    return float((y * bounded - np.logaddexp(0, bounded)).sum())


def around(level: float, slope: float) -> Platt:
    """The line of a slope that leaves log-odds of `level` as they are."""
    return Platt(level * (1 - slope), slope)


def logit(y: np.ndarray) -> float:
    """The log-odds of a base rate, finite even where all outcomes are alike."""
    rate = (y.sum() + 0.5) / (len(y) + 1)
    return float(np.log(rate / (1 - rate)))


def isotonic(log_odds: np.ndarray, y: np.ndarray) -> Isotonic:
    """Isotonic regression, each step by its centre."""
    steps = IsotonicRegression(out_of_bounds="clip").fit_transform(log_odds, y)
    values, place = np.unique(steps, return_inverse=True)
    rows = np.bincount(place)
    centres = np.bincount(place, weights=log_odds) / rows
    return Isotonic(tuple(float(each) for each in centres), tuple(float(each) for each in values))

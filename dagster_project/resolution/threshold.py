"""How sure a merge must be, without labels: the weight at which the expected F is highest.

A calibrated weight is a probability, so the pairs over a weight can be expected to hold so many matches and so many
mistakes, and the pairs under it so many matches lost. The threshold is where F, expected so, is highest. It depends on
the data at hand and on the model alone; the same input gives the same threshold.

Calibration is a straight line from match weight to log-odds (Platt): evidence of a pair is added up as if its parts
were independent, which makes weights louder than they should be. The model file carries the line that training found
on copies of known origin; `fit` finds another where labels exist.
"""

from dataclasses import dataclass

import numpy as np

ROUNDS = 200


@dataclass(frozen=True)
class Calibration:
    """Log2 odds of a match = `offset` + `slope` × match weight."""

    offset: float = 0.0
    slope: float = 1.0

    def probability(self, weight: np.ndarray) -> np.ndarray:
        """Probability of a match for each match weight."""
        return 1 / (1 + np.exp2(-np.clip(self.offset + self.slope * weight, -60, 60)))

    def weight(self, probability: float) -> float:
        """The match weight that has this probability."""
        return float((np.log2(probability / (1 - probability)) - self.offset) / self.slope)


def best_threshold(
    weight: np.ndarray, calibration: Calibration, recall_weight: float = 1.0, least: float = 0.5
) -> float:
    """The match weight from which on pairs are edges.

    `recall_weight` is the beta of F: 1 for F1, less where a wrong merge costs more than a missed one. However few
    pairs there are to choose from, none less probable than `least` is taken.
    """
    lowest = calibration.weight(least)
    if not len(weight):
        return lowest
    ordered = np.sort(weight)[::-1]
    probability = calibration.probability(ordered)
    taken = np.arange(1, len(ordered) + 1)
    squared = recall_weight**2
    f = (1 + squared) * np.cumsum(probability) / (taken + squared * probability.sum())
    return max(lowest, float(ordered[int(np.argmax(f))]))


def fit(weight: np.ndarray, is_match: np.ndarray) -> Calibration:
    """The line that makes labelled pairs likeliest: logistic regression by Newton's method, with a trace of ridge so
    that pairs which a weight separates perfectly do not drive it off to infinity.

    Raises ValueError unless there are both matches and others.
    """
    matches = np.asarray(is_match, dtype=float)
    if not 0 < matches.sum() < len(matches):
        raise ValueError("calibration needs pairs that match and pairs that do not")
    x = np.column_stack([np.ones(len(weight)), np.asarray(weight) * np.log(2)])
    line, ridge = np.array([0.0, 1.0]), 1e-5 * len(x)
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(x @ line, -40, 40)))
        gradient = x.T @ (matches - p) - ridge * (line - [0.0, 1.0])
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge * np.eye(2)
        # a bounded step: where pairs are nearly separated the curve is flat, and a full one leaps off it
        step = np.clip(np.linalg.solve(hessian, gradient), -0.2, 0.2)
        line = line + step
        if np.abs(step).max() < 1e-7:
            break
    return Calibration(round(float(line[0] / np.log(2)), 4), round(max(float(line[1]), 0.01), 4))

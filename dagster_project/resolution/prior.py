"""How many duplicates the data has, learned from the data: the prior of a run.

The prior is the share of all pairs that match. It is the fixed point of "the sum of the pairs' probabilities, given
the prior, is the number of matches": one parameter of expectation maximisation, the others being the model's.
"""

import math

import numpy as np

# A file of 30 records tells little about how many duplicates there are. It counts as if these pairs of a world with
# one duplicate per record had been seen beside its own.
WORLD_PAIRS = 100_000
WORLD_PRIOR = 1e-5

# More than so many matches per record are not believed.
MOST_MATCHES = 5.0

ROUNDS = 30


def highest_prior_weight(records: int) -> float:
    """The largest prior a run over so many records can learn, in bits."""
    return _bits(_prior(MOST_MATCHES * records / 2, records))


def learn_prior(evidence: np.ndarray, records: int) -> float:
    """Prior weight (log2 odds) given the evidence of the compared pairs in bits."""
    matches = records / 2
    for _ in range(ROUNDS):
        weight = _bits(_prior(matches, records))
        before, matches = matches, float(np.sum(1 / (1 + np.exp2(-np.clip(evidence + weight, -60, 60)))))
        matches = min(matches, MOST_MATCHES * records / 2)
        if abs(matches - before) < 1e-3 * before:
            break
    return _bits(_prior(matches, records))


def _prior(matches: float, records: int) -> float:
    pairs = records * (records - 1) / 2
    return (matches + WORLD_PAIRS * WORLD_PRIOR) / (pairs + WORLD_PAIRS)


def _bits(probability: float) -> float:
    return math.log2(probability / (1 - probability))

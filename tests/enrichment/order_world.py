"""A seeded world in which it is known what every provider has of every subject, so that any order's outcome is too.

A subject is more or less well known, to all providers alike: whom one does not find, another finds less often as well.
Rates and prices are of this world and of no real provider.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl

from dagster_project.contracts import ENRICHMENT_ATTEMPTS
from dagster_project.enrichment.learned_order import Price
from dagster_project.enrichment.waterfall import FieldSettings

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
SEGMENTS = {"b2b_saas/smb": 0.5, "healthcare/smb": 0.3, "healthcare/enterprise": 0.2}
# Waterfall field to its providers in the fixed order: price of a hit and of a miss, and the rate in each segment.
OFFERS: dict[str, dict[str, tuple[Price, tuple[float, float, float]]]] = {
    "email": {
        "clearbit": (Price(0.20), (0.45, 0.50, 0.75)),
        "apollo": (Price(0.10), (0.70, 0.30, 0.55)),
        "hunter": (Price(0.03), (0.40, 0.45, 0.50)),
    },
    # charged for every call: what is best depends on the segment
    "tech": {
        "builtwith": (Price(0.05, 0.05), (0.85, 0.30, 0.70)),
        "wappalyzer": (Price(0.03, 0.03), (0.50, 0.60, 0.65)),
    },
    # the fixed order is the best there is
    "domain": {
        "hunter": (Price(0.01), (0.60, 0.60, 0.60)),
        "apollo": (Price(0.10), (0.60, 0.50, 0.70)),
    },
}
# How much being well known counts against chance, in standard deviations.
KNOWN = 0.8

# Field, segment and subject to the providers asked, in order.
Policy = Callable[[str, str, str], Sequence[str]]


@dataclass(frozen=True)
class Outcome:
    """What a policy came to, exactly."""

    filled: int
    usd: float


def settings(field: str, segment: str = "", **options: Any) -> FieldSettings:
    """The world's fixed order of a field."""
    return FieldSettings(providers=tuple(OFFERS[field]), **options)


def fixed(field: str, segment: str, subject_id: str) -> Sequence[str]:
    return tuple(OFFERS[field])


class World:
    """So many subjects, in the order in which they are asked about, the same for the same seed."""

    def __init__(self, subjects: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.ids = [f"00000000-0000-5000-8000-{seed:04d}{number:08d}" for number in range(subjects)]
        place = random.choice(len(SEGMENTS), subjects, p=list(SEGMENTS.values()))
        self.segments = [list(SEGMENTS)[number] for number in place]
        known = random.standard_normal(subjects)
        self.has: dict[tuple[str, str], list[bool]] = {}
        for field, providers in OFFERS.items():
            for provider, (_, rates) in providers.items():
                luck = random.standard_normal(subjects)
                score = (KNOWN * known + luck) / np.hypot(KNOWN, 1)
                self.has[field, provider] = (score < _quantiles(rates)[place]).tolist()

    def walk(self, policy: Policy, field: str, number: int) -> list[tuple[str, bool, float]]:
        """Provider, whether it filled the field, and its price, until the first hit."""
        made = []
        for provider in policy(field, self.segments[number], self.ids[number]):
            hit, price = self.has[field, provider][number], OFFERS[field][provider][0]
            made.append((provider, hit, price.hit if hit else price.miss))
            if hit:
                break
        return made

    def outcome(self, policy: Policy, field: str, subjects: Sequence[int]) -> Outcome:
        """The truth about a policy."""
        walks = [self.walk(policy, field, number) for number in subjects]
        return Outcome(sum(made[-1][1] for made in walks if made), sum(usd for made in walks for *_, usd in made))

    def attempts(self, policy: Policy, subjects: Sequence[int], fields: Sequence[str] = tuple(OFFERS)) -> pl.DataFrame:
        """The history that a policy leaves, in the columns of the contract; a job a minute."""
        rows = [
            self._row(number, field, attempt, *step)
            for number in subjects
            for field in fields
            for attempt, step in enumerate(self.walk(policy, field, number), start=1)
        ]
        return ENRICHMENT_ATTEMPTS.conform(pl.DataFrame(rows, infer_schema_length=None))

    def _row(self, number: int, field: str, attempt: int, provider: str, hit: bool, usd: float) -> dict[str, Any]:
        at = BEGUN + timedelta(minutes=number)
        return {
            **{"org_id": "default", "source": provider, "partition_date": at.date(), "job_id": self.ids[number]},
            **{"request_id": "r", "subject_id": self.ids[number], "lead_id": self.ids[number], "field": field},
            **{"attempt": attempt, "provider": provider, "lookup": "lookup", "outcome": "ok" if hit else "no_match"},
            **{"is_cached": False, "is_filled": hit, "confidence": 0.9 if hit else None},
            **{"cost_usd": Decimal(f"{usd:.4f}"), "latency_ms": 100.0, "reason": None},
            **{"segment": self.segments[number], "attempted_at": at},
        }


def _quantiles(rates: Sequence[float]) -> np.ndarray:
    """Scores of a standard normal below which a share of subjects lies."""
    return np.array([NormalDist().inv_cdf(rate) for rate in rates])

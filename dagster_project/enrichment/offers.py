"""What each lookup costs and how far its answers are trusted: the table `tables/offers.csv`.

USD per answered subject; `charged_for` says whether a call without a match is charged too. `extras` are surcharges that
apply only when the answer has what is named. A call reserves the most that it can cost.
"""

import csv
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from dagster_project.enrichment.lookup import Reading
from dagster_project.transport.outcomes import Outcome

TABLE = Path(__file__).parent / "tables" / "offers.csv"


@dataclass(frozen=True)
class Offer:
    """One lookup's price and confidence (0 to 1), and where both were read; `(mem)` marks what was not confirmed."""

    provider: str
    lookup: str
    usd: Decimal
    charged_for: Literal["match", "call"]
    confidence: float
    extras: dict[str, Decimal] = field(default_factory=dict)
    source: str = ""

    @property
    def most(self) -> Decimal:
        """The most that an answer about one subject can cost."""
        return self.usd + sum(self.extras.values(), Decimal(0))

    def cost(self, reading: Reading) -> Decimal:
        """What a reading costs."""
        if reading.charged is not None:
            return reading.charged
        if reading.outcome is Outcome.OK:
            return self.usd + sum((self.extras.get(name, Decimal(0)) for name in reading.extras), Decimal(0))
        is_charged = self.charged_for == "call" and reading.outcome is Outcome.NO_MATCH
        return self.usd if is_charged else Decimal(0)


@cache
def offers() -> dict[tuple[str, str], Offer]:
    """Every offer by provider and lookup."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {(row["provider"], row["lookup"]): _offer(row) for row in csv.DictReader(file)}


def offer(provider: str, lookup: str) -> Offer:
    """The offer of a lookup. Raises KeyError for one that the table does not have."""
    return offers()[provider, lookup]


def _offer(row: dict[str, str]) -> Offer:
    extras = (part.split("=") for part in row["extras"].split() if part)
    return Offer(
        provider=row["provider"],
        lookup=row["lookup"],
        usd=Decimal(row["usd"]),
        charged_for=row["charged_for"],
        confidence=float(row["confidence"]),
        extras={name: Decimal(usd) for name, usd in extras},
        source=row["source"],
    )

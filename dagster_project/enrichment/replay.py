"""Whether the learned order would have been better than the fixed one, told from attempts that were made.

Jobs are split by time: the order is learned from the earlier half, and both orders are judged on the later one
(`replay_estimate`), without the subjects that the earlier half has too. Providers that the earlier half never asked for
a field are left out of both orders.

What nobody was asked cannot be seen. A history under one fixed order shows a later provider only after the misses of
the earlier ones, and its rate there stands for its rate on all leads. That understates the saving when leads differ in
how well they are known, and overstates it when providers know different leads; the first leads that are asked in the
learned order show which, and the next replay judges by them. `Comparison.seen` says how much of an estimate rests on
steps that were really made.

The gate, for each field: cost is lower and filled value is not lower, each at the near end of a 90% interval.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from dagster_project.enrichment.attempt_history import Prices, bits, cells, paid_prices, steps
from dagster_project.enrichment.learned_order import Learned, Rates, best_order
from dagster_project.enrichment.replay_estimate import Comparison, Group, compare
from dagster_project.enrichment.waterfall import FieldSettings

# Fewer jobs than this say nothing of rare misses, whatever their interval.
FEWEST_JOBS = 200
SEED = 5

# Settings of a field in a segment; None where no waterfall fills it.
SettingsOf = Callable[[str, str], FieldSettings | None]


@dataclass(frozen=True)
class FieldReplay:
    """What came of one field over the later half."""

    field: str
    comparison: Comparison
    orders: tuple[Group, ...]

    @property
    def saved_share(self) -> float:
        """Of what the fixed order cost; 0 where that cost nothing."""
        cost = self.comparison.fixed.usd
        return self.comparison.saved.estimate / cost if cost else 0.0

    @property
    def is_won(self) -> bool:
        found = self.comparison
        return found.jobs >= FEWEST_JOBS and found.saved.low > 0 and found.gained.low >= 0

    @property
    def verdict(self) -> str:
        """The outcome as a sentence."""
        found = self.comparison
        if found.jobs < FEWEST_JOBS:
            return f"{self.field}: {found.jobs} jobs are too few to judge by (of {FEWEST_JOBS}); the fixed order stays"
        told = (
            f"{self.field}: the learned order saves ${found.saved.estimate:,.2f} of ${found.fixed.usd:,.2f} "
            f"({self.saved_share:.1%}; 90% interval ${found.saved.low:,.2f} to ${found.saved.high:,.2f})"
        )
        if self.is_won:
            return f"{told} and fills no less; it is used where a waterfall says order: learned"
        lacking = "that is not sure" if found.saved.low <= 0 else "but may fill less"
        return f"{told}, {lacking}; the fixed order stays"


@dataclass(frozen=True)
class Replay:
    """The replay of a history; `learned` is what waterfalls are to use, from all of it."""

    fields: tuple[FieldReplay, ...]
    learned: Learned


def replay(history: pl.DataFrame, settings_of: SettingsOf, listed: Prices, seed: int = SEED) -> Replay:
    """Replay the attempts of one tenant (columns of `contracts.ENRICHMENT_ATTEMPTS`); some seconds for 100,000 jobs.

    `listed` prices stand in where nothing was paid. The same history and seed give the same replay.
    """
    bit, made = bits(history), steps(history)
    prices = paid_prices(made, listed)
    earlier, later = _halves(made)
    groups = _groups(earlier, later, bit, prices, settings_of)
    fields = []
    for name in dict.fromkeys(group.field for group in groups):
        own = tuple(group for group in groups if group.field == name)
        judged = later.filter(pl.col("field") == name, pl.col("segment").is_in([group.segment for group in own]))
        fields.append(FieldReplay(name, compare(judged, bit, own, prices[name], seed), own))
    won = frozenset(found.field for found in fields if found.is_won)
    return Replay(tuple(fields), Learned(Rates(cells(made, bit)), prices, won))


def _halves(made: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Steps of the earlier half of the jobs, and those of the later half about other subjects."""
    begun = made.group_by("job_id").agg(pl.col("attempted_at").min()).sort("attempted_at", "job_id")
    early = begun.head(begun.height // 2)
    earlier = made.join(early, on="job_id", how="semi")
    later = made.join(early, on="job_id", how="anti").join(earlier, on="subject_id", how="anti")
    return earlier, later


def _groups(
    earlier: pl.DataFrame, later: pl.DataFrame, bit: dict[str, int], prices: Prices, settings_of: SettingsOf
) -> list[Group]:
    """Fields and segments of the later half, with the fixed order and the one that the earlier half teaches."""
    rates = Rates(cells(earlier, bit))
    asked = set(earlier.select("field", "provider").unique().iter_rows())
    found = []
    for name, segment in later.select("field", "segment").unique().sort("field", "segment").iter_rows():
        settings, own = settings_of(name, segment), prices.get(name, {})
        usable = [p for p in settings.providers if (name, p) in asked and p in own] if settings else []
        if settings and usable:
            value, most = float(settings.value_usd), settings.max_attempts
            learned = best_order(usable, rates.expected(name, segment), own, value, most)
            found.append(Group(name, segment, tuple(usable[:most]), learned, value))
    return found

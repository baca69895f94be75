"""The order in which providers are asked for a field, learned from the attempts that were made.

The objective, per lead: `value × P(filled) - E[cost]`, in USD, with at most `max_attempts` providers asked and none
after a hit. What a provider has does not depend on when it is asked, so everything follows from the chance that all of
a set of providers have nothing; the best order is found exactly, over all such sets. Whether it may be used is said by
`replay`.

Rates are Beta posteriors: a provider's in a segment after these misses leans, with the weight of `PRIOR` attempts, on
its rate in that segment, that on its rate for the field, and that on the field's rate over all providers. Where the
history always asked in one order, a later provider is known only after the misses of the earlier ones; its rate there
stands for its rate on all leads. That is too low when leads differ in how well they are known, so that the gain of
asking it first is understated.

An order is explored by drawing the rates from their posteriors (Thompson sampling): the less a rate is known, the more
it varies. The draw is seeded by field and subject, so that the same history has the same subject asked in the same way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random

from dagster_project.enrichment.waterfall import FieldWaterfall

# Attempts that what is known more generally counts for: after so many of its own, a rate is half its own.
PRIOR = 20.0
# What a field's rate leans on itself: a provider fills every other one.
EVERY_OTHER = (1.0, 1.0)

Misses = frozenset[str]
# The chance that a set of providers all have nothing for a field.
Nothing = Callable[[Misses], float]
# Of two orders whose net values differ by less, in USD, the one given first is kept.
NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class Price:
    """What asking one provider for one field costs in USD: when it fills it, and when it does not.

    Floats: these are expectations, nothing is booked by them.
    """

    hit: float
    miss: float = 0.0


@dataclass(frozen=True)
class Cell:
    """How often a provider was asked for a field after these misses, and filled it. Counts may be weighted."""

    field: str
    segment: str
    provider: str
    missed: Misses
    asked: float
    filled: float


class Rates:
    """Chances of being filled, from counted attempts."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._counts: dict[tuple, tuple[float, float]] = {}
        # worked out once: every subject's order is completed by them
        self._means: dict[tuple[str, str], Nothing] = {}
        for cell in cells:
            key = (cell.field, cell.provider, cell.segment, cell.missed)
            # with all four parts it is the cell itself, with fewer what it leans on
            for general in ((cell.field,), key[:2], key[:3], key):
                filled, asked = self._counts.get(general, (0.0, 0.0))
                self._counts[general] = filled + cell.filled, asked + cell.asked

    def asked(self, field_name: str, segment: str, provider: str, missed: Misses) -> float:
        """Attempts that a rate rests on without leaning on any other."""
        return self._counts.get((field_name, provider, segment, missed), (0.0, 0.0))[1]

    def posterior(self, field_name: str, segment: str, provider: str, missed: Misses) -> tuple[float, float]:
        """Parameters of the Beta distribution of a rate. Each attempt counts once, where it is nearest."""
        key = (field_name, provider, segment, missed)
        levels = ((field_name,), key[:2], key[:3], key)
        alpha, beta = EVERY_OTHER
        for level, general in enumerate(levels):
            filled, asked = self._counts.get(general, (0.0, 0.0))
            nearer = self._counts.get(levels[level + 1], (0.0, 0.0)) if level < 3 else (0.0, 0.0)
            filled, asked = filled - nearer[0], asked - nearer[1]
            mean, weight = alpha / (alpha + beta), PRIOR if level else alpha + beta
            alpha, beta = weight * mean + filled, weight * (1 - mean) + asked - filled
        return alpha, beta

    def expected(self, field_name: str, segment: str) -> Nothing:
        """By the mean rates of a field in a segment."""
        key = (field_name, segment)
        if key not in self._means:
            self._means[key] = _together(
                lambda *at: self.posterior(*key, *at), lambda alpha, beta, *_: alpha / (alpha + beta)
            )
        return self._means[key]

    def drawn(self, field_name: str, segment: str, subject_id: str) -> Nothing:
        """By rates drawn for one subject: the same for the same counts and subject."""

        def draw(alpha: float, beta: float, provider: str, missed: Misses) -> float:
            # a seed for each rate, so that it does not matter in which order they are drawn
            text = "\x1f".join((field_name, subject_id, provider, *sorted(missed)))
            return Random(text).betavariate(alpha, beta)  # noqa: S311

        return _together(lambda *at: self.posterior(field_name, segment, *at), draw)


def _together(
    posterior: Callable[[str, Misses], tuple[float, float]], rate: Callable[[float, float, str, Misses], float]
) -> Nothing:
    """The chances of sets, from the rates of single providers after sets.

    A set is reached by as many ways as it has members that may come last. They are averaged, each with the weight of
    the attempts that its last step rests on, so that the same providers in another order fill the same.
    """

    @cache
    def nothing(providers: Misses) -> float:
        if not providers:
            return 1.0
        chances, total, weights = [], 0.0, 0.0
        for last in sorted(providers):
            before = providers - {last}
            alpha, beta = posterior(last, before)
            chances.append(nothing(before))
            total += (alpha + beta) * chances[-1] * (1 - rate(alpha, beta, last, before))
            weights += alpha + beta
        return min(total / weights, *chances)

    return nothing


@dataclass(frozen=True)
class Outlook:
    """What an order is expected to do for one lead: chance of a filled field, cost in USD."""

    filled: float
    usd: float


def best_order(
    providers: Sequence[str], nothing: Nothing, prices: Mapping[str, Price], value: float, max_attempts: int
) -> tuple[str, ...]:
    """The order with the highest expected value less cost; of equal ones, the first in the order given.

    A provider that is not worth its price after those before it is left out. Takes 2^n steps for n providers. Raises
    KeyError for a provider without a price.
    """

    @cache
    def best(missed: Misses) -> tuple[float, tuple[str, ...]]:
        """Expected net value from here on, and the order that has it."""
        found: tuple[float, tuple[str, ...]] = (0.0, ())
        if len(missed) == max_attempts:
            return found
        for provider in providers:
            if provider not in missed:
                tried, price = missed | {provider}, prices[provider]
                later, rest = best(tried)
                filled = nothing(missed) - nothing(tried)
                net = filled * (value - price.hit) - nothing(tried) * price.miss + later
                if net > found[0] + NEGLIGIBLE:
                    found = net, (provider, *rest)
        return found

    return best(frozenset())[1]


def outlook(order: Sequence[str], nothing: Nothing, prices: Mapping[str, Price]) -> Outlook:
    """What asking in an order comes to, until the first hit. Raises KeyError for a provider without a price."""
    reached, usd = 1.0, 0.0
    for position, provider in enumerate(order, start=1):
        left = nothing(frozenset(order[:position]))
        usd += (reached - left) * prices[provider].hit + left * prices[provider].miss
        reached = left
    return Outlook(1 - reached, usd)


@dataclass(frozen=True)
class Learned:
    """What was learned: rates, prices by field and provider, and the fields in which the replay was won."""

    rates: Rates
    prices: Mapping[str, Mapping[str, Price]]
    won: frozenset[str] = field(default_factory=frozenset)


def providers_for(
    waterfall: FieldWaterfall, usable: Sequence[str], segment: str, subject_id: str, learned: Learned | None
) -> tuple[str, ...]:
    """Whom to ask for a subject's field, in order: those of the waterfall that are usable, at most its `max_attempts`.

    In the waterfall's order, unless that is `learned` and the field has won its replay. A provider without a price is
    then not asked; one that the mean rates would ask is not left out because of a draw, but comes last. Of
    three providers that takes a quarter of a millisecond.
    """
    settings = waterfall.settings
    fixed = tuple(name for name in settings.providers if name in usable)
    if waterfall.order == "fixed" or learned is None or waterfall.field not in learned.won:
        return fixed[: settings.max_attempts]
    prices = learned.prices.get(waterfall.field, {})
    priced = [name for name in fixed if name in prices]
    drawn, expected = (
        best_order(priced, nothing, prices, float(settings.value_usd), settings.max_attempts)
        for nothing in (
            learned.rates.drawn(waterfall.field, segment, subject_id),
            learned.rates.expected(waterfall.field, segment),
        )
    )
    return tuple(dict.fromkeys((*drawn, *expected)))[: settings.max_attempts]

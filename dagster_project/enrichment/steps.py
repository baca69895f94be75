"""The next step of a waterfall, field by field: pure decisions over what was tried. Nothing is sent or stored here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from dagster_project.enrichment.lookup import Inputs, Lookup, Provider
from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.subject import Known, Subject

# Outcomes of a provider that was not really asked: no place of the waterfall is used up by it.
FREE = {"unavailable", "quota_exhausted", "auth", "rate_limited"}
# The answer is not there yet: nobody else is asked meanwhile, because that would pay twice.
WAITING = {"pending"}
# Why a provider is passed over; what is known may grow until the next round.
TOO_LITTLE = "too little is known to ask"


class Waterfall(Protocol):
    """How one field is filled (see `waterfall.FieldWaterfall`)."""

    providers: Sequence[str]
    max_attempts: int
    min_confidence: float
    max_cost_usd: Decimal | None
    stop_at_first_hit: bool


@dataclass(frozen=True)
class Try:
    """One provider's part in a field: what came of it, what it cost, the value it brought."""

    provider: str
    outcome: str
    cost: Decimal = Decimal(0)
    known: Known | None = None

    @property
    def is_hit(self) -> bool:
        return self.known is not None


@dataclass(frozen=True)
class Step:
    """Whom to ask next about a field, and with what."""

    provider: Provider
    lookup: Lookup
    inputs: Inputs


@dataclass
class Progress:
    """One field of one subject on its way: the tries so far, and the providers passed over for a reason in words."""

    rules: Waterfall
    order: Sequence[str]
    tries: list[Try] = field(default_factory=list)
    passed: dict[str, str] = field(default_factory=dict)
    # What was asked of providers that promised an answer: asked otherwise, by what is known since, they are paid twice.
    promised: dict[str, tuple[Lookup, Inputs]] = field(default_factory=dict)

    @property
    def attempts(self) -> int:
        """Tries that count."""
        return sum(t.outcome not in FREE for t in self.tries)

    @property
    def cost(self) -> Decimal:
        return sum((t.cost for t in self.tries), Decimal(0))

    @property
    def best(self) -> Try | None:
        """The surest hit; the earliest of equals."""
        hits = [t for t in self.tries if t.is_hit]
        return max(hits, key=lambda t: (t.known.is_verified, t.known.confidence), default=None)

    @property
    def is_waiting(self) -> bool:
        return any(t.outcome in WAITING for t in self.tries)

    @property
    def is_over(self) -> bool:
        """Whether nobody else is to be asked, whoever is left."""
        has_hit = self.rules.stop_at_first_hit and self.best is not None
        return has_hit or self.is_waiting or self.attempts >= self.rules.max_attempts


def next_step(
    progress: Progress,
    field_name: str,
    subject: Subject,
    identity: Mapping[str, str],
    providers: Mapping[str, Provider],
) -> Step | None:
    """The first provider in order that was not tried and can be asked; None when the field is over.

    `providers` are those with a key. Who is passed over is noted in `progress.passed`, and costs nothing. Whether a
    provider rests is not asked here: what it answered or promised before may be there all the same.
    """
    if progress.is_over:
        return None
    tried = {t.provider for t in progress.tries}
    for name in progress.order:
        if name in tried or progress.passed.get(name, TOO_LITTLE) != TOO_LITTLE:
            continue
        if name not in providers:
            progress.passed[name] = "no key"
            continue
        if name in progress.promised:
            return Step(providers[name], *progress.promised[name])
        found = _askable(providers[name], field_name, identity)
        if found is None:
            progress.passed[name] = TOO_LITTLE
            continue
        progress.passed.pop(name, None)
        most = progress.rules.max_cost_usd
        if most is not None and progress.cost + offer(name, found.lookup.name).most > most:
            progress.passed[name] = f"it may cost more than the {most} USD that the field may"
            continue
        return found
    return None


def pass_over(progress: Progress, provider: str, reason: str) -> None:
    """Ask the next one, although the provider promised an answer once."""
    progress.promised.pop(provider, None)
    progress.passed[provider] = reason


def _askable(provider: Provider, field_name: str, identity: Mapping[str, str]) -> Step | None:
    """The first of a provider's lookups for a field that the identity is enough for."""
    for lookup in provider.endpoints:
        if field_name in lookup.fills and (inputs := lookup.identify(identity)) is not None:
            return Step(provider, lookup, inputs)
    return None


def grouped(items: Iterable[tuple[str, Step]], size: Callable[[Lookup], int]) -> list[list[tuple[str, Step]]]:
    """Items (anything's id, its step) as the calls that ask them: of one lookup each, at most `size(lookup)` long."""
    by_lookup: dict[tuple[str, str], list[tuple[str, Step]]] = {}
    for item in items:
        by_lookup.setdefault((item[1].provider.name, item[1].lookup.name), []).append(item)
    calls = []
    for several in by_lookup.values():
        most = size(several[0][1].lookup)
        calls += [several[i : i + most] for i in range(0, len(several), most)]
    return calls

"""What a request may cost, before anybody is asked: at most, and as it is expected of the offers' price list."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from dagster_project.enrichment.lookup import Provider
from dagster_project.enrichment.merge import needs_asking
from dagster_project.enrichment.offers import Offer, offer
from dagster_project.enrichment.steps import Waterfall
from dagster_project.enrichment.subject import FIELDS, Subject


@dataclass(frozen=True)
class Estimate:
    """`subjects` with a field to fill, `questions` at most, `most_usd` when every one of them costs the most it can;
    `by_provider` is that share of each provider that may be asked."""

    subjects: int
    questions: int
    most_usd: Decimal
    by_provider: Mapping[str, Decimal]


def estimate(
    subjects: Iterable[Subject],
    fields: Sequence[str],
    rules_of: Callable[[Subject], Mapping[str, Waterfall]],
    providers: Mapping[str, Provider],
) -> Estimate:
    """The estimate of a request; `providers` are those that can be asked. What is remembered already is not counted."""
    asked, questions, by_provider = 0, 0, dict.fromkeys(providers, Decimal(0))
    for subject in subjects:
        offers = _offers(subject, fields, rules_of(subject), providers)
        asked += bool(offers)
        questions += len(offers)
        for each in offers.values():
            by_provider[each.provider] += each.most
    used = {name: usd for name, usd in by_provider.items() if usd}
    return Estimate(asked, questions, sum(used.values(), Decimal(0)), used)


def _offers(
    subject: Subject, fields: Sequence[str], rules: Mapping[str, Waterfall], providers: Mapping[str, Provider]
) -> dict[tuple[str, str], Offer]:
    """The lookups that a subject's fields may need, each once: several fields of one provider are one call."""
    found: dict[tuple[str, str], Offer] = {}
    for name in fields:
        settings = rules.get(name)
        if settings is None or FIELDS[name].kind != subject.kind:
            continue
        if not needs_asking(subject.known.get(name), settings.min_confidence):
            continue
        for provider in [p for p in settings.providers if p in providers][: settings.max_attempts]:
            if lookup := providers[provider].lookup(name):
                found[provider, lookup.name] = offer(provider, lookup.name)
    return found

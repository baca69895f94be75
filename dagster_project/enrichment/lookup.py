"""What an enrichment adapter is: one provider's lookups, as data and small pure functions.

An adapter never sends anything and never sees a key: `asking` does. A module under `enrichment/providers` declares one,
named `PROVIDER`. What an answer costs, and how far it is trusted, is in `tables/offers.csv`.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import orjson

from dagster_project.enrichment.subject import FIELDS, Kind
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.shapes import Shape, Terms
from dagster_project.transport.windows import Window

# What a subject is looked up by at one provider: the part of its identity that is sent, canonical names to values.
Inputs = Mapping[str, str]


@dataclass(frozen=True)
class Reading:
    """What an answer says of one subject.

    `outcome` is OK (there is a `record`), NO_MATCH, PENDING (`request_id` says which request to ask for later, after
    `retry_after` seconds), SUPPRESSED (the law or the person forbids it), or a failure of this subject alone.
    `charged` is the USD that the answer itself states, None where the price list says it; `extras` names surcharges of
    the price list that apply. `reason` holds no personal data.
    """

    outcome: Outcome
    record: Mapping[str, Any] | None = None
    request_id: str | None = None
    retry_after: float | None = None
    charged: Decimal | None = None
    extras: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Lookup(Shape):
    """One kind of question about leads or contacts; its functions are pure.

    `fills` are the waterfall fields (subject.FIELDS) it can fill, all of its `kind`. `identify(identity)` is what it
    sends of a subject's identity, None when that is not enough. `request(inputs)` is the call for 1 to `batch`
    subjects. `read(answer, inputs)` gives one reading per subject, in order, of an answer whose verdict is OK; it
    raises LookupError, TypeError or ValueError when the answer is not shaped as documented.

    Where answers come later and are charged when they are promised: `poll(request_id)` is the free call for one,
    `read_poll(answer)` its reading, whatever its verdict; `read_delivery(body)` gives request id and reading of each
    result in a webhook's body. `keep_seconds` is how long the provider keeps a result. Without a `poll` the question is
    put once more, as a call that may cost.

    `confidence(record, field)` is how sure the provider is of a waterfall field, 0 to 1; None where it does not say.
    """

    name: str
    kind: Kind
    fills: tuple[str, ...]
    identify: Callable[[Mapping[str, str]], Inputs | None]
    request: Callable[[Sequence[Inputs]], Request]
    read: Callable[[Answer, Sequence[Inputs]], list[Reading]]
    batch: int = 1
    # Address of this lookup where it is not the provider's own.
    base_url: str | None = None
    windows: tuple[Window, ...] = ()
    # Most results of one question; lookups have one.
    cap: int | None = None
    poll: Callable[[str], Request] | None = None
    read_poll: Callable[[Answer], Reading] | None = None
    read_delivery: Callable[[Any], Iterable[tuple[str, Reading]]] | None = None
    # Query parameter in which a call says where its later answer is to be sent.
    webhook_param: str | None = None
    keep_seconds: float = 86_400.0
    confidence: Callable[[Mapping[str, Any], str], float | None] = lambda record, name: None

    def values(self, record: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """What a record fills: waterfall field to the canonical fields that are there, as text."""
        found = self.canonical(record)
        filled = {name: {c: found[c] for c in FIELDS[name].filled_by if c in found} for name in self.fills}
        return {name: values for name, values in filled.items() if values}


@dataclass(frozen=True)
class Login:
    """How a key becomes a token: the call, and what its answer says (token, seconds that it lasts)."""

    request: Callable[[str], Request]
    read: Callable[[Answer], tuple[str, float]]


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One provider. `windows` hold for all its calls together, a lookup's own for its calls besides.

    `verdict` classifies a whole answer: what is final for every subject in it. `health` is a cheap account call that
    costs nothing. With a `login` the key is exchanged for a token, which is sent instead.
    """

    name: str
    title: str
    base_url: str
    auth: Auth
    endpoints: tuple[Lookup, ...]
    terms: Terms
    windows: tuple[Window, ...] = ()
    concurrency: int = 8
    verdict: Callable[[Answer], Verdict] = by_status
    health: Callable[[], Request] | None = None
    login: Login | None = None
    # Payload files of this provider that belong to calls it does not make, by name pattern, with the reason.
    not_called: Mapping[str, str] = field(default_factory=dict)

    def endpoint(self, name: str) -> Lookup:
        """The lookup of a name. Raises KeyError."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Lookup]:
        return {lookup.name: lookup for lookup in self.endpoints}

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Kinds of records it yields, each once."""
        return tuple(dict.fromkeys(lookup.kind for lookup in self.endpoints))

    def lookup(self, field_name: str) -> Lookup | None:
        """The lookup that fills a waterfall field; the first that is declared where several do."""
        return next((lookup for lookup in self.endpoints if field_name in lookup.fills), None)


def cache_key(provider: str, lookup: str, inputs: Inputs) -> str:
    """What an answer is remembered by: provider, lookup and a hash of what was sent."""
    sent = orjson.dumps(dict(inputs), option=orjson.OPT_SORT_KEYS)
    return f"{provider}.{lookup}.{hashlib.sha256(sent).hexdigest()[:32]}"

"""Before calls are sent: their questions are claimed, their money is reserved and the calls written down, in one
transaction. So no two workers pay for one answer, and no reservation is without its call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dagster_project.enrichment.ledger import Call, Ledger, Question, new_id
from dagster_project.enrichment.lookup import Lookup
from dagster_project.enrichment.money import reserve
from dagster_project.enrichment.steps import Step, grouped


@dataclass(frozen=True)
class Opened:
    """The calls to send; the questions that a full scope refuses; those that another worker asks at this moment. The
    last two by cache key."""

    calls: Sequence[tuple[Call, Lookup]] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()


def open_calls(
    ledger: Ledger, request_id: str, token: str, seen: Mapping[str, str], asked: Mapping[str, tuple[Question, Step]]
) -> Opened:
    """Open the calls for questions by cache key; `seen` has the answers that memory held and that do not suffice."""
    if not asked:
        return Opened()
    with ledger.connect(ledger.org_id) as connection:
        claimed = ledger.claim(connection, asked, token, seen)
        wanted = {q.id: (q.reserved, q.shares) for key, (q, _) in asked.items() if key in claimed}
        scopes = reserve(connection, ledger.org_id, wanted) if wanted else {}
        refused = {key: scopes[q.id] for key, (q, _) in asked.items() if key in claimed and scopes[q.id]}
        ledger.unclaim(connection, refused)
        steps = [(key, step) for key, (_, step) in asked.items() if key in claimed and key not in refused]
        calls = [_call(group, asked) for group in grouped(steps, lambda lookup: lookup.batch)]
        ledger.open(connection, [call for call, _ in calls], request_id, token)
    return Opened(calls, refused, frozenset(asked.keys() - claimed))


def _call(group: Sequence[tuple[str, Step]], asked: Mapping[str, tuple[Question, Step]]) -> tuple[Call, Lookup]:
    step = group[0][1]
    questions = [asked[key][0] for key, _ in group]
    lookup = step.lookup
    call = Call(
        new_id(), step.provider.name, lookup.name, questions, lookup.keep_seconds, is_polled=lookup.poll is not None
    )
    return call, lookup

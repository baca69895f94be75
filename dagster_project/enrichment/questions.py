"""How a subject is named to a provider, and how the answer to a question is asked for again where it comes later.

Some providers give no id with a promised answer: the question itself is then the id, so that a poll can be made from it
after a restart. Nothing here knows a provider.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from dagster_project.enrichment.lookup import Inputs, Reading
from dagster_project.transport.messages import Answer
from dagster_project.transport.outcomes import Outcome, Verdict, is_json

EMPLOYED = (("first_name", "last_name", "company_domain"), ("first_name", "last_name", "company_name"))


def named_by(*ways: tuple[str, ...]) -> Callable[[Mapping[str, str]], Inputs | None]:
    """An `identify` that sends the first of some ways to name a subject of which every part is known, and no more."""

    def identify(identity: Mapping[str, str]) -> Inputs | None:
        way = next((way for way in ways if all(identity.get(name) for name in way)), None)
        return {name: identity[name] for name in way} if way else None

    return identify


def renamed(inputs: Inputs, names: Mapping[str, str]) -> dict[str, str]:
    """Inputs under the provider's own names; those that are not listed keep theirs."""
    return {names.get(name, name): value for name, value in inputs.items()}


def question_id(lookup: str, inputs: Inputs) -> str:
    """An id from which the question can be put again: `person_find.` and its inputs, safe in an address."""
    sent = orjson.dumps(dict(inputs), option=orjson.OPT_SORT_KEYS)
    return f"{lookup}.{base64.urlsafe_b64encode(sent).decode().rstrip('=')}"


def question_of(request_id: str) -> tuple[str, Inputs]:
    """Lookup and inputs of such an id. Raises ValueError for any other text."""
    lookup, separator, sent = request_id.partition(".")
    try:
        inputs = orjson.loads(base64.urlsafe_b64decode(sent + "=" * (-len(sent) % 4)))
    except ValueError:
        inputs = None
    if not separator or not isinstance(inputs, dict):
        raise ValueError("this id names no question")
    return lookup, inputs


def polled(verdict: Callable[[Answer], Verdict], read: Callable[[Answer], Reading]) -> Callable[[Answer], Reading]:
    """A `read_poll`: what `read` makes of an answer that is OK, else the verdict as a reading."""

    def read_poll(answer: Answer) -> Reading:
        said = verdict(answer)
        return read(answer) if said.outcome is Outcome.OK else unread(said)

    return read_poll


def unread(verdict: Verdict) -> Reading:
    """A verdict as the reading of one subject."""
    return Reading(verdict.outcome, retry_after=verdict.retry_after, reason=verdict.reason)


def nobody(answer: Answer) -> Outcome:
    """What a 404 is where it says that nobody was found: no match, unless its body was torn on the way."""
    return Outcome.NO_MATCH if is_json(answer) else Outcome.TRANSIENT


def found_or_not(record: Any, key: str = "id") -> Reading:
    """The reading of a record, or of None. Raises LookupError or TypeError for a record that has no key."""
    if record is None:
        return Reading(Outcome.NO_MATCH)
    if not record[key]:
        raise LookupError(f"a record has no {key}")
    return Reading(Outcome.OK, record)

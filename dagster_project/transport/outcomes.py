"""Classes of answers. The same status means different things to different providers, so each provider says its own.

Retry only what can succeed: `RETRIED` within one run, after a pause; everything else is final for that call.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum

from dagster_project.transport.messages import Answer

LONGEST_WAIT = 86_400.0


class Outcome(StrEnum):
    """What an answer, or the lack of one, means for the call."""

    OK = "ok"
    NO_MATCH = "no_match"  # the provider has nothing; an answer too, and never asked again
    PENDING = "pending"  # accepted, the result comes later
    TRANSIENT = "transient"  # 5xx, timeout, cut or torn: may succeed at once
    RATE_LIMITED = "rate_limited"  # too fast: may succeed after a pause
    QUOTA_EXHAUSTED = "quota_exhausted"  # the plan's allowance is used up until a time
    AUTH = "auth"  # key missing, wrong, or without this right
    BAD_REQUEST = "bad_request"  # will never succeed as it is
    SUPPRESSED = "suppressed"  # refused for legal reasons; nobody may be asked for this person
    UNAVAILABLE = "unavailable"  # not called: the breaker is open


RETRIED = {Outcome.TRANSIENT, Outcome.RATE_LIMITED}
# The provider cannot be used for the rest of the run, whatever is asked of it.
STOPPING = {Outcome.QUOTA_EXHAUSTED, Outcome.AUTH, Outcome.UNAVAILABLE}


@dataclass(frozen=True)
class Verdict:
    """An answer's class; `reason` is short and holds no personal data, `retry_after` is in seconds."""

    outcome: Outcome
    reason: str = ""
    retry_after: float | None = None


STATUSES: dict[int, Outcome] = {
    400: Outcome.BAD_REQUEST,
    401: Outcome.AUTH,
    402: Outcome.QUOTA_EXHAUSTED,
    403: Outcome.AUTH,
    404: Outcome.BAD_REQUEST,
    405: Outcome.BAD_REQUEST,
    408: Outcome.TRANSIENT,
    410: Outcome.BAD_REQUEST,
    422: Outcome.BAD_REQUEST,
    425: Outcome.TRANSIENT,
    429: Outcome.RATE_LIMITED,
    451: Outcome.SUPPRESSED,
}


def by_status(answer: Answer, own: Mapping[int, Outcome] | None = None, reason: str = "") -> Verdict:
    """The verdict that a status alone gives; `own` holds what this provider means differently.

    2xx is OK, but a body that is no JSON is torn and thus TRANSIENT. Other 4xx are BAD_REQUEST, 5xx TRANSIENT.
    """
    status = answer.status
    said = f"HTTP {status} {reason}".strip()
    if own and status in own:
        return Verdict(own[status], said, retry_after(answer))
    if 200 <= status < 300:
        return Verdict(Outcome.OK) if is_json(answer) else Verdict(Outcome.TRANSIENT, f"HTTP {status}, torn body")
    outcome = STATUSES.get(status, Outcome.TRANSIENT if status >= 500 else Outcome.BAD_REQUEST)
    return Verdict(outcome, said, retry_after(answer))


def is_json(answer: Answer) -> bool:
    try:
        _ = answer.json
    except ValueError:
        return False
    return True


def retry_after(answer: Answer, now: float | None = None) -> float | None:
    """Seconds that the header Retry-After asks for, as a number or a date; None when it says nothing usable.

    A date is compared with `now` (Unix time), or with the answer's own Date, so that clocks need not agree.
    """
    header = answer.headers.get("retry-after", "")
    try:
        seconds = float(header)
    except ValueError:
        until, base = _timestamp(header), now if now is not None else _timestamp(answer.headers.get("date", ""))
        seconds = until - base if until is not None and base is not None else math.nan
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT)


def _timestamp(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return None

"""What can become of one row that was sent, and what the outbox does about it.

Failure has classes; only what can succeed is retried. Sinks classify, `next_step` decides, `outbox.py` writes it down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_DELAY = 5.0
LONGEST_DELAY = 3_600.0


class Outcome(StrEnum):
    """Class of one row's answer; `delivered` is the only one that acknowledges."""

    DELIVERED = "delivered"
    TRANSIENT = "transient"  # 5xx, timeout, cut connection: perhaps received, so it is sent again with the same key
    RATE_LIMITED = "rate_limited"  # 429: not received, waits as long as the destination says
    BAD_REQUEST = "bad_request"  # the destination will never take this row as it is
    AUTH = "auth"  # 401, 403: our credentials are at fault, not the row
    GONE = "gone"  # 404, 410, redirects: the endpoint is not there
    SUPPRESSED = "suppressed"  # the destination must not hold this person, and says so


# The destination's set-up is at fault: sending more rows cannot help, and no row pays for it with an attempt.
STOPPING = {Outcome.AUTH, Outcome.GONE}
FREE = {*STOPPING, Outcome.RATE_LIMITED}


@dataclass(frozen=True, slots=True)
class Result:
    """The answer for one row. `reason` is a redacted sentence; `retry_after` in seconds, as the destination asked."""

    outcome: Outcome
    reason: str | None = None
    status_code: int | None = None
    retry_after: float | None = None
    crm_id: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A row's next state (failed, dead or suppressed), when to try again, and the attempts it has used."""

    state: str
    next_attempt_at: datetime
    attempts: int


def next_step(result: Result, attempts: int, max_attempts: int, now: datetime, random: Callable[[], float]) -> Step:
    """What to do with a row that failed after `attempts` counted attempts. `random` yields 0 to 1, for the jitter."""
    if result.outcome is Outcome.SUPPRESSED:
        return Step("suppressed", now, attempts + 1)
    if result.outcome is Outcome.BAD_REQUEST:
        return Step("dead", now, attempts + 1)
    if result.outcome in FREE:
        return Step("failed", now + timedelta(seconds=result.retry_after or 0), attempts)
    if attempts + 1 >= max_attempts:
        return Step("dead", now, attempts + 1)
    return Step("failed", now + timedelta(seconds=delay(attempts, random)), attempts + 1)


def delay(attempts: int, random: Callable[[], float]) -> float:
    """Seconds before the next attempt: doubled each time up to an hour, of which half is random ("equal jitter")."""
    ceiling = min(LONGEST_DELAY, FIRST_DELAY * 2**attempts)
    return ceiling / 2 * (1 + random())

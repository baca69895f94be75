"""The circuit breaker: a provider that fails several times in a row is left alone for a while, then tried once.

closed → (5 failures in a row) → open → (60 s) → half open, one probe → closed, or open again. The state is shared by
processes; `transition` is the pure rule, `shared.SharedBreaker` keeps its state in PostgreSQL.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

FAILURES = 5
REST_SECONDS = 60.0
# A probe whose process died is given up after this.
PROBE_SECONDS = 60.0


@dataclass(frozen=True)
class Health:
    """A provider's state; times are Unix seconds. `since` is when it opened, or when the probe began."""

    state: Literal["closed", "open", "half_open"] = "closed"
    failures: int = 0
    since: float = 0.0


class Breaker(Protocol):
    """Asked before each call, told after it."""

    def allows(self) -> bool:
        """Whether a call may be made now; the first True after the rest is the probe."""

    def record(self, success: bool) -> None:
        """What became of a call."""


def asked(health: Health, now: float) -> tuple[Health, bool]:
    """The state after somebody asks to call, and whether they may."""
    if health.state == "closed":
        return health, True
    rest = REST_SECONDS if health.state == "open" else PROBE_SECONDS
    if now - health.since < rest:
        return health, False
    return replace(health, state="half_open", since=now), True


def told(health: Health, success: bool, now: float) -> Health:
    """The state after a call succeeded or failed."""
    if success:
        return Health()
    failures = health.failures + 1
    if health.state == "half_open" or failures >= FAILURES:
        return Health("open", failures, now)
    return replace(health, failures=failures)


class LocalBreaker:
    """The breaker of one process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock, self.health = clock, Health()

    def allows(self) -> bool:
        self.health, allowed = asked(self.health, self.clock())
        return allowed

    def record(self, success: bool) -> None:
        self.health = told(self.health, success, self.clock())

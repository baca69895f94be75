"""Limiter and breaker whose state is in PostgreSQL, so that every process of an installation counts together.

The tables and functions are those of migration 0003; `connect` is `Warehouse.app`, which opens one transaction as the
role `app` for one tenant.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import psycopg

from dagster_project.transport.breaker import Health, asked, told
from dagster_project.transport.windows import MARGIN_SECONDS, TooLong, Windows

TAKE = "select ops.take_slot(%(counters)s::text[], %(calls)s::int[], %(seconds)s::float8[], %(patience)s, %(margin)s)"
# Longer than any pause.
LONGEST_SECONDS = 1e9
ENTER = "insert into ops.provider_health (org_id, provider) values (%(org_id)s, %(provider)s) on conflict do nothing"
READ = """
select state, failures, extract(epoch from since)::float8, extract(epoch from clock_timestamp())::float8
from ops.provider_health where org_id = %(org_id)s and provider = %(provider)s for update
"""
WRITE = """
update ops.provider_health set state = %(state)s, failures = %(failures)s, since = to_timestamp(%(since)s)
where org_id = %(org_id)s and provider = %(provider)s
"""


class Connect(Protocol):
    """Opens one transaction as the role to which row-level security applies."""

    def __call__(self, org_id: str) -> AbstractContextManager[psycopg.Connection]: ...


class SharedLimiter:
    """Slots of calls that all processes take from; about a millisecond a call. A call without windows takes none:
    whether its provider is paused is looked up once a second."""

    FRESH_SECONDS = 1.0

    def __init__(self, connect: Connect, org_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.connect, self.org_id, self.clock = connect, org_id, clock
        # provider to when its pause was looked up, and when that ends
        self._pauses: dict[str, tuple[float, float]] = {}

    def take(self, windows: Windows, patience: float) -> float:
        wait = self._slot(windows, patience) if any(windows.values()) else self._rest(windows)
        if abs(wait) > patience:
            raise TooLong(abs(wait))
        return wait

    def _rest(self, windows: Windows) -> float:
        """Seconds until the pauses of uncounted calls are over."""
        return max((self._pause_of(name) for name in {counter.split("/")[0] for counter in windows}), default=0.0)

    def _pause_of(self, provider: str) -> float:
        now = self.clock()
        looked_at, over_at = self._pauses.get(provider, (float("-inf"), now))
        if now - looked_at >= self.FRESH_SECONDS:
            # a patience without end: the answer is how long the pause is, and nothing is reserved
            looked_at, over_at = now, now + self._slot({provider: ()}, LONGEST_SECONDS)
            self._pauses[provider] = looked_at, over_at
        return max(0.0, over_at - now)

    def _slot(self, windows: Windows, patience: float) -> float:
        """Seconds until the next moment, which is reserved; negative, and not, when that is beyond the patience."""
        # a counter without windows is listed too, because pauses hold for it
        limits = [(name, w) for name, found in windows.items() for w in found or [None]]
        values = {
            "counters": [name for name, _ in limits],
            "calls": [w and w.calls for _, w in limits],
            "seconds": [w and float(w.seconds) for _, w in limits],
            "patience": patience,
            "margin": MARGIN_SECONDS,
        }
        with self.connect(self.org_id) as connection:
            return connection.execute(TAKE, values).fetchone()[0]

    def pause(self, provider: str, seconds: float) -> None:
        self._pauses.pop(provider, None)
        with self.connect(self.org_id) as connection:
            connection.execute("select ops.pause_calls(%s, %s)", [provider, seconds])


class SharedBreaker:
    """A provider's breaker for one tenant. While all is well it asks the database once and then every few seconds."""

    FRESH_SECONDS = 2.0

    def __init__(self, connect: Connect, org_id: str, provider: str, clock: Callable[[], float]) -> None:
        self.connect, self.org_id, self.provider, self.clock = connect, org_id, provider, clock
        self.known, self.known_at = Health(), float("-inf")

    def allows(self) -> bool:
        if self.known.state == "closed" and self.clock() - self.known_at < self.FRESH_SECONDS:
            return True
        return self._change(asked)

    def record(self, success: bool) -> None:
        if success and self.known.state == "closed" and not self.known.failures:
            return
        self._change(lambda health, now: (told(health, success, now), True))

    def _change(self, rule: Callable[[Health, float], tuple[Health, bool]]) -> bool:
        """Read, apply the rule and write back, under the row's lock."""
        key = {"org_id": self.org_id, "provider": self.provider}
        with self.connect(self.org_id) as connection:
            connection.execute(ENTER, key)
            state, failures, since, now = connection.execute(READ, key).fetchone()
            before = Health(state, failures, since)
            after, allowed = rule(before, now)
            if after != before:
                connection.execute(WRITE, key | vars(after))
        self.known, self.known_at = after, self.clock()
        return allowed

"""Limiter and breaker whose state is in PostgreSQL, so that every process of an installation counts together.

The tables and functions are those of migration 0003; `connect` is `Warehouse.app`, which opens one transaction as the
role `app` for one tenant.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import psycopg

from dagster_project.transport.breaker import Health, asked, told
from dagster_project.transport.windows import MARGIN_SECONDS, TooLong, Windows

TAKE = "select ops.take_slot(%(counters)s::text[], %(calls)s::int[], %(seconds)s::float8[], %(patience)s, %(margin)s)"
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
    """Slots of calls that all processes take from; about a millisecond a call."""

    def __init__(self, connect: Connect, org_id: str) -> None:
        self.connect, self.org_id = connect, org_id

    def take(self, windows: Windows, patience: float) -> float:
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
            (wait,) = connection.execute(TAKE, values).fetchone()
        if wait < 0:
            raise TooLong(-wait)
        return wait

    def pause(self, provider: str, seconds: float) -> None:
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

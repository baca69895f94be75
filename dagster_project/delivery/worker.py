"""Moves rows from the outbox to a destination: lease, send, record, until nothing is due.

A worker may be killed between any two steps. What it had leased is taken again by the next one; what it had sent but
not recorded is sent again under the same key, which every destination takes as once. `diff.py` decides what to send.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from dagster_project.delivery.outbox import Connect, Outbox, OutboxRow
from dagster_project.delivery.outcomes import STOPPING, Outcome, Result, next_step
from dagster_project.delivery.sink import Flow, Sink

LEASE = timedelta(minutes=5)
# A run waits this long in all for retries and rate limits; what needs longer is left to the next run.
PATIENCE = 15.0
# Batches in a row of which no row was delivered: the destination is down, or refuses everything we have.
HOPELESS = 3


@dataclass
class Delivery:
    """What one worker did. `stale` rows were settled by another worker after this one's lease had ended."""

    states: Counter[str] = field(default_factory=Counter)
    stale: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    stopped: str | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a worker takes from the world; tests put a clock of their own here, and `on_step` to be killed at a step."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    pause: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    on_step: Callable[[str], None] = lambda step: None


def deliver(
    connect: Connect, org_id: str, sync: Flow, sink: Sink, surroundings: Surroundings | None = None
) -> Delivery:
    """Send what is due for one sync. Returns when nothing is due within the run's patience, or with `stopped` set."""
    outbox = Outbox(connect, org_id, sync.name)
    with outbox.holder() as token:
        return _Worker(outbox, sync, sink, surroundings or Surroundings(), token).run()


class _Worker:
    def __init__(self, outbox: Outbox, sync: Flow, sink: Sink, world: Surroundings, token: UUID) -> None:
        self.outbox, self.sync, self.sink, self.world, self.token = outbox, sync, sink, world, token
        self.delivery = Delivery()
        self.patience = PATIENCE
        self.hopeless = 0

    def run(self) -> Delivery:
        size = self.sync.destination.batch_size
        while self.delivery.stopped is None:
            rows = self.outbox.lease(size, token=self.token, now=self.world.clock(), ttl=LEASE)
            if rows:
                self._send(rows)
            elif not self._wait_for_a_retry():
                break
        return self.delivery

    def _send(self, rows: list[OutboxRow]) -> None:
        self.world.on_step("leased")
        started = time.perf_counter()
        results = self.sink.send(rows)
        latency_ms = (time.perf_counter() - started) * 1_000
        self.world.on_step("sent")
        self._record(rows, results, latency_ms)
        self.world.on_step("recorded")
        self.delivery.latencies_ms.append(latency_ms)
        self._judge(results)

    def _record(self, rows: Sequence[OutboxRow], results: Sequence[Result], latency_ms: float) -> None:
        """Acknowledge first: a crash between the two transactions must cost a repeat of failed rows only."""
        now = self.world.clock()
        pairs = list(zip(rows, results, strict=True))
        delivered = [(row, result) for row, result in pairs if result.outcome is Outcome.DELIVERED]
        failed = [
            (row, result, next_step(result, row.attempts, self.sync.max_attempts, now, self.world.random))
            for row, result in pairs
            if result.outcome is not Outcome.DELIVERED
        ]
        settled = 0
        if delivered:
            acknowledged = self.outbox.acknowledge(delivered, token=self.token, now=now, latency_ms=latency_ms)
            self.delivery.states["acknowledged"] += acknowledged
            settled += acknowledged
        if failed:
            states = self.outbox.fail(failed, token=self.token, now=now, latency_ms=latency_ms)
            self.delivery.states.update(states)
            settled += sum(states.values())
        self.delivery.stale += len(rows) - settled

    def _judge(self, results: Sequence[Result]) -> None:
        """Stop, pause or go on, by what came back."""
        worst = next((r for r in results if r.outcome is not Outcome.DELIVERED), None)
        useful = any(r.outcome in (Outcome.DELIVERED, Outcome.SUPPRESSED) for r in results)
        self.hopeless = 0 if useful else self.hopeless + 1
        if stopping := next((r for r in results if r.outcome in STOPPING), None):
            self.delivery.stopped = f"{stopping.outcome}: {stopping.reason}"
        elif waits := [r.retry_after or 0 for r in results if r.outcome is Outcome.RATE_LIMITED]:
            if not self._spend(max(waits)):
                self.delivery.stopped = f"rate limited for {max(waits):.0f} s"
        elif self.hopeless >= HOPELESS:
            self.delivery.stopped = (
                f"{HOPELESS} batches in a row failed, the last one as {worst.outcome}: {worst.reason}"
            )

    def _wait_for_a_retry(self) -> bool:
        """Whether a failed row has come due within the run's patience."""
        due = self.outbox.next_due()
        return due is not None and self._spend((due - self.world.clock()).total_seconds())

    def _spend(self, seconds: float) -> bool:
        """Pause, if the run's patience allows it; always some of it, so that a run ends."""
        cost = max(seconds, 0.1)
        if cost > self.patience:
            return False
        self.patience -= cost
        self.world.pause(cost)
        return True

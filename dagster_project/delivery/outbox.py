"""A row's life in `ops.delivery_outbox`: leased, then acknowledged, failed, dead or suppressed.

A lease ends when its time is up or when its holder's database session has gone, so a killed worker's rows can be taken
again at once. Each worker has its own fencing token; what it reports about a row counts only while the row carries that
token. Every report is one transaction: the row, its attempt and, for an acknowledgement only, the fingerprint. What has
to be sent is decided in `diff.py`; nothing here talks to a destination.
"""

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import psycopg

from dagster_project.delivery import outbox_sql
from dagster_project.delivery.outcomes import Result, Step


class Connect(Protocol):
    """Opens one transaction as the role to which row-level security applies: `Warehouse.app`."""

    def __call__(self, org_id: str) -> AbstractContextManager[psycopg.Connection]: ...


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One leased row. `payload` is the JSON text of the fields; `attempts` counts the earlier, recorded ones."""

    outbox_id: uuid.UUID
    natural_key: str
    revision: int
    idempotency_key: str
    payload: str
    attempts: int


@dataclass(frozen=True)
class Counts:
    """The ledger of one destination. `enqueued` is counted by itself, so that `balances` says something."""

    enqueued: int
    acknowledged: int
    pending: int
    leased: int
    failed: int
    dead: int
    suppressed: int

    @property
    def balances(self) -> bool:
        settled = self.acknowledged + self.dead + self.suppressed
        return self.enqueued == settled + self.pending + self.leased + self.failed


@dataclass(frozen=True)
class Outbox:
    """The outbox of one destination of one tenant."""

    connect: Connect
    org_id: str
    destination: str

    @contextmanager
    def holder(self) -> Iterator[uuid.UUID]:
        """A fencing token whose leases stand while this block is open.

        The open transaction holds a lock on the token and touches no row; when the process dies the server drops the
        lock, and the next `lease` of anybody takes the rows over.
        """
        token = uuid.uuid4()
        with self.connect(self.org_id) as connection:
            connection.execute(outbox_sql.HOLD, {"token": str(token)})
            # Last, and without parameters: it also ends the statement above, whose snapshot would keep the server from
            # clearing the row versions that this worker leaves behind; each lease would read all of them again.
            connection.execute("set local idle_in_transaction_session_timeout = 0")
            yield token

    def lease(self, limit: int, *, token: uuid.UUID, now: datetime, ttl: timedelta) -> list[OutboxRow]:
        """Take up to `limit` due rows, oldest first, until `now + ttl`; rows that another worker is taking are passed.

        A lead's revisions are never in flight together: the later one waits until the earlier lease is settled.
        """
        values = {"limit": limit, "token": token, "now": now, "until": now + ttl}
        with self._transaction() as connection:
            return [OutboxRow(*row) for row in self._run(connection, outbox_sql.LEASE, values)]

    def acknowledge(
        self, delivered: Sequence[tuple[OutboxRow, Result]], *, token: uuid.UUID, now: datetime, latency_ms: float
    ) -> int:
        """Record rows as delivered; returns how many: fewer than given when another worker holds some by now."""
        values = _answers(delivered) | {"token": token, "now": now, "latency": latency_ms}
        with self._transaction() as connection:
            return self._run(connection, outbox_sql.ACKNOWLEDGE, values).fetchone()[0]

    def fail(
        self, failed: Sequence[tuple[OutboxRow, Result, Step]], *, token: uuid.UUID, now: datetime, latency_ms: float
    ) -> Counter[str]:
        """Record rows as failed, dead or suppressed, each by its step; returns how many became what.

        Rows that another worker holds by now are not counted. A row that a newer revision waits behind is suppressed
        instead of retried: old content never overwrites new.
        """
        values = _answers([(row, result) for row, result, _ in failed]) | {
            "token": token,
            "now": now,
            "latency": latency_ms,
            "states": [step.state for _, _, step in failed],
            "attempts": [step.attempts for _, _, step in failed],
            "next_attempts": [step.next_attempt_at for _, _, step in failed],
        }
        with self._transaction() as connection:
            return Counter(dict(self._run(connection, outbox_sql.FAIL, values).fetchall()))

    def next_due(self) -> datetime | None:
        """When the first failed row may be tried again; None when no row waits."""
        with self._transaction() as connection:
            return self._run(connection, outbox_sql.NEXT_DUE).fetchone()[0]

    def counts(self) -> Counts:
        """The ledger as it stands."""
        with self._transaction() as connection:
            return Counts(*self._run(connection, outbox_sql.COUNTS).fetchone())

    def forget(self, natural_keys: Sequence[str] | None = None) -> int:
        """Void what the destination acknowledged, because it holds it no longer; all of it, or that of some leads.

        The next `enqueue` sends those leads again, if the mart has them. Revisions go on counting. Returns the number
        of leads forgotten.
        """
        values = {"keys": None if natural_keys is None else list(natural_keys)}
        with self._transaction() as connection:
            return self._run(connection, outbox_sql.FORGET, values).rowcount

    def replay_dead(self, natural_keys: Sequence[str] | None = None) -> int:
        """Make dead rows due again with all their attempts, all or those of some leads; returns how many.

        A dead row that a newer revision has overtaken is not replayed. Replayed rows are `failed`, not `pending`: a
        receiver may have seen them, so their content must not change under the same key.
        """
        values = {"keys": None if natural_keys is None else list(natural_keys)}
        with self._transaction() as connection:
            return self._run(connection, outbox_sql.REPLAY, values).rowcount

    @contextmanager
    def _transaction(self) -> Iterator[psycopg.Connection]:
        """A transaction that waits for a running `enqueue` of this destination; any number of workers pass at once."""
        with self.connect(self.org_id) as connection:
            self._run(connection, outbox_sql.ADMIT_WORKERS)
            yield connection

    def _run(self, connection: psycopg.Connection, statement: str, values: dict | None = None) -> psycopg.Cursor:
        scope = {"org": self.org_id, "destination": self.destination}
        return connection.execute(statement, scope | (values or {}))


def _answers(rows: Sequence[tuple[OutboxRow, Result]]) -> dict[str, list]:
    """One array per column of the answers, for `unnest`."""
    return {
        "ids": [row.outbox_id for row, _ in rows],
        "outcomes": [result.outcome.value for _, result in rows],
        "codes": [result.status_code for _, result in rows],
        "reasons": [result.reason for _, result in rows],
        "crm_ids": [result.crm_id for _, result in rows],
    }

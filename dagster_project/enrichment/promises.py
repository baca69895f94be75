"""Answers that come later: who is due to be asked again, and the one time that a result is taken.

A result may come by poll, by webhook, and by the webhook's second delivery: whichever is first turns the promise into
an answer, in one transaction with its money; the others find it answered and change nothing. What is not polled for
(see `ledger`) holds no money, and is nobody's business here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from dagster_project.enrichment.ledger import LASTING, lasts, new_id, payload_hash
from dagster_project.enrichment.ledger_sql import ANSWER, MOST_ALIKE, REMEMBER
from dagster_project.enrichment.lookup import Reading
from dagster_project.enrichment.money import restored, settle
from dagster_project.enrichment.rows import write
from dagster_project.transport.shared import Connect

# A promise is asked about again after this long, doubled each time up to the longest.
FIRST_SECONDS, LONGEST_SECONDS = 1.0, 300.0
DUE = """
select p.provider, split_part(p.provider_request, ' ', 1), a.lookup, p.asked_at, p.poll_at, p.expires_at
from ops.enrichment_pending as p
inner join ops.enrichment_answers as a on a.org_id = p.org_id and a.answer_id = p.answer_id
where p.org_id = %(org_id)s and p.state = 'waiting' and p.reservation <> '{}' and p.poll_at <= clock_timestamp()
order by p.poll_at limit %(most)s
"""
LATER = """
update ops.enrichment_pending set poll_at = %(poll_at)s
where org_id = %(org_id)s and provider = %(provider)s and provider_request = any(%(requests)s) and state = 'waiting'
"""
TAKE = """
update ops.enrichment_pending set state = %(state)s
where org_id = %(org_id)s and provider = %(provider)s and provider_request = any(%(requests)s) and state = 'waiting'
  and reservation <> '{}'
returning answer_id::text, reservation
"""
PROMISED = """
select call_id::text, provider, lookup, cache_key, kind, subject_id::text, lead_id::text, inputs
from ops.enrichment_answers where org_id = %(org_id)s and answer_id = %(answer_id)s
"""
NEXT = """
select min(poll_at) from ops.enrichment_pending
where org_id = %(org_id)s and state = 'waiting' and reservation <> '{}'
"""


@dataclass(frozen=True)
class Promise:
    """One result that is not there yet."""

    provider: str
    request: str
    lookup: str
    asked_at: datetime
    poll_at: datetime
    expires_at: datetime


class Promises:
    """The promises made to one tenant."""

    def __init__(self, connect: Connect, org_id: str) -> None:
        self.connect, self.org_id = connect, org_id

    def due(self, most: int = 100) -> list[Promise]:
        """Those to be asked about now, the longest due first."""
        with self.connect(self.org_id) as connection:
            rows = connection.execute(DUE, {"org_id": self.org_id, "most": most}).fetchall()
        return [Promise(*row) for row in rows]

    def next_at(self) -> datetime | None:
        """When the next one is due; None without any."""
        with self.connect(self.org_id) as connection:
            return connection.execute(NEXT, {"org_id": self.org_id}).fetchone()[0]

    def postpone(self, promise: Promise, seconds: float | None) -> None:
        """Ask again later: when the provider says, or after twice as long as it has been waited for."""
        now = datetime.now(UTC)
        waited = (now - promise.asked_at).total_seconds()
        pause = seconds if seconds is not None else min(max(waited, FIRST_SECONDS), LONGEST_SECONDS)
        values = {"poll_at": now + timedelta(seconds=pause), **self._key(promise.provider, promise.request)}
        with self.connect(self.org_id) as connection:
            connection.execute(LATER, values)

    def take(
        self, provider: str, request: str, reading: Reading, cost: Decimal, keep: timedelta, keep_nothing: timedelta
    ) -> bool:
        """Turn a promise into its answer; False when there is no such promise, or somebody was first.

        A promise that was not kept counts as charged in full: providers who are polled charge when they promise.
        """
        is_kept = reading.outcome in LASTING
        state = {"state": "answered" if is_kept else "expired"}
        until = datetime.now(UTC) + lasts(reading, keep, keep_nothing)
        with self.connect(self.org_id) as connection:
            taken = connection.execute(TAKE, self._key(provider, request) | state).fetchall()
            for answer_id, reservation in taken:
                promised = connection.execute(PROMISED, {"org_id": self.org_id, "answer_id": answer_id}).fetchone()
                usd = cost if is_kept else Decimal(reservation["usd"])
                row = self._answer(promised, request, reading, usd) | {"expires_at": until}
                write(connection, ANSWER, [row])
                if is_kept:
                    write(connection, REMEMBER, [row])
                settle(connection, self.org_id, [restored(reservation, usd)])
        return bool(taken)

    def _answer(self, promised: tuple[Any, ...], request: str, reading: Reading, cost: Decimal) -> dict[str, Any]:
        names = ("call_id", "provider", "lookup", "cache_key", "kind", "subject_id", "lead_id", "inputs")
        row = dict(zip(names, promised, strict=True))
        return row | {
            "org_id": self.org_id,
            "answer_id": new_id(),
            "outcome": str(reading.outcome),
            "payload": None if reading.record is None else orjson.dumps(reading.record).decode(),
            "payload_hash": None if reading.record is None else payload_hash(reading.record),
            "provider_request": request,
            "cost_usd": cost,
            "reason": reading.reason or None,
        }

    def _key(self, provider: str, request: str) -> Mapping[str, Any]:
        """Every promise that the provider made under one id."""
        alike = [request, *(f"{request} {n}" for n in range(2, MOST_ALIKE + 1))]
        return {"org_id": self.org_id, "provider": provider, "requests": alike}

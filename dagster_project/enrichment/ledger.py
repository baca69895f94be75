"""The ledger of calls and answers: a call is written before it is sent, and its answers before anybody uses them.

What a killed process left open was in flight, and what timed out or was cut off may have been carried out: both are
`lost`, count as charged in full, and may be asked again.
"""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import psycopg

from dagster_project.enrichment.ledger_sql import (
    ANSWER,
    CLAIM,
    CLOSE,
    CLOSE_LATE,
    CLOSE_PROMISES,
    LOSE,
    MOST_ALIKE,
    OPEN,
    PROMISE,
    REMEMBER,
    UNANSWERED,
    UNCLAIM,
)
from dagster_project.enrichment.lookup import Inputs, Reading
from dagster_project.enrichment.money import Settled, Share, restored, settle, stored
from dagster_project.enrichment.rows import write
from dagster_project.enrichment.subject import Subject
from dagster_project.transport.outcomes import Outcome
from dagster_project.transport.shared import Connect

# Answers that stand: the provider has it, has nothing, or must not say.
LASTING = {Outcome.OK, Outcome.NO_MATCH, Outcome.SUPPRESSED}
# That nobody may be asked about somebody is remembered for a year.
SUPPRESSED = timedelta(days=365)


@dataclass(frozen=True)
class Question:
    """One subject's part in a call: its id, what it may cost, where that counts, how long an answer stands."""

    id: str
    subject: Subject
    key: str
    inputs: Inputs
    reserved: Decimal
    shares: Sequence[Share]
    keep: timedelta
    keep_nothing: timedelta


@dataclass(frozen=True)
class Call:
    """One call to a provider about one or more subjects."""

    id: str
    provider: str
    lookup: str
    questions: Sequence[Question]
    keep_seconds: float = 86_400.0
    # Whether an answer that comes later is polled for; otherwise the same call is made, and paid for, once more.
    is_polled: bool = True

    @property
    def reserved(self) -> Decimal:
        return sum((q.reserved for q in self.questions), Decimal(0))


@dataclass(frozen=True)
class Answered:
    """A call that came back: its class, and for each of its questions the reading and what it cost."""

    call: Call
    outcome: str
    status: int | None
    reason: str
    attempts: int
    latency_ms: float | None
    readings: Sequence[tuple[Question, Reading, Decimal]]
    # Nobody knows whether it was carried out; what it may have cost is in the readings.
    is_lost: bool = False


class Ledger:
    """The calls of one tenant."""

    def __init__(self, connect: Connect, org_id: str) -> None:
        self.connect, self.org_id = connect, org_id

    def claim(
        self, connection: psycopg.Connection, keys: Iterable[str], token: str, seen: Mapping[str, str]
    ) -> set[str]:
        """The questions that nobody else asks at this moment, and that have no other answer, given or promised, than
        the one `seen` (key to answer id); they are claimed."""
        values = {"org_id": self.org_id, "keys": sorted(keys), "token": token}
        claimed = [key for (key,) in connection.execute(CLAIM, values).fetchall()]
        values |= {"keys": claimed, "seen": [seen.get(key) for key in claimed]}
        unanswered = {key for (key,) in connection.execute(UNANSWERED, values).fetchall()}
        self.unclaim(connection, set(claimed) - unanswered)
        return unanswered

    def unclaim(self, connection: psycopg.Connection, keys: Iterable[str]) -> None:
        """Others may ask these questions again."""
        connection.execute(UNCLAIM, {"org_id": self.org_id, "keys": list(keys)})

    def open(self, connection: psycopg.Connection, calls: Iterable[Call], request_id: str, token: str) -> None:
        """Write calls down before they are sent."""
        rows = [
            {
                "org_id": self.org_id,
                "call_id": call.id,
                "request_id": request_id,
                "provider": call.provider,
                "lookup": call.lookup,
                "subjects": len(call.questions),
                "reserved_usd": call.reserved,
                "reservation": [stored(q.reserved, q.shares) for q in call.questions],
                "lease_token": token,
            }
            for call in calls
        ]
        write(connection, OPEN, rows)

    def settle(self, answered: Sequence[Answered]) -> None:
        """Commit answers, their price and what is remembered of them, all or nothing."""
        if not answered:
            return
        closings = [self._closing(one) for one in answered]
        rows = [self._row(one.call, *reading) for one in answered for reading in one.readings]
        with self.connect(self.org_id) as connection:
            late = _closed_late(connection, closings)
            write(connection, ANSWER, rows)
            write(connection, REMEMBER, [row for row in rows if row["outcome"] in LASTING])
            keys = [question.key for one in answered for question in one.call.questions]
            connection.execute(CLOSE_PROMISES, {"org_id": self.org_id, "keys": keys})
            write(connection, PROMISE, [row for row in rows if row["outcome"] == Outcome.PENDING], most=MOST_ALIKE)
            self.unclaim(connection, keys)
            settle(connection, self.org_id, (part for one in answered for part in _settled(one, one.call.id in late)))

    def lose(self) -> int:
        """Settle the calls that a killed process left in flight, at the most they can have cost; returns how many."""
        with self.connect(self.org_id) as connection:
            found = connection.execute(LOSE, {"org_id": self.org_id}).fetchall()
            parts = [restored(part, Decimal(part["usd"])) for _, reservation in found for part in reservation]
            settle(connection, self.org_id, parts)
        return len(found)

    def _closing(self, one: Answered) -> dict[str, Any]:
        cost = sum((cost for _, _, cost in one.readings), Decimal(0))
        return {
            "org_id": self.org_id,
            "call_id": one.call.id,
            "state": "lost" if one.is_lost else "settled",
            "outcome": one.outcome,
            "status": one.status,
            "reason": one.reason or None,
            "attempts": one.attempts,
            "cost_usd": cost,
            "latency_ms": one.latency_ms,
        }

    def _row(self, call: Call, question: Question, reading: Reading, cost: Decimal) -> dict[str, Any]:
        now, payload = datetime.now(UTC), _payload(reading)
        subject = question.subject
        return {
            "org_id": self.org_id,
            "answer_id": question.id,
            "call_id": call.id,
            "provider": call.provider,
            "lookup": call.lookup,
            "cache_key": question.key,
            "kind": subject.kind,
            "subject_id": subject.subject_id,
            "lead_id": subject.lead_id,
            "inputs": dict(question.inputs),
            "outcome": str(reading.outcome),
            "payload": payload,
            "payload_hash": payload and payload_hash(reading.record),
            "provider_request": reading.request_id,
            "cost_usd": cost,
            "reason": reading.reason or None,
            "expires_at": now + lasts(reading, question.keep, question.keep_nothing),
        } | (_promise(call, question, reading) if reading.outcome is Outcome.PENDING else {})


def _promise(call: Call, question: Question, reading: Reading) -> dict[str, Any]:
    """Until when a promise stands, and the money that is kept for it. One that is not polled for stands until it is to
    be asked for again, and keeps none: it is paid for as any question is."""
    now = datetime.now(UTC)
    poll_at = now + timedelta(seconds=reading.retry_after or 1.0)
    if not call.is_polled:
        return {"poll_at": poll_at, "expires_at": poll_at, "reservation": {}}
    kept = stored(question.reserved, question.shares)
    return {"poll_at": poll_at, "expires_at": now + timedelta(seconds=call.keep_seconds), "reservation": kept}


def _closed_late(connection: psycopg.Connection, closings: Sequence[Mapping[str, Any]]) -> set[str]:
    """Close calls; returns the ids of those that were given up as lost."""
    if write(connection, CLOSE, closings).rowcount == len(closings):
        return set()
    return {call_id for (call_id,) in write(connection, CLOSE_LATE, closings).fetchall()}


def _settled(one: Answered, is_late: bool) -> Iterable[Settled]:
    """What becomes of a call's reservations; that of an answer which is polled for stays until it comes. What counted
    as spent when the call was given up is taken back first."""
    for question, reading, cost in one.readings:
        if is_late:
            yield Settled(-question.reserved, -question.reserved, question.shares)
        if reading.outcome is not Outcome.PENDING or not one.call.is_polled:
            yield Settled(question.reserved, cost, question.shares)


def lasts(reading: Reading, keep: timedelta, keep_nothing: timedelta) -> timedelta:
    """How long an answer is remembered."""
    if reading.outcome is Outcome.SUPPRESSED:
        return SUPPRESSED
    return keep if reading.outcome is Outcome.OK else keep_nothing


def _payload(reading: Reading) -> str | None:
    return None if reading.record is None else orjson.dumps(reading.record).decode()


def payload_hash(record: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()


def new_id() -> str:
    """An id for a call or an answer."""
    return str(uuid.uuid4())

"""The journal's entries about calls: sent, repeated, answered, lost. Each call is settled by exactly one of them."""

import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from dagster_project.contracts import PROVIDER_CALLS
from dagster_project.sources.pages.progress import Track
from dagster_project.transport.client import Attempt

CALL = (
    *("call_id", "endpoint", "ask_id", "page", "attempt", "started_at", "outcome", "status", "reason", "latency_ms"),
    *("waited_seconds", "bytes", "records", "cost_usd"),
)
Record = Callable[[dict[str, Any]], None]


class Calls:
    """Watches the attempts for one page; `call` is the id of the latest, None when none was sent."""

    def __init__(self, record: Record, track: Track, endpoint: str, reserved: Decimal) -> None:
        self.record, self.track, self.endpoint, self.reserved = record, track, endpoint, reserved
        self.call: str | None = None

    def started(self, number: int, at: datetime) -> None:
        self.call = uuid.uuid4().hex
        where = {"ask": self.track.ask.id, "endpoint": self.endpoint, "page": self.track.page, "attempt": number}
        self.record({"type": "call", "call": self.call, **where, "at": at.isoformat(), "reserved": str(self.reserved)})

    def repeated(self, attempt: Attempt) -> None:
        self.record({"type": "retry", "cost": "0", **self.told(attempt)})

    def told(self, attempt: Attempt) -> dict[str, Any]:
        """What an attempt was, as every entry about a settled call says it."""
        answer = attempt.answer
        return {
            "call": self.call,
            "ask": self.track.ask.id,
            "endpoint": self.endpoint,
            "page": self.track.page,
            "attempt": attempt.number,
            "at": attempt.started_at.isoformat(),
            "outcome": str(attempt.verdict.outcome),
            "status": answer and answer.status,
            "reason": attempt.verdict.reason,
            "latency": round(attempt.latency_seconds, 4),
            "waited": round(attempt.waited_seconds, 3),
            "size": len(answer.body) if answer else 0,
            "records": 0,
        }


def lost(call: dict[str, Any]) -> dict[str, Any]:
    """The end of a call whose process died while it was open: nobody knows, so it counts as charged in full."""
    where = {name: call[name] for name in ("call", "ask", "endpoint", "page", "attempt", "at")}
    nothing = {"status": None, "latency": None, "waited": 0.0, "size": 0, "records": 0}
    reason = "the process ended while the call was open; taken as charged"
    settled_at = datetime.now(UTC).isoformat()
    return {
        "type": "lost",
        **where,
        **nothing,
        "outcome": "lost",
        "reason": reason,
        "cost": call["reserved"],
        "settled_at": settled_at,
    }


def settled_calls(entries: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """The calls that a journal's entries settle, in the columns of PROVIDER_CALLS that a call decides."""
    rows = [_call(said) for said in entries if said.get("cost") is not None and said["call"]]
    return pl.DataFrame(rows, schema={name: PROVIDER_CALLS.polars_schema[name] for name in CALL})


def _call(said: dict[str, Any]) -> dict[str, Any]:
    latency = said["latency"]
    return {
        "call_id": said["call"],
        "endpoint": said["endpoint"],
        "ask_id": said["ask"],
        "page": said["page"],
        "attempt": said["attempt"],
        "started_at": datetime.fromisoformat(said["at"]),
        "outcome": said["outcome"],
        "status": said["status"],
        "reason": said["reason"] or None,
        "latency_ms": None if latency is None else latency * 1000,
        "waited_seconds": said["waited"],
        "bytes": said["size"],
        "records": said["records"],
        "cost_usd": Decimal(said["cost"]),
    }

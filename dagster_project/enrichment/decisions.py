"""What is remembered and decided: cached answers, the attempts of a job, its results, the audit of changed values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from psycopg.rows import dict_row

from dagster_project.enrichment.ledger import new_id
from dagster_project.enrichment.lookup import Reading
from dagster_project.enrichment.requests import finish
from dagster_project.enrichment.rows import write
from dagster_project.enrichment.subject import Known
from dagster_project.transport.outcomes import Outcome
from dagster_project.transport.shared import Connect

# `is_new` tells an answer that this very request paid for, and that no attempt has used: its worker was killed between
# the two, and it is no cache hit.
CACHED = """
select c.cache_key, c.fetched_at, c.outcome, a.answer_id::text, a.payload, a.payload_hash, a.cost_usd, a.reason,
  l.latency_ms, l.request_id = %(request_id)s and not exists (
    select from ops.enrichment_attempts as t where t.org_id = a.org_id and t.answer_id = a.answer_id) as is_new
from ops.enrichment_cache as c
inner join ops.enrichment_answers as a on a.org_id = c.org_id and a.answer_id = c.answer_id
inner join ops.enrichment_calls as l on l.org_id = a.org_id and l.call_id = a.call_id
where c.org_id = %(org_id)s and c.cache_key = any(%(keys)s) and c.expires_at > clock_timestamp()
"""
WAITING = """
select p.cache_key, p.answer_id::text, p.poll_at
from ops.enrichment_pending as p
where p.org_id = %(org_id)s and p.cache_key = any(%(keys)s) and p.state = 'waiting'
  and p.expires_at > clock_timestamp()
"""
ATTEMPTS = """
select t.job_id::text, t.field, t.attempt, t.provider, t.lookup, t.outcome, t.cost_usd, t.confidence, t.answer_id::text,
  a.payload, a.answered_at, a.inputs
from ops.enrichment_attempts as t
left join ops.enrichment_answers as a on a.org_id = t.org_id and a.answer_id = t.answer_id
where t.org_id = %(org_id)s and t.job_id = any(%(jobs)s::uuid[])
order by t.job_id, t.field, t.attempt
"""
ATTEMPT = """
insert into ops.enrichment_attempts
  (org_id, attempt_id, job_id, subject_id, lead_id, field, attempt, provider, lookup, outcome, is_cached, is_filled,
   confidence, cost_usd, latency_ms, reason, answer_id, segment)
select org_id, attempt_id, job_id, subject_id, lead_id, field, attempt, provider, lookup, outcome, is_cached, is_filled,
  confidence, cost_usd, latency_ms, reason, answer_id, segment
from json_populate_recordset(null::ops.enrichment_attempts, %(rows)s)
on conflict (org_id, job_id, field, attempt) do update
set provider = excluded.provider, lookup = excluded.lookup, outcome = excluded.outcome, is_cached = excluded.is_cached,
  is_filled = excluded.is_filled, confidence = excluded.confidence, cost_usd = excluded.cost_usd,
  latency_ms = excluded.latency_ms, reason = excluded.reason, answer_id = excluded.answer_id,
  attempted_at = clock_timestamp()
"""
RESULT = """
insert into ops.enrichment_results
  (org_id, job_id, field, state, provider, value, confidence, cost_usd, latency_ms, answer_id, reason)
select org_id, job_id, field, state, provider, value, confidence, cost_usd, latency_ms, answer_id, reason
from json_populate_recordset(null::ops.enrichment_results, %(rows)s)
on conflict (org_id, job_id, field) do update
set state = excluded.state, provider = excluded.provider, value = excluded.value, confidence = excluded.confidence,
  cost_usd = excluded.cost_usd, latency_ms = excluded.latency_ms, answer_id = excluded.answer_id,
  reason = excluded.reason, decided_at = clock_timestamp()
"""
AUDIT = """
insert into ops.enrichment_audit
  (org_id, audit_id, job_id, subject_id, field, old_value, new_value, provider, confidence, payload_hash)
select org_id, audit_id, job_id, subject_id, field, old_value, new_value, provider, confidence, payload_hash
from json_populate_recordset(null::ops.enrichment_audit, %(rows)s)
"""
FORGET = """
with gone as (
  delete from ops.enrichment_cache where org_id = %(org_id)s and expires_at <= clock_timestamp() returning 1)
select count(*) from gone
"""


@dataclass(frozen=True)
class Cached:
    """An answer that is there already."""

    answer_id: str
    reading: Reading
    fetched_at: datetime
    payload_hash: str | None
    cost: Decimal
    latency_ms: float | None
    is_new: bool


@dataclass(frozen=True)
class Waiting:
    """An answer that was promised and has not come."""

    answer_id: str | None
    poll_at: datetime


class Decisions:
    """The decisions about one tenant's fields."""

    def __init__(self, connect: Connect, org_id: str) -> None:
        self.connect, self.org_id = connect, org_id

    def cached(self, keys: Iterable[str], request_id: str) -> tuple[dict[str, Cached], dict[str, Waiting]]:
        """What is remembered of questions, and what was promised about them, by cache key.

        Promises are read first: one that is kept between the two is seen twice, and not missed.
        """
        values = {"org_id": self.org_id, "keys": sorted(set(keys)), "request_id": request_id}
        with self.connect(self.org_id) as connection, connection.cursor(row_factory=dict_row) as cursor:
            promised = cursor.execute(WAITING, values).fetchall()
            found = cursor.execute(CACHED, values).fetchall()
        waiting = {row["cache_key"]: Waiting(row["answer_id"], row["poll_at"]) for row in promised}
        return {row["cache_key"]: _cached(row) for row in found}, waiting

    def attempts(self, jobs: Sequence[str]) -> list[dict[str, Any]]:
        """The attempts so far of some jobs, in order; the answers' payloads beside them."""
        with self.connect(self.org_id) as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(ATTEMPTS, {"org_id": self.org_id, "jobs": list(jobs)}).fetchall()

    def note(self, attempts: Sequence[Mapping[str, Any]]) -> None:
        """Store attempts; one that waited for its answer is replaced by what came."""
        rows = [{**row, "org_id": self.org_id, "attempt_id": new_id()} for row in attempts]
        with self.connect(self.org_id) as connection:
            write(connection, ATTEMPT, rows)

    def decide(
        self,
        token: str,
        results: Sequence[Mapping[str, Any]],
        audits: Sequence[Mapping[str, Any]],
        jobs: Sequence[Mapping[str, Any]],
    ) -> None:
        """Store what came of jobs and give them back, all or nothing."""
        own = {"org_id": self.org_id}
        with self.connect(self.org_id) as connection:
            write(connection, RESULT, [{**row, **own} for row in results])
            write(connection, AUDIT, [{**row, **own, "audit_id": new_id()} for row in audits])
            finish(connection, self.org_id, token, jobs)

    def forget(self) -> int:
        """Drop what is remembered and has expired; returns how many answers."""
        with self.connect(self.org_id) as connection:
            return connection.execute(FORGET, {"org_id": self.org_id}).fetchone()[0]


def as_json(known: Known | None) -> str | None:
    """A value for a result or the audit."""
    return None if known is None else orjson.dumps(known.value).decode()


def _cached(row: Mapping[str, Any]) -> Cached:
    record = None if row["payload"] is None else orjson.loads(row["payload"])
    reading = Reading(Outcome(row["outcome"]), record, reason=row["reason"] or "")
    return Cached(
        row["answer_id"],
        reading,
        row["fetched_at"],
        row["payload_hash"],
        row["cost_usd"],
        row["latency_ms"],
        row["is_new"],
    )

"""Requests and their jobs: what is to be enriched, who works on it at the moment, and how each ended.

A worker leases some jobs at a time, the urgent ones first; a killed worker's lease runs out and others take them over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import orjson
import psycopg
from psycopg.rows import dict_row

from dagster_project.enrichment.ledger import new_id
from dagster_project.enrichment.rows import write
from dagster_project.enrichment.subject import FIELDS, Known, Subject
from dagster_project.transport.shared import Connect

Priority = Literal["low", "normal", "high"]
PRIORITIES: dict[str, int] = {"low": 0, "normal": 1, "high": 2}
LEASE_SECONDS = 300.0

INSERT_REQUEST = """
insert into ops.enrichment_requests
  (org_id, request_id, requested_by, priority, fields, campaign, subjects, estimate_usd, max_usd)
values (%(org_id)s, %(request_id)s, %(by)s, %(priority)s, %(fields)s, %(campaign)s, %(subjects)s, %(estimate)s,
  %(max_usd)s)
on conflict do nothing
"""
INSERT_JOB = """
insert into ops.enrichment_jobs (org_id, job_id, request_id, kind, subject_id, lead_id, fields, priority, subject)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
LEASE = """
with due as (
  select job_id from ops.enrichment_jobs
  where org_id = %(org_id)s and request_id = %(request_id)s
    and (state = 'pending' or (state = 'running' and lease_until < clock_timestamp()))
    and next_at <= clock_timestamp()
  order by priority desc, job_id limit %(most)s for update skip locked
)
update ops.enrichment_jobs as j
set state = 'running', lease_token = %(token)s, lease_until = clock_timestamp() + make_interval(secs => %(seconds)s)
from due where j.org_id = %(org_id)s and j.job_id = due.job_id
returning j.job_id::text, j.kind, j.subject_id::text, j.lead_id::text, j.fields, j.subject
"""
EXTEND = """
update ops.enrichment_jobs set lease_until = clock_timestamp() + make_interval(secs => %(seconds)s)
where org_id = %(org_id)s and lease_token = %(token)s and state = 'running'
"""
FINISH = """
update ops.enrichment_jobs as j
set state = r.state, reason = r.reason, lease_token = null, lease_until = null, next_at = r.next_at,
  finished_at = case when r.state = 'pending' then null else clock_timestamp() end
from json_populate_recordset(null::ops.enrichment_jobs, %(rows)s) as r
where j.org_id = %(org_id)s and j.job_id = r.job_id and j.lease_token = %(token)s
"""
START = """
update ops.enrichment_requests set state = 'running', reason = null, finished_at = null
where org_id = %(org_id)s and request_id = %(request_id)s and state in ('pending', 'running', 'stopped')
"""
END = """
update ops.enrichment_requests set state = %(state)s, reason = %(reason)s, finished_at = clock_timestamp()
where org_id = %(org_id)s and request_id = %(request_id)s
"""
COUNTS = """
select state, count(*) from ops.enrichment_jobs where org_id = %(org_id)s and request_id = %(request_id)s group by state
"""
NEXT = """
select min(greatest(next_at, clock_timestamp())) from ops.enrichment_jobs
where org_id = %(org_id)s and request_id = %(request_id)s and state = 'pending'
"""
SELECT = """
select request_id, requested_at, requested_by, priority, fields, campaign, subjects, estimate_usd, max_usd, state,
  reason
from ops.enrichment_requests where org_id = %(org_id)s
"""
REOPEN = """
update ops.enrichment_jobs set state = 'pending', reason = null, finished_at = null, next_at = '-infinity'
where org_id = %(org_id)s and request_id = %(request_id)s and state = 'failed'
"""


@dataclass(frozen=True)
class Request:
    """What somebody asked to be enriched."""

    request_id: str
    requested_at: datetime
    requested_by: str
    priority: Priority
    fields: tuple[str, ...]
    campaign: str | None
    subjects: int
    estimate_usd: Decimal
    max_usd: Decimal | None
    state: str
    reason: str | None


@dataclass(frozen=True)
class Job:
    """One subject of a request, leased to a worker."""

    job_id: str
    subject: Subject
    fields: tuple[str, ...]


class Requests:
    """The requests of one tenant."""

    def __init__(self, connect: Connect, org_id: str, lease_seconds: float = LEASE_SECONDS) -> None:
        self.connect, self.org_id, self.lease_seconds = connect, org_id, lease_seconds

    def create(
        self,
        request_id: str,
        subjects: Sequence[Subject],
        fields: Iterable[str],
        *,
        by: str,
        estimate: Decimal,
        priority: Priority = "normal",
        campaign: str | None = None,
        max_usd: Decimal | None = None,
    ) -> None:
        """Store a request with a job for each subject that has any of the fields; one that is there stays as it is."""
        wanted, urgent = list(fields), PRIORITIES[priority]
        own = {kind: [f for f in wanted if FIELDS[f].kind == kind] for kind in ("business", "person")}
        asked = [subject for subject in subjects if own[subject.kind]]
        row = {"request_id": request_id, "by": by, "priority": priority, "fields": wanted, "campaign": campaign}
        row |= {"subjects": len(asked), "estimate": estimate, "max_usd": max_usd, "org_id": self.org_id}
        with self.connect(self.org_id) as connection:
            if not connection.execute(INSERT_REQUEST, row).rowcount:
                return
            with connection.cursor() as cursor:
                cursor.executemany(INSERT_JOB, [self._job_row(request_id, s, own[s.kind], urgent) for s in asked])

    def _job_row(self, request_id: str, subject: Subject, fields: list[str], urgent: int) -> tuple[Any, ...]:
        who = (subject.kind, subject.subject_id, subject.lead_id)
        return (self.org_id, new_id(), request_id, *who, fields, urgent, _stored(subject))

    def lease(self, request_id: str, token: str, most: int) -> list[Job]:
        """Take up to so many jobs that are due; none when there are none at the moment."""
        values = {"request_id": request_id, "token": token, "most": most, "seconds": self.lease_seconds}
        with self.connect(self.org_id) as connection, connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(LEASE, values | {"org_id": self.org_id}).fetchall()
        return [_job(row) for row in sorted(rows, key=lambda row: row["job_id"])]

    def extend(self, token: str) -> None:
        """Keep a lease: called between the rounds of a chunk."""
        self._execute(EXTEND, token=token, seconds=self.lease_seconds)

    def start(self, request_id: str) -> None:
        """A worker begins with a request; jobs that were stopped are due again."""
        self._execute(START, request_id=request_id)
        self._execute(REOPEN, request_id=request_id)

    def end(self, request_id: str, reason: str | None) -> str:
        """Note how a request stands: `completed` without open jobs, else `stopped`, or `pending` where it waits."""
        counts = self.counts(request_id)
        is_open = counts.get("pending", 0) or counts.get("running", 0)
        state = "stopped" if reason else "pending" if is_open else "completed"
        self._execute(END, request_id=request_id, state=state, reason=reason)
        return state

    def counts(self, request_id: str) -> dict[str, int]:
        """Jobs of a request by state."""
        with self.connect(self.org_id) as connection:
            return dict(connection.execute(COUNTS, {"org_id": self.org_id, "request_id": request_id}).fetchall())

    def next_at(self, request_id: str) -> datetime | None:
        """When the next job that nobody works on is due; None without any."""
        with self.connect(self.org_id) as connection:
            return connection.execute(NEXT, {"org_id": self.org_id, "request_id": request_id}).fetchone()[0]

    def get(self, request_id: str) -> Request | None:
        """A request; None when there is none of the id."""
        found = self._select("and request_id = %(request_id)s", request_id=request_id)
        return found[0] if found else None

    def open(self) -> list[Request]:
        """Requests that are not finished, the most urgent and then the oldest first."""
        found = self._select("and state in ('pending', 'running') order by requested_at")
        return sorted(found, key=lambda request: -PRIORITIES[request.priority])

    def _select(self, where: str, **values: Any) -> list[Request]:
        with self.connect(self.org_id) as connection:
            rows = connection.execute(SELECT + where, values | {"org_id": self.org_id}).fetchall()
        return [Request(*row[:4], tuple(row[4]), *row[5:]) for row in rows]

    def _execute(self, statement: str, **values: Any) -> None:
        with self.connect(self.org_id) as connection:
            connection.execute(statement, values | {"org_id": self.org_id})


def finish(connection: psycopg.Connection, org_id: str, token: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Give back leased jobs: job_id, state, reason, next_at (when a waiting one is due again)."""
    write(connection, FINISH, rows, org_id=org_id, token=token)


def _stored(subject: Subject) -> str:
    content = {
        "identity": dict(subject.identity),
        "known": {name: vars(known) for name, known in subject.known.items()},
        "vertical": subject.vertical,
        "campaigns": subject.campaigns,
        "segment": subject.segment,
    }
    return orjson.dumps(content).decode()


def _job(row: Mapping[str, Any]) -> Job:
    said = row["subject"]
    known = {name: _known(value) for name, value in said["known"].items()}
    subject = Subject(
        row["kind"],
        row["subject_id"],
        row["lead_id"],
        said["identity"],
        known,
        said["vertical"],
        tuple(said["campaigns"]),
        said["segment"],
    )
    return Job(row["job_id"], subject, tuple(row["fields"]))


def _known(content: Mapping[str, Any]) -> Known:
    at = content["fetched_at"]
    return Known(**{**content, "fetched_at": datetime.fromisoformat(at) if at else None})

"""A run of a waterfall held against the sandbox's bill: what was paid, what was promised, how every job ended."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from psycopg.rows import dict_row

from dagster_project.enrichment.money import Caps
from dagster_project.resources.warehouse import Warehouse
from dagster_project.sandbox.api.stage import Stage

ANSWERED = "select coalesce(sum(cost_usd), 0) as usd, count(*) as answers from ops.enrichment_answers where org_id = %s"
CALLS = """
select count(*) as calls, count(*) filter (where state = 'sent') as open,
  count(*) filter (where state = 'lost') as lost, coalesce(sum(subjects) filter (where state = 'lost'), 0) as questions,
  coalesce(sum(reserved_usd) filter (where state = 'lost'), 0) as reserved
from ops.enrichment_calls where org_id = %s
"""
SPEND = "select scope, name, spent_usd, reserved_usd from ops.enrichment_spend where org_id = %s"
WAITING = """
select count(*) as n, coalesce(sum((reservation ->> 'usd')::numeric), 0) as usd
from ops.enrichment_pending where org_id = %s and state = 'waiting'
"""
JOBS = """
select j.state, j.reason, r.state as request, r.reason as request_reason from ops.enrichment_jobs as j
inner join ops.enrichment_requests as r using (org_id, request_id) where j.org_id = %s
"""


@dataclass
class Judgement:
    """One run: its figures, and in words whatever must never be. `again` are answers that were paid for again because
    their call was in flight when its worker was killed; `waiting` are promises left to a later run
    by a request that was stopped, or by a provider that is left alone until tomorrow."""

    org_id: str
    processes: int
    kills: int
    calls: int = 0
    answers: int = 0
    lost: int = 0
    again: int = 0
    paid_twice: int = 0
    waiting: int = 0
    bill: Decimal = Decimal(0)
    unbilled: Decimal = Decimal(0)
    states: Counter[str] = field(default_factory=Counter)
    request: str = ""
    over_caps: list[str] = field(default_factory=list)
    mismatches: list[str] = field(default_factory=list)

    @property
    def is_wrong(self) -> bool:
        return bool(self.paid_twice or self.over_caps or self.mismatches)


def judge(warehouse: Warehouse, org_id: str, stage: Stage, caps: Caps, processes: int, kills: int) -> Judgement:
    """Compare a run's ledger with the bill."""
    found = Judgement(org_id, processes, kills)

    def rows(query: str) -> list[dict[str, Any]]:
        with warehouse.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, [org_id]).fetchall()

    (answered,), (calls,), (waiting,) = rows(ANSWERED), rows(CALLS), rows(WAITING)
    found.answers, found.calls, found.lost = answered["answers"], calls["calls"], calls["lost"]
    found.bill = sum((account.charged for account in stage.ledger.accounts.values()), Decimal(0))
    found.unbilled = found.bill - answered["usd"]
    _paid(found, stage, calls, waiting["usd"])
    spend = rows(SPEND)
    _counted(found, spend, answered["usd"] + calls["reserved"], waiting["usd"])
    found.waiting = waiting["n"]
    _capped(found, spend, stage, caps)
    _ended(found, rows(JOBS))
    return found


def _paid(found: Judgement, stage: Stage, calls: dict[str, Any], waiting: Decimal) -> None:
    """The bill is the ledger to the cent, but for what was lost in flight or is still promised; nothing else is handed
    over twice."""
    if not 0 <= found.unbilled <= calls["reserved"] + waiting:
        found.mismatches.append(
            f"billed {found.bill}, of it {found.unbilled} not in the ledger, {calls['reserved']} lost"
        )
    lines = Counter((e.provider, e.question, e.page) for e in stage.ledger.lines if e.charged)
    twice = sum(count - 1 for count in lines.values())
    found.again = min(twice, calls["questions"])
    found.paid_twice = twice - found.again
    if calls["open"]:
        found.mismatches.append(f"{calls['open']} calls are neither settled nor lost")


def _counted(found: Judgement, spend: list[dict[str, Any]], paid: Decimal, waiting: Decimal) -> None:
    """Every counter's money is that of the ledger, and nothing stays reserved but for promises."""
    for scope in ("day", "request", "campaign", "provider", "lead"):
        rows = [row for row in spend if row["scope"] == scope]
        total = sum((row["spent_usd"] for row in rows), Decimal(0))
        if spend and total != paid:
            found.mismatches.append(f"by {scope} {total} is spent, by the ledger {paid}")
        reserved = sum((row["reserved_usd"] for row in rows), Decimal(0))
        if reserved != waiting:
            found.mismatches.append(f"by {scope} {reserved} is still reserved, {waiting} for promises")


def _capped(found: Judgement, spend: list[dict[str, Any]], stage: Stage, caps: Caps) -> None:
    """No counter passes its cap, and neither does the bill."""
    for row in spend:
        cap = caps.providers.get(row["name"]) if row["scope"] == "provider" else getattr(caps, row["scope"])
        if cap is not None and row["spent_usd"] + row["reserved_usd"] > cap:
            found.over_caps.append(f"{row['scope']} {row['name']}: {row['spent_usd']} of {cap}")
    whole = min((cap for cap in (caps.request, caps.day, caps.campaign) if cap is not None), default=None)
    if whole is not None and found.bill > whole:
        found.over_caps.append(f"billed {found.bill} of {whole}")
    for name, cap in caps.providers.items():
        if stage.ledger.accounts[name].charged > cap:
            found.over_caps.append(f"{name} billed {stage.ledger.accounts[name].charged} of {cap}")


def _ended(found: Judgement, jobs: list[dict[str, Any]]) -> None:
    """Every job has ended and says why, or is left for later by a request that was stopped for a stated reason."""
    found.request = jobs[0]["request"]
    found.states.update(job["state"] for job in jobs)
    for job in jobs:
        is_left = job["state"] == "pending" and (job["request_reason"] or (job["reason"] and found.waiting))
        is_told = job["state"] == "completed" or (job["state"] in ("exhausted", "failed") and job["reason"])
        if not (is_left or is_told):
            found.mismatches.append(f"a job ended as {job['state']}, {job['reason']}")

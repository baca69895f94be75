"""A run of a waterfall held against the sandbox's bill, call by call: what was paid, what was lost, how each job ended.

Both sides name a call by the id that was sent with it. What is certain must be equal to the cent; of a call in doubt
(killed in flight, timed out, cut off, a promise that was not kept) the ledger counts the most that it can have cost,
and the bill says what it did cost.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from psycopg.rows import dict_row

from dagster_project.enrichment.money import Caps
from dagster_project.resources.warehouse import Warehouse
from dagster_project.sandbox.api.ledger import Line
from dagster_project.sandbox.api.stage import Stage

# Of each call: what its answers cost for certain, what it counts for while nobody knows, what is kept for its promises.
CALLS = """
select c.call_id::text as id, c.state,
  coalesce(sum(a.cost_usd) filter (where a.outcome in ('ok', 'no_match', 'suppressed')), 0) as certain,
  coalesce(sum(a.cost_usd) filter (where a.outcome not in ('ok', 'no_match', 'suppressed')), 0)
    + case c.outcome when 'lost' then c.cost_usd else 0 end as doubtful,
  coalesce(sum((p.reservation ->> 'usd')::numeric), 0) as promised
from ops.enrichment_calls as c
left join ops.enrichment_answers as a on a.org_id = c.org_id and a.call_id = c.call_id
left join ops.enrichment_pending as p on p.org_id = a.org_id and p.answer_id = a.answer_id and p.state = 'waiting'
where c.org_id = %s group by c.org_id, c.call_id
"""
# Answers that were paid for although the very same question had been answered.
REPEATED = """
select coalesce(sum(n - 1), 0) as n from (
  select count(*) as n from ops.enrichment_answers
  where org_id = %s and cost_usd > 0 and outcome in ('ok', 'no_match', 'suppressed') group by cache_key) as questions
"""
ANSWERS = "select count(*) as n from ops.enrichment_answers where org_id = %s"
SPEND = "select scope, name, spent_usd, reserved_usd from ops.enrichment_spend where org_id = %s"
WAITING = "select count(*) as n from ops.enrichment_pending where org_id = %s and state = 'waiting'"
JOBS = """
select j.state, j.reason, r.state as request, r.reason as request_reason from ops.enrichment_jobs as j
inner join ops.enrichment_requests as r using (org_id, request_id) where j.org_id = %s
"""
ZERO = Decimal(0)


@dataclass
class Judgement:
    """One run: its figures, and in words whatever must never be. `again` are answers that were paid for again because
    the call that was to bring them was lost; `waiting` are promises left to a later run by a request that was stopped,
    or by a provider that is left alone until tomorrow. Money in USD: `certain` is the ledger's for answers that came,
    `doubtful` what it counts for calls in doubt, `lost` what these were really billed."""

    org_id: str
    processes: int
    kills: int
    calls: int = 0
    answers: int = 0
    in_doubt: int = 0
    again: int = 0
    paid_twice: int = 0
    waiting: int = 0
    bill: Decimal = ZERO
    certain: Decimal = ZERO
    doubtful: Decimal = ZERO
    lost: Decimal = ZERO
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
    with warehouse.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:

        def rows(query: str) -> list[dict[str, Any]]:
            return cursor.execute(query, [org_id]).fetchall()

        calls, spend, jobs = {row["id"]: row for row in rows(CALLS)}, rows(SPEND), rows(JOBS)
        found.answers, found.waiting, repeated = (rows(query)[0]["n"] for query in (ANSWERS, WAITING, REPEATED))
    found.bill = sum((account.charged for account in stage.ledger.accounts.values()), ZERO)
    charged = [line for line in stage.ledger.lines if line.charged]
    _compared(found, calls, charged)
    _repeated(found, calls, charged)
    found.paid_twice = max(found.paid_twice, int(repeated))
    _counted(found, spend, sum((call["promised"] for call in calls.values()), ZERO))
    _capped(found, spend, stage, caps)
    _ended(found, jobs)
    return found


def _compared(found: Judgement, calls: dict[str, dict[str, Any]], charged: Iterable[Line]) -> None:
    """Each call's bill is what its answers cost, to the cent; of one in doubt it is no more than the ledger counts."""
    bill: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in charged:
        bill[line.request_id] += line.charged
    strange = sum((bill[name] for name in bill.keys() - calls.keys()), ZERO)
    if strange:
        found.mismatches.append(f"{strange} is billed for calls that the ledger does not know")
    for name, call in calls.items():
        most = call["certain"] + call["doubtful"] + call["promised"]
        if call["state"] == "sent":
            found.mismatches.append(f"call {name} is neither settled nor lost")
        if not call["certain"] <= bill[name] <= most:
            found.mismatches.append(f"call {name} is billed {bill[name]}, by the ledger {call['certain']} to {most}")
        found.certain += call["certain"]
        found.doubtful += call["doubtful"]
        found.lost += bill[name] - call["certain"]
    found.calls, found.in_doubt = len(calls), sum(call["state"] == "lost" for call in calls.values())


def _repeated(found: Judgement, calls: dict[str, dict[str, Any]], charged: Iterable[Line]) -> None:
    """A question is only charged again where every call that it was charged in before was lost."""
    had: dict[tuple[str, str, str], bool] = {}
    for line in charged:
        question = line.provider, line.question, line.page
        if question in had:
            found.paid_twice += had[question]
            found.again += not had[question]
        is_had = line.request_id in calls and calls[line.request_id]["state"] != "lost"
        had[question] = had.get(question, False) or is_had


def _counted(found: Judgement, spend: list[dict[str, Any]], promised: Decimal) -> None:
    """Every counter's money is that of the ledger, and nothing stays reserved but for promises."""
    paid = found.certain + found.doubtful
    for scope in ("day", "request", "campaign", "provider", "lead"):
        rows = [row for row in spend if row["scope"] == scope]
        total = sum((row["spent_usd"] for row in rows), ZERO)
        if spend and total != paid:
            found.mismatches.append(f"by {scope} {total} is spent, by the ledger {paid}")
        reserved = sum((row["reserved_usd"] for row in rows), ZERO)
        if reserved != promised:
            found.mismatches.append(f"by {scope} {reserved} is still reserved, {promised} for promises")


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

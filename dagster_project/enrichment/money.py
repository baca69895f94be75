"""The cost guard: money is reserved before a question is asked and settled after it, in every scope that has a cap.

A question counts in the day, in its provider's day, in its campaign's day, in its request and in its lead. The counters
are rows of `ops.enrichment_spend`, locked in order, so that no number of workers overspends.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg

from dagster_project.enrichment.rows import as_json, write

# Rows are locked in order of their keys, so that two callers cannot wait for each other. One that is there is written
# as it was, which locks it by the index alone: a join would read the rows of all leads.
LOCK = """
insert into ops.enrichment_spend as s (org_id, day, scope, name)
select %(org_id)s, day, scope, name from json_populate_recordset(null::ops.enrichment_spend, %(rows)s)
order by day, scope, name
on conflict (org_id, day, scope, name) do update set spent_usd = s.spent_usd
returning day, scope, name, spent_usd + reserved_usd
"""
SETTLE = "select ops.settle_enrichment(%s, %s)"
SPENT = """
select scope, name, spent_usd, reserved_usd from ops.enrichment_spend where org_id = %(org_id)s and day = %(day)s
"""
REASONS = {
    "day": "the day's budget is used up",
    "provider": "the provider's budget of the day is used up",
    "campaign": "the campaign's budget of the day is used up",
    "request": "the request's budget is used up",
    "lead": "the lead's budget is used up",
}
# What is full for everybody ends the request; a full provider or lead only ends its own part of it.
ENDING = {"day", "campaign", "request"}
# Day, scope and name of a counter.
Place = tuple[date, str, str]
ZERO = Decimal(0)


@dataclass(frozen=True)
class Caps:
    """The most that may be spent in USD: per lead, per request, per day in all, per provider and day, per campaign and
    day; None is no limit."""

    lead: Decimal | None = None
    request: Decimal | None = None
    day: Decimal | None = None
    campaign: Decimal | None = None
    providers: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Share:
    """A question's part in one scope."""

    day: date
    scope: str
    name: str
    cap: Decimal | None = None

    @property
    def place(self) -> Place:
        return self.day, self.scope, self.name

    @property
    def key(self) -> dict[str, str]:
        return {"day": self.day.isoformat(), "scope": self.scope, "name": self.name}


def shares(
    caps: Caps, day: date, provider: str, request_id: str, lead_id: str, campaign: str | None
) -> tuple[Share, ...]:
    """The scopes in which a question counts."""
    found = [
        Share(day, "day", "all", caps.day),
        Share(day, "provider", provider, caps.providers.get(provider)),
        Share(day, "request", request_id, caps.request),
        Share(day, "lead", lead_id, caps.lead),
    ]
    return (*found, *([Share(day, "campaign", campaign, caps.campaign)] if campaign else []))


def reserve(
    connection: psycopg.Connection, org_id: str, wanted: Mapping[str, tuple[Decimal, Sequence[Share]]]
) -> dict[str, str | None]:
    """Set aside the most that each question can cost; returns the scope that is full, None where it may be asked."""
    keys = {share.place: share.key for _, parts in wanted.values() for share in parts}
    found = write(connection, LOCK, list(keys.values()), org_id=org_id)
    counted = {(day, scope, name): usd for day, scope, name, usd in (found.fetchall() if found else ())}
    refused = {key: _full(counted, usd, parts) for key, (usd, parts) in wanted.items()}
    settle(connection, org_id, (Settled(-usd, ZERO, parts) for key, (usd, parts) in wanted.items() if not refused[key]))
    return refused


def _full(counted: dict[Place, Decimal], usd: Decimal, parts: Sequence[Share]) -> str | None:
    """The first scope that has no room for so much; where all have, it is counted in each."""
    for share in parts:
        if share.cap is not None and counted[share.place] + usd > share.cap:
            return share.scope
    for share in parts:
        counted[share.place] += usd
    return None


@dataclass(frozen=True)
class Settled:
    """A reservation and what became of it."""

    reserved: Decimal
    spent: Decimal
    shares: Sequence[Share]


def settle(connection: psycopg.Connection, org_id: str, settled: Iterable[Settled]) -> None:
    """Replace reservations by what was spent."""
    sums: dict[Place, list[Decimal]] = {}
    for one in settled:
        for share in one.shares if one.reserved or one.spent else ():
            both = sums.setdefault(share.place, [ZERO, ZERO])
            both[0] += one.reserved
            both[1] += one.spent
    if sums:
        parts = [
            {"day": day, "scope": scope, "name": name, "reserved": reserved, "spent": usd}
            for (day, scope, name), (reserved, usd) in sums.items()
        ]
        connection.execute(SETTLE, [org_id, as_json(parts)])


def spent(connection: psycopg.Connection, org_id: str, day: date) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    """Spent and reserved of a day by scope and name."""
    rows = connection.execute(SPENT, {"org_id": org_id, "day": day}).fetchall()
    return {(scope, name): (done, open_) for scope, name, done, open_ in rows}


def stored(reserved: Decimal, parts: Sequence[Share]) -> dict[str, Any]:
    """A reservation as JSON, so that whoever finds it open can settle it."""
    return {"usd": str(reserved), "shares": [share.key for share in parts]}


def restored(content: Mapping[str, Any], spent_usd: Decimal) -> Settled:
    """A stored reservation, settled at so much."""
    parts = [Share(date.fromisoformat(s["day"]), s["scope"], s["name"]) for s in content["shares"]]
    return Settled(Decimal(content["usd"]), spent_usd, parts)

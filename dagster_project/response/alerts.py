"""Alerts that signals raise, each with a time by which somebody has to answer.

One signal makes one alert, whoever notices it first: the arrival of its event, or the walk that found its lead. It is
due within the shortest of the times of its priority, its tier (seed `response_times`) and its lead's intent tier,
counted from when we received it. Alerts about the house itself (a file, a sync) are raised by `resources.alerts` into
the same table.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import psycopg
from psycopg.rows import class_row

from dagster_project.response import alert_sql

Priority = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]
# The longest time to answer. What happened or became known before is history: a first walk over a season of events
# raises nothing.
FRESH = timedelta(hours=72)
# What a database says on which no walk has ended.
NO_WALK = (psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedTable)


@dataclass(frozen=True)
class Alert:
    """One alert as a person sees it. `overdue_at` is when the hourly sweep found it unanswered past `due_at`."""

    alert_id: str
    created_at: datetime
    priority: str | None
    severity: str
    alert_type: str
    subject: str
    message: str
    lead_id: str | None
    signal_type: str | None
    occurred_at: datetime | None
    due_at: datetime | None
    overdue_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None


@dataclass(frozen=True)
class Wanted:
    """Which alerts to show; without anything, those that are open."""

    priority: Priority | None = None
    lead: uuid.UUID | None = None
    alert_type: str | None = None
    overdue: bool = False
    every: bool = False
    limit: int = 100


def raise_arrived(connection: psycopg.Connection, org_id: str, event_ids: Sequence[str]) -> int:
    """Raise what events that have just arrived signal; returns how many alerts. `connection` is the owner's.

    Raises one of `NO_WALK` before the first walk: there is no lead yet.
    """
    return _raise(connection, alert_sql.ARRIVED, {"org": org_id, "event_ids": list(event_ids)})


def raise_standing(connection: psycopg.Connection, org_id: str) -> int:
    """Raise what the walk's fresh signals have no alert for, such as those of leads that came after their events."""
    return _raise(connection, alert_sql.STANDING, {"org": org_id})


def sweep(connection: psycopg.Connection) -> Counter[str]:
    """Mark every tenant's open alerts that are past their time; returns how many were marked, by tenant."""
    return Counter(row[0] for row in connection.execute(alert_sql.SWEEP))


def find(connection: psycopg.Connection, org_id: str, wanted: Wanted) -> list[Alert]:
    """Alerts of a tenant, the soonest due first; those without a time come last."""
    with connection.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(alert_sql.FIND, vars(wanted) | {"org": org_id}).fetchall()


def acknowledge(
    connection: psycopg.Connection, org_id: str, ids: Sequence[str], who: str
) -> tuple[list[str], list[str]]:
    """Take alerts: who answers them now. Returns the ids taken now, and those that the tenant does not have."""
    values = {"org": org_id, "ids": list(ids), "who": who}
    taken = [row[0] for row in connection.execute(alert_sql.ACKNOWLEDGE, values)]
    known = {row[0] for row in connection.execute(alert_sql.KNOWN, values)}
    return taken, [each for each in ids if each not in known]


def _raise(connection: psycopg.Connection, signals: str, values: dict[str, object]) -> int:
    connection.execute(alert_sql.ALONE, values)
    return connection.execute(alert_sql.RAISE.format(signals=signals), values | {"fresh": FRESH}).rowcount

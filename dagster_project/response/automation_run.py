"""Runs an automation: who it is about, each once per bucket of days, with the log and what is to be said.

The log is written in the caller's transaction, beside the notices: neither is there without the other.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg.rows import dict_row

from dagster_project.response import automation_sql
from dagster_project.response.automation import (
    Action,
    Automation,
    OnInactivity,
    OnSignal,
    OnStageChange,
    OnThreshold,
    Trigger,
    filled,
)

# Days that are looked at: a walk that failed over a weekend is made good, and no more of the past.
LOOK_BACK = 3


@dataclass(frozen=True)
class Answer:
    """An automation answering one lead: `texts` beside their actions; none for a lead that is held back."""

    automation: str
    lead_id: str
    bucket: date
    state: str
    texts: tuple[tuple[Action, str], ...]

    @property
    def key(self) -> str:
        """What makes it one: automation, lead and bucket."""
        return f"automation:{self.automation}:{self.lead_id}:{self.bucket}"


def run(connection: psycopg.Connection, org_id: str, automation: Automation, channels: Collection[str]) -> list[Answer]:
    """Answer whoever the trigger has found and nobody has answered. `connection` is the owner's, in a transaction.

    Actions on a channel that is not among `channels` are left out; without any, the log says `nothing`. Raises
    `psycopg.errors.UndefinedTable` where no walk has built the marts.
    """
    actions = [action for action in automation.actions if action.channel in channels]
    statement, values = _trigger(automation.trigger)
    values |= automation.conditions.model_dump() | {"org": org_id, "automation": automation.name}
    values |= {"once_in_days": automation.once_in_days, "actions": len(actions), "look_back": LOOK_BACK}
    # what is a tuple in a frozen model is an array to PostgreSQL
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(automation_sql.RUN.format(trigger=statement), values).fetchall()
    return [_answer(automation, row, actions) for row in rows]


def _trigger(trigger: Trigger) -> tuple[str, dict[str, object]]:
    """The statement of a trigger, with its values."""
    values = trigger.model_dump(exclude={"when", "of"})
    match trigger:
        case OnThreshold():
            return automation_sql.THRESHOLD, values
        case OnSignal():
            return automation_sql.SIGNAL, values
        case OnStageChange(of="engagement"):
            return automation_sql.ENGAGEMENT_STAGE, values
        case OnStageChange():
            return automation_sql.DEAL_STAGE, values
        case OnInactivity():
            return automation_sql.INACTIVITY, values


def _answer(automation: Automation, row: dict[str, object], actions: list[Action]) -> Answer:
    known = row | {"name": row["name"] or f"lead {row['lead_id']}"}
    said = [] if row["state"] == "held" else [(action, filled(action.text, known)) for action in actions]
    return Answer(automation.name, str(row["lead_id"]), row["bucket"], row["state"], tuple(said))

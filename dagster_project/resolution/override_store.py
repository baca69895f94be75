"""Where overrides are kept: `ops.link_overrides`, reached as the role `app` for one tenant.

What they mean for clustering is said in `overrides`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from dagster_project.resolution.overrides import Override, Verdict, contradicted
from dagster_project.transport.shared import Connect

# One decision at a time per tenant, so that no two that contradict each other are both taken.
LOCK = "select pg_advisory_xact_lock(hashtextextended('link_overrides ' || %(org_id)s, 0))"
SELECT = """
select
  override_id::text, kind, verdict, left_id::text, right_id::text,
  left_records::text[] as left_records, right_records::text[] as right_records,
  decided_at, decided_by, why, withdrawn_at, withdrawn_by, withdrawn_why
from ops.link_overrides
where org_id = %(org_id)s
"""
INSERT = """
insert into ops.link_overrides (
  org_id, kind, verdict, left_id, right_id, left_records, right_records, decided_by, why
) values (
  %(org_id)s, %(kind)s, %(verdict)s, %(left_id)s, %(right_id)s, %(left_records)s::uuid[], %(right_records)s::uuid[],
  %(decided_by)s, %(why)s
)
returning override_id::text, decided_at
"""
WITHDRAW = """
update ops.link_overrides
set withdrawn_at = clock_timestamp(), withdrawn_by = %(by)s, withdrawn_why = %(why)s
where org_id = %(org_id)s and override_id = %(override_id)s and withdrawn_at is null
"""


@dataclass(frozen=True)
class Side:
    """One side of a decision: what was named, a record or a lead, and the records it stands for now."""

    id: str
    records: Sequence[str]


class Contradiction(Exception):
    """A decision that an override in force speaks against; the message names it."""


class Overrides:
    """The overrides of one tenant."""

    def __init__(self, connect: Connect, org_id: str) -> None:
        self.connect, self.org_id = connect, org_id

    def active(self, kind: str) -> list[Override]:
        """Decisions in force about businesses or people, the oldest first."""
        with self.connect(self.org_id) as connection:
            return self._active(connection, kind)

    def rows(self, *, withdrawn: bool = False) -> list[dict[str, Any]]:
        """Rows of the table, the latest first, with those that were withdrawn or without."""
        extra = "" if withdrawn else "and withdrawn_at is null "
        with self.connect(self.org_id) as connection:
            return self._rows(connection, extra + "order by decided_at desc, override_id desc")

    def decide(
        self, kind: str, verdict: Verdict, sides: tuple[Side, Side], by: str, why: str, *, overrule: bool = False
    ) -> tuple[Override, bool]:
        """Record a decision; returns it and whether it is new. The same decision in force is returned as it is.

        Raises `Contradiction` when an override in force says otherwise. With `overrule`, one about the very same two
        is withdrawn first.
        """
        left, right = sorted(sides, key=lambda side: side.id)
        values = {"kind": kind, "verdict": verdict, "left_id": left.id, "right_id": right.id, "why": why}
        values |= {"left_records": sorted(left.records), "right_records": sorted(right.records), "decided_by": by}
        with self.connect(self.org_id) as connection:
            connection.execute(LOCK, {"org_id": self.org_id})
            for row in self._same(connection, kind, left.id, right.id):
                if row["verdict"] == verdict:
                    return _override(row), False
                if overrule:
                    self._withdraw(connection, row["override_id"], by, f"decided otherwise: {why}")
            self._refuse_contradiction(connection, values)
            cursor = connection.execute(INSERT, values | {"org_id": self.org_id})
            override_id, decided_at = cursor.fetchone()
        return _override(values | {"override_id": override_id, "decided_at": decided_at}), True

    def withdraw(self, override_id: str, by: str, why: str) -> bool:
        """End a decision; False when there is no such decision in force."""
        with self.connect(self.org_id) as connection:
            return self._withdraw(connection, override_id, by, why)

    def _withdraw(self, connection: psycopg.Connection, override_id: str, by: str, why: str) -> bool:
        values = {"org_id": self.org_id, "override_id": override_id, "by": by, "why": why}
        return connection.execute(WITHDRAW, values).rowcount == 1

    def _refuse_contradiction(self, connection: psycopg.Connection, values: dict[str, Any]) -> None:
        now = connection.execute("select clock_timestamp()").fetchone()[0]
        new = _override(values | {"override_id": "", "decided_at": now})
        if other := contradicted(self._active(connection, new.kind), new):
            raise Contradiction(f"{other} says otherwise; withdraw it first: leadhouse override withdraw")

    def _active(self, connection: psycopg.Connection, kind: str) -> list[Override]:
        where = "and kind = %(kind)s and withdrawn_at is null order by decided_at, override_id"
        return [_override(row) for row in self._rows(connection, where, kind=kind)]

    def _same(self, connection: psycopg.Connection, kind: str, left: str, right: str) -> list[dict[str, Any]]:
        where = "and kind = %(kind)s and left_id = %(left)s and right_id = %(right)s and withdrawn_at is null"
        return self._rows(connection, where, kind=kind, left=left, right=right)

    def _rows(self, connection: psycopg.Connection, where: str, **values: str) -> list[dict[str, Any]]:
        with connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(SELECT + where, values | {"org_id": self.org_id}).fetchall()


def _override(row: dict[str, Any]) -> Override:
    return Override(
        row["override_id"],
        row["kind"],
        Verdict(row["verdict"]),
        tuple(row["left_records"]),
        tuple(row["right_records"]),
        row["decided_at"],
        row["decided_by"],
        row["why"],
    )

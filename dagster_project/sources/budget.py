"""A campaign's money and records of one day: reserved before each call, settled after it, so that no number of workers
overspends.

A reservation is the most a call can cost. A process that died leaves its reservations behind; the next run of the same
partition drops them with `resume`, stating what was really kept. State is in `ops.campaign_spend`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

import psycopg

from dagster_project.transport.shared import Connect

LOCK = "select pg_advisory_xact_lock(hashtextextended(%(org_id)s || ' ' || %(campaign)s || ' ' || %(day)s::date, 1))"
TOTALS = """
select
  coalesce(sum(spent_usd + reserved_usd), 0),
  coalesce(sum(records), 0),
  coalesce(sum(spent_usd + reserved_usd) filter (where provider = %(provider)s), 0),
  coalesce(sum(records) filter (where provider = %(provider)s), 0)
from ops.campaign_spend where org_id = %(org_id)s and campaign = %(campaign)s and day = %(day)s
"""
RESUME = """
insert into ops.campaign_spend (org_id, campaign, day, provider, spent_usd, records)
values (%(org_id)s, %(campaign)s, %(day)s, %(provider)s, %(spent)s, %(records)s)
on conflict (org_id, campaign, day, provider)
do update set spent_usd = excluded.spent_usd, records = excluded.records, reserved_usd = 0
"""
CHANGE = """
update ops.campaign_spend
set reserved_usd = reserved_usd + %(reserved)s, spent_usd = spent_usd + %(spent)s, records = records + %(records)s
where org_id = %(org_id)s and campaign = %(campaign)s and day = %(day)s and provider = %(provider)s
"""


@dataclass(frozen=True)
class Caps:
    """The most a campaign may spend on a day, and the most one provider may; None is no limit."""

    usd: Decimal | None = None
    records: int | None = None
    provider_usd: Decimal | None = None
    provider_records: int | None = None

    def check(self, provider: str, spending: "Spending", usd: Decimal) -> None:
        """Raise `BudgetSpent` or `RecordsReached` when a call of at most `usd` may not be made."""
        if self.usd is not None and spending.usd + usd > self.usd:
            raise BudgetSpent(f"the budget of ${self.usd:,.2f} is used up: ${spending.usd:,.2f} spent or reserved")
        if self.provider_usd is not None and spending.provider_usd + usd > self.provider_usd:
            raise BudgetSpent(
                f"the budget of ${self.provider_usd:,.2f} for {provider} is used up: "
                f"${spending.provider_usd:,.2f} spent or reserved"
            )
        if self.records is not None and spending.records >= self.records:
            raise RecordsReached(f"the campaign's {self.records:,} records are reached")
        if self.provider_records is not None and spending.provider_records >= self.provider_records:
            raise RecordsReached(f"the {self.provider_records:,} records of {provider} are reached")


@dataclass(frozen=True)
class Spending:
    """What is spent or reserved on a day: by the campaign, and by one provider of it."""

    usd: Decimal
    records: int
    provider_usd: Decimal
    provider_records: int


class BudgetSpent(Exception):
    """A reservation would pass a cap; the message names it."""


class RecordsReached(Exception):
    """As many records as are wanted are there; the message names the number."""


class Budget(Protocol):
    """Asked before each call, told after it."""

    def resume(self, spent: Decimal, records: int) -> None:
        """State what the partition has cost so far, dropping open reservations."""

    def reserve(self, usd: Decimal) -> None:
        """Set aside the most a call can cost. Raises `BudgetSpent` or `RecordsReached` when a cap forbids it."""

    def settle(self, reserved: Decimal, spent: Decimal, records: int) -> None:
        """Replace a reservation by what the call did cost and bring."""


class CampaignBudget:
    """The budget of one provider in one campaign on one day, shared with the campaign's other providers."""

    def __init__(self, connect: Connect, org_id: str, campaign: str, day: date, provider: str, caps: Caps) -> None:
        self.connect, self.org_id, self.caps, self.provider = connect, org_id, caps, provider
        self.key = {"org_id": org_id, "campaign": campaign, "day": day, "provider": provider}

    def resume(self, spent: Decimal, records: int) -> None:
        with self._locked() as connection:
            connection.execute(RESUME, self.key | {"spent": spent, "records": records})

    def reserve(self, usd: Decimal) -> None:
        if self.caps == Caps() and not usd:
            return
        with self._locked() as connection:
            self.caps.check(self.provider, Spending(*connection.execute(TOTALS, self.key).fetchone()), usd)
            self._change(connection, usd, Decimal(0), 0)

    def settle(self, reserved: Decimal, spent: Decimal, records: int) -> None:
        if self.caps == Caps() and not (reserved or spent):
            return
        with self._locked() as connection:
            self._change(connection, -reserved, spent, records)

    def _change(self, connection: psycopg.Connection, reserved: Decimal, spent: Decimal, records: int) -> None:
        connection.execute(CHANGE, self.key | {"reserved": reserved, "spent": spent, "records": records})

    @contextmanager
    def _locked(self) -> Iterator[psycopg.Connection]:
        with self.connect(self.org_id) as connection:
            connection.execute(LOCK, self.key)
            yield connection


class LocalBudget:
    """The budget of one process, for a provider without a campaign around it."""

    def __init__(self, caps: Caps | None = None, provider: str = "provider") -> None:
        self.caps, self.provider = caps or Caps(), provider
        self.spent, self.reserved, self.records = Decimal(0), Decimal(0), 0

    def resume(self, spent: Decimal, records: int) -> None:
        self.spent, self.reserved, self.records = spent, Decimal(0), records

    def reserve(self, usd: Decimal) -> None:
        total = self.spent + self.reserved
        self.caps.check(self.provider, Spending(total, self.records, total, self.records), usd)
        self.reserved += usd

    def settle(self, reserved: Decimal, spent: Decimal, records: int) -> None:
        self.reserved -= reserved
        self.spent += spent
        self.records += records

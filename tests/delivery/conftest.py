"""A small mart to deliver from, a clock to move, and the ledger's identity checked after every test that has a mart."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from dagster_project.delivery.outbox import Connect, Counts, Outbox
from dagster_project.delivery.sync import Sync
from dagster_project.delivery.worker import Surroundings
from dagster_project.resources.warehouse import Warehouse

ORG = "default"
START = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)

CREATE = """
create table marts.sync_leads (
  org_id text, lead_id uuid, name text, vertical text, website text, domain text, email text, phone text,
  address_line1 text, city text, region text, postal text, country text, employees_range text, rating numeric,
  review_count bigint, lead_score numeric, grade text, priority_tier text, score_reasons text, contact_name text,
  contact_title text, contact_email text, contact_phone text, source_count int, provenance text,
  updated_at timestamptz, destinations text[], fingerprint text, primary key (org_id, lead_id)
);
select ops.isolate_tenants('marts.sync_leads');
"""

PUT = """
insert into marts.sync_leads (org_id, lead_id, name, email, phone, city, lead_score, source_count, updated_at,
  fingerprint)
values (%(org)s, %(lead_id)s, %(name)s, %(email)s, %(phone)s, 'Chicago', %(score)s, 2, %(at)s, md5(%(name)s))
on conflict (org_id, lead_id) do update set name = excluded.name, fingerprint = excluded.fingerprint
"""


def lead_id(number: int, org: str = ORG) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{org}/{number}"))


@dataclass
class Mart:
    """`marts.sync_leads` as a test wants it. The fingerprint follows the name."""

    warehouse: Warehouse

    @property
    def connect(self) -> Connect:
        return self.warehouse.app

    def put(self, count: int, name: str = "A", *, first: int = 0, org: str = ORG) -> list[str]:
        """Leads `first` to `first + count` under a name; returns their ids."""
        ids = [lead_id(number, org) for number in range(first, first + count)]
        rows = [
            {
                "org": org,
                "lead_id": key,
                "name": name,
                "email": f"info@{key[:8]}.example",
                "phone": "+13125550100",
                "score": n % 101,
                "at": START,
            }
            for n, key in enumerate(ids)
        ]
        with self.warehouse.connect() as connection, connection.cursor() as cursor:
            cursor.executemany(PUT, rows)
        return ids

    def drop(self, *ids: str) -> None:
        with self.warehouse.connect() as connection:
            connection.execute("delete from marts.sync_leads where lead_id = any(%s::uuid[])", [list(ids)])

    def rows(self, sync: Sync, org: str = ORG) -> list[tuple[str, int, str]]:
        """The outbox in order: lead, revision, state."""
        with self.warehouse.app(org) as connection:
            return connection.execute(
                "select natural_key, revision, state from ops.delivery_outbox where destination = %s order by 1, 2",
                [sync.name],
            ).fetchall()

    def states(self, sync: Sync) -> list[str]:
        return [state for _, _, state in self.rows(sync)]


@dataclass
class World:
    """A clock that moves only when the worker pauses or a test says so."""

    now: dt.datetime = START
    paused: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)

    def surroundings(self, **others) -> Surroundings:
        return Surroundings(**{"clock": lambda: self.now, "pause": self.pause, "random": lambda: 0.5} | others)


@pytest.fixture
def mart(clean_warehouse: Warehouse) -> Iterator[Mart]:
    with clean_warehouse.connect() as connection:
        connection.execute(CREATE)
    yield Mart(clean_warehouse)
    with clean_warehouse.connect() as connection:
        ledgers = connection.execute("select distinct org_id, destination from ops.delivery_outbox").fetchall()
    for org, destination in ledgers:
        assert counts(clean_warehouse.app, org, destination).balances


def counts(connect: Connect, org: str, destination: str) -> Counts:
    return Outbox(connect, org, destination).counts()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def csv_sync() -> Sync:
    return Sync(name="csv_export", description="Test.", destination={"type": "csv", "batch_size": 4})


@pytest.fixture
def hook_sync() -> Sync:
    destination = {"type": "webhook", "batch_size": 10, "timeout_seconds": 5}
    return Sync(name="webhook", description="Test.", destination=destination, fields=("name", "email"), max_attempts=3)

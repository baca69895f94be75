"""A row's life: leases, fencing, acknowledgements, retries, replays, tenants."""

import datetime as dt
import uuid

import pytest

from dagster_project.delivery.diff import enqueue
from dagster_project.delivery.outbox import Outbox, OutboxRow
from dagster_project.delivery.outcomes import Outcome, Result, Step
from dagster_project.delivery.sync import Sync
from tests.delivery.conftest import ORG, START, Mart

pytestmark = pytest.mark.integration

TTL = dt.timedelta(minutes=5)
LATER = START + TTL


@pytest.fixture
def outbox(mart: Mart, hook_sync: Sync) -> Outbox:
    """Five pending rows."""
    mart.put(5)
    enqueue(mart.connect, ORG, hook_sync, "batch")
    return Outbox(mart.connect, ORG, hook_sync.name)


def lease(outbox: Outbox, token: uuid.UUID, limit: int = 10, now: dt.datetime = START) -> list[OutboxRow]:
    return outbox.lease(limit, token=token, now=now, ttl=TTL)


def acknowledge(outbox: Outbox, token: uuid.UUID, rows: list[OutboxRow], **answer) -> int:
    delivered = [(row, Result(Outcome.DELIVERED, **answer)) for row in rows]
    return outbox.acknowledge(delivered, token=token, now=START, latency_ms=12.5)


def fail(outbox: Outbox, token: uuid.UUID, rows: list[OutboxRow], step: Step) -> dict[str, int]:
    failed = [(row, Result(Outcome.TRANSIENT, "HTTP 503", 503), step) for row in rows]
    return dict(outbox.fail(failed, token=token, now=START, latency_ms=12.5))


def query(mart: Mart, statement: str, org: str = ORG) -> list[tuple]:
    with mart.connect(org) as connection:
        return connection.execute(statement).fetchall()


def test_leased_rows_are_not_leased_again_while_their_holder_lives(outbox: Outbox):
    with outbox.holder() as mine, outbox.holder() as other:
        first, second = lease(outbox, mine, 3), lease(outbox, other)
        assert (len(first), len(second)) == (3, 2)
        assert not {r.outbox_id for r in first} & {r.outbox_id for r in second}
        assert lease(outbox, mine) == lease(outbox, other) == []


def test_rows_of_a_holder_that_is_gone_are_taken_at_once_and_first(outbox: Outbox):
    with outbox.holder() as gone:
        left = lease(outbox, gone, 2)
    with outbox.holder() as mine:
        assert [r.idempotency_key for r in lease(outbox, mine, 2)] == [r.idempotency_key for r in left]


def test_an_expired_lease_is_taken_and_the_first_holders_report_is_rejected(outbox: Outbox, mart: Mart):
    with outbox.holder() as slow, outbox.holder() as fast:
        rows = lease(outbox, slow)
        assert lease(outbox, fast, now=LATER - dt.timedelta(seconds=1)) == []
        assert len(lease(outbox, fast, now=LATER)) == 5
        assert acknowledge(outbox, slow, rows) == 0
        assert fail(outbox, slow, rows, Step("dead", START, 1)) == {}
        assert query(mart, "select count(*) from ops.delivery_fingerprints") == [(0,)]
        assert query(mart, "select count(*) from ops.delivery_attempts") == [(0,)]
        assert acknowledge(outbox, fast, rows) == 5
        assert acknowledge(outbox, fast, rows) == 0


def test_an_acknowledgement_writes_state_attempt_and_fingerprint_together(outbox: Outbox, mart: Mart):
    with outbox.holder() as token:
        (row,) = lease(outbox, token, 1)
        assert acknowledge(outbox, token, [row], status_code=201, crm_id="crm-1") == 1
    assert query(mart, "select outcome, status_code, latency_ms from ops.delivery_attempts") == [
        ("delivered", 201, 12.5)
    ]
    stored = query(
        mart,
        "select o.state, o.crm_id, o.attempts, o.lease_token, f.fingerprint = o.fingerprint, f.revision"
        " from ops.delivery_outbox as o join ops.delivery_fingerprints as f using (natural_key)",
    )
    assert stored == [("acknowledged", "crm-1", 1, None, True, 1)]


def test_a_failed_row_is_due_only_from_its_next_attempt_on_and_has_no_fingerprint(outbox: Outbox, mart: Mart):
    with outbox.holder() as token:
        (row,) = lease(outbox, token, 1)
        due = START + dt.timedelta(seconds=30)
        assert fail(outbox, token, [row], Step("failed", due, 1)) == {"failed": 1}
        assert outbox.next_due() == due
        assert row.outbox_id not in {r.outbox_id for r in lease(outbox, token)}
        (again,) = lease(outbox, token, now=due)
    assert (again.outbox_id, again.idempotency_key, again.attempts) == (row.outbox_id, row.idempotency_key, 1)
    assert query(mart, "select count(*) from ops.delivery_fingerprints") == [(0,)]
    assert query(mart, "select reason from ops.delivery_outbox where reason is not null") == [("transient: HTTP 503",)]


def test_dead_rows_are_replayed_under_their_key_with_all_their_attempts(outbox: Outbox):
    with outbox.holder() as token:
        rows = lease(outbox, token)
        fail(outbox, token, rows, Step("dead", START, 3))
    assert outbox.counts().dead == 5
    assert outbox.replay_dead([rows[0].natural_key, "unknown"]) == 1
    assert outbox.replay_dead() == 4
    with outbox.holder() as token:
        again = lease(outbox, token, now=dt.datetime.now(dt.UTC))
    assert {(r.idempotency_key, r.attempts) for r in again} == {(r.idempotency_key, 0) for r in rows}


def test_a_dead_row_that_was_overtaken_is_not_replayed(outbox: Outbox, mart: Mart, hook_sync: Sync):
    with outbox.holder() as token:
        fail(outbox, token, lease(outbox, token), Step("dead", START, 3))
    mart.put(2, "B")
    assert enqueue(mart.connect, ORG, hook_sync, "batch").new == 2
    assert outbox.replay_dead() == 3


def test_the_counts_add_up_in_every_state(outbox: Outbox):
    with outbox.holder() as token:
        rows = lease(outbox, token, 4)
        acknowledge(outbox, token, rows[:1])
        fail(outbox, token, rows[1:2], Step("failed", LATER, 1))
        fail(outbox, token, rows[2:3], Step("dead", START, 1))
        found = outbox.counts()
    assert (found.enqueued, found.acknowledged, found.failed, found.dead, found.leased, found.pending) == (
        *(5, 1, 1),
        *(1, 1, 1),
    )
    assert found.balances


def test_another_tenant_sees_and_settles_nothing(outbox: Outbox, mart: Mart):
    stranger = Outbox(mart.connect, "stranger", outbox.destination)
    with outbox.holder() as token:
        rows = lease(outbox, token)
        assert acknowledge(stranger, token, rows) == 0
        assert fail(stranger, token, rows, Step("dead", START, 1)) == {}
        assert lease(stranger, token, now=LATER) == []
    assert stranger.counts().enqueued == 0
    for table in ("delivery_outbox", "delivery_attempts", "delivery_fingerprints"):
        assert query(mart, f"select count(*) from ops.{table}", "stranger") == [(0,)]


def test_a_holder_keeps_no_snapshot_that_would_stop_vacuum(outbox: Outbox, mart: Mart):
    with outbox.holder(), mart.warehouse.connect() as connection:
        held = connection.execute(
            "select backend_xmin, backend_xid from pg_stat_activity"
            " where state = 'idle in transaction' and datname = current_database()"
        ).fetchall()
    assert held == [(None, None)]

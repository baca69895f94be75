"""What one batch puts in the outbox, for every state a lead's earlier rows can be in."""

import datetime as dt
import json

import pytest

from dagster_project.delivery.diff import Enqueued, departed, enqueue
from dagster_project.delivery.outbox import Outbox, OutboxRow
from dagster_project.delivery.outcomes import Outcome, Result, Step
from dagster_project.delivery.sync import Sync
from tests.delivery.conftest import ORG, START, Mart, lead_id

pytestmark = pytest.mark.integration

TTL = dt.timedelta(minutes=5)
NOTHING = Enqueued(new=0, unchanged=1, superseded=0)
NEW = Enqueued(new=1, unchanged=0, superseded=0)


class Desk:
    """One lead and what happens to it: `content` changes the mart and enqueues, the rest plays the worker."""

    def __init__(self, mart: Mart, sync: Sync) -> None:
        self.mart, self.sync = mart, sync
        self.outbox = Outbox(mart.connect, ORG, sync.name)

    def content(self, name: str) -> Enqueued:
        self.mart.put(1, name)
        return self.enqueue()

    def enqueue(self) -> Enqueued:
        return enqueue(self.mart.connect, ORG, self.sync, "batch")

    def acknowledge(self) -> None:
        self._settle(lambda rows, token: self.outbox.acknowledge(rows, token=token, now=START, latency_ms=1))

    def fail(self, state: str, next_attempt_at: dt.datetime = START) -> None:
        step = Step(state, next_attempt_at, 1)

        def record(rows, token) -> None:
            failed = [(row, Result(Outcome.TRANSIENT, "cut"), step) for row, _ in rows]
            self.outbox.fail(failed, token=token, now=START, latency_ms=1)

        self._settle(record)

    def _settle(self, record) -> None:
        with self.outbox.holder() as token:
            rows = self.outbox.lease(10, token=token, now=START, ttl=TTL)
            assert rows
            record([(row, Result(Outcome.DELIVERED)) for row in rows], token)

    def in_flight(self):
        """Context in which the lead's due row is leased."""
        return InFlight(self.outbox)

    @property
    def rows(self) -> list[tuple[int, str]]:
        return [(revision, state) for _, revision, state in self.mart.rows(self.sync)]

    def name_of(self, revision: int) -> str:
        with self.mart.connect(ORG) as connection:
            query = "select payload ->> 'name' from ops.delivery_outbox where revision = %s"
            return connection.execute(query, [revision]).fetchone()[0]


class InFlight:
    def __init__(self, outbox: Outbox) -> None:
        self.outbox, self.holder = outbox, outbox.holder()

    def __enter__(self) -> "InFlight":
        self.token = self.holder.__enter__()
        self.rows: list[OutboxRow] = self.outbox.lease(10, token=self.token, now=START, ttl=TTL)
        return self

    def __exit__(self, *error) -> None:
        self.holder.__exit__(*error)

    def acknowledge(self) -> None:
        pairs = [(row, Result(Outcome.DELIVERED)) for row in self.rows]
        assert self.outbox.acknowledge(pairs, token=self.token, now=START, latency_ms=1) == len(pairs)

    def fail(self) -> None:
        failed = [(row, Result(Outcome.TRANSIENT, "cut"), Step("failed", START, 1)) for row in self.rows]
        self.outbox.fail(failed, token=self.token, now=START, latency_ms=1)


@pytest.fixture
def desk(mart: Mart, hook_sync: Sync) -> Desk:
    return Desk(mart, hook_sync)


def test_a_new_lead_becomes_one_pending_row_with_the_allowed_fields_under_their_names(mart: Mart, hook_sync: Sync):
    mart.put(1, "Joe's")
    fields, rename = ("name", "updated_at", "lead_score", "rating"), {"name": "Win % of {it}"}
    sync = Sync(**hook_sync.model_dump() | {"fields": fields, "rename": rename})
    assert enqueue(mart.connect, ORG, sync, "batch-7") == NEW
    with mart.connect(ORG) as connection:
        connection.execute("set local timezone = 'Asia/Tokyo'")
        payload, batch = connection.execute("select payload::text, batch_id from ops.delivery_outbox").fetchone()
    expected = {"Win % of {it}": "Joe's", "updated_at": "2026-11-23T12:00:00.000000Z", "lead_score": 0, "rating": None}
    assert (json.loads(payload), batch) == (expected, "batch-7")


def test_the_idempotency_key_is_the_hash_of_destination_lead_and_revision(desk: Desk):
    desk.content("A")
    with desk.mart.connect(ORG) as connection:
        key, expected = connection.execute(
            "select idempotency_key, encode(sha256(convert_to('webhook|' || %s || '|1', 'UTF8')), 'hex')"
            " from ops.delivery_outbox",
            [lead_id(0)],
        ).fetchone()
    assert key == expected


def test_enqueuing_twice_changes_nothing(desk: Desk):
    assert desk.content("A") == NEW
    assert desk.enqueue() == NOTHING
    assert desk.rows == [(1, "pending")]


def test_an_acknowledged_lead_is_not_sent_again_until_it_changes(desk: Desk):
    desk.content("A")
    desk.acknowledge()
    assert desk.enqueue() == NOTHING
    assert desk.content("B") == NEW
    assert desk.rows == [(1, "acknowledged"), (2, "pending")]


def test_a_to_b_to_a_is_three_deliveries_when_each_was_acknowledged(desk: Desk):
    for name in ("A", "B", "A"):
        assert desk.content(name) == NEW
        desk.acknowledge()
    assert desk.rows == [(1, "acknowledged"), (2, "acknowledged"), (3, "acknowledged")]
    assert [desk.name_of(revision) for revision in (1, 2, 3)] == ["A", "B", "A"]


def test_newer_content_replaces_what_was_never_sent(desk: Desk):
    desk.content("A")
    assert desk.content("B") == Enqueued(new=0, unchanged=0, superseded=1)
    assert desk.rows == [(1, "pending")]
    assert desk.name_of(1) == "B"


def test_content_that_returns_before_it_was_sent_is_withdrawn(desk: Desk):
    desk.content("A")
    desk.acknowledge()
    desk.content("B")
    assert desk.content("A") == Enqueued(new=0, unchanged=1, superseded=1)
    assert desk.rows == [(1, "acknowledged")]
    assert desk.content("B") == NEW


def test_a_row_in_flight_keeps_its_content_and_newer_content_is_the_next_revision(desk: Desk):
    desk.content("A")
    with desk.in_flight() as flight:
        assert desk.enqueue() == NOTHING
        assert desk.content("B") == NEW
        assert desk.rows == [(1, "leased"), (2, "pending")]
        with desk.outbox.holder() as other:
            assert desk.outbox.lease(10, token=other, now=START, ttl=TTL) == []
        flight.acknowledge()
    desk.acknowledge()
    assert [desk.name_of(revision) for revision in (1, 2)] == ["A", "B"]
    assert desk.enqueue() == NOTHING


def test_a_revision_behind_one_in_flight_is_withdrawn_when_the_content_returns(desk: Desk):
    desk.content("A")
    with desk.in_flight() as flight:
        desk.content("B")
        assert desk.content("A") == Enqueued(new=0, unchanged=1, superseded=1)
        flight.acknowledge()
    assert desk.rows == [(1, "acknowledged")]
    assert desk.enqueue() == NOTHING


def test_a_row_that_fails_behind_a_newer_revision_is_not_retried(desk: Desk):
    desk.content("A")
    with desk.in_flight() as flight:
        desk.content("B")
        flight.fail()
    assert desk.rows == [(1, "suppressed"), (2, "pending")]
    desk.acknowledge()
    assert desk.enqueue() == NOTHING


def test_a_failed_row_is_overtaken_by_newer_content_because_it_may_have_arrived(desk: Desk):
    desk.content("A")
    desk.fail("failed")
    assert desk.enqueue() == NOTHING
    assert desk.content("B") == Enqueued(new=1, unchanged=0, superseded=1)
    assert desk.rows == [(1, "suppressed"), (2, "pending")]


def test_content_that_returns_after_a_failed_attempt_is_sent_because_the_attempt_may_have_arrived(desk: Desk):
    desk.content("A")
    desk.acknowledge()
    desk.content("B")
    desk.fail("failed")
    assert desk.content("A").new == 1
    assert desk.rows == [(1, "acknowledged"), (2, "suppressed"), (3, "pending")]
    assert desk.enqueue() == NOTHING
    desk.acknowledge()
    assert desk.enqueue() == NOTHING


@pytest.mark.parametrize("state", ["dead", "suppressed"])
def test_a_refused_lead_waits_for_other_content(desk: Desk, state: str):
    desk.content("A")
    desk.fail(state)
    assert desk.enqueue() == NOTHING
    assert desk.content("B") == NEW
    assert desk.rows == [(1, state), (2, "pending")]


def test_a_lead_that_left_the_mart_is_not_sent_any_more(desk: Desk):
    desk.content("A")
    desk.mart.drop(lead_id(0))
    assert desk.enqueue() == Enqueued(new=0, unchanged=0, superseded=1)
    assert desk.rows == []


@pytest.mark.parametrize("state", ["failed", "dead"])
def test_a_lead_that_left_the_mart_is_not_retried_nor_replayed_but_sent_when_it_returns(desk: Desk, state: str):
    desk.content("A")
    desk.fail(state)
    desk.mart.drop(lead_id(0))
    assert desk.enqueue() == Enqueued(new=0, unchanged=0, superseded=1)
    assert desk.rows == [(1, "suppressed")]
    assert desk.outbox.replay_dead() == 0
    assert desk.content("A") == NEW
    assert desk.rows == [(1, "suppressed"), (2, "pending")]


def test_departed_names_what_was_acknowledged_and_has_left(desk: Desk):
    desk.content("A")
    desk.mart.put(1, first=1)
    desk.enqueue()
    desk.acknowledge()
    assert departed(desk.mart.connect, ORG, desk.sync) == []
    desk.mart.drop(lead_id(1))
    assert departed(desk.mart.connect, ORG, desk.sync) == [lead_id(1)]
    desk.outbox.forget([lead_id(1)])
    assert departed(desk.mart.connect, ORG, desk.sync) == []


def test_a_forgotten_destination_gets_everything_again_under_new_revisions(desk: Desk):
    desk.content("A")
    desk.acknowledge()
    assert desk.outbox.forget() == 1
    assert desk.enqueue() == NEW
    assert desk.rows == [(1, "acknowledged"), (2, "pending")]


def test_another_set_of_fields_sends_every_lead_again(desk: Desk):
    desk.content("A")
    desk.acknowledge()
    desk.sync = Sync(**desk.sync.model_dump() | {"fields": ("name", "email", "city")})
    assert desk.enqueue() == NEW


def test_two_destinations_do_not_disturb_each_other(desk: Desk, csv_sync: Sync):
    desk.content("A")
    desk.acknowledge()
    assert enqueue(desk.mart.connect, ORG, csv_sync, "batch") == NEW
    assert desk.enqueue() == NOTHING


def test_each_tenant_has_only_its_own_leads_sent(mart: Mart, hook_sync: Sync):
    mart.put(2, org="one")
    mart.put(3, org="two")
    assert enqueue(mart.connect, "one", hook_sync, "batch").new == 2
    assert mart.rows(hook_sync, "two") == []
    assert enqueue(mart.connect, "two", hook_sync, "batch").new == 3
    assert len(mart.rows(hook_sync, "one")) == 2


def test_a_lead_goes_only_to_the_syncs_that_its_campaigns_name(mart: Mart, hook_sync: Sync):
    everywhere, elsewhere, here = mart.put(3)

    def named(lead: str, destinations: list[str] | None) -> None:
        with mart.warehouse.connect() as connection:
            connection.execute("update marts.sync_leads set destinations = %s where lead_id = %s", [destinations, lead])

    named(elsewhere, ["csv_export"])
    named(here, ["csv_export", hook_sync.name])
    assert enqueue(mart.connect, ORG, hook_sync, "b").new == 2
    assert {key for key, *_ in mart.rows(hook_sync)} == {everywhere, here}
    # waiting when its campaign takes the name away: it is withdrawn
    named(here, [])
    enqueue(mart.connect, ORG, hook_sync, "c")
    assert {key for key, *_ in mart.rows(hook_sync)} == {everywhere}

"""Alerts about signals: on arrival, once, due in time, taken, overdue."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from dagster_project.contracts import EVENTS
from dagster_project.resources.warehouse import Warehouse
from dagster_project.response import alerts, arrivals
from dagster_project.response.alerts import Wanted
from tests.response.conftest import ORG, Walked

pytestmark = pytest.mark.integration
NOW = dt.datetime.now(dt.UTC).replace(minute=10, second=0, microsecond=0)


def event(event_id: str, event_type: str, who: str, at: dt.datetime = NOW) -> dict:
    return {
        "org_id": ORG,
        "event_id": event_id,
        "occurred_at": at,
        "received_at": NOW,
        "identity_domain": who,
        "event_type": event_type,
        "properties": "{}",
        "source": "web",
        "partition_date": NOW.date(),
    }


def arrive(warehouse: Warehouse, *events: dict) -> int:
    """The alerts that events raise when they arrive."""
    frame = pl.DataFrame(list(events), schema=EVENTS.polars_schema)
    with warehouse.connect() as connection:
        fresh = arrivals.keep(connection, ORG, frame)
        return alerts.raise_arrived(connection, ORG, fresh)


def standing(warehouse: Warehouse) -> int:
    with warehouse.connect() as connection:
        return alerts.raise_standing(connection, ORG)


def hours(walked: Walked) -> list[tuple[str, float]]:
    """Priority and hours to answer in, by signal."""
    statement = (
        "select a.priority, (extract(epoch from a.due_at - e.received_at) / 3600)::float from ops.alerts as a "
        "inner join ops.arrived_events as e using (org_id, event_id) order by a.signal_type"
    )
    return walked.rows(statement)


def test_a_signal_is_due_by_its_priority_and_its_tier(walked: Walked):
    walked.lead("acme")
    kinds = ["content_download", "demo_request", "funding_round", "website_visit"]
    assert arrive(walked.warehouse, *(event(kind, kind, "acme") for kind in kinds)) == 4
    assert hours(walked) == [("MEDIUM", 24), ("CRITICAL", 1), ("HIGH", 4), ("LOW", 72)]


def test_the_shorter_time_wins_where_the_leads_tier_says_otherwise(walked: Walked):
    walked.lead("acme", sla_hours=1)
    arrive(walked.warehouse, event("1", "content_download", "acme"))
    assert hours(walked) == [("MEDIUM", 1)]


def test_a_signal_is_told_once_whoever_notices_it(walked: Walked):
    lead = walked.lead("acme")
    for _ in range(2):
        arrive(walked.warehouse, event("1", "demo_request", "acme"))
    # within the hour of the clock it is the same signal
    assert arrive(walked.warehouse, event("2", "demo_request", "acme", NOW + dt.timedelta(minutes=20))) == 0
    seen = {"lead_id": lead, "signal_type": "demo_request", "occurred_at": NOW, "received_at": NOW}
    walked.put("intermediate.int_signals", event_id="1", **seen)
    assert standing(walked.warehouse) == 0
    assert arrive(walked.warehouse, event("3", "demo_request", "acme", NOW + dt.timedelta(minutes=55))) == 1


def test_an_event_of_somebody_unknown_raises_nothing_until_the_walk_knows_them(walked: Walked):
    assert arrive(walked.warehouse, event("1", "demo_request", "acme")) == 0
    lead = walked.lead("acme")
    seen = {"lead_id": lead, "signal_type": "demo_request", "occurred_at": NOW, "received_at": NOW}
    walked.put("intermediate.int_signals", event_id="1", **seen)
    assert [standing(walked.warehouse) for _ in range(2)] == [1, 0]


def test_history_raises_nothing(walked: Walked):
    walked.lead("acme")
    assert arrive(walked.warehouse, event("1", "demo_request", "acme", NOW - dt.timedelta(days=4))) == 0


def test_many_writers_of_one_signal_make_one_alert(walked: Walked):
    walked.lead("acme")
    events = [event(str(n % 4), "demo_request", "acme") for n in range(16)]
    with ThreadPoolExecutor(16) as pool:
        raised = list(pool.map(lambda one: arrive(walked.warehouse, one), events))
    assert sum(raised) == 1
    assert walked.rows("select count(*) from ops.arrived_events") == [(4,)]


def test_an_alert_that_nobody_takes_in_time_is_overdue_once(walked: Walked):
    walked.lead("acme")
    arrive(walked.warehouse, event("1", "demo_request", "acme"), event("2", "website_visit", "acme"))
    with walked.warehouse.connect() as connection:
        connection.execute("update ops.alerts set due_at = now() - interval '1 minute' where event_id = '1'")
        assert [alerts.sweep(connection).total() for _ in range(2)] == [1, 0]
        found = alerts.find(connection, ORG, Wanted(overdue=True))
    assert [alert.signal_type for alert in found] == ["demo_request"]


def test_an_alert_is_taken_by_one_person(walked: Walked):
    walked.lead("acme")
    arrive(walked.warehouse, event("1", "demo_request", "acme"))
    with walked.warehouse.app(ORG) as connection:
        (alert,) = alerts.find(connection, ORG, Wanted(priority="CRITICAL"))
        assert alerts.acknowledge(connection, ORG, [alert.alert_id], "ann") == ([alert.alert_id], [])
        assert alerts.acknowledge(connection, ORG, [alert.alert_id], "bob") == ([], [])
        assert alerts.find(connection, ORG, Wanted()) == []
        (taken,) = alerts.find(connection, ORG, Wanted(every=True))
    assert taken.acknowledged_by == "ann"


def test_a_tenant_sees_and_takes_its_own_alerts_only(walked: Walked):
    walked.lead("acme")
    arrive(walked.warehouse, event("1", "demo_request", "acme"))
    alert_id = walked.rows("select alert_id from ops.alerts")[0][0]
    with walked.warehouse.app("other") as connection:
        assert alerts.find(connection, "other", Wanted(every=True)) == []
        assert alerts.acknowledge(connection, "other", [alert_id], "eve") == ([], [alert_id])


def test_a_message_names_no_person_and_no_company(walked: Walked):
    walked.lead("acme")
    arrive(walked.warehouse, event("1", "demo_request", "acme"))
    assert walked.rows("select message from ops.alerts") == [("Demo request, to be answered within 1 h",)]

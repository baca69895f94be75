"""Events on their way to signals: each counted once, attached when its lead is known, and the same in any order."""

import datetime as dt
import json
from collections.abc import Callable

import polars as pl
import pytest

from dagster_project.contracts import EVENTS, LEAD_ALIASES, LEAD_MAP, STAGED_RECORDS, Table
from dagster_project.resources.mirror import note
from dagster_project.resources.warehouse import Warehouse
from tests.dbt.conftest import frame
from tests.dbt.world import day, identifier, mapped, record

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("dbt")]

SIGNALS = "select lead_id, event_id, signal_type, received_at from intermediate.int_signals order by 1, 2, 3"
CHAIN = ("int_events", "int_event_visitors", "int_lead_identities", "int_visitor_leads", "int_event_signals")


def event(event_id: str, event_type: str, at: str, received: int = 19, **values: object) -> dict:
    """An event of November at `at` (day and time), in the partition of the day on which it was received."""
    properties = values.pop("properties", {})
    return {
        "org_id": "default",
        "event_id": event_id,
        "event_type": event_type,
        "occurred_at": dt.datetime.fromisoformat(f"2026-11-{at}+00:00"),
        "received_at": day(received) + dt.timedelta(hours=12),
        "properties": json.dumps(properties),
        "source": "web",
        "partition_date": day(received).date(),
        **values,
    }


def load(warehouse: Warehouse, events: list[dict]) -> None:
    """Mirror a day's partition as the walk does, with its note."""
    received = events[0]["partition_date"]
    warehouse.mirror(
        EVENTS, frame(EVENTS, events), where={"org_id": "default", "source": "web", "partition_date": received}
    )
    note(warehouse, EVENTS, {("default", "web", received.isoformat()): str(len(events))})


def add(warehouse: Warehouse, table: Table, *rows: dict) -> None:
    warehouse.mirror(table, frame(table, list(rows)), append=True)


ACME = {"identity_email": "info@acme.com"}
FIRST = [
    event("pricing", "page_view", "19T10:05", **ACME, properties={"url": "https://us.example/pricing?a=1"}),
    event("pricing again", "page_view", "19T10:20", **ACME, properties={"page": "/pricing"}),
    event("pricing later", "page_view", "19T11:20", **ACME, properties={"props": '{"page":"/Pricing/"}'}),
    event("demo form", "form_submission", "19T11:30", identity_email="ann@acme.com", properties={"form_type": "Demo"}),
    event("any form", "form_submission", "19T11:40", **ACME, properties={"form_type": "feedback"}),
    event("stranger", "demo_request", "19T12:00", identity_domain="unknown.com"),
]
SECOND = [
    event("pricing", "page_view", "19T10:05", 20, **ACME, properties={"url": "/pricing"}),
    event("late", "page_view", "19T10:01", 20, **ACME, properties={"url": "/pricing"}),
    event("next day", "page_view", "20T09:00", 20, **ACME, properties={"url": "/about"}),
    event("bolt", "demo_request", "20T09:30", 20, identity_domain="bolt.com"),
]


@pytest.fixture(scope="module")
def first(filled: Warehouse, build: Callable[..., str]) -> pl.DataFrame:
    """Signals after the first build."""
    load(filled, FIRST)
    build()
    return filled.query(SIGNALS)


@pytest.fixture(scope="module")
def second(first: pl.DataFrame, filled: Warehouse, build: Callable[..., str]) -> pl.DataFrame:
    """Signals after a day on which a stranger became a lead and bolt turned out to be acme."""
    load(filled, SECOND)
    add(
        filled,
        STAGED_RECORDS,
        record(
            "unknown",
            "list",
            "unknown",
            20,
            name="Unknown",
            website="unknown.com",
            vertical="other",
            domain="unknown.com",
        ),
    )
    add(filled, LEAD_MAP, mapped("unknown", "unknown"), mapped("bolt", "acme crm") | {"valid_from": day(21)})
    merged = {"alias_id": identifier("bolt"), "lead_id": identifier("acme crm"), "valid_from": day(21)}
    add(filled, LEAD_ALIASES, {"org_id": "default", "kind": "business", **merged})
    build("run", "--select", "+int_signals")
    return filled.query(SIGNALS)


def found(signals: pl.DataFrame, name: str) -> list[tuple[str, str]]:
    return signals.filter(lead_id=identifier(name)).select("event_id", "signal_type").rows()


def test_a_page_is_known_by_its_path_wherever_the_sender_put_it(first: pl.DataFrame) -> None:
    pricing = [event_id for event_id, kind in found(first, "acme crm") if kind == "pricing_page"]
    assert pricing == ["pricing", "pricing later"]


def test_a_fallback_counts_only_where_no_other_rule_does(first: pl.DataFrame) -> None:
    kinds = dict(found(first, "acme crm"))
    assert (kinds["demo form"], kinds["any form"]) == ("demo_request", "form_submission")


def test_a_signal_names_the_contact_who_gave_it(first: pl.DataFrame, filled: Warehouse) -> None:
    named = filled.query("select contact_key from intermediate.int_signals where event_id = 'demo form'")
    assert named.item() == identifier("ann")


def test_an_event_of_a_stranger_waits_and_attaches_when_the_lead_comes(
    first: pl.DataFrame, second: pl.DataFrame
) -> None:
    assert "stranger" not in set(first["event_id"])
    assert found(second, "unknown") == [("stranger", "demo_request")]


def test_an_event_that_comes_again_or_late_changes_nothing_that_stood(
    first: pl.DataFrame, second: pl.DataFrame
) -> None:
    kept = second.filter(pl.col("event_id").is_in(first["event_id"].unique().implode()))
    assert kept.filter(pl.col("event_id") != "stranger").equals(first)
    assert "late" not in set(second["event_id"])


def test_a_visit_on_another_day_is_a_repeat_visit(second: pl.DataFrame) -> None:
    assert ("next day", "repeat_visit") in found(second, "acme crm")


def test_a_merged_lead_takes_its_signals_along(second: pl.DataFrame) -> None:
    assert found(second, "bolt") == []
    assert ("bolt", "demo_request") in found(second, "acme crm")


def test_a_stage_that_changed_is_an_event_of_the_deal(first: pl.DataFrame) -> None:
    assert "crm_stage_advanced" in first["signal_type"].to_list()


def test_a_full_rebuild_gives_what_the_days_gave(
    second: pl.DataFrame, filled: Warehouse, build: Callable[..., str]
) -> None:
    build("run", "--full-refresh", "--select", *CHAIN, "int_signals")
    assert filled.query(SIGNALS).equals(second)

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from dagster_project.normalize import KINDS
from tests.normalize.frames import FETCHED_AT, one, reasons, run

LEAD = "0b0e7a70-0000-5000-8000-00000000000A"
COMPLETE = {
    "event": {"event_id": "e1", "occurred_at": "2026-11-01T10:00:00Z", "event_type": "Page View"},
    "deal": {"deal_id": "d1", "stage": "Closed Won", "created_at": "2026-11-01"},
    "activity": {"activity_id": "a1", "activity_type": "Phone call", "occurred_at": "1793527200"},
    "outcome": {"outcome_id": "o1", "outcome": "Won", "occurred_at": "11/01/2026 10:00"},
    "suppression": {"scope": "email", "value": " Ann@Oak.com", "reason": "complaint", "suppressed_at": "2026-11-01"},
}


@pytest.mark.parametrize("kind", COMPLETE)
def test_a_complete_row_keeps_the_contract(kind):
    result = run(kind, COMPLETE[kind])
    assert result.frame.height == 1
    assert result.rejected.is_empty()
    assert list(KINDS[kind].table.violations(result.frame.lazy())) == []


def test_an_event_names_its_lead_by_what_the_sender_knows():
    row = one(
        "event", **COMPLETE["event"], email="Ann@Oak.com", domain="https://www.oak.com/x", lead_id=LEAD, crm_id="c-9"
    )
    assert (
        row
        | {
            "event_type": "page_view",
            "occurred_at": datetime(2026, 11, 1, 10, tzinfo=UTC),
            "received_at": FETCHED_AT,
            "identity_email": "ann@oak.com",
            "identity_domain": "oak.com",
            "identity_lead_id": LEAD.lower(),
            "identity_crm_id": "c-9",
            "properties": "{}",
        }
        == row
    )


def test_a_deal_in_dollars_has_its_amount_in_usd():
    usd, eur = (one("deal", **COMPLETE["deal"], amount="$1,200.50", currency=c) for c in ("usd", "EUR"))
    assert (usd["amount"], usd["currency"], usd["amount_usd"]) == (Decimal("1200.5"), "USD", Decimal("1200.5"))
    assert (eur["amount"], eur["currency"], eur["amount_usd"]) == (Decimal("1200.5"), "EUR", None)


@pytest.mark.parametrize(
    ("given", "stage"),
    [
        ("appointmentscheduled", "prospecting"),
        ("Qualified To Buy", "qualification"),
        ("Needs Analysis", "discovery"),
        ("Demo", "demo"),
        ("Proposal/Price Quote", "proposal"),
        ("Negotiation/Review", "negotiation"),
        ("won", "closed_won"),
        ("Closed-Lost", "closed_lost"),
    ],
)
def test_the_stages_of_the_common_crms_are_known(given, stage):
    assert one("deal", **COMPLETE["deal"] | {"stage": given})["stage"] == stage


def test_dates_of_a_deal_are_read():
    row = one("deal", **COMPLETE["deal"], expected_close_date="12/31/2026", closed_at="2026-12-01T00:00:00+01:00")
    assert row["expected_close_date"] == date(2026, 12, 31)
    assert row["closed_at"] == datetime(2026, 11, 30, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("event", {"event_id": None}, ("event_id", "missing_required", None)),
        ("event", {"occurred_at": "soon"}, ("occurred_at", "invalid_timestamp", "soon")),
        ("deal", {"stage": "thinking"}, ("stage", "unknown_stage", "thinking")),
        ("activity", {"activity_type": "golf"}, ("activity_type", "unknown_activity_type", "golf")),
        ("outcome", {"outcome": "meh"}, ("outcome", "unknown_outcome", "meh")),
        ("suppression", {"value": "ann"}, ("value", "invalid_value", "ann")),
        ("suppression", {"scope": "pigeon"}, ("scope", "unknown_scope", "pigeon")),
    ],
)
def test_a_row_that_cannot_be_kept_is_left_out_with_a_reason(kind, change, reason):
    result = run(kind, COMPLETE[kind] | change)
    assert result.frame.is_empty()
    assert reasons(result) == [reason]


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("event", {"email": "ann"}, ("email", "invalid_email", "ann")),
        ("event", {"lead_id": "7"}, ("lead_id", "invalid_uuid", "7")),
        ("deal", {"amount": "much"}, ("amount", "invalid_amount", "much")),
        ("deal", {"currency": "dollars"}, ("currency", "invalid_currency", "dollars")),
        ("suppression", {"suppressed_at": "soon"}, ("suppressed_at", "invalid_timestamp", "soon")),
    ],
)
def test_a_row_is_kept_without_what_it_can_do_without(kind, change, reason):
    result = run(kind, COMPLETE[kind] | change)
    assert result.frame.height == 1
    assert reasons(result) == [reason]


def test_of_rows_with_one_key_the_last_stays():
    result = run(
        "event", COMPLETE["event"], COMPLETE["event"] | {"event_type": "open"}, COMPLETE["event"] | {"event_id": "e2"}
    )
    assert result.frame.select("event_id", "event_type").rows() == [("e1", "open"), ("e2", "page_view")]
    assert result.rejected.select("line", "field", "reason", "value").rows() == [(2, "", "duplicate_key", None)]


@pytest.mark.parametrize(
    ("scope", "value", "normal"),
    [
        ("email", "Ann <Ann@Oak.com>", "ann@oak.com"),
        ("Phone", "(312) 226-2649", "+13122262649"),
        ("domain", "https://www.oak.co.uk/x", "oak.co.uk"),
        ("domain", "gmail.com", "gmail.com"),
    ],
)
def test_a_suppression_keeps_only_the_hash_of_the_normal_form(scope, value, normal):
    row = one("suppression", scope=scope, value=value)
    assert row["value_hash"] == hashlib.sha256(normal.encode()).hexdigest()
    assert value not in row.values()


def test_a_suppression_without_reason_or_time_still_counts():
    row = one("suppression", scope="email", value="ann@oak.com")
    assert (row["reason"], row["suppressed_at"]) == ("unspecified", FETCHED_AT)

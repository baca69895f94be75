"""Answers that come later: polled for, delivered to a webhook once or twice, kept for a while, and paid for once."""

from decimal import Decimal

import pytest

from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.providers import provider
from dagster_project.transport.outcomes import Outcome
from tests.sandbox.asking import Asker
from tests.transport.clock import SimulatedClock


def promised(asker: Asker, name: str, lookup: str) -> str:
    """The id under which an answer is promised: of the first subject in the world whose answer comes later."""
    identities = asker.identities(provider(name).endpoint(lookup).kind)
    readings = (asker.ask(name, lookup, identity)[0] for identity in identities)
    return next(reading.request_id for reading in readings if reading.outcome is Outcome.PENDING)


@pytest.mark.parametrize(
    ("name", "lookup"),
    [
        ("clearbit", "person_find"),
        ("clearbit", "company_find"),
        ("hunter", "email_verifier"),
        ("apollo", "phone_reveal"),
    ],
)
def test_what_is_promised_is_pending_then_there_and_paid_for_once(
    asker: Asker, clock: SimulatedClock, name: str, lookup: str
) -> None:
    request_id = promised(asker, name, lookup)
    assert asker.poll(name, lookup, request_id).outcome is Outcome.PENDING
    clock.time += 1
    assert asker.poll(name, lookup, request_id).outcome is Outcome.OK
    assert asker.bill(name) == asker.cost
    assert asker.stage.ledger.accounts[name].repeated == 0


@pytest.mark.parametrize(
    ("name", "lookup"), [("clearbit", "person_find"), ("clearbit", "company_find"), ("apollo", "phone_reveal")]
)
def test_a_webhook_gets_what_a_poll_does_as_often_as_is_wished(
    asker: Asker, clock: SimulatedClock, name: str, lookup: str
) -> None:
    asker.stage.desk.promises.is_twice = True
    request_id = promised(asker, name, lookup)
    assert asker.deliveries(name, lookup) == []
    clock.time += 1
    delivered = asker.deliveries(name, lookup)
    assert delivered == [(request_id, asker.poll(name, lookup, request_id))] * 2
    assert asker.deliveries(name, lookup) == []


def test_a_promise_that_was_not_kept_is_told_from_one_that_was_never_made(asker: Asker, clock: SimulatedClock) -> None:
    request_id = promised(asker, "apollo", "phone_reveal")
    asker.stage.desk.promises.kept_seconds = 30 * 86_400.0
    clock.time += 31 * 86_400.0
    expired = asker.poll("apollo", "phone_reveal", request_id)
    assert (expired.outcome, expired.reason) == (Outcome.BAD_REQUEST, "HTTP 410 request_id_expired")
    unknown = asker.poll("apollo", "phone_reveal", "12")
    assert (unknown.outcome, unknown.reason) == (Outcome.BAD_REQUEST, "HTTP 404 request_id_unknown")


def test_a_mobile_costs_eight_credits_more(asker: Asker, clock: SimulatedClock) -> None:
    request_ids = [asker.ask("apollo", "phone_reveal", one)[0].request_id for one in asker.identities("person")[:40]]
    clock.time += 1
    own, lookup = offer("apollo", "phone_reveal"), provider("apollo").endpoint("phone_reveal")
    costs = set()
    for request_id in request_ids:
        reading = asker.poll("apollo", "phone_reveal", request_id)
        has_mobile = bool(reading.record) and "mobile" in lookup.canonical(reading.record)
        assert reading.extras == (("mobile",) if has_mobile else ())
        costs.add(own.cost(reading))
    assert costs == {Decimal("0"), Decimal("0.02"), Decimal("0.18")}

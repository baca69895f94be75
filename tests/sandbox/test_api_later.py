"""Answers that come later: pending first, then polled for, asked for again or delivered, and charged once."""

import pytest

from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.providers import provider
from dagster_project.sandbox.api.stage import Stage
from dagster_project.transport.outcomes import Outcome
from tests.sandbox.looking import SECONDS, Looking, cost, known, stranger
from tests.transport.clock import SimulatedClock

LATER = [("rocketreach", "person_lookup"), ("wappalyzer", "lookup")]


@pytest.mark.parametrize(("name", "lookup_name"), LATER)
def test_a_later_answer_comes_after_a_while_and_is_charged_once(
    stage: Stage, clock: SimulatedClock, name: str, lookup_name: str
) -> None:
    looking, lookup = Looking(stage, name), provider(name).endpoint(lookup_name)
    (inputs,) = known(stage, name, lookup, 1, is_slow=True)
    (pending,) = looking.read(lookup, [inputs])
    assert pending.outcome is Outcome.PENDING
    assert pending.retry_after > 0
    early = looking.again(lookup, inputs, pending)
    assert (early.outcome, early.request_id) == (Outcome.PENDING, pending.request_id)
    clock.time += SECONDS
    late = looking.again(lookup, inputs, pending)
    assert late.outcome is Outcome.OK
    assert lookup.values(late.record)
    assert looking.charged == cost(name, lookup, [pending, early, late]) == offer(name, lookup_name).usd
    assert looking.read(lookup, [inputs]) == [late]


def test_an_answer_of_a_webhook_is_the_one_of_the_poll(stage: Stage, clock: SimulatedClock) -> None:
    looking, lookup = Looking(stage, "rocketreach"), provider("rocketreach").endpoint("person_lookup")
    asked = known(stage, "rocketreach", lookup, 3, is_slow=True)
    pending = [looking.read(lookup, [inputs])[0] for inputs in asked]
    assert looking.control("GET", "/deliveries") == []
    clock.time += SECONDS
    looking.control("PUT", "/promises", {"is_twice": True})
    deliveries = looking.control("GET", "/deliveries")
    assert len(deliveries) == 6
    delivered = dict(pair for delivery in deliveries for pair in lookup.read_delivery(delivery["body"]))
    polled = {one.request_id: lookup.read_poll(looking.send(lookup.poll(one.request_id))) for one in pending}
    assert delivered == polled
    assert looking.charged == cost("rocketreach", lookup, list(delivered.values()))


def test_a_crawl_is_not_delivered(stage: Stage, clock: SimulatedClock) -> None:
    looking, lookup = Looking(stage, "wappalyzer"), provider("wappalyzer").endpoint("lookup")
    looking.read(lookup, known(stage, "wappalyzer", lookup, 1, is_slow=True))
    clock.time += SECONDS
    assert looking.control("GET", "/deliveries") == []


def test_a_batch_mixes_sites_that_are_done_crawled_and_unknown(stage: Stage, clock: SimulatedClock) -> None:
    looking, lookup = Looking(stage, "wappalyzer"), provider("wappalyzer").endpoint("lookup")
    (done,), (slow,) = (known(stage, "wappalyzer", lookup, 1, is_slow=value) for value in (False, True))
    readings = looking.read(lookup, [slow, stranger(lookup), done])
    assert [reading.outcome for reading in readings] == [Outcome.PENDING, Outcome.NO_MATCH, Outcome.OK]
    assert looking.charged == offer("wappalyzer", "lookup").usd


def test_a_profile_that_was_never_looked_up_cannot_be_polled_for(stage: Stage, clock: SimulatedClock) -> None:
    looking, lookup = Looking(stage, "rocketreach"), provider("rocketreach").endpoint("person_lookup")
    (inputs,) = known(stage, "rocketreach", lookup, 1, is_slow=True)
    (pending,) = looking.read(lookup, [inputs])
    assert lookup.read_poll(looking.send(lookup.poll("1"))).outcome is Outcome.BAD_REQUEST
    clock.time += SECONDS + stage.desk.promises.kept_seconds
    assert lookup.read_poll(looking.send(lookup.poll(pending.request_id))).outcome is Outcome.BAD_REQUEST

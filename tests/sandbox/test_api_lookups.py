"""Providers that only enrichment asks: hits, no match, later answers and refusals, each at the price of the table."""

import pytest

from dagster_project.enrichment.lookup import Lookup, Reading
from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.providers import provider
from dagster_project.sandbox.api.stage import Stage
from dagster_project.transport.messages import Request
from dagster_project.transport.outcomes import Outcome
from tests.sandbox.looking import STRANGERS, Looking, cost, identities
from tests.transport.clock import SimulatedClock

PROVIDERS = ("builtwith", "lusha", "rocketreach", "wappalyzer", "zoominfo")
LOOKUPS = [(name, lookup.name) for name in PROVIDERS for lookup in provider(name).endpoints]
# What those who are known must be like to be answered at once.
AT_ONCE = {"rocketreach": {"is_slow": False}, "wappalyzer": {"is_slow": False}, "lusha": {"is_refused": False}}
LATER = [("rocketreach", "person_lookup"), ("wappalyzer", "lookup")]
SECONDS = 5.0


@pytest.fixture(scope="module")
def clock() -> SimulatedClock:
    return SimulatedClock(1_800_000_000.0)


@pytest.fixture(scope="module")
def world(clock: SimulatedClock) -> Stage:
    return Stage(4_000, 7, limits={"*": "off"}, clock=clock.now)


@pytest.fixture
def stage(world: Stage) -> Stage:
    """A sandbox that was not called yet."""
    world.reset()
    world.desk.promises.seconds, world.desk.promises.is_twice = SECONDS, False
    return world


def known(stage: Stage, name: str, lookup: Lookup, count: int, **where: bool) -> list[dict[str, str]]:
    """Inputs of those who are known and answered at once, or as `where` says."""
    found = identities(stage, provider(name), lookup, **(where or AT_ONCE.get(name, {})))
    return [lookup.identify(identity) for identity in found[:count]]


def stranger(lookup: Lookup) -> dict[str, str]:
    return lookup.identify(STRANGERS[lookup.kind])


@pytest.mark.parametrize(("name", "lookup_name"), LOOKUPS)
def test_somebody_who_is_known_is_found_at_the_price_of_the_table(stage: Stage, name: str, lookup_name: str) -> None:
    looking, lookup = Looking(stage, name), provider(name).endpoint(lookup_name)
    readings = [looking.read(lookup, [inputs])[0] for inputs in known(stage, name, lookup, 30)]
    assert {reading.outcome for reading in readings} == {Outcome.OK}
    filled = [lookup.values(reading.record) for reading in readings]
    assert set().union(*filled) == set(lookup.fills)
    assert all(lookup.provider_key(reading.record) for reading in readings)
    assert looking.charged == cost(name, lookup, readings) > 0


@pytest.mark.parametrize(("name", "lookup_name"), LOOKUPS)
def test_the_same_question_has_the_same_answer(stage: Stage, name: str, lookup_name: str) -> None:
    looking, lookup = Looking(stage, name), provider(name).endpoint(lookup_name)
    (inputs,) = known(stage, name, lookup, 1)
    assert looking.read(lookup, [inputs]) == looking.read(lookup, [inputs])
    assert stage.ledger.bill()[name]["repeated"] == 1


@pytest.mark.parametrize(("name", "lookup_name"), LOOKUPS)
def test_who_is_not_known_is_no_match_and_costs_what_the_table_says(stage: Stage, name: str, lookup_name: str) -> None:
    looking, lookup = Looking(stage, name), provider(name).endpoint(lookup_name)
    readings = looking.read(lookup, [stranger(lookup)])
    assert [reading.outcome for reading in readings] == [Outcome.NO_MATCH]
    assert looking.charged == cost(name, lookup, readings)
    assert (looking.charged > 0) == (offer(name, lookup_name).charged_for == "call")


@pytest.mark.parametrize(("name", "lookup_name"), LOOKUPS)
def test_a_batch_is_answered_in_order_and_each_subject_is_charged_for(
    stage: Stage, name: str, lookup_name: str
) -> None:
    looking, lookup = Looking(stage, name), provider(name).endpoint(lookup_name)
    asked = known(stage, name, lookup, lookup.batch - 1)
    asked.insert(len(asked) // 2, stranger(lookup))
    readings = looking.read(lookup, asked)
    alone = [looking.read(lookup, [inputs])[0] for inputs in asked]
    assert readings == alone
    assert [reading.outcome for reading in readings].count(Outcome.NO_MATCH) == 1
    assert looking.charged == cost(name, lookup, [*readings, *alone])


@pytest.mark.parametrize(("name", "lookup_name"), LOOKUPS)
def test_a_question_that_is_too_large_is_refused(stage: Stage, name: str, lookup_name: str) -> None:
    lookup = provider(name).endpoint(lookup_name)
    if lookup.batch == 1:
        with pytest.raises(ValueError, match="unpack"):
            lookup.request([stranger(lookup)] * 2)
        return
    looking = Looking(stage, name)
    answer = looking.send(lookup.request([stranger(lookup)] * (lookup.batch + 1)))
    assert provider(name).verdict(answer).outcome is Outcome.BAD_REQUEST
    assert looking.charged == 0


# Later answers


@pytest.mark.parametrize(("name", "lookup_name"), LATER)
def test_a_later_answer_is_polled_for_and_charged_once(
    stage: Stage, clock: SimulatedClock, name: str, lookup_name: str
) -> None:
    looking, lookup = Looking(stage, name), provider(name).endpoint(lookup_name)
    (inputs,) = known(stage, name, lookup, 1, is_slow=True)
    (pending,) = looking.read(lookup, [inputs])
    assert pending.outcome is Outcome.PENDING
    assert pending.retry_after > 0
    early = lookup.read_poll(looking.send(lookup.poll(pending.request_id)))
    assert (early.outcome, early.request_id) == (Outcome.PENDING, pending.request_id)
    clock.time += SECONDS
    late = lookup.read_poll(looking.send(lookup.poll(pending.request_id)))
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


# Refusals


def test_a_few_people_may_not_be_processed_alone_or_among_others(stage: Stage) -> None:
    looking, lookup = Looking(stage, "lusha"), provider("lusha").endpoint("contacts_search_and_enrich")
    book = stage.desk.book(stage.services["lusha"].catalogues[0])
    assert 0 < book.frame["is_refused"].mean() < 0.05
    (barred,) = known(stage, "lusha", lookup, 1, is_refused=True)
    assert looking.send(lookup.request([barred])).status == 451
    assert looking.read(lookup, [barred])[0].outcome is Outcome.SUPPRESSED
    assert looking.charged == 0
    readings = looking.read(lookup, [*known(stage, "lusha", lookup, 1), barred])
    assert [reading.outcome for reading in readings] == [Outcome.OK, Outcome.SUPPRESSED]
    assert looking.charged == cost("lusha", lookup, readings)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_wrong_key_is_refused_as_the_provider_does(stage: Stage, name: str) -> None:
    looking = Looking(stage, name, key="wrong")
    for lookup in provider(name).endpoints:
        assert looking.read(lookup, [stranger(lookup)])[0].outcome is Outcome.AUTH
    assert looking.charged == 0


def test_a_token_is_good_for_an_hour(stage: Stage, clock: SimulatedClock) -> None:
    looking, found = Looking(stage, "zoominfo"), provider("zoominfo")
    lookup = found.endpoint("company_enrich")
    token, seconds = found.login.read(looking.send(found.login.request("sandbox")))
    assert seconds == 55 * 60
    assert token.count(".") == 2
    clock.time += seconds
    assert looking.read(lookup, [stranger(lookup)])[0].outcome is Outcome.NO_MATCH
    clock.time += 5 * 60
    assert looking.read(lookup, [stranger(lookup)])[0].outcome is Outcome.AUTH
    looking.credential = f"{token}x"
    assert looking.read(lookup, [stranger(lookup)])[0].outcome is Outcome.AUTH


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_health_call_costs_nothing(stage: Stage, name: str) -> None:
    looking = Looking(stage, name)
    answer = looking.send(provider(name).health())
    assert provider(name).verdict(answer).outcome is Outcome.OK
    assert looking.charged == 0


@pytest.mark.parametrize(
    ("fault", "outcomes"),
    [
        ("rate_limited", {Outcome.RATE_LIMITED}),
        ("rate_limited_silent", {Outcome.RATE_LIMITED}),
        ("quota", {Outcome.QUOTA_EXHAUSTED}),
        ("server_error", {Outcome.TRANSIENT}),
        ("truncated", {Outcome.TRANSIENT}),
    ],
)
@pytest.mark.parametrize(("name", "lookup_name"), LOOKUPS)
def test_a_fault_is_told_as_the_provider_tells_it_and_costs_nothing(
    stage: Stage, name: str, lookup_name: str, fault: str, outcomes: set[Outcome]
) -> None:
    looking, lookup = Looking(stage, name), provider(name).endpoint(lookup_name)
    inputs = known(stage, name, lookup, 1)
    looking.control("PUT", "/faults", {name: {fault: 1}})
    (reading,) = looking.read(lookup, inputs)
    assert reading.outcome in outcomes
    assert looking.charged == 0


@pytest.mark.parametrize("fault", ["field_renamed", "field_missing", "field_extra", "list_missing"])
@pytest.mark.parametrize(("name", "lookup_name"), LOOKUPS)
def test_an_answer_of_another_shape_is_read_or_refused(stage: Stage, name: str, lookup_name: str, fault: str) -> None:
    looking, lookup = Looking(stage, name), provider(name).endpoint(lookup_name)
    inputs = known(stage, name, lookup, 1)
    straight = looking.send(lookup.request(inputs)).body
    looking.control("PUT", "/faults", {name: {fault: 1}})
    assert looking.send(lookup.request(inputs)).body != straight
    try:
        (reading,) = looking.read(lookup, inputs)
    except (LookupError, TypeError, ValueError):
        assert fault != "field_extra"
    else:
        assert isinstance(reading, Reading)


@pytest.mark.parametrize("name", PROVIDERS)
def test_limits_are_those_that_the_adapter_keeps_to(stage: Stage, name: str) -> None:
    service, ours = stage.services[name], {(w.calls, w.seconds) for w in provider(name).windows}
    assert ours == {(limit.calls, limit.seconds) for limit in service.limits}
    assert {lookup.name for lookup in provider(name).endpoints} <= {r.endpoint for r in service.routes.values()}


def test_what_is_left_of_the_day_is_told(stage: Stage) -> None:
    looking = Looking(stage, "lusha")
    answer = looking.send(Request("GET", "/v3/account/usage"))
    left, limit = (int(answer.headers[name]) for name in ("x-daily-requests-left", "x-rate-limit-daily"))
    assert left + int(answer.headers["x-daily-usage"]) == limit == 5_000

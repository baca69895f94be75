"""What providers of enrichment refuse: people by law, keys and tokens, and faults, each in its own way."""

import pytest

from dagster_project.enrichment.lookup import Reading
from dagster_project.enrichment.providers import provider
from dagster_project.sandbox.api.stage import Stage
from dagster_project.transport.outcomes import Outcome
from tests.sandbox.looking import LOOKUPS, PROVIDERS, Looking, cost, known, stranger
from tests.transport.clock import SimulatedClock


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

"""Providers that only enrichment asks: who is found and who is not, alone and in a batch, at the price of the table."""

import pytest

from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.providers import provider
from dagster_project.sandbox.api.stage import Stage, environment
from dagster_project.transport.messages import Request
from dagster_project.transport.outcomes import Outcome
from tests.sandbox.looking import LOOKUPS, PROVIDERS, Looking, cost, known, stranger


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


@pytest.mark.parametrize("name", PROVIDERS)
def test_an_adapter_is_pointed_here_by_the_environment(name: str) -> None:
    said = environment("http://127.0.0.1:8700")
    assert said[f"LEADHOUSE_{name.upper()}_BASE_URL"] == f"http://127.0.0.1:8700/{name}"


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_health_call_costs_nothing(stage: Stage, name: str) -> None:
    looking = Looking(stage, name)
    answer = looking.send(provider(name).health())
    assert provider(name).verdict(answer).outcome is Outcome.OK
    assert looking.charged == 0


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


def ways(stage: Stage) -> list[dict[str, str]]:
    """One person's identity, each time by less than all of it."""
    listed = stage.desk.book(stage.services["lusha"].catalogues[0]).frame.filter(is_refused=False).row(0, named=True)
    person, handle = stage.world.people.row(listed["who"], named=True), listed["profile"]
    names = {"first_name": person["first"].upper(), "last_name": person["last"]}
    return [
        {"email": person["work_email"]},
        {"linkedin": f"https://www.linkedin.com/in/{handle}/"},
        {**names, "company_name": f" {person['name'].lower()}"},
        {**names, "company_domain": person["domain"]},
    ]


def test_a_person_is_the_same_by_whatever_they_are_named(stage: Stage) -> None:
    looking, lookup = Looking(stage, "lusha"), provider("lusha").endpoint("contacts_search_and_enrich")
    readings = looking.read(lookup, [lookup.identify(identity) for identity in ways(stage)])
    assert len({lookup.provider_key(reading.record) for reading in readings}) == 1


def test_a_company_is_found_by_its_name_as_well(stage: Stage) -> None:
    looking, lookup = Looking(stage, "zoominfo"), provider("zoominfo").endpoint("company_enrich")
    (by_domain,) = looking.read(lookup, known(stage, "zoominfo", lookup, 1))
    (by_name,) = looking.read(lookup, [lookup.identify({"name": by_domain.record["name"].upper()})])
    assert by_name.record["name"] == by_domain.record["name"]

"""Lookups are answered from the world: hits, nobody, answers for later, refusals, and a bill that equals our ledger."""

from decimal import Decimal

import pytest

from dagster_project.enrichment.lookup import Lookup, Provider
from dagster_project.enrichment.providers import provider
from dagster_project.sandbox.api.services import SERVICES
from dagster_project.sandbox.api.stage import Stage
from dagster_project.transport.messages import Request
from dagster_project.transport.outcomes import Outcome
from tests.sandbox.asking import NOBODY, Asker
from tests.transport.clock import SimulatedClock

PLAYED = ("apollo", "clearbit", "hunter", "pdl")
LOOKUPS = [(provider(name), lookup) for name in PLAYED for lookup in provider(name).endpoints]
EVERY_LOOKUP = pytest.mark.parametrize(
    ("found", "lookup"), [pytest.param(*pair, id=f"{pair[0].name}.{pair[1].name}") for pair in LOOKUPS]
)
# What the world knows of a subject under a name of ours, where a provider's spelling leaves it alone.
TRUE = {"email": "email", "website": "domain"}


@EVERY_LOOKUP
def test_somebody_who_is_known_is_found_and_nobody_is_not(asker: Asker, found: Provider, lookup: Lookup) -> None:
    filled = set()
    for identity in asker.identities(lookup.kind)[:40]:
        (reading,) = asker.ask(found.name, lookup.name, identity)
        assert reading.outcome in (Outcome.OK, Outcome.NO_MATCH, Outcome.PENDING, Outcome.SUPPRESSED)
        for values in lookup.values(reading.record).values() if reading.record else ():
            filled |= values.keys()
            for name in values.keys() & TRUE.keys():
                assert identity[TRUE[name]] in values[name]
    assert filled or lookup.name == "phone_reveal"
    (nobody,) = asker.ask(found.name, lookup.name, NOBODY[lookup.kind])
    # whether an e-mail arrives can be said of any, if only that it is not known
    assert nobody.outcome is (Outcome.OK if lookup.name == "email_verifier" else Outcome.NO_MATCH)


@EVERY_LOOKUP
def test_the_bill_is_our_ledger_to_the_cent(
    asker: Asker, clock: SimulatedClock, found: Provider, lookup: Lookup
) -> None:
    subjects = [*asker.identities(lookup.kind)[:40], NOBODY[lookup.kind]]
    readings = [reading for subject in subjects for reading in asker.ask(found.name, lookup.name, subject)]
    clock.time += 60
    for reading in readings:
        if reading.outcome is Outcome.PENDING:
            asker.poll(found.name, lookup.name, reading.request_id)
    assert asker.bill(found.name) == asker.cost
    assert asker.cost > 0
    assert asker.stage.ledger.accounts[found.name].repeated == 0


@EVERY_LOOKUP
def test_the_same_question_has_the_same_answer(asker: Asker, found: Provider, lookup: Lookup) -> None:
    for identity in asker.identities(lookup.kind)[:5]:
        once, again = (asker.ask(found.name, lookup.name, identity)[0] for _ in range(2))
        assert (once.outcome, once.record) == (again.outcome, again.record)


@EVERY_LOOKUP
def test_limits_are_those_that_lookups_keep_to(found: Provider, lookup: Lookup) -> None:
    service, request = SERVICES[found.name], lookup.request([lookup.identify(NOBODY[lookup.kind])])
    route = service.routes[request.method, request.path]
    limits = route.limits if route.is_apart else (*service.limits, *route.limits)
    assert {(limit.calls, limit.seconds) for limit in limits} == {
        (window.calls, window.seconds) for window in (*found.windows, *lookup.windows)
    }


# Many at once


@pytest.mark.parametrize(
    ("name", "lookup", "usd"),
    [
        ("apollo", "people_match", "0.02"),
        ("apollo", "organization_enrich", "0.02"),
        ("pdl", "person_enrich", "0.28"),
        ("pdl", "company_enrich", "0.10"),
    ],
)
def test_many_at_once_are_answered_and_charged_one_by_one(asker: Asker, name: str, lookup: str, usd: str) -> None:
    own = provider(name).endpoint(lookup)
    subjects = [*asker.identities(own.kind)[:4], NOBODY[own.kind], *asker.identities(own.kind)[4:8]]
    together = asker.ask(name, lookup, *subjects)
    assert asker.bill(name) == asker.cost == Decimal(usd) * sum(r.outcome is Outcome.OK for r in together)
    assert together[4].outcome is Outcome.NO_MATCH
    assert [(r.outcome, r.record) for r in together] == [
        (r.outcome, r.record) for subject in subjects for r in asker.ask(name, lookup, subject)
    ]


@pytest.mark.parametrize(("name", "lookup", "most"), [("apollo", "people_match", 10), ("pdl", "company_enrich", 100)])
def test_more_at_once_than_a_provider_takes_is_a_mistake_that_costs_nothing(
    asker: Asker, name: str, lookup: str, most: int
) -> None:
    nobody = NOBODY[provider(name).endpoint(lookup).kind]
    assert {r.outcome for r in asker.ask(name, lookup, *[nobody] * (most + 1))} == {Outcome.BAD_REQUEST}
    assert asker.bill(name) == 0


# Refusals


def test_some_people_have_asked_hunter_not_to_be_listed(asker: Asker) -> None:
    people = asker.identities("person")
    found = {asker.ask("hunter", "email_finder", person)[0].outcome: person for person in people}
    verified = asker.ask("hunter", "email_verifier", found[Outcome.SUPPRESSED])[0]
    assert (verified.outcome, verified.reason) == (Outcome.SUPPRESSED, "HTTP 451 claimed_email")


@EVERY_LOOKUP
def test_a_wrong_key_is_refused_as_the_provider_does(asker: Asker, found: Provider, lookup: Lookup) -> None:
    answer = asker.send(found, lookup.request([lookup.identify(NOBODY[lookup.kind])]), key="wrong")
    assert found.verdict(answer).outcome is Outcome.AUTH
    assert asker.bill(found.name) == 0


@EVERY_LOOKUP
@pytest.mark.parametrize("fault", ["field_renamed", "field_missing", "field_extra", "list_missing"])
def test_an_answer_that_is_not_shaped_as_documented_is_still_handed_over(
    asker: Asker, found: Provider, lookup: Lookup, fault: str
) -> None:
    asker.stage.disturb({found.name: {fault: 1}})
    inputs = [lookup.identify(asker.identities(lookup.kind)[0])]
    answer = asker.send(found, lookup.request(inputs))
    assert answer.status in (200, 202, 404)
    # of a domain search only the company is read, and its list is of people
    if fault == "list_missing" and answer.status == 200 and lookup.name != "company_domain":
        with pytest.raises((LookupError, TypeError, ValueError)):
            lookup.read(answer, inputs)


@pytest.mark.parametrize("name", PLAYED)
@pytest.mark.parametrize("fault", ["rate_limited", "quota", "server_error", "truncated"])
def test_a_refusal_is_the_providers_own_and_costs_nothing(asker: Asker, name: str, fault: str) -> None:
    asker.stage.disturb({name: {fault: 1}})
    for lookup in provider(name).endpoints:
        (reading,) = asker.ask(name, lookup.name, asker.identities(lookup.kind)[0])
        wanted = {"rate_limited": {Outcome.RATE_LIMITED}, "quota": {Outcome.QUOTA_EXHAUSTED}}
        assert reading.outcome in wanted.get(fault, {Outcome.TRANSIENT})
    assert asker.bill(name) == 0


def test_health_checks_are_answered_at_no_cost(asker: Asker) -> None:
    for name in PLAYED:
        if health := provider(name).health:
            assert provider(name).verdict(asker.send(provider(name), health())).outcome is Outcome.OK
    assert {account.charged for account in asker.stage.ledger.accounts.values()} <= {Decimal(0)}


def test_enrichment_of_people_data_labs_does_not_use_up_the_few_searches_a_minute(asker: Asker) -> None:
    asker.stage.limits.set({"*": "on"})
    people = asker.identities("person")
    outcomes = [asker.ask("pdl", "person_enrich", people[n % 50])[0].outcome for n in range(101)]
    assert Outcome.RATE_LIMITED not in outcomes[:100]
    assert outcomes[100] is Outcome.RATE_LIMITED
    search = asker.send(provider("pdl"), Request("POST", "/v5/person/search", json={"query": {"bool": {}}, "size": 1}))
    assert search.status == 200


def test_companies_that_a_day_brings_are_found_that_day() -> None:
    asker = Asker(Stage(3_000, 7, complete=True, limits={"*": "off"}))
    known = len(asker.identities("business"))
    for _ in range(3):
        assert asker.ask("apollo", "organization_enrich", NOBODY["business"])[0].outcome is Outcome.NO_MATCH
        asker.stage.advance()
    founded = asker.identities("business")[known:]
    assert founded
    assert {asker.ask("apollo", "organization_enrich", one)[0].outcome for one in founded} == {Outcome.OK}

"""What every enrichment provider and lookup declares: found by name, so that a new one is held against it at once."""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pytest

from dagster_project.contracts.fields import FIELDS as CANONICAL
from dagster_project.enrichment.lookup import Lookup, Provider, Reading, cache_key
from dagster_project.enrichment.offers import offer, offers
from dagster_project.enrichment.providers import provider, providers
from dagster_project.enrichment.subject import FIELDS
from dagster_project.transport.messages import Answer, Request
from dagster_project.transport.outcomes import Outcome
from dagster_project.transport.paths import Path
from dagster_project.transport.windows import UNITS, parse_windows
from dagster_project.user_yaml import UnknownName
from tests.enrichment.providers.cases import IDENTITY, declared, inputs_of, lookups

EVERY_PROVIDER = pytest.mark.parametrize("found", providers().values(), ids=lambda found: found.name)
EVERY_LOOKUP = pytest.mark.parametrize(
    ("found", "lookup"), [pytest.param(*pair, id=f"{pair[0].name}.{pair[1].name}") for pair in lookups()]
)
# Bodies that are JSON, but not as any provider documents them.
ODD_BODIES = ([], {}, None, "text", 5, True, {"unexpected": 1}, [None], [[]], {"data": []}, {"data": "x"}, {"data": 1})


def test_a_provider_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(UnknownName, match="hunter"):
        provider("huntr")


@EVERY_PROVIDER
def test_a_provider_is_named_as_its_module_and_says_its_terms(found: Provider) -> None:
    assert providers()[found.name] is found
    assert all((found.title, found.terms.attribution, found.terms.licence, found.terms.source))
    assert "*" in found.terms.storage_days
    assert len({lookup.name for lookup in found.endpoints}) == len(found.endpoints) > 0
    assert found.concurrency >= 1


@EVERY_PROVIDER
def test_offers_are_made_for_what_can_be_asked_and_nothing_else(found: Provider) -> None:
    names = {name for owner, name in offers() if owner == found.name}
    assert names == {lookup.name for lookup in found.endpoints}


@EVERY_LOOKUP
def test_an_offer_is_priced_trusted_and_says_where_that_was_read(found: Provider, lookup: Lookup) -> None:
    own = offer(found.name, lookup.name)
    assert own.usd >= 0
    assert own.most == own.usd + sum(own.extras.values())
    assert 0 < own.confidence <= 1
    assert own.charged_for in ("match", "call")
    assert own.source


@EVERY_LOOKUP
def test_a_lookup_fills_fields_of_its_own_kind_that_it_can_read(found: Provider, lookup: Lookup) -> None:
    assert lookup.fills
    for name in lookup.fills:
        assert FIELDS[name].kind == lookup.kind
        assert {*lookup.fields, *lookup.constants} & set(FIELDS[name].filled_by)


@EVERY_LOOKUP
def test_declared_names_are_canonical_and_paths_can_be_read(found: Provider, lookup: Lookup) -> None:
    assert {*lookup.fields, *lookup.constants} <= CANONICAL[lookup.kind].keys()
    # "." would cover every leaf
    assert all(Path(path).steps for path in declared(lookup))


@EVERY_LOOKUP
def test_nothing_private_is_mapped(found: Provider, lookup: Lookup) -> None:
    private = {"date_of_birth", "national_id", "address", "address_line1", "address_line2", "postal"}
    assert lookup.kind == "business" or not private & {*lookup.fields, *lookup.constants}


@EVERY_LOOKUP
def test_limits_are_sensible(found: Provider, lookup: Lookup) -> None:
    windows = (*found.windows, *lookup.windows)
    assert windows
    assert parse_windows(" ".join(f"{w.calls}/{w.seconds:g}seconds" for w in windows)) == windows
    # starts are remembered for a day
    assert all(window.seconds <= UNITS["day"] for window in windows)
    assert 1 <= lookup.batch <= 100
    assert lookup.keep_seconds > 0


@EVERY_LOOKUP
def test_nobody_is_asked_about_of_whom_nothing_is_known(found: Provider, lookup: Lookup) -> None:
    assert lookup.identify({}) is None
    assert lookup.identify(dict.fromkeys(IDENTITY[lookup.kind], "")) is None


@EVERY_LOOKUP
def test_a_question_is_remembered_by_what_is_sent_and_nothing_else(found: Provider, lookup: Lookup) -> None:
    identity = IDENTITY[lookup.kind]
    once, again = lookup.identify(identity), lookup.identify(dict(reversed(identity.items())))
    assert once
    assert all(isinstance(value, str) and value for value in once.values())
    assert cache_key(found.name, lookup.name, once) == cache_key(found.name, lookup.name, again)
    assert cache_key(found.name, lookup.name, once).startswith(f"{found.name}.{lookup.name}.")


@EVERY_LOOKUP
def test_requests_are_well_formed_hold_no_key_and_depend_on_nothing_else(found: Provider, lookup: Lookup) -> None:
    for count in {1, lookup.batch}:
        inputs = inputs_of(lookup, count)
        assert lookup.request(inputs) == lookup.request([dict(one) for one in inputs])
        check_well_formed(found, lookup.request(inputs))
    if lookup.batch > 1:
        assert lookup.request(inputs_of(lookup, 2)) != lookup.request(inputs_of(lookup, 1))
    assert (lookup.base_url or found.base_url).startswith("https://")


@EVERY_PROVIDER
def test_a_health_check_is_well_formed(found: Provider) -> None:
    if found.health:
        assert found.health() == found.health()
        check_well_formed(found, found.health())


def check_well_formed(found: Provider, request: Request) -> None:
    """A request that can be sent: no address, no credential, a body where there should be one."""
    assert request.method in ("GET", "POST")
    assert request.path.startswith("/")
    assert "?" not in request.path
    assert (request.json is not None) == (request.method == "POST")
    assert all(isinstance(value, str | int | float) for value in request.params.values())
    assert found.auth.name.lower() not in {name.lower() for name in (*request.params, *request.headers)}


@EVERY_LOOKUP
def test_what_is_polled_for_can_be_read(found: Provider, lookup: Lookup) -> None:
    assert (lookup.poll is None) == (lookup.read_poll is None)


@EVERY_LOOKUP
def test_an_answer_of_another_shape_is_told_from_an_empty_one(found: Provider, lookup: Lookup) -> None:
    inputs = inputs_of(lookup)
    for body in ODD_BODIES:
        answer = Answer(200, {}, orjson.dumps(body))
        check_read_or_told(lambda answer=answer: lookup.read(answer, inputs), len(inputs))
        if lookup.read_poll:
            check_read_or_told(lambda answer=answer: [lookup.read_poll(answer)], 1)


def check_read_or_told(read: Callable[[], Iterable[Any]], count: int) -> None:
    """It gives so many readings, or says that it cannot in the way that callers expect."""
    try:
        readings = list(read())
    except (LookupError, TypeError, ValueError):
        return
    assert len(readings) == count
    assert all(isinstance(reading, Reading) for reading in readings)


@EVERY_PROVIDER
def test_an_error_is_classed_whatever_its_body(found: Provider) -> None:
    for status in (400, 401, 402, 403, 404, 422, 429, 451, 500, 503):
        for body in (b"", b"<html>", b"[]", b"null", b'{"error": "x"}', b'{"error": [1]}', b'{"errors": {}}', b"[5]"):
            verdict = found.verdict(Answer(status, {}, body))
            assert verdict.outcome is not Outcome.OK
            assert len(verdict.reason) < 200
    assert found.verdict(Answer(401, {}, b"")).outcome is Outcome.AUTH
    assert found.verdict(Answer(451, {}, b"")).outcome is Outcome.SUPPRESSED
    assert found.verdict(Answer(503, {}, b"")).outcome is Outcome.TRANSIENT


@EVERY_PROVIDER
def test_a_torn_body_may_be_asked_for_again(found: Provider) -> None:
    for status in (200, 202):
        assert found.verdict(Answer(status, {}, b'{"cut')).outcome is Outcome.TRANSIENT

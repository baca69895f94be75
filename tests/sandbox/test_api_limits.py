"""Limits answer as each provider's do, by the sandbox's own clock, and the most that came in a window is remembered."""

import asyncio

import httpx
import pytest

from dagster_project.sandbox.api.app import App
from dagster_project.sandbox.api.calls import Limit, Route, Service
from dagster_project.sandbox.api.limits import Meter
from dagster_project.sandbox.api.server import Sandbox
from dagster_project.sandbox.api.services import SERVICES
from dagster_project.sandbox.api.stage import Stage
from dagster_project.sources.adapter import Adapter, Ask, Endpoint
from dagster_project.sources.providers import adapter, adapters
from dagster_project.transport.messages import Answer, Request
from tests.sandbox.served import NEEDS, client, first, send

# A full minute and ten minutes past midnight UTC: no fixed window is about to end.
START = 1_800_058_200.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(3_000, 7, clock=Clock())


@pytest.fixture
def fresh(stage: Stage) -> Stage:
    stage.reset()
    stage.clock.now = START
    return stage


async def call(stage: Stage, name: str, request: Request) -> Answer:
    """One call to the application in this process."""
    auth, transport = adapter(name).auth, httpx.ASGITransport(App(stage))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://sandbox/{name}") as http:
        response = await http.request(
            request.method,
            request.path,
            params={**request.params, **auth.params("sandbox")},
            json=request.json,
            headers={**request.headers, **auth.headers("sandbox")},
        )
    return Answer(response.status_code, dict(response.headers), response.content)


def calls(stage: Stage, name: str, request: Request, most: int) -> list[Answer]:
    """Answers until one is refused, at most so many."""

    async def run() -> list[Answer]:
        found: list[Answer] = []
        while len(found) < most:
            found.append(await call(stage, name, request))
            if adapter(name).verdict(found[-1]).outcome not in ("ok", "no_match"):
                break
        return found

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "allowed", "outcome", "wait"),
    [
        ("google_places", 600, "rate_limited", 60),
        ("google_places_legacy", 600, "rate_limited", 60),
        ("yelp", 5, "rate_limited", 1),
        ("crunchbase", 200, "rate_limited", 60),
        ("pdl", 10, "rate_limited", 60),
        ("apollo", 200, "rate_limited", 60),
        ("hunter", 5, "rate_limited", 1),
        ("opencorporates", 50, "quota_exhausted", 86_400),
    ],
)
def test_a_full_window_refuses_in_the_providers_words_and_opens_again(
    fresh: Stage, name: str, allowed: int, outcome: str, wait: float
) -> None:
    _, request = first(name)
    answers = calls(fresh, name, request, allowed + 1)
    assert len(answers) == allowed + 1
    assert adapter(name).verdict(answers[-1]).outcome == outcome
    fresh.clock.now += wait
    assert adapter(name).verdict(calls(fresh, name, request, 1)[0]).outcome in ("ok", "no_match")


def test_yelp_counts_the_day_in_its_headers_and_ends_it_at_midnight(fresh: Stage) -> None:
    _, request = first("yelp")
    for _ in range(60):
        answers = calls(fresh, "yelp", request, 5)
        fresh.clock.now += 1.1
    assert answers[-1].headers["ratelimit-remaining"] == "0"
    assert answers[-1].headers["ratelimit-dailylimit"] == "300"
    assert answers[-1].headers["ratelimit-resettime"].endswith("00:00:00+00:00")
    (refused,) = calls(fresh, "yelp", request, 1)
    assert refused.json["error"]["code"] == "ACCESS_LIMIT_REACHED"
    assert adapter("yelp").verdict(refused).outcome == "quota_exhausted"
    fresh.clock.now = (START // 86_400 + 1) * 86_400
    assert calls(fresh, "yelp", request, 1)[0].status == 200


def test_apollo_counts_each_endpoint_and_says_how_long_to_wait(fresh: Stage) -> None:
    companies, people = (
        adapter("apollo").endpoint(name).request(Ask(name), None, 100) for name in ("company_search", "people_search")
    )
    refused = calls(fresh, "apollo", companies, 201)[-1]
    assert refused.json["message"].endswith("api/v1/mixed_companies/search is 200 times per minute.")
    assert adapter("apollo").verdict(refused).retry_after == pytest.approx(60, abs=1)
    assert calls(fresh, "apollo", people, 1)[0].status == 200
    fresh.clock.now += 61
    refused = calls(fresh, "apollo", companies, 201)[-1]
    assert "400 times per hour" in refused.json["message"]
    assert adapter("apollo").verdict(refused).retry_after > 3_000


def test_crunchbase_says_nothing_of_its_limits(fresh: Stage) -> None:
    refused = calls(fresh, "crunchbase", first("crunchbase")[1], 201)[-1]
    assert refused.status == 429
    assert not {name for name in refused.headers if "limit" in name or name == "retry-after"}


def test_pdl_counts_both_searches_together_in_fixed_minutes(fresh: Stage) -> None:
    asks = adapter("pdl").asks(NEEDS["pdl"])
    company, person = (adapter("pdl").endpoint(ask.endpoint).request(ask, None, 1) for ask in asks)
    fresh.clock.now = START + 50
    assert len(calls(fresh, "pdl", company, 6)) == 6
    answers = calls(fresh, "pdl", person, 5)
    assert (answers[-2].headers["x-ratelimit-remaining"], answers[-1].status) == ("0", 429)
    fresh.clock.now = START + 60
    assert calls(fresh, "pdl", company, 1)[0].status in (200, 404)


def test_limits_are_switched_per_provider_at_run_time(sandbox: Sandbox) -> None:
    _, request = first("yelp")
    sandbox.limits({"yelp": "2/minute"})
    with client(sandbox, "yelp") as http:
        assert [send(http, request).status for _ in range(3)] == [200, 200, 429]
        sandbox.limits({"yelp": "off"})
        assert [send(http, request).status for _ in range(7)] == [200] * 7
    seen = {(window["provider"], window["seconds"]): window for window in sandbox.seen()}
    assert not seen["yelp", 1]["enforced"]
    assert seen["yelp", 86_400]["most"] == 7


def test_the_most_calls_of_a_window_are_remembered_refused_ones_among_them() -> None:
    meter = Meter(Limit(2, 1))
    for moment in (0, 0.1, 0.2, 5, 5.5, 6.6):
        meter.saw(moment)
    assert meter.most == 3


def test_a_sliding_window_never_holds_more_than_it_may() -> None:
    meter, taken = Meter(Limit(3, 10)), []
    for moment in (i / 2 for i in range(200)):
        if meter.wait(moment) == 0:
            meter.take(moment)
            taken.append(moment)
    assert max(sum(start <= t < start + 9.9 for t in taken) for start in taken) == 3
    assert len(taken) > 25


def test_limits_are_those_that_adapters_keep_to() -> None:
    for name, found in adapters().items():
        service = SERVICES[name]
        assert windows_of(found) == limits_of(service)
        routes = {route.endpoint: route for route in service.routes.values()}
        for endpoint in found.endpoints:
            assert windows_of(endpoint) == limits_of(routes[endpoint.name])


def windows_of(declared: Adapter | Endpoint) -> set[tuple[int, float]]:
    return {(window.calls, window.seconds) for window in declared.windows}


def limits_of(played: Service | Route) -> set[tuple[int, float]]:
    return {(limit.calls, limit.seconds) for limit in played.limits}

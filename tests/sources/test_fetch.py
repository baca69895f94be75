"""Fetching a partition: pages in order, each paid once, whatever the provider does, and resumed wherever it stopped."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import httpx
import orjson
import pytest

from dagster_project.sources.adapter import Ask, Price
from dagster_project.sources.area import Box, Circle, Point
from dagster_project.sources.budget import Caps, LocalBudget
from dagster_project.sources.pages.progress import State
from dagster_project.transport.messages import Answer
from tests.sources.pages import CALL_USD, Shop, adapter, bodies, fetching, items, said
from tests.transport.clock import SimulatedClock

STOCK = {"bakery": items("a1", "a2", "a3", "a4", "a5"), "cafe": items("b1", "b2", "b3")}
ASKS = [Ask("search", {"q": "bakery"}), Ask("search", {"q": "cafe"}), Ask("search", {"q": "opera"})]


def run(fetch, asks=ASKS):
    return asyncio.run(fetch.run(asks))


def status(code: int, body: object = None, **headers: str):
    return lambda request: httpx.Response(code, json=body or {"error": "no"}, headers=headers)


def broken(error: type[Exception]):
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("cut", request=request)

    return fail


def test_every_page_of_every_question_is_kept_and_paid_once(tmp_path: Path):
    shop, budget = Shop(STOCK), LocalBudget()
    fetch = fetching(tmp_path, shop, budget=budget)
    assert run(fetch) == ("complete", "")
    assert sorted(record["id"] for record in bodies(tmp_path)) == ["a1", "a2", "a3", "a4", "a5", "b1", "b2", "b3"]
    assert len(shop.calls) == len(set(shop.calls)) == 6
    assert budget.spent == fetch.state.cost == 6 * CALL_USD
    assert budget.reserved == 0
    assert budget.records == 8


def test_a_second_run_asks_nothing(tmp_path: Path):
    run(fetching(tmp_path, Shop(STOCK)))
    shop = Shop(STOCK)
    assert run(fetching(tmp_path, shop)) == ("complete", "")
    assert shop.calls == []


@pytest.mark.parametrize(
    "fault",
    [
        status(500),
        status(503, None, **{"retry-after": "2"}),
        status(429),
        status(429, None, **{"retry-after": "40"}),
        lambda request: httpx.Response(200, content=b'{"items": [{"id"'),
        broken(httpx.ReadTimeout),
        broken(httpx.RemoteProtocolError),
        broken(httpx.ConnectError),
    ],
    ids=["500", "503 later", "429", "429 later", "torn", "timeout", "cut", "refused"],
)
def test_what_passes_is_asked_again_and_nothing_is_lost(tmp_path: Path, fault):
    shop = Shop(STOCK, faults=[fault, fault])
    fetch = fetching(tmp_path, shop)
    assert run(fetch) == ("complete", "")
    assert len(bodies(tmp_path)) == 8
    assert fetch.state.cost == 6 * CALL_USD
    assert fetch.state.calls == 8


def test_retry_after_is_waited_for_by_all_workers(tmp_path: Path):
    clock, times = SimulatedClock(), []

    def handler(request: httpx.Request) -> httpx.Response:
        times.append(clock.now())
        return status(429, None, **{"retry-after": "60"})(request) if len(times) == 1 else shop(request)

    shop = Shop(STOCK)
    assert run(fetching(tmp_path, handler, adapter(concurrency=1), clock=clock)) == ("complete", "")
    assert times[1] - times[0] >= 60


@pytest.mark.parametrize(
    ("code", "ending", "told"),
    [
        (401, "failed", "refuses the key"),
        (403, "failed", "refuses the key"),
        (402, "stopped", "allowance is used up"),
    ],
)
def test_a_provider_that_cannot_be_used_is_not_asked_again_in_the_run(
    tmp_path: Path, code: int, ending: str, told: str
):
    calls = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(code, json={})

    found, reason = run(fetching(tmp_path, handler, adapter(concurrency=1)))
    assert (found, told in reason, len(calls)) == (ending, True, 1)
    assert "secret-key" not in reason


def test_a_question_that_is_refused_does_not_stop_the_others(tmp_path: Path):
    def handler(request: httpx.Request) -> httpx.Response:
        return status(422)(request) if request.url.params["q"] == "cafe" else shop(request)

    shop = Shop(STOCK)
    assert run(fetching(tmp_path, handler)) == ("failed", "1 question bad request")
    assert len(bodies(tmp_path)) == 5


def test_ten_refusals_in_a_row_stop_the_run(tmp_path: Path):
    shop = Shop({})
    asks = [Ask("search", {"q": f"word {n}"}) for n in range(200)]
    calls = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return status(400)(request)

    ending, reason = run(fetching(tmp_path, handler, adapter(concurrency=1)), asks)
    assert (ending, len(calls), shop.calls) == ("failed", 10, [])
    assert "refused 10 questions in a row" in reason


def test_a_question_that_keeps_failing_is_given_up_for_now_and_goes_on_next_time(tmp_path: Path):
    def handler(request: httpx.Request) -> httpx.Response:
        return status(500)(request) if request.url.params["q"] == "cafe" else shop(request)

    shop = Shop(STOCK)
    ending, reason = run(fetching(tmp_path, handler))
    assert (ending, reason) == ("failed", "1 question given up for now (HTTP 500)")
    shop = Shop(STOCK)
    assert run(fetching(tmp_path, shop)) == ("complete", "")
    assert {word for word, _ in shop.calls} == {"cafe"}


def test_the_budget_stops_the_run_and_what_was_fetched_is_kept(tmp_path: Path):
    shop, budget = Shop(STOCK), LocalBudget(Caps(usd=3 * CALL_USD), "Shops")
    ending, reason = run(fetching(tmp_path, shop, budget=budget))
    assert (ending, "budget of $0.03 is used up" in reason) == ("stopped", True)
    assert (len(shop.calls), budget.spent) == (3, 3 * CALL_USD)
    assert len(bodies(tmp_path)) == 6


def test_no_more_records_are_asked_for_than_are_wanted(tmp_path: Path):
    shop, budget = Shop(STOCK), LocalBudget(Caps(records=5), "Shops")
    ending, reason = run(fetching(tmp_path, shop, budget=budget, max_records=5))
    assert (ending, reason) == ("complete", "the campaign's 5 records are reached")
    assert len(bodies(tmp_path)) == 5


def test_a_price_per_record_asks_for_what_can_still_be_paid(tmp_path: Path):
    found = adapter(page_size=4, concurrency=1, price=Price(per_record=Decimal("0.10")))
    shop, budget = Shop({"bakery": items(*"abcdefgh")}), LocalBudget(Caps(usd=Decimal("0.70")), "Shops")
    ending, _ = run(fetching(tmp_path, shop, found, budget), ASKS[:1])
    assert (ending, budget.spent, len(bodies(tmp_path))) == ("stopped", Decimal("0.70"), 7)


def test_limits_that_allow_nothing_for_hours_stop_the_run(tmp_path: Path):
    clock = SimulatedClock()
    fetch = fetching(tmp_path, Shop(STOCK), clock=clock, patience=60)
    fetch.client.limiter.pause("shops", 7_200)
    assert run(fetch) == ("stopped", "Shops allows no further call for now: the next call may start in 7,200 s")


def test_an_answer_of_another_shape_is_kept_and_read_when_the_adapter_is_mended(tmp_path: Path):
    def drifted(request: httpx.Request) -> httpx.Response:
        found = shop(request)
        return httpx.Response(200, content=found.content.replace(b'"items"', b'"results"'))

    shop = Shop(STOCK)
    assert run(fetching(tmp_path, drifted)) == ("failed", "3 questions unreadable")
    for segment in tmp_path.glob("*.journal"):
        assert b"secret-key" not in segment.read_bytes()
    mended = adapter()
    endpoint = mended.endpoints[0]

    def page(ask, cursor, answer):
        said = answer.json
        body = {"items": said.get("items", said.get("results")), "total": said["total"]}
        return endpoint.page(ask, cursor, Answer(200, {}, orjson.dumps(body)))

    shop = Shop(STOCK)
    again = fetching(tmp_path, shop, replace(mended, endpoints=(replace(endpoint, page=page),)))
    assert run(again) == ("complete", "")
    assert ("bakery", 0) not in shop.calls


def test_a_page_that_comes_twice_is_asked_for_again(tmp_path: Path):
    state = {"last": None}

    def stuttering(request: httpx.Request) -> httpx.Response:
        offset = request.url.params["offset"]
        if offset == "2" and state["last"] is None:
            state["last"] = offset
            return shop(httpx.Request("GET", request.url.copy_set_param("offset", "0")))
        return shop(request)

    shop = Shop({"bakery": STOCK["bakery"]})
    assert run(fetching(tmp_path, stuttering), ASKS[:1]) == ("complete", "")
    assert sorted(record["id"] for record in bodies(tmp_path)) == ["a1", "a2", "a3", "a4", "a5"]


def test_a_call_that_was_open_when_the_process_died_counts_as_charged(tmp_path: Path):
    fetch = fetching(tmp_path, Shop(STOCK))
    fetch.record({"type": "ask", "ask": ASKS[0].text})
    call = {"type": "call", "call": "c1", "ask": ASKS[0].id, "endpoint": "search", "page": 0, "attempt": 1}
    fetch.record({**call, "at": "2026-11-23T00:00:00+00:00", "reserved": "0.01"})
    fetch.journal.close()
    budget = LocalBudget()
    again = fetching(tmp_path, Shop(STOCK), budget=budget)
    assert again.state.at_risk == CALL_USD
    assert run(again) == ("complete", "")
    assert (budget.spent, again.state.at_risk, again.state.outcomes["lost"]) == (7 * CALL_USD, 0, 1)


def test_the_state_that_a_journal_tells_is_the_state_that_was(tmp_path: Path):
    fetch = fetching(tmp_path, Shop(STOCK, faults=[status(500)]))
    run(fetch)
    told = State.of(fetch.adapter, said(fetch.journal))
    assert (told.cost, told.records, told.outcomes) == (fetch.state.cost, fetch.state.records, fetch.state.outcomes)
    assert {i: (t.page, t.ended) for i, t in told.tracks.items()} == {
        i: (t.page, t.ended) for i, t in fetch.state.tracks.items()
    }


AREA = Circle(Point(30.27, -97.74), 10)


def map_of_shops(total: bool):
    """A provider that knows 40 shops around the middle of the area and gives 6 to a question at most."""
    shops = [(30.27 + (n % 8 - 3.5) / 100, -97.74 + (n // 8 - 2) / 100, f"s{n}") for n in range(40)]

    def handler(request: httpx.Request) -> httpx.Response:
        cell = Box(**orjson.loads(request.url.params["q"]))
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        inside = [{"id": key} for lat, lon, key in shops if cell.contains(Point(lat, lon))]
        given = inside[:6][offset : offset + limit]
        return httpx.Response(200, json={"items": given, **({"total": len(inside)} if total else {})})

    return handler


@pytest.mark.parametrize("total", [True, False])
def test_a_cell_is_cut_up_until_the_provider_holds_nothing_back(tmp_path: Path, total: bool):
    found = adapter(cap=6)
    endpoint = found.endpoints[0]

    def request(ask: Ask, cursor, limit):
        where = Ask("search", {"q": orjson.dumps(ask.cell.as_dict()).decode()})
        return endpoint.request(where, cursor, limit)

    found = replace(found, endpoints=(replace(endpoint, request=request),))
    fetch = fetching(tmp_path, map_of_shops(total), found, area=AREA)
    assert run(fetch, [Ask("search", {}, AREA.bounds)]) == ("complete", "")
    assert {record["id"] for record in bodies(tmp_path)} == {f"s{n}" for n in range(40)}
    assert all(track.ended in ("complete", "split") for track in fetch.state.tracks.values())

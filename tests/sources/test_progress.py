"""How far a partition has come: what a journal tells at any moment is what the run knew at that moment."""

import asyncio
import copy
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from dagster_project.sources.adapter import Ask
from dagster_project.sources.pages.journal import Journal
from dagster_project.sources.pages.progress import State, Track
from tests.sources.pages import CALL_USD, Shop, adapter, fetching, items, said

STOCK = {"bakery": items("a1", "a2", "a3", "a4", "a5"), "cafe": items("b1", "b2", "b3")}
ASKS = [Ask("search", {"q": word}) for word in ("bakery", "cafe", "opera")]


def fault(status: int):
    return lambda request: httpx.Response(status, json={})


def told(state: State) -> dict:
    """A state as plain values; what lives in one run only is left out."""
    known = {name: value for name, value in vars(state).items() if name != "adapter"}
    tracks = {id: vars(track) | {"keys": None, "repeats": None} for id, track in state.tracks.items()}
    return copy.deepcopy(known | {"tracks": tracks, "order": list(state.tracks)})


@pytest.fixture
def states(tmp_path: Path) -> list[dict]:
    """A run with repeated, failed and good calls in `tmp_path`: its state after each entry, in order."""
    found = []
    fetch = fetching(tmp_path, Shop(STOCK, faults=[fault(500), fault(429), fault(422)]))
    found.append(told(fetch.state))
    record = fetch.record

    def watched(entry: dict, body: bytes | None = None) -> None:
        record(entry, body)
        found.append(told(fetch.state))

    fetch.record = watched
    assert asyncio.run(fetch.run(ASKS))[0] == "failed"
    return found


def test_any_prefix_of_a_journal_gives_the_state_of_that_time(tmp_path: Path, states: list[dict]):
    entries = said(Journal(tmp_path))
    assert len(entries) == len(states) - 1 > 15
    for count, state in enumerate(states):
        assert told(State.of(adapter(), entries[:count])) == state, count


def test_a_journal_in_several_segments_gives_the_same_state_as_in_one(tmp_path: Path, states: list[dict]):
    entries = list(Journal(tmp_path).entries())
    for start in range(0, len(entries), 4):
        part = Journal(tmp_path / "parts")
        for entry in entries[start : start + 4]:
            part.append(entry.content, entry.body() if "packed" in entry.content else None)
        part.close()
    again = State.of(adapter(), said(Journal(tmp_path / "parts")))
    assert told(again) == states[-1]


def test_every_call_that_was_sent_is_settled_once(states: list[dict], tmp_path: Path):
    entries = said(Journal(tmp_path))
    sent = [entry["call"] for entry in entries if entry["type"] == "call"]
    settled = [entry["call"] for entry in entries if entry["type"] in ("page", "miss", "retry", "lost")]
    assert sorted(sent) == sorted(settled)
    assert len(sent) == states[-1]["calls"] == sum(states[-1]["outcomes"].values())


def call(ask: Ask, number: int, reserved: str = "0.01") -> dict:
    where = {"ask": ask.id, "endpoint": "search", "page": 0, "attempt": 1, "at": "2026-11-23T00:00:00+00:00"}
    return {"type": "call", "call": f"c{number}", **where, "reserved": reserved}


def test_calls_that_nobody_settled_are_at_risk_and_cost_nothing_yet():
    entries = [{"type": "ask", "ask": ask.text} for ask in ASKS]
    state = State.of(adapter(), [*entries, call(ASKS[0], 1, "0.02"), call(ASKS[1], 2, "0.0301")])
    assert (state.at_risk, state.cost, state.calls) == (Decimal("0.0501"), 0, 0)


def test_every_call_that_was_open_at_a_kill_is_settled_by_the_next_run(tmp_path: Path):
    fetch = fetching(tmp_path, Shop(STOCK))
    for ask in ASKS:
        fetch.record({"type": "ask", "ask": ask.text})
    for number, ask in enumerate(ASKS):
        fetch.record(call(ask, number))
    again = fetching(tmp_path, Shop(STOCK))
    assert again.state.at_risk == 3 * CALL_USD
    asyncio.run(again.run(ASKS))
    third = State.of(adapter(), said(Journal(tmp_path)))
    assert (third.at_risk, third.outcomes["lost"], third.cost) == (0, 3, 9 * CALL_USD)


def page(ask: Ask, number: int, asks: list[Ask], ended: str | None) -> dict:
    content = {"call": f"c{number}", "ask": ask.id, "page": 0, "next": None, "records": 2, "results": 2, "total": 2}
    return {
        **{"type": "page", **content, "cost": "0.01", "waited": 0.5, "outcome": "ok"},
        **{"asks": [ask.text for ask in asks], "ended": ended},
    }


def test_questions_that_others_give_rise_to_belong_to_the_same_root():
    parts = [Ask("search", {"q": "bakery", "part": n}) for n in range(4)]
    entries = [{"type": "ask", "ask": ask.text} for ask in ASKS[:2]]
    entries += [page(ASKS[0], 1, parts[:2], "split"), page(parts[0], 2, parts[2:], "split")]
    state = State.of(adapter(), entries)
    assert [track.ask for track in state.pending([ASKS[0].id])] == parts[1:]
    assert [track.ask for track in state.pending([ASKS[1].id])] == ASKS[1:2]
    assert state.ends([ASKS[0].id]) == ["split", "split", None, None, None]
    assert list(state.pending([])) == []


def test_a_question_that_is_asked_again_keeps_its_way():
    again = [{"type": "ask", "ask": ASKS[0].text}, page(ASKS[0], 1, [], None), {"type": "ask", "ask": ASKS[0].text}]
    track = State.of(adapter(), again).tracks[ASKS[0].id]
    assert (track.page, track.results) == (1, 2)


def test_a_plan_that_asks_less_than_before_fetches_nothing_of_the_rest(tmp_path: Path):
    def without_bakery(request: httpx.Request) -> httpx.Response:
        return fault(500)(request) if request.url.params["q"] == "bakery" else Shop(STOCK)(request)

    assert asyncio.run(fetching(tmp_path, without_bakery).run(ASKS))[0] == "failed"
    shop = Shop(STOCK)
    left = fetching(tmp_path, shop)
    assert asyncio.run(left.run(ASKS[1:])) == ("complete", "")
    assert shop.calls == []
    assert [track.ask for track in left.state.pending([ask.id for ask in ASKS])] == ASKS[:1]


def test_a_track_counts_lookups_among_its_results():
    state = State.of(adapter(), [{"type": "ask", "ask": ASKS[0].text}])
    follow = Ask("search", {"q": "lookup"})
    state.apply(page(ASKS[0], 1, [follow], "complete") | {"records": 0, "results": 1})
    assert state.tracks[ASKS[0].id] == Track(ASKS[0], ASKS[0].id, 1, None, 0, 1, 2, "complete")

"""What every adapter must do while it runs: the dynamic half of the contract suite.

The provider is the sandbox, or the fixture's answers where the sandbox does not play it; the clock is simulated. Run
one adapter's share with `pytest tests/adapters --adapter NAME`.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from dagster_project.sources.budget import Caps, LocalBudget
from dagster_project.transport.outcomes import RETRIED, Outcome
from dagster_project.transport.windows import LocalLimiter, Window, parse_windows
from tests.adapters.cases import Case, answer_of
from tests.adapters.playing import (
    KEY,
    Line,
    Played,
    Sandboxed,
    check_found,
    fetch_over,
    fetched,
    landed,
    raw,
)
from tests.transport.clock import SimulatedClock
from tests.transport.counting import most_by_edges, most_in

TIGHT = "3/second 20/minute"
# Faults that pass, with the share of calls, or of questions, that they hit.
PASSING = {
    **dict.fromkeys(("rate_limited", "rate_limited_silent", "cut", "cut_within", "truncated", "token_early"), 0.06),
    **{"server_error": 0.03, "field_extra": 0.1, "reordered": 1.0, "duplicated": 0.5},
}
MOST_RUNS = 6


# Paging


def test_paging_to_exhaustion_finds_all_that_the_provider_has(played: Played, clock: SimulatedClock, tmp_path: Path):
    run = fetched(Line(played, clock), tmp_path)
    assert (run.ending, run.reason) == ("complete", "")
    check_found(played, run.keys)
    assert played.repeated == 0


def test_a_question_that_is_over_the_cap_is_cut_up_until_all_is_found(
    played: Played, clock: SimulatedClock, tmp_path: Path
):
    about_places = {ask.endpoint for ask in played.question.asks if ask.cell}
    if not about_places or not isinstance(played, Sandboxed):
        pytest.skip("asks about no place, or has too few records")
    run = fetched(Line(played, clock), tmp_path, caps=dict.fromkeys(about_places, 15))
    ends = Counter(track.ended for track in run.fetch.state.tracks.values())
    assert (run.ending, run.reason) == ("complete", "")
    assert ends["split"] > 0
    assert set(ends) <= {"split", "complete", "no_match"}
    check_found(played, run.keys)


# Limits


def test_many_workers_never_pass_a_limit_and_use_what_it_allows(played: Played, clock: SimulatedClock, tmp_path: Path):
    windows = parse_windows(TIGHT)
    line = partitions(played, clock, tmp_path, {played.adapter.name: windows}, least_calls=70)
    moments = [moment for moment, _ in line.arrived]
    for window in windows:
        assert most_in(moments, window.seconds) <= window.calls
        assert most_by_edges(moments, window.seconds, 0) <= window.calls
    # whole minutes are full but for the last
    minutes = (len(moments) - 1) // 20
    assert max(moments) - min(moments) <= minutes * 60 / 0.95 + 8


def test_many_workers_stay_within_the_limits_that_the_provider_declares(
    played: Played, clock: SimulatedClock, tmp_path: Path
):
    adapter = played.adapter
    windows = {adapter.name: adapter.windows, **{f"{adapter.name}/{e.name}": e.windows for e in adapter.endpoints}}
    if isinstance(played, Sandboxed):
        played.stage.limits.set({"*": "on"})
    line = partitions(played, clock, tmp_path, windows, least_calls=60)
    moments = [moment for moment, _ in line.arrived]
    assert all(most_in(moments, window.seconds) <= window.calls for window in adapter.windows)
    if isinstance(played, Sandboxed):
        seen = [meter for meter in played.stage.limits.seen() if meter["provider"] == adapter.name]
        assert any(meter["most"] for meter in seen)
        assert all(meter["most"] <= meter["calls"] and meter["enforced"] for meter in seen)


def partitions(
    played: Played,
    clock: SimulatedClock,
    folder: Path,
    windows: dict[str, tuple[Window, ...]],
    least_calls: int,
) -> Line:
    """Several partitions fetched at once, as if they had begun in the same instant, until there were enough calls."""
    line, limiter = Line(played, clock), LocalLimiter(clock.now)

    async def several(first: int, count: int) -> None:
        fetches = [
            fetch_over(line, folder / str(n), limiter=limiter, windows=windows, concurrency=6, patience=1e9)
            for n in range(first, first + count)
        ]
        ended = await asyncio.gather(*(fetch.run(played.question.asks) for fetch in fetches))
        assert {ending for ending, _ in ended} == {"complete"}

    asyncio.run(several(0, 1))
    each = len(line.arrived)
    line.arrived.clear()
    clock.time += 86_400  # what the first one used is free again
    asyncio.run(several(1, -(-least_calls // each)))
    return line


# Failures


def errors_of(case: Case) -> list[dict[str, Any]]:
    return case.content["errors"]


def failing_with(error: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    answer = answer_of(error)
    return lambda request: httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)


def test_every_error_ends_in_the_class_that_is_stated_for_it(
    case: Case, played: Played, clock: SimulatedClock, tmp_path: Path
):
    first = replace(played.question, asks=played.question.asks[:1])
    for number, error in enumerate(errors_of(case)):
        played.question, began = first, clock.now()
        line = Line(played, clock, faults=[failing_with(error)])
        run = fetched(line, tmp_path / str(number), concurrency=1)
        outcome = Outcome(error["outcome"])
        assert run.outcomes[outcome] == 1, error
        assert KEY not in run.reason
        if outcome in RETRIED:
            assert (run.ending, run.outcomes[Outcome.OK] > 0) == ("complete", True)
            assert clock.now() - began >= (error.get("retry_after") or 0)
        else:
            assert (run.ending, len(line.arrived)) == (ENDINGS[outcome], 1)


ENDINGS = {
    Outcome.NO_MATCH: "complete",
    Outcome.BAD_REQUEST: "failed",
    Outcome.SUPPRESSED: "failed",
    Outcome.AUTH: "failed",
    Outcome.QUOTA_EXHAUSTED: "stopped",
}


def test_an_error_that_does_not_pass_leaves_what_was_fetched_and_the_next_run_goes_on(
    case: Case, played: Played, clock: SimulatedClock, tmp_path: Path
):
    error = next(error for error in errors_of(case) if error["outcome"] in (Outcome.AUTH, Outcome.QUOTA_EXHAUSTED))
    stopped = fetched(Line(played, clock, faults=[None, failing_with(error)]), tmp_path, concurrency=1)
    if stopped.ending == "complete":
        pytest.skip("all was answered by one call")
    again = fetched(Line(played, clock), tmp_path, concurrency=1)
    assert (stopped.reason != "", again.ending, played.repeated) == (True, "complete", 0)
    assert stopped.keys <= again.keys
    check_found(played, again.keys)


def broken(error: type[httpx.TransportError]) -> Callable[[httpx.Request], httpx.Response]:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("broken", request=request)

    return fail


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError, httpx.PoolTimeout])
def test_a_broken_connection_is_tried_again(
    played: Played, clock: SimulatedClock, tmp_path: Path, error: type[httpx.TransportError]
):
    run = fetched(Line(played, clock, faults=[broken(error)] * 3), tmp_path)
    assert (run.ending, run.outcomes[Outcome.TRANSIENT]) == ("complete", 3)
    check_found(played, run.keys)


@pytest.mark.parametrize("seed", [1, 2])
def test_what_goes_wrong_loses_nothing_doubles_nothing_and_costs_what_the_bill_says(
    played: Played, clock: SimulatedClock, tmp_path: Path, seed: int
):
    if not isinstance(played, Sandboxed):
        pytest.skip("the sandbox does not play it")
    played.stage.disturb({"*": PASSING, "seed": seed})
    for _ in range(MOST_RUNS):
        run = fetched(Line(played, clock), tmp_path)
        if run.ending == "complete":
            break
        assert run.reason
    assert (run.ending, run.reason, played.repeated) == ("complete", "", 0)
    check_found(played, run.keys)
    assert run.fetch.state.cost == played.charged


@pytest.mark.parametrize("fault", ["list_missing", "quota"])
def test_what_does_not_pass_ends_in_a_stated_class(played: Played, clock: SimulatedClock, tmp_path: Path, fault: str):
    if not isinstance(played, Sandboxed):
        pytest.skip("the sandbox does not play it")
    played.stage.disturb({"*": {fault: 1.0}})
    run = fetched(Line(played, clock), tmp_path)
    assert run.keys == set()
    # the new Places API leaves its list out where there is nothing: only a page that another follows gives it away
    assert run.ending in ("failed", "stopped")
    assert run.reason


# Money


def test_the_runtimes_account_is_the_providers_bill(played: Played, clock: SimulatedClock, tmp_path: Path):
    budget = LocalBudget()
    run = fetched(Line(played, clock), tmp_path, budget=budget)
    landing = landed(run.fetch.adapter, tmp_path)
    assert run.fetch.state.cost == budget.spent == landing.calls()["cost_usd"].sum() == played.charged
    assert budget.reserved == 0
    # a record that came twice is landed once, with its share of the first page's price
    assert raw(landing)["request_cost_usd"].sum() <= played.charged


def test_no_more_is_spent_than_the_budget_allows(played: Played, clock: SimulatedClock, tmp_path: Path):
    whole = fetched(Line(played, clock), tmp_path / "whole").fetch.state.cost
    if not whole:
        pytest.skip("costs nothing")
    played.forget()
    budget = LocalBudget(Caps(usd=whole / 2), "it")
    run = fetched(Line(played, clock), tmp_path / "half", budget=budget)
    assert (run.ending, "is used up" in run.reason) == ("stopped", True)
    assert played.charged == budget.spent <= whole / 2

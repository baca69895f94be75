"""Windows of calls: no stretch of time holds more than one allows, whoever asks, and little of it is left unused."""

import asyncio
import heapq
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.transport.windows import MARGIN_SECONDS, LocalLimiter, TooLong, Window, Windows, parse_windows
from tests.transport.clock import SimulatedClock
from tests.transport.counting import most_by_edges, most_in

EVER = 1e9
# Longer than any example lasts, shorter than the margin by more than the clock's rounding.
LATE = MARGIN_SECONDS * 0.99
windows = st.builds(Window, st.integers(1, 12), st.sampled_from([0.5, 1, 2, 7, 60]))
several = st.lists(windows, min_size=1, max_size=4)
counters = st.fixed_dictionaries({"shop": several}, optional={"shop/a": several, "shop/b": several})


class Ticks:
    """A clock that is set by hand."""

    def __init__(self, time: float = 0.0) -> None:
        self.time = time

    def __call__(self) -> float:
        return self.time


def simulated(limits: Windows, workers: int, calls: int, chance: random.Random) -> list[tuple[str, float]]:
    """Endpoint and moment of so many calls by workers that start one as soon as they may, and then take a while."""
    ticks = Ticks()
    limiter, endpoints = LocalLimiter(ticks), [name for name in limits if "/" in name] or ["shop/a"]
    free = sorted((chance.uniform(0, 2), worker) for worker in range(workers))
    started = []
    while len(started) < calls:
        ticks.time, worker = heapq.heappop(free)
        endpoint = chance.choice(endpoints)
        wait = limiter.take({name: limits.get(name, ()) for name in ("shop", endpoint)}, EVER)
        started.append((endpoint, ticks.time + wait))
        heapq.heappush(free, (ticks.time + wait + chance.choice([0, 0, 0.01, 0.3, 5]), worker))
    return started


def arrivals(started: list[tuple[str, float]], counter: str, chance: random.Random) -> list[float]:
    """When the calls of a counter reach the server, each after a time on the way."""
    return [moment + chance.uniform(0, LATE) for name, moment in started if name.startswith(counter)]


@settings(max_examples=150, deadline=None)
@given(limits=counters, workers=st.integers(1, 20), seed=st.integers(0, 2**32))
def test_no_stretch_of_time_holds_more_calls_than_any_window_allows(limits: Windows, workers: int, seed: int):
    chance = random.Random(seed)
    started = simulated(limits, workers, 150, chance)
    for counter, found in limits.items():
        arrived = arrivals(started, counter, chance)
        for window in found if arrived else ():
            assert most_in(arrived, window.seconds) <= window.calls
            assert most_by_edges(arrived, window.seconds, chance.uniform(0, window.seconds)) <= window.calls


@settings(max_examples=40, deadline=None)
@given(
    per_second=st.integers(1, 12),
    per_minute=st.integers(1, 300),
    per_hour=st.one_of(st.none(), st.integers(50, 5_000)),
    workers=st.integers(13, 30),
)
def test_at_least_95_percent_of_the_permitted_rate_is_used(
    per_second: int, per_minute: int, per_hour: int | None, workers: int
):
    limits = [Window(per_second, 1), Window(per_minute, 60), *([Window(per_hour, 3_600)] if per_hour else [])]
    ticks, minutes = Ticks(), 4
    limiter, free, count = LocalLimiter(ticks), [0.0] * workers, 0
    while (now := heapq.heappop(free)) < minutes * 60:
        ticks.time = now
        start = now + limiter.take({"shop": limits}, EVER)
        count += start < minutes * 60
        heapq.heappush(free, start + 0.4)
    # 13 workers at 0.4 s a call could do 32 a second
    permitted = min(per_second * 60 * minutes, per_minute * minutes, per_hour or EVER)
    assert count >= 0.95 * permitted


def test_threads_that_ask_in_the_same_instant_get_different_moments():
    limiter, gate = LocalLimiter(Ticks()), threading.Barrier(16)
    limits = {"shop": [Window(3, 1), Window(20, 60)]}

    def work(_: int) -> list[float]:
        gate.wait()
        return [limiter.take(limits, EVER) for _ in range(20)]

    with ThreadPoolExecutor(16) as pool:
        moments = [moment for found in pool.map(work, range(16)) for moment in found]
    assert len(moments) == 320
    assert (most_in(moments, 1), most_in(moments, 60)) == (3, 20)


def test_many_workers_on_a_simulated_clock_start_when_they_were_told_to():
    clock, moments = SimulatedClock(), []
    limiter, limits = LocalLimiter(clock.now), {"shop": parse_windows("5/second 40/minute")}

    async def worker() -> None:
        for _ in range(5):
            await clock.sleep(limiter.take(limits, EVER))
            moments.append(clock.now())

    async def all_of_them() -> None:
        await asyncio.gather(*(worker() for _ in range(30)))

    asyncio.run(all_of_them())
    assert len(moments) == 150
    assert (most_in(moments, 1), most_in(moments, 60)) == (5, 40)
    # 150 calls at 40 a minute: the last 30 may start after three minutes
    assert 180 < max(moments) < 1.05 * 188


def test_windows_hold_for_a_provider_and_its_endpoints_besides():
    limiter = LocalLimiter(Ticks())
    limits = {"shop": [Window(3, 1)], "shop/a": [Window(1, 10)], "shop/b": [Window(2, 10)]}

    def take(endpoint: str) -> float:
        return limiter.take({name: limits[name] for name in ("shop", endpoint)}, EVER)

    assert [take("shop/a"), take("shop/b"), take("shop/b")] == [0, 0, 0]
    assert [take("shop/a"), take("shop/b")] == pytest.approx([10 + MARGIN_SECONDS] * 2)


def test_no_windows_mean_no_waiting_and_nothing_kept():
    limiter = LocalLimiter(Ticks())
    assert {limiter.take({"shop": (), "shop/a": ()}, 0) for _ in range(1_000)} == {0}
    assert limiter.starts == {}


def test_what_would_take_longer_than_the_patience_is_refused_and_reserves_nothing():
    ticks = Ticks()
    limiter, limits = LocalLimiter(ticks), {"shop": [Window(2, 60)], "shop/a": [Window(1, 3_600)]}
    only_shop = {"shop": limits["shop"]}
    limiter.take(limits, 0)
    for _ in range(100):
        with pytest.raises(TooLong, match="may start in 3,600 s") as refused:
            limiter.take(limits, 900)
    assert refused.value.seconds == pytest.approx(3_600 + MARGIN_SECONDS)
    assert limiter.take(only_shop, 0) == 0
    ticks.time = 59
    with pytest.raises(TooLong):
        limiter.take(only_shop, 1)
    assert limiter.take(only_shop, 2) == pytest.approx(1 + MARGIN_SECONDS)


def test_a_pause_holds_for_every_endpoint_of_its_provider_and_for_no_other():
    ticks = Ticks(100)
    limiter = LocalLimiter(ticks)
    limiter.pause("shop", 30)
    limiter.pause("shop", 10)  # a shorter one does not end a longer one
    assert limiter.take({"shop/a": ()}, EVER) == limiter.take({"shop": [Window(9, 1)], "shop/b": ()}, EVER) == 30
    assert limiter.take({"shopping": [Window(9, 1)]}, EVER) == 0
    with pytest.raises(TooLong):
        limiter.take({"shop": ()}, 29)
    ticks.time = 131
    assert limiter.take({"shop": ()}, 0) == 0


def test_moments_reserved_before_a_pause_do_not_let_more_through_after_it():
    ticks, limits = Ticks(), {"shop": [Window(4, 10)]}
    limiter = LocalLimiter(ticks)
    moments = [limiter.take(limits, EVER) for _ in range(10)]
    limiter.pause("shop", 15)
    moments += [limiter.take(limits, EVER) for _ in range(10)]
    assert most_in(moments, 10) == 4
    assert all(later - earlier >= 0 for earlier, later in pairwise(moments))


def test_calls_that_no_window_reaches_any_more_are_forgotten():
    ticks, limits = Ticks(), {"shop": [Window(2, 1), Window(50, 60)]}
    limiter = LocalLimiter(ticks)
    for _ in range(500):
        ticks.time += limiter.take(limits, EVER)
    assert len(limiter.starts["shop"]) < 60


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5/second 300/day", (Window(5, 1), Window(300, 86_400))),
        ("10/2minutes,1/hour", (Window(10, 120), Window(1, 3_600))),
        ("  7/seconds ,, ", (Window(7, 1),)),
        ("", ()),
    ],
)
def test_limits_are_read_as_people_write_them(text: str, found: tuple[Window, ...]):
    assert parse_windows(text) == found


@pytest.mark.parametrize("part", ["5", "5/", "/second", "five/second", "5/fortnight", "-5/second", "1.5/second", "5/s"])
def test_what_is_no_limit_is_named(part: str):
    with pytest.raises(ValueError, match=f'"{part}" is no limit; write such as 5/second'):
        parse_windows(f"2/hour {part}")


@pytest.mark.parametrize(("calls", "seconds"), [(0, 1), (-1, 1), (1, 0), (1, -1)])
def test_a_window_that_lets_nothing_through_is_refused(calls: int, seconds: float):
    with pytest.raises(ValueError, match="a window needs a call and a positive length"):
        Window(calls, seconds)


@pytest.mark.parametrize("text", ["0/second", "5/0minutes"])
def test_a_limit_that_lets_nothing_through_is_refused(text: str):
    with pytest.raises(ValueError, match="a window needs a call and a positive length"):
        parse_windows(text)

"""Limits and health that all processes share: counted in PostgreSQL, by its clock, never beyond what is allowed."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import PROJECT_ROOT
from dagster_project.transport.breaker import FAILURES, PROBE_SECONDS, REST_SECONDS
from dagster_project.transport.shared import SharedBreaker, SharedLimiter
from dagster_project.transport.windows import MARGIN_SECONDS, TooLong, Window
from tests.transport.counting import most_by_edges, most_in

pytestmark = pytest.mark.integration

SLOTS = "select extract(epoch from start)::float8 from ops.call_slots where counter = %s order by start"
AGO = "update ops.provider_health set since = since - make_interval(secs => %s)"


@pytest.fixture
def limiter(clean_warehouse: Warehouse) -> SharedLimiter:
    return SharedLimiter(clean_warehouse.app, "a")


def slots(warehouse: Warehouse, counter: str = "shop") -> list[float]:
    with warehouse.connect() as connection:
        return [start for (start,) in connection.execute(SLOTS, [counter])]


def together(workers: int, work: Callable[[int], object]) -> list:
    """What `work` gives in so many threads that begin at once."""
    gate = threading.Barrier(workers)

    def begin(number: int) -> object:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(begin, range(workers)))


def take_all(limiter: SharedLimiter, windows: dict, patience: float) -> int:
    """Reserve moments until the next one is too far off; returns how many."""
    for count in range(10_000):
        try:
            limiter.take(windows, patience)
        except TooLong:
            return count
    raise AssertionError("the limiter refuses nothing")


def test_eight_workers_never_pass_several_windows_and_use_what_they_allow(clean_warehouse: Warehouse):
    windows = {"shop": [Window(12, 1), Window(90, 10), Window(5, 0.25)], "shop/a": [Window(80, 10)]}
    began = time.time()
    counts = together(8, lambda n: take_all(SharedLimiter(clean_warehouse.app, f"org-{n}"), windows, 20))
    starts = slots(clean_warehouse)
    assert len(starts) == sum(counts)
    assert slots(clean_warehouse, "shop/a") == starts
    for window in windows["shop"] + windows["shop/a"]:
        assert most_in(starts, window.seconds) <= window.calls
        for edge in (began, began + 0.37 * window.seconds):
            assert most_by_edges(starts, window.seconds, edge) <= window.calls
    # 80 in 10 s is the tightest: the third lot of 80 begins after 20 s
    assert len([start for start in starts if start < began + 20]) >= 0.95 * 160


def taker(warehouse: Warehouse, folder: Path, windows: dict[str, str]) -> subprocess.Popen[str]:
    """A process that is ready to take slots."""
    order = {"database": warehouse.owner_url(), "folder": str(folder), "org": "a", "windows": windows}
    command, pipe = [sys.executable, "-m", "tests.transport.takers", json.dumps(order)], subprocess.PIPE
    return subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=pipe, stdout=pipe, text=True)


def test_processes_share_one_limit_fairly(clean_warehouse: Warehouse, tmp_path: Path):
    takers = [taker(clean_warehouse, tmp_path, {"shop": "10/second"}) for _ in range(4)]
    assert {each.stdout.readline() for each in takers} == {"ready\n"}
    end = time.time() + 4
    for each in takers:
        print(end, file=each.stdin, flush=True)
    started = [json.loads(each.communicate(timeout=60)[0]) for each in takers]
    starts = slots(clean_warehouse)
    assert most_in(starts, 1) <= 10
    assert len(starts) == sum(map(len, started)) >= 0.95 * 10 * (end - starts[0])
    # ten each on average
    assert min(map(len, started)) >= 4


def test_callers_with_the_same_counters_in_any_order_do_not_wait_for_each_other(limiter: SharedLimiter):
    several = [f"shop/{n}" for n in range(6)]

    def work(number: int) -> None:
        order = several[number % 6 :] + several[: number % 6]
        for turn in range(10):
            chosen = order[:: 1 if turn % 2 else -1]
            limiter.take({name: [Window(1_000, 1)] for name in chosen}, 10)

    began = time.monotonic()
    together(8, work)
    # a deadlock would be found by PostgreSQL after a second, and raise
    assert time.monotonic() - began < 30


def test_what_would_take_longer_than_the_patience_reserves_nothing(limiter: SharedLimiter, clean_warehouse: Warehouse):
    windows = {"shop": [Window(2, 60)], "shop/a": [Window(1, 3_600)]}
    assert limiter.take(windows, 0) == 0
    for _ in range(3):
        with pytest.raises(TooLong) as refused:
            limiter.take(windows, 900)
    assert refused.value.seconds == pytest.approx(3_600 + MARGIN_SECONDS, abs=2)
    assert (len(slots(clean_warehouse)), len(slots(clean_warehouse, "shop/a"))) == (1, 1)
    assert limiter.take({"shop": windows["shop"]}, 0) == 0
    assert limiter.take({"shop": windows["shop"]}, 61) == pytest.approx(60, abs=2)


def test_a_pause_holds_for_every_tenant_and_endpoint_of_its_provider(clean_warehouse: Warehouse):
    mine, other = (SharedLimiter(clean_warehouse.app, org) for org in "ab")
    mine.pause("shop", 30)
    mine.pause("shop", 5)  # a shorter one does not end a longer one
    assert other.take({"shop": (), "shop/a": [Window(1, 1)]}, 60) == pytest.approx(30, abs=2)
    assert other.take({"shopping": [Window(1, 1)]}, 0) == 0
    with pytest.raises(TooLong):
        other.take({"shop": ()}, 5)


def test_a_counter_without_windows_leaves_no_slots(limiter: SharedLimiter, clean_warehouse: Warehouse):
    assert limiter.take({"shop": (), "shop/a": ()}, 0) == 0
    assert limiter.take({}, 0) == 0
    with clean_warehouse.connect() as connection:
        assert connection.execute("select count(*) from ops.call_slots").fetchone() == (0,)


def test_calls_that_nothing_limits_look_for_a_pause_once_a_second(clean_warehouse: Warehouse):
    now, asked = [0.0], []

    def connect(org_id: str):
        asked.append(org_id)
        return clean_warehouse.app(org_id)

    mine, other = SharedLimiter(connect, "a", lambda: now[0]), SharedLimiter(clean_warehouse.app, "b")
    assert [mine.take({"shop": (), "shop/a": ()}, 0) for _ in range(100)] == [0] * 100
    assert len(asked) == 1
    other.pause("shop", 30)
    assert mine.take({"shop": ()}, 60) == 0  # what others were told is known a little later
    now[0] = SharedLimiter.FRESH_SECONDS
    assert mine.take({"shop": ()}, 60) == pytest.approx(30, abs=2)
    with pytest.raises(TooLong):
        mine.take({"shop": (), "shop/a": ()}, 5)


def test_a_pause_of_its_own_is_heeded_at_once(limiter: SharedLimiter):
    assert limiter.take({"shop": ()}, 0) == 0
    limiter.pause("shop", 30)
    with pytest.raises(TooLong):
        limiter.take({"shop": ()}, 5)


def test_slots_beyond_the_longest_window_are_forgotten(limiter: SharedLimiter, clean_warehouse: Warehouse):
    for _ in range(3):
        limiter.take({"shop": [Window(10, 86_400)]}, 0)
    with clean_warehouse.connect() as connection:
        connection.execute("update ops.call_slots set start = start - interval '2 days' where slot_id = 1")
        connection.execute("update ops.call_slots set start = start - interval '1 day' where slot_id = 2")
    with clean_warehouse.app("b") as connection:
        assert connection.execute("select ops.forget_slots()").fetchone() == (1,)
    assert len(slots(clean_warehouse)) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "select * from ops.call_slots",
        "insert into ops.call_slots (counter, start) values ('shop', now())",
        "delete from ops.call_slots",
        "select * from ops.call_pauses",
        "update ops.call_pauses set paused_until = now()",
    ],
)
def test_the_app_reaches_slots_and_pauses_only_through_the_functions(clean_warehouse: Warehouse, statement: str):
    with pytest.raises(psycopg.errors.InsufficientPrivilege), clean_warehouse.app("a") as connection:
        connection.execute(statement)


def test_a_killed_caller_leaves_neither_a_lock_nor_a_slot(limiter: SharedLimiter, clean_warehouse: Warehouse):
    def take_and_die() -> None:
        with clean_warehouse.app("a") as connection:
            connection.execute("select ops.take_slot(array['shop'], array[1], array[60.0], 0, 0)")
            with clean_warehouse.connect() as killer:
                killer.execute("select pg_terminate_backend(%s)", [connection.info.backend_pid])
            connection.execute("select 1")

    with pytest.raises(psycopg.OperationalError):
        take_and_die()
    assert limiter.take({"shop": [Window(1, 60)]}, 0) == 0


# --- the breaker


def breaker(warehouse: Warehouse, org: str = "a", provider: str = "shop") -> SharedBreaker:
    """One as a new process would have it."""
    return SharedBreaker(warehouse.app, org, provider, time.monotonic)


def fail(warehouse: Warehouse, times: int = FAILURES, **where: str) -> None:
    for _ in range(times):
        breaker(warehouse, **where).record(success=False)


def let_pass(warehouse: Warehouse, seconds: float) -> None:
    with warehouse.connect() as connection:
        connection.execute(AGO, [seconds])


def health(warehouse: Warehouse) -> tuple:
    with warehouse.connect() as connection:
        return connection.execute("select state, failures from ops.provider_health where org_id = 'a'").fetchone()


def test_five_failures_in_a_row_whoever_had_them_open_the_breaker(clean_warehouse: Warehouse):
    fail(clean_warehouse, FAILURES - 1)
    assert breaker(clean_warehouse).allows()
    fail(clean_warehouse, 1)
    assert not breaker(clean_warehouse).allows()
    assert health(clean_warehouse) == ("open", FAILURES)


def test_failures_at_the_same_time_are_all_counted(clean_warehouse: Warehouse):
    together(16, lambda _: breaker(clean_warehouse).record(success=False))
    assert health(clean_warehouse) == ("open", 16)


def test_a_success_between_failures_starts_the_count_again(clean_warehouse: Warehouse):
    mine = breaker(clean_warehouse)
    for success in (False, False, False, False, True, False, False, False, False):
        mine.record(success)
    assert breaker(clean_warehouse).allows()
    assert health(clean_warehouse) == ("closed", 4)


def test_an_open_breaker_rests_and_then_lets_one_of_many_askers_try(clean_warehouse: Warehouse):
    fail(clean_warehouse)
    let_pass(clean_warehouse, REST_SECONDS - 10)
    assert together(16, lambda _: breaker(clean_warehouse).allows()) == [False] * 16
    let_pass(clean_warehouse, 10)
    assert sum(together(16, lambda _: breaker(clean_warehouse).allows())) == 1
    assert health(clean_warehouse)[0] == "half_open"


def test_a_probe_that_succeeds_closes_the_breaker_and_forgets_the_failures(clean_warehouse: Warehouse):
    fail(clean_warehouse)
    let_pass(clean_warehouse, REST_SECONDS)
    probe = breaker(clean_warehouse)
    assert probe.allows()
    probe.record(success=True)
    assert health(clean_warehouse) == ("closed", 0)
    assert all(together(8, lambda _: breaker(clean_warehouse).allows()))


def test_a_probe_that_fails_opens_the_breaker_for_another_rest(clean_warehouse: Warehouse):
    fail(clean_warehouse)
    let_pass(clean_warehouse, REST_SECONDS)
    probe = breaker(clean_warehouse)
    assert probe.allows()
    probe.record(success=False)
    let_pass(clean_warehouse, REST_SECONDS - 10)
    assert not breaker(clean_warehouse).allows()
    let_pass(clean_warehouse, 10)
    assert breaker(clean_warehouse).allows()


def test_a_probe_whose_process_died_is_followed_by_another(clean_warehouse: Warehouse):
    fail(clean_warehouse)
    let_pass(clean_warehouse, REST_SECONDS)
    assert breaker(clean_warehouse).allows()
    let_pass(clean_warehouse, PROBE_SECONDS)
    assert sum(together(4, lambda _: breaker(clean_warehouse).allows())) == 1


def test_tenants_and_providers_do_not_share_a_breaker(clean_warehouse: Warehouse):
    fail(clean_warehouse, org="a", provider="shop")
    assert not breaker(clean_warehouse, "a", "shop").allows()
    assert breaker(clean_warehouse, "b", "shop").allows()
    assert breaker(clean_warehouse, "a", "other").allows()


def test_a_healthy_provider_is_asked_about_once_and_then_every_few_seconds(clean_warehouse: Warehouse):
    now, asked = [0.0], []

    def connect(org_id: str):
        asked.append(org_id)
        return clean_warehouse.app(org_id)

    mine = SharedBreaker(connect, "a", "shop", lambda: now[0])
    for _ in range(100):
        assert mine.allows()
        mine.record(success=True)
    assert len(asked) == 1
    fail(clean_warehouse)
    assert mine.allows()  # what others saw is known a little later
    now[0] = SharedBreaker.FRESH_SECONDS
    assert not mine.allows()

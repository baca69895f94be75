"""What every adapter must do while it runs: the dynamic half of the contract suite.

The provider is the sandbox, or the fixture's answers where the sandbox does not play it; the clock is simulated. Run
one adapter's share with `pytest tests/adapters --adapter NAME`.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import polars as pl
import pytest

from dagster_project.contracts import PROVIDER_CALLS, QUARANTINED_RECORDS, RAW_RECORDS, RECORD_SIGHTINGS
from dagster_project.resources.lake import Lake
from dagster_project.sandbox.api.stage import Stage
from dagster_project.sources.adapter import alternatives
from dagster_project.sources.budget import Caps, LocalBudget
from dagster_project.sources.pages.extract import extract_records
from dagster_project.sources.pages.fetch import Fetch
from dagster_project.sources.pages.journal import Entry, Journal
from dagster_project.sources.pages.landing import PageLanding
from dagster_project.transport.outcomes import RETRIED, Outcome
from dagster_project.transport.windows import LocalLimiter, Window, parse_windows
from tests.adapters.cases import Case, answer_of
from tests.adapters.playing import (
    DAY,
    KEY,
    Line,
    Played,
    Replayed,
    Sandboxed,
    fetch_over,
    fetched,
    landed,
    raw,
)
from tests.transport.clock import SimulatedClock
from tests.transport.counting import most_by_edges, most_in

RECORDS, SEED, MONDAY = 12_000, 7, 1_800_000_000.0
TIGHT = "3/second 20/minute"
# Faults that pass, with the share of calls, or of questions, that they hit.
PASSING = {
    **dict.fromkeys(("rate_limited", "rate_limited_silent", "cut", "cut_within", "truncated", "token_early"), 0.06),
    **{"server_error": 0.03, "field_extra": 0.1, "reordered": 1.0, "duplicated": 0.5},
}
MOST_RUNS = 6


@pytest.fixture(scope="session")
def clock() -> SimulatedClock:
    return SimulatedClock(MONDAY)


@pytest.fixture(scope="session")
def stage(clock: SimulatedClock) -> Stage:
    """A world in which every provider knows everybody."""
    return Stage(RECORDS, SEED, complete=True, clock=clock.now)


@pytest.fixture
def played(case: Case, stage: Stage) -> Played:
    """The adapter's provider, which was not called yet and limits nothing."""
    stage.reset()
    stage.limits.set({"*": "off"})
    return Sandboxed(case, stage) if case.name in stage.services else Replayed(case)


@pytest.fixture(autouse=True)
def without_flushes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No machine dies in these tests, and a flush takes longer than all the rest."""
    monkeypatch.setattr("os.fdatasync", lambda file: None)
    monkeypatch.setattr("os.fsync", lambda file: None)


def check_found(played: Played, keys: set[str]) -> None:
    """All that the world holds for the question, and nothing else."""
    assert played.question.least
    assert played.question.least <= keys <= played.question.most


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
        assert most_by_edges(moments, window.seconds, MONDAY) <= window.calls
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
    # the new Places API leaves its list out where there is nothing, so a missing one is an empty one
    is_empty = (played.adapter.name, fault) == ("google_places", "list_missing")
    assert (run.ending, run.reason) == ("complete", "") if is_empty else run.ending in ("failed", "stopped")
    assert is_empty or run.reason


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


# Restarts


def lasting(fetch: Fetch) -> pl.DataFrame:
    """What is landed of two fetchings of the same pages: all but when they came."""
    return raw(landed(fetch.adapter, fetch.journal.folder)).drop("fetched_at")


@pytest.mark.parametrize("is_torn", [False, True], ids=["between", "within"])
def test_a_run_that_is_killed_at_any_entry_goes_on_and_pays_for_no_kept_page_again(
    played: Played, clock: SimulatedClock, tmp_path: Path, is_torn: bool
):
    whole = fetched(Line(played, clock), tmp_path / "whole", concurrency=1)
    pages, expected = played.pages, lasting(whole.fetch)
    (segment,) = (tmp_path / "whole").glob("*.journal")
    entries, written = list(whole.fetch.journal.entries()), segment.read_bytes()
    for count in instants(len(entries)):
        folder = tmp_path / str(count)
        folder.mkdir()
        # a process that dies here leaves exactly this
        end = ends_at(entries[count - 1])
        (folder / segment.name).write_bytes(written[: end + 9 if is_torn else end])
        played.forget()
        again = fetched(Line(played, clock), folder, concurrency=1)
        kept = sum(entry.type == "page" for entry in entries[:count])
        assert (again.ending, played.repeated, len(played.pages)) == ("complete", 0, len(pages) - kept), count
        assert lasting(again.fetch).equals(expected), count


def instants(entries: int) -> list[int]:
    """Numbers of entries after which a run is killed: all, or 12 that are spread over them."""
    every = max(1, entries // 12)
    return [*range(1, entries, every), entries]


def ends_at(entry: Entry) -> int:
    return entry.offset + entry.content.get("packed", 0)


class Killed(BaseException):
    """The process died; nothing is tidied up."""


class DyingJournal(Journal):
    """A journal whose process dies right after so many entries; a dead process writes nothing."""

    def __init__(self, folder: Path, entries: int) -> None:
        super().__init__(folder)
        self.left = entries

    def append(self, content: dict[str, Any], body: bytes | None = None) -> None:
        if self.left > 0:
            super().append(content, body)
            self.left -= 1
        if self.left <= 0:
            raise Killed

    def sync(self) -> None:
        if self.left <= 0:
            raise Killed


def test_a_run_of_several_workers_that_is_killed_pays_again_for_open_calls_only(
    played: Played, clock: SimulatedClock, tmp_path: Path
):
    expected = fetched(Line(played, clock), tmp_path / "whole").keys
    for count in (2, 5, 6, 9, 14):
        folder = tmp_path / str(count)
        played.forget()
        dying = fetch_over(Line(played, clock), folder, concurrency=4)
        dying.journal = DyingJournal(folder, count)
        with contextlib.suppress(BaseExceptionGroup, Killed):
            asyncio.run(dying.run(played.question.asks))
        again = fetched(Line(played, clock), folder, concurrency=4)
        assert (again.ending, again.keys) == ("complete", expected)
        assert played.repeated <= again.outcomes.get("lost", 0) <= 4
        assert again.fetch.state.cost >= played.charged


# Landing


def write(landing: PageLanding, lake: Lake, day: date = DAY) -> dict[str, bytes]:
    """The four tables of a partition written to a lake; their bytes."""
    parts = (landing.partition.org_id, landing.partition.source, day.isoformat())
    lake.write(RAW_RECORDS, landing.raw(), *parts)
    lake.write(RECORD_SIGHTINGS, landing.sightings(), *parts)
    lake.write(QUARANTINED_RECORDS, landing.quarantined(), "land", *parts)
    lake.write(PROVIDER_CALLS, landing.calls(), *parts)
    return {str(path.relative_to(lake.root)): path.read_bytes() for path in lake.root.rglob("*.parquet")}


def test_landing_twice_gives_the_same_bytes(played: Played, clock: SimulatedClock, tmp_path: Path):
    fetch = fetched(Line(played, clock), tmp_path / "pages").fetch
    lakes = [Lake(tmp_path / "one"), Lake(tmp_path / "one"), Lake(tmp_path / "other")]
    first, again, other = (write(landed(fetch.adapter, tmp_path / "pages"), lake) for lake in lakes)
    assert len(first) == 4
    assert first == again == other


def test_every_object_that_was_received_is_landed_refused_or_known(
    played: Played, clock: SimulatedClock, tmp_path: Path
):
    fetch = fetched(Line(played, clock), tmp_path).fetch
    counts = landed(fetch.adapter, tmp_path).counts
    assert counts.received == counts.new + counts.changed + counts.duplicate + counts.quarantined == fetch.state.records
    assert (counts.changed, counts.quarantined, counts.new > 0) == (0, 0, True)


def test_a_second_day_without_changes_writes_no_record(played: Played, clock: SimulatedClock, tmp_path: Path):
    first = landed(fetched(Line(played, clock), tmp_path / "1").fetch.adapter, tmp_path / "1")
    tomorrow = DAY + timedelta(days=1)
    fetch = fetched(Line(played, clock), tmp_path / "2").fetch
    second = landed(fetch.adapter, tmp_path / "2", first.sightings(), tomorrow, "next run")
    assert list(second.raw()) == []
    assert second.counts.unchanged_records == first.sightings().height == second.sightings().height


def test_a_day_on_which_something_changed_lands_just_that(played: Played, clock: SimulatedClock, tmp_path: Path):
    if not isinstance(played, Sandboxed):
        pytest.skip("the sandbox does not play it")
    before = raw(first := landed(fetched(Line(played, clock), tmp_path / "1").fetch.adapter, tmp_path / "1"))
    played.stage.advance()
    fetch = fetched(Line(played, clock), tmp_path / "2").fetch
    second = landed(fetch.adapter, tmp_path / "2", first.sightings(), DAY + timedelta(days=1))
    after = pl.concat([RAW_RECORDS.empty(), *second.raw()])
    both = after.join(before, on="record_id", suffix="_before")
    assert both.filter(pl.col("payload") == pl.col("payload_before")).is_empty()
    assert (second.counts.changed, second.counts.new) == (both.height, after.height - both.height)
    # some change every day; most do not
    assert after.height < 0.5 * second.sightings().height


# Contents

ODD = {"🦊 ключ": ["naïve Ångström\u200b", None, {"مرحبا": [], "n": 1e-7, "big": 2**53, "yes": True, "": ""}]}


def leaf_names(case: Case) -> list[str]:
    """Names of the fields that are read, but not of keys, in order."""
    specs = [spec for e in case.adapter.endpoints for several in e.fields.values() for spec in alternatives(several)]
    names = {(spec if isinstance(spec, str) else spec[0]).split(".")[-1].split("[")[0] for spec in specs}
    keys = {(e.key if isinstance(e.key, str) else e.key[0]).split(".")[-1] for e in case.adapter.endpoints}
    return sorted(names - keys - {"status", "types", "domain", "value"})


def odd(value: Any, null: str, missing: str) -> Any:
    """A body whose objects have something nobody knows, a null and a gap."""
    if isinstance(value, list):
        return [odd(item, null, missing) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {name: odd(item, null, missing) for name, item in value.items() if name != missing}
    return {**changed, **({null: None} if null in value else {}), **(ODD if len(value) > 2 else {})}


def holds(value: Any, name: str, wanted: Any) -> bool:
    """Whether a payload has a field somewhere that says just this."""
    if isinstance(value, list):
        return any(holds(item, name, wanted) for item in value)
    if not isinstance(value, dict):
        return False
    return (name in value and value[name] == wanted) or any(holds(item, name, wanted) for item in value.values())


def test_unicode_nulls_gaps_and_unknown_fields_reach_the_lake_as_they_came(
    case: Case, played: Played, clock: SimulatedClock, tmp_path: Path
):
    null, missing, *_ = leaf_names(case)
    ((name, content),) = ODD.items()

    def change(response: httpx.Response) -> httpx.Response:
        body = orjson.dumps(odd(orjson.loads(response.content), null, missing))
        return httpx.Response(response.status_code, content=body)

    run = fetched(Line(played, clock, change=change), tmp_path / "pages")
    assert (run.ending, run.reason) == ("complete", "")
    check_found(played, run.keys)
    lake = Lake(tmp_path / "lake")
    write(landed(run.fetch.adapter, tmp_path / "pages"), lake)
    payloads = [orjson.loads(text) for text in lake.scan(RAW_RECORDS).collect()["payload"]]
    assert all(holds(payload, name, content) for payload in payloads)
    assert not any(f'"{missing}"' in str(payload) for payload in payloads)
    for kind in case.adapter.kinds:
        frame = lake.scan(RAW_RECORDS).filter(kind=kind).collect()
        assert extract_records(frame, case.adapter, kind).height == frame.height

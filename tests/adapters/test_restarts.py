"""What every adapter must do when its process dies, and what of its pages reaches the lake; see `test_runtime`."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import polars as pl
import pytest

from dagster_project.contracts import PROVIDER_CALLS, QUARANTINED_RECORDS, RAW_RECORDS, RECORD_SIGHTINGS
from dagster_project.resources.lake import Lake
from dagster_project.sources.pages.extract import extract_records
from dagster_project.sources.pages.fetch import Fetch
from dagster_project.sources.pages.journal import Entry, Journal
from dagster_project.sources.pages.landing import PageLanding
from dagster_project.transport.shapes import alternatives
from tests.adapters.cases import Case
from tests.adapters.playing import (
    DAY,
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


def test_what_is_asked_for_since_a_day_is_all_that_changed(played: Played, clock: SimulatedClock, tmp_path: Path):
    changing = {e.name: e.changed_since for e in played.adapter.endpoints if e.changed_since}
    if not changing or not isinstance(played, Sandboxed):
        pytest.skip("cannot be asked for changes, or has none")
    first = landed(fetched(Line(played, clock), tmp_path / "1").fetch.adapter, tmp_path / "1")
    today, whole = datetime.fromtimestamp(clock.now(), UTC).date(), played.question
    since = replace(whole, asks=[changing[ask.endpoint](ask, today) for ask in whole.asks])
    for name, asked in (("unchanged", since), ("2", whole), ("since", since)):
        if name == "2":
            played.stage.advance()
        played.question = asked
        assert fetched(Line(played, clock), tmp_path / name).ending == "complete"
    known, tomorrow = first.sightings(), DAY + timedelta(days=1)
    unchanged, all_of_it, changed = (
        landed(played.adapter, tmp_path / name, known, tomorrow) for name in ("unchanged", "2", "since")
    )
    assert (unchanged.counts.received, changed.counts.new + changed.counts.changed > 0) == (0, True)
    assert set(raw(changed)["provider_key"]) == set(raw(all_of_it)["provider_key"])
    assert changed.counts.received < all_of_it.counts.received / 2


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
    return {**changed, **({null: None} if null in value else {}), **(ODD if len(value) > 1 else {})}


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

"""The journal: what was written is read, whoever died while writing, and whoever else was writing."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.sources.pages.journal import Journal, journal_folder, journaled

BODIES = [None, b"", b"{}", "Zoë 北京\n".encode() * 50, b'\n{"type":"page"}\n', os.urandom(300)]
DAY = date(2026, 11, 23)


def write(folder: Path, bodies: list[bytes | None]) -> Path:
    """A segment with an entry per body; returns its path."""
    journal = Journal(folder)
    for number, body in enumerate(bodies):
        journal.append({"type": "call" if body is None else "page", "number": number}, body)
    journal.close()
    return max(folder.glob("*.journal"))


def read(folder: Path) -> list[tuple[int, bytes | None]]:
    """Number and body of every entry."""
    return [
        (entry.content["number"], entry.body() if entry.type == "page" else None) for entry in Journal(folder).entries()
    ]


def test_what_was_written_is_read_in_order_with_its_bodies(tmp_path: Path):
    write(tmp_path, BODIES)
    assert read(tmp_path) == list(enumerate(BODIES))


def test_an_empty_or_missing_folder_has_no_entries(tmp_path: Path):
    assert read(tmp_path) == read(tmp_path / "missing") == []
    Journal(tmp_path / "missing").close()
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize("last", [None, "Zoë 北京\n".encode() * 3])
def test_a_torn_last_entry_is_dropped_wherever_it_is_torn_and_nothing_else(tmp_path: Path, last: bytes | None):
    begun = write(tmp_path, [None, b"{}"]).stat().st_size
    whole = write(tmp_path / "whole", [None, b"{}", last]).read_bytes()
    segment = next(tmp_path.glob("*.journal"))
    for size in range(begun, len(whole)):
        segment.write_bytes(whole[:size])
        assert read(tmp_path) == [(0, None), (1, b"{}")], size
    segment.write_bytes(whole)
    assert read(tmp_path) == [(0, None), (1, b"{}"), (2, last)]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), bodies=st.lists(st.one_of(st.none(), st.binary(max_size=200)), min_size=1, max_size=8))
def test_any_prefix_of_a_segment_gives_its_complete_entries(tmp_path_factory, data: st.DataObject, bodies: list):
    folder = tmp_path_factory.mktemp("journal")
    sizes = [write(folder / str(count), bodies[:count]).stat().st_size for count in range(1, len(bodies) + 1)]
    segment = write(folder, bodies)
    cut = data.draw(st.integers(0, sizes[-1]))
    segment.write_bytes(segment.read_bytes()[:cut])
    assert read(folder) == list(enumerate(bodies))[: sum(size <= cut for size in sizes)]


def test_a_torn_entry_hides_nothing_of_the_segments_after_it(tmp_path: Path):
    torn = write(tmp_path, [None, b"first"])
    torn.write_bytes(torn.read_bytes()[:-1])
    write(tmp_path, [b"second"])
    assert read(tmp_path) == [(0, None), (0, b"second")]


def test_segments_are_read_in_the_order_in_which_they_were_begun(tmp_path: Path):
    for number in range(5):
        write(tmp_path, [str(number).encode()])
    assert [body for _, body in read(tmp_path)] == [b"0", b"1", b"2", b"3", b"4"]


def test_a_clock_that_is_set_back_does_not_change_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path, [b"before"])
    monkeypatch.setattr("dagster_project.sources.pages.journal.SEGMENT", "19991231T000000000000Z")
    write(tmp_path, [b"after"])
    assert [body for _, body in read(tmp_path)] == [b"before", b"after"]


def test_a_second_process_does_not_write_to_the_segment_of_the_first(tmp_path: Path):
    first, second = Journal(tmp_path), Journal(tmp_path)
    for number in range(3):
        first.append({"type": "call", "number": number})
        second.append({"type": "call", "number": number + 10})
    assert len(list(tmp_path.glob("*.journal"))) == 2
    # what is not closed is read all the same
    assert [number for number, _ in read(tmp_path)] == [0, 1, 2, 10, 11, 12]
    first.close(), second.close()


def test_threads_that_write_at_once_lose_and_mix_nothing(tmp_path: Path):
    journal, gate = Journal(tmp_path), threading.Barrier(8)

    def work(worker: int) -> None:
        gate.wait()
        for number in range(50):
            journal.append({"type": "page", "number": worker * 100 + number}, f"body {worker} {number} ".encode() * 40)
            journal.sync()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    journal.close()
    found = read(tmp_path)
    assert len(found) == 400
    assert all(body == f"body {number // 100} {number % 100} ".encode() * 40 for number, body in found)
    for worker in range(8):
        assert [n % 100 for n, _ in found if n // 100 == worker] == list(range(50))


def test_a_flush_is_shared_and_none_is_made_when_nothing_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    flushed, flush = [], os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda file: (flushed.append(file), flush(file)))
    journal = Journal(tmp_path)
    journal.sync()
    assert flushed == []
    for number in range(10):
        journal.append({"type": "call", "number": number})
    journal.sync(), journal.sync()
    assert len(flushed) == 1
    journal.append({"type": "call", "number": 10})
    journal.close()
    assert len(flushed) == 2


def test_a_write_that_takes_several_calls_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_all = os.write
    monkeypatch.setattr(os, "write", lambda file, view: write_all(file, view[:7]))
    write(tmp_path, BODIES)
    assert read(tmp_path) == list(enumerate(BODIES))


@pytest.mark.parametrize("part", ["", ".", "..", "a/b", "../b", "a\x00b"])
def test_a_journal_is_never_outside_the_lake(tmp_path: Path, part: str):
    for parts in ([part, "s", "2026-11-23"], ["a", part, "2026-11-23"], ["a", "s", part]):
        with pytest.raises(ValueError, match="not a folder name"):
            journal_folder(tmp_path, *parts)


def test_the_days_of_a_source_that_have_a_journal_are_listed(tmp_path: Path):
    for back in (3, 0, 1):
        folder = journal_folder(tmp_path, "a", "bars.yelp", (DAY - timedelta(days=back)).isoformat())
        write(folder, [None])
    locked = journal_folder(tmp_path, "a", "bars.yelp", (DAY - timedelta(days=2)).isoformat())
    locked.mkdir()
    (locked / ".lock").touch()
    assert journaled(tmp_path, "a", "bars.yelp") == ["2026-11-20", "2026-11-22", "2026-11-23"]
    assert journaled(tmp_path, "a", "bars.apollo") == journaled(tmp_path, "b", "bars.yelp") == []

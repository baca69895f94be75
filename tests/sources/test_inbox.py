import hashlib
import os
from datetime import date, timedelta, timezone
from pathlib import Path

import pytest

from dagster_project.sources.files.errors import FileRefused
from dagster_project.sources.files.inbox import deposit, inbox_files, received, safe_name
from tests.sources.conftest import NOW, ORG


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "März 2026.csv"
    path.write_bytes(b"id\n1\n")
    return path


def test_a_received_file_says_everything_in_its_path(lake: Path, source: Path):
    kept = deposit(source, "places", lake, ORG, NOW)
    digest = hashlib.sha256(b"id\n1\n").hexdigest()
    folder = lake / "received_files" / ORG / "places" / "2026-11-23"
    assert kept.path == folder / f"20261123T103000000000Z__{digest[:12]}__M_rz_2026.csv"
    assert (kept.file, kept.sha256, kept.bytes, kept.received_at) == ("M_rz_2026.csv", digest, 5, NOW)
    assert received(lake, ORG, "places", NOW.date()) == [kept]
    assert source.exists()


def test_the_same_content_is_kept_once_per_day_and_mapping(lake: Path, source: Path):
    first = deposit(source, "places", lake, ORG, NOW)
    assert deposit(source, "places", lake, ORG, NOW + timedelta(hours=1)) == first
    assert deposit(source, "people", lake, ORG, NOW).path != first.path
    assert deposit(source, "places", lake, ORG, NOW + timedelta(days=1)).path != first.path
    assert len(received(lake, ORG, "places", NOW.date())) == 1


def test_content_kept_twice_at_once_counts_once(lake: Path, source: Path):
    first = deposit(source, "places", lake, ORG, NOW)
    twin = first.path.with_name(first.path.name.replace("T1030", "T1031"))
    twin.write_bytes(first.path.read_bytes())
    assert received(lake, ORG, "places", NOW.date()) == [first]


def test_files_come_in_order_of_arrival(lake: Path, source: Path):
    for minute, content in ((5, b"id\n5\n"), (1, b"id\n1\n"), (3, b"id\n3\n")):
        source.write_bytes(content)
        deposit(source, "places", lake, ORG, NOW + timedelta(minutes=minute))
    assert [f.received_at.minute for f in received(lake, ORG, "places", NOW.date())] == [31, 33, 35]


def test_the_day_is_the_utc_day(lake: Path, source: Path):
    evening = NOW.replace(hour=20, tzinfo=timezone(timedelta(hours=-5)))
    assert deposit(source, "places", lake, ORG, evening).path.parent.name == "2026-11-24"


def test_a_moved_file_is_gone_once_it_is_kept(lake: Path, source: Path):
    kept = deposit(source, "places", lake, ORG, NOW, move=True)
    assert kept.path.read_bytes() == b"id\n1\n"
    assert not source.exists()


def test_nothing_half_copied_stays_behind(lake: Path, source: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        deposit(source, "places", lake, ORG, NOW, move=True)
    assert source.exists()
    assert [p for p in lake.rglob("*") if p.is_file()] == []


def test_what_nobody_reads_is_not_kept(lake: Path, tmp_path: Path):
    (tmp_path / "a.pdf").write_bytes(b"")
    with pytest.raises(FileRefused, match="not read"):
        deposit(tmp_path / "a.pdf", "places", lake, ORG, NOW)


@pytest.mark.parametrize(("org", "name"), [("..", "places"), (ORG, "../x"), ("a/b", "places"), ("", "places")])
def test_names_cannot_leave_the_folder(lake: Path, source: Path, org: str, name: str):
    with pytest.raises(ValueError, match="not a folder name"):
        deposit(source, name, lake, org, NOW)


def test_an_unknown_partition_has_no_files(lake: Path):
    assert received(lake, ORG, "places", date(2020, 1, 1)) == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.csv", "a.csv"),
        ("../../x y.csv", "x_y.csv"),
        ("...", "file"),
        ("é.csv", "csv"),
        ("a" * 200 + ".csv", "a" * 96 + ".csv"),
    ],
)
def test_file_names_are_made_safe(name: str, safe: str):
    assert safe_name(name) == safe


def test_the_drop_folder_tells_what_is_ready_and_what_has_no_mapping(tmp_path: Path):
    mappings, inbox = tmp_path / "mappings", tmp_path / "inbox"
    mappings.mkdir()
    (mappings / "places.yaml").write_text("kind: business\nkey: id\n")
    names = ["places/b.csv", "places/a.csv", "stray.csv", "nobody/a.csv", "places/deep/a.csv"]
    hidden = ["places/.a.csv", "places/c.csv.part", ".cache/a.csv", ".gitkeep", "places/d.tmp"]
    for name in [*names, *hidden, "places/busy.csv"]:
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox / name).write_text("id\n1\n")
        os.utime(inbox / name, (1000, 1000))
    os.utime(inbox / "places/busy.csv", (1009, 1009))
    ready, unmapped = inbox_files(inbox, [mappings], now=1010.0)
    assert ready == [(inbox / "places/a.csv", "places"), (inbox / "places/b.csv", "places")]
    assert unmapped == [inbox / n for n in ("nobody/a.csv", "places/deep/a.csv", "stray.csv")]
    assert len(inbox_files(inbox, [mappings], now=1012.0)[0]) == 3
    assert inbox_files(tmp_path / "absent", [mappings], now=0.0) == ([], [])

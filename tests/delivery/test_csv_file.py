"""The CSV file: what a spreadsheet makes of it, and that writing it twice is writing it once."""

import csv
import io
import json
import threading
import uuid
from pathlib import Path

import polars as pl
import pytest

from dagster_project.delivery.csv_file import CsvFile, guard
from dagster_project.delivery.outbox import OutboxRow
from dagster_project.delivery.outcomes import Outcome
from dagster_project.delivery.sync import Sync
from tests.delivery.conftest import lead_id

BOM = "\ufeff"


def make_sync(fields=("name", "phone", "lead_score"), bom: bool = True, **others) -> Sync:
    return Sync(name="list", description="Test.", destination={"type": "csv", "bom": bom}, fields=fields, **others)


def row(number: int, **payload) -> OutboxRow:
    return OutboxRow(uuid.uuid4(), lead_id(number), 1, f"key-{number}", json.dumps(payload), 0)


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "exports" / "org" / "list.csv"


def guarded(value: str | None) -> str | None:
    return pl.DataFrame({"v": [value]}, schema={"v": pl.String}).select(guard(pl.col("v"))).item()


@pytest.mark.parametrize(
    "value",
    [
        *("=1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x")', "+1+1", "+cmd", "-1+1", "-2+3+cmd|' /C calc'!A0"),
        *(
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "\tplain",
            " =1+1",
            "  @x",
            "＝1+1",
            "＋1",
            "－1",
            "＠SUM(A1)",
            "=",
            "-",
            "+",
        ),
        *("+1 312 555 0100", "+1312555;ext=5", "+1e5", "--1", "+13125550100\n=1", "-1.2.3", "+٣٤٥٦٧٨٩"),
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(value: str):
    assert guarded(value) == "'" + value


@pytest.mark.parametrize(
    "value",
    ["+13125550100", "+442079460958", "-87.6298", "-5", "+3.5", "Joe's = Bar", "a@b.example", "1-2", "'=1", "x+y"],
)
def test_phones_numbers_and_harmless_text_stay_usable(value: str):
    assert guarded(value) == value


def test_empty_text_and_nothing_are_both_an_empty_cell():
    assert guarded("") is None
    assert guarded(None) is None


def test_the_file_is_rfc_4180_with_a_byte_order_mark(path: Path):
    CsvFile(path, make_sync()).send([row(1, name='Zoë "Z", Bar', phone="+13125550100", lead_score=85)])
    expected = f'lead_id,name,phone,lead_score\r\n{lead_id(1)},"Zoë ""Z"", Bar",+13125550100,85\r\n'
    assert path.read_bytes().decode() == BOM + expected


def test_the_byte_order_mark_is_an_option(path: Path):
    CsvFile(path, make_sync(bom=False)).send([row(1, name="A")])
    assert path.read_bytes().startswith(b"lead_id,")


AWKWARD = [
    "a,b",
    'q"q',
    "line\nline",
    "line\r\nline",
    "cr\ronly",
    " padded ",
    "=1+1",
    "'=1",
    "naïve ☃ 漢",
    "\\",
    ";",
    "null",
]


def test_awkward_values_survive_any_number_of_rewrites(path: Path):
    sync = make_sync(("name",))
    CsvFile(path, sync).send([row(n, name=value) for n, value in enumerate(AWKWARD)])
    once = path.read_bytes()
    for number in range(100, 103):
        CsvFile(path, sync).send([row(number, name="later")])
    CsvFile(path, sync).remove([lead_id(number) for number in range(100, 103)])
    assert path.read_bytes() == once
    by_key = {found["lead_id"]: found["name"] for found in read(path)}
    assert [by_key[lead_id(n)] for n in range(len(AWKWARD))] == ["'=1+1" if v == "=1+1" else v for v in AWKWARD]


def test_sending_the_same_rows_again_gives_the_same_bytes(path: Path):
    rows = [row(n, name=f"Lead {n}", lead_score=n % 7) for n in range(50)]
    sink = CsvFile(path, make_sync())
    assert [result.outcome for result in sink.send(rows)] == [Outcome.DELIVERED] * 50
    once = path.read_bytes()
    sink.send(rows[:20])
    sink.send(rows[10:])
    assert path.read_bytes() == once


def test_a_lead_has_one_row_with_its_last_content_and_the_best_come_first(path: Path):
    sink = CsvFile(path, make_sync())
    sink.send([row(1, name="Old", lead_score=10), row(2, name="Two", lead_score=9.5), row(3, name="None")])
    sink.send([row(1, name="New", lead_score=100)])
    assert [found["name"] for found in read(path)] == ["New", "Two", "None"]


def test_a_changed_column_set_rewrites_the_header_and_keeps_the_other_cells(path: Path):
    CsvFile(path, make_sync(("name", "phone"))).send([row(1, name="A", phone="+13125550100"), row(2, name="B")])
    changed = make_sync(("city", "name"), rename={"name": "=Company"})
    CsvFile(path, changed).send([row(2, **{"=Company": "B", "city": "Chicago"})])
    assert path.read_bytes().decode("utf-8-sig").splitlines()[0] == "lead_id,city,'=Company"
    by_key = {found["lead_id"]: found for found in read(path)}
    assert by_key[lead_id(1)] == {"lead_id": lead_id(1), "city": "", "'=Company": ""}
    assert by_key[lead_id(2)]["'=Company"] == "B"
    once = path.read_bytes()
    CsvFile(path, changed).send([row(2, **{"=Company": "B", "city": "Chicago"})])
    assert path.read_bytes() == once


def test_a_file_that_is_absent_empty_or_not_ours_is_lost(path: Path):
    sink = CsvFile(path, make_sync())
    assert sink.is_lost()
    sink.send([row(1, name="A")])
    assert not sink.is_lost()
    for content in (b"", b"name;phone\r\nA;1\r\n", b"\xff\xfe\x00"):
        path.write_bytes(content)
        assert sink.is_lost()


def test_an_interrupted_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch):
    sink = CsvFile(path, make_sync())
    sink.send([row(1, name="A")])
    once = path.read_bytes()

    def power_cut(self: Path, target: Path) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", power_cut)
        with pytest.raises(OSError, match="power cut"):
            sink.send([row(2, name="B")])
    assert path.read_bytes() == once
    sink.send([row(2, name="B")])
    assert sorted(found["name"] for found in read(path)) == ["A", "B"]
    assert sorted(p.name for p in path.parent.iterdir()) == [".list.csv.lock", "list.csv"]


def test_two_writers_at_once_lose_no_rows(path: Path):
    def write(start: int) -> None:
        for number in range(start, start + 10):
            CsvFile(path, make_sync()).send([row(number, name=f"Lead {number}")])

    threads = [threading.Thread(target=write, args=[start]) for start in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read(path)) == 30

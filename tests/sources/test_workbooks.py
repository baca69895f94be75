import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import xlsxwriter

from dagster_project.sources.files.errors import FileRefused
from dagster_project.sources.files.landing import Landing
from dagster_project.sources.files.readers import xlsx
from tests.sources.conftest import keys, mapping, refused, rows

Land = Callable[..., Landing]


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    """An .xlsx file; strings starting with `=` are formulas with the value 0, datetimes are formatted as such."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        for name, lines in sheets:
            sheet = book.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line)
    return buffer.getvalue()


def repacked(content: bytes, change: Callable[[str, bytes], bytes], **extra: bytes) -> bytes:
    """A workbook whose parts went through `change(name, content)`, with `extra` parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
        for name, part in extra.items():
            target.writestr(name, part)
    return buffer.getvalue()


def same(_name: str, part: bytes) -> bytes:
    return part


def test_cells_are_text_and_rows_have_the_numbers_excel_shows(land_bytes: Land):
    when = datetime(2024, 5, 6, tzinfo=UTC).replace(tzinfo=None)
    content = workbook(("List", [[], ["id", "name", "when"], [], ["00123", "Ann", when], [2, 1.5, True]]))
    landing = land_bytes(content, "a.xlsx")
    assert rows(landing)["payload"].to_list() == [
        '{"id":"00123","name":"Ann","when":"2024-05-06 00:00:00"}',
        '{"id":"2","name":"1.5","when":"true"}',
    ]
    assert rows(landing)["query"].to_list() == ["file a.xlsx line 4", "file a.xlsx line 5"]


def test_formulas_give_their_last_value_or_nothing(land_bytes: Land):
    content = workbook(("List", [["id", "sum"], ["1", "=1+1"], ["2", "=2+2"]]))
    number = iter([b"<v>2</v>", b""])
    landing = land_bytes(
        repacked(
            content,
            lambda name, part: (
                re.sub(rb"(?<=</f>)<v>0</v>", lambda _: next(number), part)
                if name.endswith("sheet1.xml") and b"</f>" in part
                else part
            ),
        ),
        "a.xlsx",
    )
    assert keys(landing) == ["1", "2"]
    assert '"sum":null' in rows(landing)["payload"][1]


def test_error_cells_read_as_empty_and_are_noted(land_bytes: Land):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("List")
        sheet.write_row(0, 0, ["id", "name"])
        sheet.write_row(1, 0, ["1"])
        sheet.write_formula(1, 1, "=NA()", None, "#N/A")
    landing = land_bytes(buffer.getvalue(), "a.xlsx")
    assert rows(landing)["payload"].to_list() == ['{"id":"1","name":null}']
    assert landing.receipts["notes"].to_list() == [["sheet List", "1 error cells read as empty"]]


def test_the_mapping_may_name_the_sheet(land_bytes: Land):
    content = workbook(("Notes", [["hello"]]), ("Accounts", [["id"], ["7"]]))
    assert keys(land_bytes(content, "a.xlsx", mapping(options={"sheet": "Accounts"}))) == ["7"]
    with pytest.raises(FileRefused, match=r'no sheet "Acounts" .did you mean "Accounts"'):
        land_bytes(content, "a.xlsx", mapping(options={"sheet": "Acounts"}))


@pytest.mark.parametrize("lines", [[], [["id", "name"]]])
def test_sheets_without_rows_receive_nothing(land_bytes: Land, lines: list):
    landing = land_bytes(workbook(("List", lines)), "a.xlsx")
    assert landing.receipts["received"].to_list() == [0]


def test_repeated_headers_and_oversized_cells_follow_the_common_rules(land_bytes: Land, monkeypatch):
    monkeypatch.setattr("dagster_project.sources.files.readers.core.MAX_FIELD", 100)
    landing = land_bytes(workbook(("List", [["id", "name", "name"], ["1", "a", "b"], ["2", "x" * 101, ""]])), "a.xlsx")
    assert rows(landing)["payload"].to_list() == ['{"id":"1","name":"a","name_2":"b"}']
    assert refused(landing) == [(3, "name", "field_too_large")]


def test_a_zip_bomb_is_refused_before_it_is_parsed(land_bytes: Land):
    bomb = repacked(workbook(("List", [["id"], ["1"]])), same, **{"xl/media/zeros.bin": bytes(40 << 20)})
    assert len(bomb) < 100_000
    with pytest.raises(FileRefused, match=r"a\.xlsx: it unpacks to more than 100 times its size"):
        land_bytes(bomb, "a.xlsx")


def test_an_archive_that_lies_about_its_sizes_is_refused(land_bytes: Land):
    content = workbook(("List", [["id"], ["1"]]))
    directory = content.index(b"PK\x01\x02")
    size = content[directory + 24 : directory + 28]
    lying = content[:directory] + content[directory:].replace(size, b"\x01\0\0\0", 1)
    with pytest.raises(FileRefused, match=r"says .* has 1 bytes; there are"):
        land_bytes(lying, "a.xlsx")


def test_an_archive_inside_the_archive_is_refused(land_bytes: Land):
    inner = workbook(("List", [["id"]]))
    nested = repacked(inner, same, **{"xl/embeddings/inner.xlsx": inner})
    with pytest.raises(FileRefused, match="another archive inside"):
        land_bytes(nested, "a.xlsx")


@pytest.mark.parametrize(
    ("limit", "value", "told"), [("MAX_ENTRIES", 3, "more than 3 parts"), ("MAX_UNPACKED", 99, "MiB")]
)
def test_size_limits_hold(land_bytes: Land, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, told: str):
    monkeypatch.setattr(xlsx, limit, value)
    with pytest.raises(FileRefused, match=told):
        land_bytes(workbook(("List", [["id"], ["1"]])), "a.xlsx")


@pytest.mark.parametrize("content", [b"", b"id,name\n1,Ann\n", b"PK\x03\x04 and then nothing"])
def test_what_is_no_workbook_is_refused(land_bytes: Land, content: bytes):
    with pytest.raises(FileRefused, match=r"a\.xlsx: it is not a readable \.xlsx file"):
        land_bytes(content, "a.xlsx")


def test_a_truncated_workbook_is_refused(land_bytes: Land):
    content = workbook(("List", [["id"], ["1"]]))
    with pytest.raises(FileRefused):
        land_bytes(content[: len(content) // 2], "a.xlsx")


def test_a_workbook_without_its_sheet_is_refused(land_bytes: Land):
    content = repacked(workbook(("List", [["id"], ["1"]])), lambda n, p: b"<broken" if n.endswith("sheet1.xml") else p)
    with pytest.raises(FileRefused):
        land_bytes(content, "a.xlsx")

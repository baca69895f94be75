import io
import random
from collections.abc import Callable

import pytest

from dagster_project.sources.files.errors import FileRefused
from dagster_project.sources.files.landing import Landing
from dagster_project.sources.files.readers import LINE, delimited, open_file, records, text
from tests.sources.conftest import assert_balanced, keys, mapping, refused, rows

Land = Callable[..., Landing]
MIB = 1 << 20


@pytest.mark.parametrize(
    ("encoding", "noted"),
    [
        ("utf-8", []),
        ("utf-8-sig", ["encoding utf-8-sig"]),
        ("utf-16-le", ["encoding utf-16"]),
        ("utf-16-be", ["encoding utf-16"]),
        ("windows-1252", ["encoding windows-1252"]),
    ],
)
def test_every_encoding_reads_the_same(land_bytes: Land, encoding: str, noted: list[str]):
    mark = "\ufeff" if encoding.startswith("utf-16") else ""
    landing = land_bytes(f"{mark}id,name\r\n1,Café “Zoë”\r\n".encode(encoding), under=mapping(fields={"name": "name"}))
    assert rows(landing)["payload"].to_list() == ['{"id":"1","name":"Café “Zoë”"}']
    assert landing.receipts["notes"].to_list() == [noted]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(land_bytes: Land, delimiter: str):
    lines = [["id", "name", "note"], ["1", "Ann, Bob", "a"], ["2", "Eve; Ida", "b"], ["3", "x|y", "c"]]
    content = "\n".join(delimiter.join(f'"{c}"' for c in line) for line in lines)
    landing = land_bytes(content.encode())
    assert keys(landing) == ["1", "2", "3"]


def test_a_first_line_that_names_the_delimiter_is_no_header(land_bytes: Land):
    landing = land_bytes(b"sep=;\nid;name\n1;Ann\n")
    assert keys(landing) == ["1"]
    assert rows(landing)["query"].to_list() == ["file a.csv line 3"]


def test_quoted_newlines_stay_in_their_field_and_lines_stay_true(land_bytes: Land):
    landing = land_bytes(b'id,name\n1,"Ann\nof\r\nMain St"\n2,Bob\n')
    assert rows(landing)["payload"][0] == '{"id":"1","name":"Ann\\nof\\r\\nMain St"}'
    assert rows(landing)["query"].to_list() == ["file a.csv line 2", "file a.csv line 5"]


def test_ragged_rows_are_refused_and_extra_empty_cells_are_not(land_bytes: Land):
    landing = land_bytes(b"id,name\n1\n2,Bob\n3,Eve,extra\n4,Ida,,\n5,Joe\n")
    assert keys(landing) == ["2", "4", "5"]
    assert refused(landing) == [(2, "", "ragged_row"), (4, "", "ragged_row")]
    assert landing.quarantined["value"].to_list() == ["1", "3,Eve,extra"]
    assert landing.receipts["notes"].to_list() == [["1 rows had extra empty cells"]]


def test_repeated_and_empty_headers_get_names(land_bytes: Land):
    landing = land_bytes(b"id,name,name,,name_2,__line\n1,a,b,c,d,e\n")
    payload = '{"id":"1","name":"a","name_3":"b","column_4":"c","name_2":"d","__line_2":"e"}'
    assert rows(landing)["payload"].to_list() == [payload]
    assert landing.receipts["notes"].to_list() == [
        ["column 3 renamed to name_3", "column 4 renamed to column_4", "column 6 renamed to __line_2"]
    ]


def test_rows_with_nul_or_broken_bytes_are_refused_with_the_value(land_bytes: Land):
    landing = land_bytes("id,name\n1,Zoë\n2,A\0B\n".encode() + b"3,C\xffD\n4,Eve\n")
    assert keys(landing) == ["1", "4"]
    assert refused(landing) == [(3, "name", "nul_byte"), (4, "name", "invalid_bytes")]
    assert landing.quarantined["value"].to_list() == ["A␀B", "C\\xffD"]


def test_a_ten_megabyte_field_is_refused_and_cut_and_hurts_nobody(land_bytes: Land):
    big = b"x" * (10 * MIB)
    landing = land_bytes(b'id,name\n1,Ann\n2,"' + big + b'"\n3,' + big + b'\n4,"two\nlines ' + big + b'"\n5,Eve\n')
    assert keys(landing) == ["1", "5"]
    assert refused(landing) == [
        (3, "name", "field_too_large"),
        (4, "name", "field_too_large"),
        (5, "name", "field_too_large"),
    ]
    assert landing.quarantined["value"].str.len_chars().max() == 500


def test_a_line_longer_than_any_record_is_refused_unread(land_bytes: Land, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text, "MAX_LINE", 100)
    monkeypatch.setattr(text, "SCAN", 10)
    monkeypatch.setattr(records, "MAX_LINE", 100)
    landing = land_bytes(b"id,name\n1,Ann\n2," + b"x" * 250 + b"\n3,Eve\n")
    assert keys(landing) == ["1", "3"]
    assert refused(landing) == [(3, "", "field_too_large")]


def test_an_open_quote_costs_its_own_line_only(land_bytes: Land):
    lines = [f'{i},"name {i}"' for i in range(1, 5001)]
    lines[9] = '10,"open'
    lines[4999] = '5000,"open at the end'
    landing = land_bytes(("id,name\n" + "\n".join(lines)).encode())
    assert refused(landing) == [(11, "", "unclosed_quote"), (5001, "", "unclosed_quote")]
    assert len(keys(landing)) == 4998
    assert_balanced(landing)


def test_an_open_quote_with_no_other_quote_in_sight_costs_its_own_line_only(land_bytes: Land):
    lines = ["id,name", '1,"open', *[f"{i},n" for i in range(2, 3000)]]
    landing = land_bytes("\n".join(lines).encode())
    assert refused(landing) == [(2, "", "unclosed_quote")]
    assert len(keys(landing)) == 2998


def test_a_hostile_file_of_open_quotes_is_read_in_bounded_work(monkeypatch: pytest.MonkeyPatch):
    # every line closes the quote of the line before it and opens another
    lines = ['x","a\n'] * 5_000
    parser = records.RecordParser(",", 2, budget=1_000_000)
    windows = []
    original = records.RecordParser._window
    monkeypatch.setattr(records.RecordParser, "_window", lambda *a: windows.append(original(*a)) or windows[-1])
    problems = {parser.parse(lines, start, at_end=True).problem for start in range(len(lines))}
    assert problems == {"unclosed_quote"}
    assert sum(map(len, windows)) < 30_000


def test_stray_quotes_inside_a_line_are_kept_as_they_stand(land_bytes: Land):
    landing = land_bytes(b'id,name\n1,Joe "the" Cook\n2,5" nails\n')
    assert list(rows(landing)["payload"]) == [
        '{"id":"1","name":"Joe \\"the\\" Cook"}',
        '{"id":"2","name":"5\\" nails"}',
    ]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"id,name\n", b"\xef\xbb\xbf", b"id,name"])
def test_files_without_rows_receive_nothing(land_bytes: Land, content: bytes):
    landing = land_bytes(content)
    assert landing.receipts.select("received", "accepted").rows() == [(0, 0)]
    assert landing.raw == []


def test_blank_lines_and_rows_of_empty_cells_are_not_counted(land_bytes: Land):
    landing = land_bytes(b"id,name\n\n1,Ann\n,\n  \n , \n2,Bob\n\n")
    assert landing.receipts["received"].to_list() == [2]
    assert rows(landing)["query"].to_list() == ["file a.csv line 3", "file a.csv line 7"]


def test_a_file_of_one_column_is_read(land_bytes: Land):
    assert keys(land_bytes(b'id\n1\n"2"\n\n3\n')) == ["1", "2", "3"]


def test_old_mac_line_ends_are_lines(land_bytes: Land):
    assert keys(land_bytes(b"id,name\r1,Ann\r2,Bob\r")) == ["1", "2"]


def test_a_header_that_never_closes_is_a_clear_error(land_bytes: Land):
    with pytest.raises(FileRefused, match=r"a\.csv: the header in line 1 is not readable \(unclosed_quote\)"):
        land_bytes(b'id,"name\n1,Ann\n')


def test_a_header_wider_than_any_table_is_a_clear_error(land_bytes: Land):
    with pytest.raises(FileRefused, match="has 5,001 columns"):
        land_bytes(b"," * 5000 + b"\n1\n")


def test_rows_do_not_depend_on_where_blocks_end(tmp_path, monkeypatch: pytest.MonkeyPatch):
    chance = random.Random(7)
    cells = ["a", "", 'say "x"', "two\nlines", "Zoë", '"', " pad ", "x,y", "sep;"]
    buffer = io.StringIO()
    for i in range(400):
        line = f"{i}," + ",".join('"' + chance.choice(cells).replace('"', '""') + '"' for _ in range(2))
        buffer.write(chance.choice([line, line, line, f"{i},plain,cells", f'{i},"open', f"{i},short"]) + "\n")
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,b,c\n" + buffer.getvalue().encode())

    def read() -> tuple[list, list]:
        chunks = list(open_file(path).chunks)
        return [r for c in chunks for r in c.rows.rows()], [r for c in chunks for r in c.rejected]

    whole = read()
    assert len(whole[0]) > 200
    for size in (1, 50, 333):
        monkeypatch.setattr(text, "BLOCK", size)
        assert read() == whole


def test_plain_and_careful_lines_give_the_same_rows(tmp_path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.csv"
    path.write_bytes('id,b\n1,"x ""y"" z"\n"2", pad \n"",\n3,"a,b"\r\n4,Zoë\n'.encode())
    plain = next(open_file(path).chunks).rows
    monkeypatch.setattr(delimited, "_plain_record", lambda *_: None)
    assert next(open_file(path).chunks).rows.equals(plain)
    assert plain[LINE].to_list() == [2, 3, 5, 6]

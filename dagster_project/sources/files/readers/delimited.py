"""CSV and TSV.

A line that is one plainly well-formed record of the right width (one regular expression says so, at about 500 MB/s) is
left to Polars, whole blocks at a time; every other line goes through `records`, one record at a time. Both agree on
well-formed records, so which path a line took cannot be seen in the result.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import compress
from pathlib import Path

import polars as pl

from dagster_project.sources.files.errors import FileRefused
from dagster_project.sources.files.mapping import Options
from dagster_project.sources.files.readers.core import (
    LINE,
    MAX_FIELD,
    Chunk,
    Opened,
    Rejection,
    drop_blank,
    header_names,
    refuse_row,
    rejection,
)
from dagster_project.sources.files.readers.records import Record, RecordParser
from dagster_project.sources.files.readers.text import BROKEN, Text, inspect_text

DELIMITERS = ",;\t|"
SAMPLE = 1 << 16
MAX_PATTERN_COLUMNS = 500
"""Wider files skip the fast path: the pattern repeats per column, and the engine caps a pattern's size."""


def open_delimited(path: Path, options: Options, _paths: Sequence[str] = ()) -> Opened:
    """Open a CSV or TSV file. Raises `FileRefused` when its header cannot be read."""
    text = inspect_text(path, options.encoding)
    delimiter, has_marker = _delimiter(path, text, options)
    notes = [] if text.encoding == "utf-8" else [f"encoding {text.encoding}"]
    if delimiter != ",":
        notes.append(f"delimiter {'tab' if delimiter == chr(9) else delimiter}")
    header, renamed, first_line = _header(path, text, delimiter, has_marker)
    notes += renamed
    reader = _Delimited(path, text, delimiter, header, notes)
    return Opened(header, reader.chunks(first_line) if header else iter(()), notes)


def _delimiter(path: Path, text: Text, options: Options) -> tuple[str, bool]:
    """The delimiter, and whether the first line only names it (`sep=;`, as Excel writes)."""
    with text.open(path) as file:
        sample = file.read(SAMPLE)
    first = sample.split("\n", 1)[0].strip().lower()
    has_marker = len(first) == 5 and first.startswith("sep=")
    if options.delimiter:
        return options.delimiter, has_marker
    if has_marker:
        return first[4], True
    if path.suffix.lower() in (".tsv", ".tab"):
        return "\t", sample.lower().startswith("sep=\t")
    lines = list(io.StringIO(sample, newline=""))
    lines = lines[:-1] if len(sample) == SAMPLE and len(lines) > 1 else lines
    return max(DELIMITERS, key=lambda d: _fit(lines, d)), False


def _fit(lines: list[str], delimiter: str) -> tuple[float, int]:
    """How well a delimiter explains a sample: share of rows as wide as the first, then that width."""
    widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    if not widths or widths[0] < 2:
        return 0.0, 0
    return widths.count(widths[0]) / len(widths), widths[0]


def _header(path: Path, text: Text, delimiter: str, has_marker: bool) -> tuple[tuple[str, ...], list[str], int]:
    """Column names, notes on renamed ones, and the physical line after the header (1-based)."""
    parser = RecordParser(delimiter)
    position = 1 if has_marker else 0
    with text.open(path) as file:
        lines = text.read_lines(file)
        while position < len(lines) and not lines[position].strip():
            position += 1
        if position >= len(lines):
            return (), [], position + 1
        record = parser.parse(lines, position, at_end=True)
    if record.problem:
        raise FileRefused(f"the header in line {position + 1} is not readable ({record.problem})")
    names, notes = header_names(record.cells)
    return names, notes, position + record.lines + 1


class _Delimited:
    """One pass over the rows of a file."""

    def __init__(self, path: Path, text: Text, delimiter: str, header: tuple[str, ...], notes: list[str]) -> None:
        self.path, self.text, self.header, self.notes = path, text, header, notes
        self.delimiter = delimiter
        self.parser = RecordParser(delimiter, len(header))
        self.pattern = _plain_record(delimiter, len(header))
        self.schema = {LINE: pl.Int64(), **dict.fromkeys(header, pl.String())}
        self.widened = 0

    def chunks(self, first_line: int) -> Iterator[Chunk]:
        """Chunks of the rows from a physical line on; lines whose record may go on wait for the next block."""
        with self.text.open(self.path) as file:
            lines, line = self.text.read_lines(file)[first_line - 1 :], first_line
            while True:
                chunk, used = self._chunk(lines, line, at_end=False)
                yield chunk
                block = self.text.read_lines(file)
                lines, line = lines[used:] + block, line + used
                if not block:
                    break
            yield self._chunk(lines, line, at_end=True)[0]
        if self.widened:
            self.notes.append(f"{self.widened:,} rows had extra empty cells")

    def _chunk(self, lines: list[str], line: int, at_end: bool) -> tuple[Chunk, int]:
        """Rows of the lines, of which the first is the file's line `line`; and how many lines were used."""
        is_plain = self._plain(lines)
        careful, rejected, used = self._read_careful(lines, is_plain, line, at_end)
        rows = self._read_plain(lines, is_plain, line)
        rows = pl.concat([rows, careful]).sort(LINE) if careful.height else rows
        return Chunk(drop_blank(rows, self.header), rejected), used

    def _plain(self, lines: list[str]) -> list[bool]:
        """Which lines are one well-formed record each, if a record begins there."""
        if self.pattern is None or not lines:
            return [False] * len(lines)
        if self.text.has_broken:
            lines = ["" if BROKEN.search(line) else line for line in lines]
        text = pl.Series(lines, dtype=pl.String)
        return (text.str.contains(self.pattern) & (text.str.len_bytes() <= MAX_FIELD)).to_list()

    def _read_plain(self, lines: list[str], is_plain: list[bool], line: int) -> pl.DataFrame:
        text = "".join(compress(lines, is_plain))
        if not text:
            return pl.DataFrame(schema=self.schema)
        # a header of our own, so that the data's first bytes can never look like a compressed file
        names = [f"c{i}" for i in range(len(self.header))]
        head = self.delimiter.join(names) + "\n"
        rows = pl.read_csv(
            (head + text).encode(), separator=self.delimiter, infer_schema=False, empty_string_is_null=False
        )
        numbers = pl.Series(LINE, compress(range(line, line + len(lines)), is_plain), dtype=pl.Int64)
        return rows.rename(dict(zip(names, self.header, strict=True))).insert_column(0, numbers)

    def _read_careful(
        self, lines: list[str], is_plain: list[bool], line: int, at_end: bool
    ) -> tuple[pl.DataFrame, list[Rejection], int]:
        """Records that begin at lines which are not plain, what was refused, and how many lines are settled.

        Lines they take, and lines that must wait, are unmarked in `is_plain`.
        """
        rows, rejected, position = [], [], 0
        while (position := _find(is_plain, position)) < len(lines):
            record = self.parser.parse(lines, position, at_end)
            if record.is_cut:
                is_plain[position:] = [False] * (len(lines) - position)
                break
            if refused := self._refusal(record, line + position):
                rejected.append(refused)
            elif any(c.strip() for c in record.cells):
                rows.append((line + position, *record.cells[: len(self.header)]))
            is_plain[position : position + record.lines] = [False] * record.lines
            position += record.lines
        return pl.DataFrame(rows, schema=self.schema, orient="row"), rejected, position

    def _refusal(self, record: Record, line: int) -> Rejection | None:
        cells, width = record.cells, len(self.header)
        if record.problem:
            return rejection(line, "", record.problem, cells[0])
        if len(cells) > width and not any(c.strip() for c in cells[width:]):
            self.widened += 1
        elif len(cells) != width:
            is_blank = not any(c.strip() for c in cells)
            return None if is_blank else rejection(line, "", "ragged_row", self.delimiter.join(cells))
        return refuse_row(line, dict(zip(self.header, cells, strict=False)))


def _find(is_plain: list[bool], position: int) -> int:
    """Index of the next line that is not plain; the length when there is none."""
    try:
        return is_plain.index(False, position)
    except ValueError:
        return len(is_plain)


def _plain_record(delimiter: str, width: int) -> str | None:
    """Pattern of a line that is one well-formed record of `width` fields, without NUL.

    None for a single column, where an empty line is also a field, and for very wide files.
    """
    if not 2 <= width <= MAX_PATTERN_COLUMNS or delimiter in '"\r\n':
        return None
    d = re.escape(delimiter)
    one = rf'(?:"(?:[^"\x00]|"")*"|[^"{d}\r\n\x00]*)'
    return rf"\A{one}(?:{d}{one}){{{width - 1}}}\r?\n\z"

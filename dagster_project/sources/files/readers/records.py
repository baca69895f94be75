"""One delimited record at a time, for the lines that are not plainly well formed.

Quotes may span lines, be left open or stand where they should not. A record that spans lines is believed only when it
is strictly well formed and as wide as the header; otherwise its first line is refused and reading goes on at the next
physical line, so that one stray quote costs one row, not the rest of the file.
"""

import csv
from dataclasses import dataclass
from typing import NamedTuple

from dagster_project.sources.files.readers.text import MAX_LINE

MAX_RECORD_LINES = 1_000
FEW_LINES = 8
"""Tried first: records of more lines are rare, and looking at a thousand lines for each takes 50 µs."""

REREAD_BUDGET = 1 << 28
"""What given-up records may cost per file, in characters, where a line counts as 64 more: a second or two. Without it
a hostile file of open quotes costs a thousand times its size; once it is spent, records end with their line."""

# csv refuses fields over 128 KiB by default; the limit is the process's, and raising it takes nothing from others
csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE + 1))


class Record(NamedTuple):
    """Cells of the record at some line, and how many physical lines it takes.

    `problem` is a reason code when the lines are no record; `is_cut` means more lines are needed to tell.
    """

    cells: list[str]
    lines: int
    problem: str = ""
    is_cut: bool = False


@dataclass
class RecordParser:
    """Parses records of a known width; keeps the file's budget for reading lines again."""

    delimiter: str
    width: int | None = None
    budget: int = REREAD_BUDGET

    def parse(self, lines: list[str], start: int, at_end: bool) -> Record:
        """The record that begins at `lines[start]`; `at_end` says that no line follows the last one."""
        first = lines[start]
        if len(first) > MAX_LINE:
            return Record([first], 1, "field_too_large")
        cells = self._closed([first])
        if cells is not None:
            return Record(cells, 1)
        for limit in (FEW_LINES, MAX_RECORD_LINES):
            window = self._window(lines, start, limit)
            reader = csv.reader(window, delimiter=self.delimiter)
            next(reader)
            taken = reader.line_num
            cells = self._closed(window[:taken])
            if cells is not None or len(window) < limit:
                break
        if cells is None and taken == len(window) and start + taken == len(lines) and not at_end:
            return Record([], 0, is_cut=True)
        if cells is not None and self._is_sound(window[:taken], cells):
            return Record(cells, taken)
        self.budget -= sum(map(len, window[:taken])) + 64 * taken
        return Record([first], 1, "unclosed_quote")

    def _window(self, lines: list[str], start: int, limit: int) -> list[str]:
        """Lines the record may span: at most `limit`, bounded in size and by what is left of the budget."""
        if self.budget <= 0:
            return lines[start : start + 1]
        window = lines[start : start + limit]
        size = 0
        for count, line in enumerate(window):
            size += len(line)
            if size > MAX_LINE:
                return window[: count or 1]
        return window

    def _closed(self, lines: list[str]) -> list[str] | None:
        """Cells of lines that are exactly one record; None when its last quote is open."""
        rows = list(csv.reader([*lines, "x"], delimiter=self.delimiter))
        return rows[0] if len(rows) == 2 and rows[1] == ["x"] else None

    def _is_sound(self, lines: list[str], cells: list[str]) -> bool:
        try:
            next(csv.reader(lines, delimiter=self.delimiter, strict=True))
        except csv.Error:
            return False
        return self.width is None or len(cells) == self.width

"""What every reader yields, and the rules they share: names for headers, blank rows, what a refused row looks like."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from dagster_project.sources.files.errors import FileRefused
from dagster_project.sources.files.readers.text import show

LINE = "__line"
PAYLOAD = "__payload"
CANONICAL = "__canonical"
RESERVED = (LINE, PAYLOAD, CANONICAL)
"""Columns of a chunk beside the source's own: first physical line, and for JSON lines the record as text."""

CHUNK_ROWS = 50_000
MAX_COLUMNS = 4_096
MAX_FIELD = 1 << 20
"""Longest field in bytes. Nothing canonical comes near it; a row with a longer one is refused."""


class Rejection(NamedTuple):
    """A refused row: first physical line, column at fault (empty for the row), reason code, offending value."""

    line: int
    field: str
    reason: str
    value: str | None


@dataclass(frozen=True)
class Chunk:
    """Rows in file order: text columns and `LINE`; and the rows refused among them."""

    rows: pl.DataFrame
    rejected: list[Rejection] = field(default_factory=list)


@dataclass
class Opened:
    """A file ready to be read once. `notes` is complete when `chunks` is used up.

    `header` is None for JSON lines, which have none; there `seen` grows with the keys of the objects read. `nested`
    names columns whose text is JSON.
    """

    header: tuple[str, ...] | None
    chunks: Iterator[Chunk]
    notes: list[str]
    nested: frozenset[str] = frozenset()
    seen: set[str] = field(default_factory=set)


def rejection(line: int, column: str, reason: str, value: str | None) -> Rejection:
    """A refused row whose value is made storable and cut at 500 characters."""
    return Rejection(line, column, reason, None if value is None else show(value))


def header_names(cells: Sequence[str | None]) -> tuple[tuple[str, ...], list[str]]:
    """Unique names for the header cells, and notes on what was renamed.

    Empty cells become `column_7` (1-based), repeated ones `name_2`. Raises `FileRefused` beyond `MAX_COLUMNS`.
    """
    if len(cells) > MAX_COLUMNS:
        raise FileRefused(f"it has {len(cells):,} columns; at most {MAX_COLUMNS:,} are read")
    given = [show((c or "").strip()) for c in cells]
    taken, names, notes = {*given, *RESERVED}, [], []
    for position, cell in enumerate(given, start=1):
        name = cell or f"column_{position}"
        if name in names or name in RESERVED or not cell:
            name = _free_name(name, taken, start=1 if not cell else 2)
            notes.append(f"column {position} renamed to {name}")
        taken.add(name)
        names.append(name)
    return tuple(names), notes


def _free_name(name: str, taken: set[str], start: int) -> str:
    if start == 1 and name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def drop_blank(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Rows without those in which every cell is empty: spreadsheets export them by the thousand."""
    if not columns:
        return rows.clear()
    empty = [pl.col(c).is_null() | (pl.col(c).str.strip_chars() == "") for c in columns]
    if not rows.select(empty[0].any()).item():  # the first column settles it for most files
        return rows
    return rows.filter(~pl.all_horizontal(empty))


def refuse_cells(rows: pl.DataFrame, columns: Sequence[str]) -> tuple[pl.DataFrame, list[Rejection]]:
    """Split off rows with a NUL character or a field over `MAX_FIELD`, for readers that get whole tables."""
    if rows.is_empty():
        return rows, []
    has_nul = {c: pl.col(c).str.contains("\0", literal=True).fill_null(False) for c in columns}
    too_large = {c: (pl.col(c).str.len_bytes() > MAX_FIELD).fill_null(False) for c in columns}
    bad = pl.any_horizontal(*has_nul.values(), *too_large.values())
    refused = rows.filter(bad)
    return rows.filter(~bad) if refused.height else rows, [
        refuse_row(row[LINE], {c: row[c] for c in columns}) for row in refused.iter_rows(named=True)
    ]


def refuse_row(line: int, cells: dict[str, str | None]) -> Rejection | None:
    """Why a row's cells cannot be stored, if they cannot: a NUL, broken bytes, or a field over `MAX_FIELD`."""
    for column, value in cells.items():
        if not value:
            continue
        if len(value) > MAX_FIELD or (
            len(value) > MAX_FIELD // 4 and len(value.encode("utf-8", "replace")) > MAX_FIELD
        ):
            return rejection(line, column, "field_too_large", value)
        if "\0" in value:
            return rejection(line, column, "nul_byte", value)
        if not value.isascii() and not _is_storable(value):
            return rejection(line, column, "invalid_bytes", value)
    return None


def _is_storable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True

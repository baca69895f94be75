"""Excel workbooks (.xlsx): one sheet, every cell as text.

A formula gives the value Excel last computed, null when it never did; an error cell (#N/A, #REF!) gives null and a
note. The archive is measured before anything parses it.
"""

import copy
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from dagster_project.sources.files.errors import FileRefused
from dagster_project.sources.files.mapping import Options
from dagster_project.sources.files.readers.core import (
    CHUNK_ROWS,
    LINE,
    MAX_COLUMNS,
    Chunk,
    Opened,
    drop_blank,
    header_names,
    refuse_cells,
)
from dagster_project.user_yaml import nearest

MAX_ENTRIES = 10_000
MAX_UNPACKED = 1 << 30
MAX_RATIO = 100
RATIO_FROM = 16 << 20
"""Unpacked size below which the ratio does not matter: small sheets of equal cells compress without end."""

BLOCK = 1 << 20


def open_xlsx(path: Path, options: Options, _paths: Sequence[str] = ()) -> Opened:
    """Open one sheet: `options.sheet`, or the first. Raises `FileRefused` for what is unsafe or unreadable."""
    guard_archive(path)
    table, errors, sheet = _load(path, options.sheet)
    notes = [f"sheet {sheet}"] + ([f"{errors:,} error cells read as empty"] if errors else [])
    numbered = table.with_row_index(LINE, offset=1).with_columns(pl.col(LINE).cast(pl.Int64))
    filled = drop_blank(numbered, table.columns)
    if filled.is_empty():
        return Opened((), iter(()), notes)
    names, renamed = header_names(filled.row(0)[1:])
    rows = filled[1:].rename(dict(zip(table.columns, names, strict=True)))
    return Opened(names, _chunks(rows, names), notes + renamed)


def guard_archive(path: Path) -> None:
    """Raise `FileRefused` when a workbook is no zip archive, holds another one, or unpacks beyond reason.

    Entries are unpacked and counted, because a hostile archive lies about its sizes.
    """
    packed, unpacked = max(path.stat().st_size, 1), 0
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > MAX_ENTRIES:
                raise FileRefused(f"it has more than {MAX_ENTRIES:,} parts inside")
            for entry in archive.infolist():
                for size in _unpacked_blocks(archive, entry):
                    unpacked += size
                    _check_size(unpacked, packed)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise FileRefused(f"it is not a readable .xlsx file: {error}") from error


def _unpacked_blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[int]:
    """Sizes of an entry's unpacked blocks, whatever size the archive's directory claims."""
    honest = copy.copy(entry)
    honest.file_size = 1 << 62
    total = 0
    with archive.open(honest) as member:
        while block := member.read(BLOCK):
            if total == 0 and block.startswith(b"PK\x03\x04"):
                raise FileRefused(f"it has another archive inside ({entry.filename})")
            total += len(block)
            yield len(block)
    if total != entry.file_size:
        raise FileRefused(f"it says {entry.filename} has {entry.file_size:,} bytes; there are {total:,}")


def _check_size(unpacked: int, packed: int) -> None:
    if unpacked > MAX_UNPACKED:
        raise FileRefused(f"it unpacks to more than {MAX_UNPACKED >> 20:,} MiB")
    if unpacked > RATIO_FROM and unpacked / packed > MAX_RATIO:
        raise FileRefused(f"it unpacks to more than {MAX_RATIO} times its size, like a zip bomb")


def _load(path: Path, wanted: str | None) -> tuple[pl.DataFrame, int, str]:
    """The sheet from its first physical row on, the number of error cells, and the sheet's name."""
    import fastexcel

    try:
        book = fastexcel.read_excel(path)
        sheet = wanted or next(iter(book.sheet_names), "")
        if sheet not in book.sheet_names:
            known = ", ".join(book.sheet_names)
            raise FileRefused(f'it has no sheet "{sheet}"{nearest(sheet, book.sheet_names)} Sheets: {known}')
        # skip_rows=0 keeps leading empty rows, so that row numbers are the ones Excel shows
        loaded = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
        if loaded.width > MAX_COLUMNS:
            raise FileRefused(f"it has {loaded.width:,} columns; at most {MAX_COLUMNS:,} are read")
        if loaded.width == 0:
            return pl.DataFrame(), 0, sheet
        batch, errors = loaded.to_arrow_with_errors()
    except fastexcel.FastExcelError as error:
        raise FileRefused(f"it is not a readable .xlsx file: {str(error).splitlines()[0]}") from error
    return pl.from_arrow(batch), len(errors.errors) if errors else 0, sheet


def _chunks(rows: pl.DataFrame, names: tuple[str, ...]) -> Iterator[Chunk]:
    for part in rows.iter_slices(CHUNK_ROWS):
        yield Chunk(*refuse_cells(part, names))

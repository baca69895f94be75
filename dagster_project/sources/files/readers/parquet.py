"""Parquet: every column as text, nested values as JSON, one batch at a time."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.sources.files.errors import FileRefused
from dagster_project.sources.files.mapping import Options
from dagster_project.sources.files.readers.core import (
    CHUNK_ROWS,
    LINE,
    Chunk,
    Opened,
    drop_blank,
    header_names,
    refuse_cells,
)
from dagster_project.sources.files.readers.jsonl import value_at

NESTED = (pl.Struct, pl.List, pl.Array)


def open_parquet(path: Path, _options: Options, paths: Sequence[str] = ()) -> Opened:
    """Open a Parquet file; dotted `paths` into nested columns become columns beside the header's.

    Raises `FileRefused` when it is truncated or no Parquet file.
    """
    try:
        file = pq.ParquetFile(path)
        empty = pl.from_arrow(file.schema_arrow.empty_table())
    except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
        raise _refused(error) from error
    names, notes = header_names(file.schema_arrow.names)
    nested = frozenset(n for n, t in zip(names, empty.dtypes, strict=True) if isinstance(t, NESTED))
    inner = [p for p in paths if p not in names and p.split(".")[0] in nested]
    return Opened(names, _chunks(file, names, inner), notes, nested)


def _chunks(file: pq.ParquetFile, names: tuple[str, ...], inner: list[str]) -> Iterator[Chunk]:
    """Chunks of rows; the line of a row is its number in the file, from 1."""
    line = 1
    try:
        with file:
            for batch in file.iter_batches(batch_size=CHUNK_ROWS):
                columns = [_text(pl.Series(n, pl.from_arrow(c))) for n, c in zip(names, batch.columns, strict=True)]
                numbers = pl.int_range(line, line + batch.num_rows, eager=True).alias(LINE)
                line += batch.num_rows
                rows = drop_blank(pl.DataFrame([numbers, *columns]), names)
                yield Chunk(*refuse_cells(rows.with_columns(_inner(rows, path) for path in inner), names))
    except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
        raise _refused(error) from error


def _inner(rows: pl.DataFrame, path: str) -> pl.Series:
    """Values at a dotted path into a nested column, as text."""
    column, _, rest = path.partition(".")
    values = [None if text is None else value_at({"": json.loads(text)}, f".{rest}") for text in rows[column].to_list()]
    return pl.Series(path, values, dtype=pl.String)


def _text(values: pl.Series) -> pl.Series:
    """A column as text: ISO dates and times, `true`/`false`, hex for binary, JSON for nested values."""
    dtype = values.dtype
    if isinstance(dtype, NESTED):
        return as_json(values)
    if isinstance(dtype, pl.Datetime):
        return values.dt.to_string("iso:strict")
    if dtype == pl.Binary:
        return values.bin.encode("hex")
    return values.cast(pl.String)


def as_json(values: pl.Series) -> pl.Series:
    """Each value as JSON text; null stays null."""
    wrapped = values.alias("").to_frame().to_struct().struct.json_encode()
    text = wrapped.str.strip_prefix('{"":').str.strip_suffix("}").alias(values.name)
    return text.zip_with(values.is_not_null(), pl.Series([None], dtype=pl.String))


def _refused(error: Exception) -> FileRefused:
    return FileRefused(f"it is not a readable Parquet file: {str(error).splitlines()[0][:200]}")

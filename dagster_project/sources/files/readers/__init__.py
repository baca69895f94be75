"""Readers: from a received file to chunks of text columns and refused rows.

One module per format; all share the rules of `core`. Readers know nothing of mappings' targets, keys or versions.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dagster_project.sources.files.errors import FileRefused
from dagster_project.sources.files.mapping import Options
from dagster_project.sources.files.readers.core import CANONICAL, LINE, PAYLOAD, Chunk, Opened, Rejection
from dagster_project.sources.files.readers.delimited import open_delimited
from dagster_project.sources.files.readers.jsonl import open_jsonl
from dagster_project.sources.files.readers.parquet import open_parquet
from dagster_project.sources.files.readers.xlsx import open_xlsx

READERS: dict[str, Callable[[Path, Options, Sequence[str]], Opened]] = {
    ".csv": open_delimited,
    ".tsv": open_delimited,
    ".tab": open_delimited,
    ".txt": open_delimited,
    ".xlsx": open_xlsx,
    ".jsonl": open_jsonl,
    ".ndjson": open_jsonl,
    ".parquet": open_parquet,
}


def check_extension(path: Path) -> None:
    """Raise `FileRefused`, listing what is supported, for a file no reader takes."""
    if path.suffix.lower() not in READERS:
        supported = ", ".join(READERS)
        raise FileRefused(f'{path.name}: "{path.suffix}" files are not read. Supported: {supported}')


def open_file(path: Path, options: Options | None = None, paths: Sequence[str] = (), name: str | None = None) -> Opened:
    """Open a file by its extension. `paths` are the columns wanted from nested data; `name` is what errors call it.

    Raises `FileRefused` when it cannot be read; so may using up its chunks.
    """
    name = name or path.name
    check_extension(path)
    with _named(name):
        opened = READERS[path.suffix.lower()](path, options or Options(), paths)
    return replace(opened, chunks=_named_chunks(opened.chunks, name))


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Readers say why a file is refused; this says which."""
    try:
        yield
    except FileRefused as error:
        raise FileRefused(f"{name}: {error}") from error
    except OSError as error:
        raise FileRefused(f"{name} cannot be read: {error.strerror}") from error


def _named_chunks(chunks: Iterator[Chunk], name: str) -> Iterator[Chunk]:
    with _named(name):
        yield from chunks


__all__ = [
    "CANONICAL",
    "LINE",
    "PAYLOAD",
    "READERS",
    "Chunk",
    "Opened",
    "Rejection",
    "check_extension",
    "open_file",
]

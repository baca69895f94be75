"""JSON lines: one object per line, kept as received.

A chunk has `PAYLOAD` (the line), `CANONICAL` (sorted keys, compact) and one text column per path asked for.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from dagster_project.sources.files.mapping import Options
from dagster_project.sources.files.readers.core import (
    CANONICAL,
    LINE,
    MAX_FIELD,
    PAYLOAD,
    Chunk,
    Opened,
    Rejection,
    rejection,
)
from dagster_project.sources.files.readers.text import inspect_text


class _NotJson(ValueError):
    """A line that Python's json would accept but the lake's readers do not: NaN, Infinity."""


def open_jsonl(path: Path, options: Options, paths: Sequence[str] = ()) -> Opened:
    """Open a JSON lines file. `paths` are the columns, dotted for nested values, that chunks shall carry as text."""
    text = inspect_text(path, options.encoding)
    notes = [] if text.encoding == "utf-8" else [f"encoding {text.encoding}"]

    seen: set[str] = set()

    def chunks() -> Iterator[Chunk]:
        line = 1
        with text.open(path) as file:
            while lines := text.read_lines(file):
                yield _chunk(lines, line, paths, seen)
                line += len(lines)

    return Opened(None, chunks(), notes, seen=seen)


def value_at(record: dict, path: str) -> str | None:
    """The value at a path as text: the key itself where it exists, else the dotted path; JSON for nested values."""
    value = record.get(path)
    if value is None and "." in path:
        value = record
        for part in path.split("."):
            value = _step(value, part)
    if value is None or isinstance(value, str):
        return value
    return repr(value) if type(value) in (int, float) else _ENCODER.encode(value)


def _step(value: object, part: str) -> object:
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and part.isascii() and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return None


def _chunk(lines: list[str], first: int, paths: Sequence[str], seen: set[str]) -> Chunk:
    rows, rejected = [], []
    for number, line in enumerate(lines, start=first):
        if not (line := line.strip()):
            continue
        parsed = _parse(line, number)
        if isinstance(parsed, Rejection):
            rejected.append(parsed)
            continue
        record, canonical = parsed
        seen.update(record)
        rows.append((number, line, canonical, *[value_at(record, p) for p in paths]))
    schema = {LINE: pl.Int64(), PAYLOAD: pl.String(), CANONICAL: pl.String(), **dict.fromkeys(paths, pl.String())}
    return Chunk(pl.DataFrame(rows, schema=schema, orient="row"), rejected)


def _parse(line: str, number: int) -> tuple[dict, str] | Rejection:
    """The object of a line with its canonical text, or why the line is refused."""
    if len(line) > MAX_FIELD:
        return rejection(number, "", "field_too_large", line)
    try:
        record = _DECODER.decode(line)
        # a lone surrogate or a NUL inside a string is legal JSON that neither Arrow nor jsonb can hold
        canonical = _ENCODER.encode(record)
        canonical.encode()
    except (ValueError, RecursionError) as error:
        reason = "invalid_bytes" if isinstance(error, UnicodeEncodeError) else "invalid_json"
        return rejection(number, "", reason, line)
    if not isinstance(record, dict):
        return rejection(number, "", "invalid_json", line)
    if "\\u0000" in canonical and _has_nul(record):
        return rejection(number, "", "nul_byte", line)
    return record, canonical


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(k) or _has_nul(v) for k, v in value.items())
    return isinstance(value, list) and any(_has_nul(v) for v in value)


def _refuse_constant(name: str) -> None:
    raise _NotJson(name)


# made once: json.loads and json.dumps build theirs anew on every call that has options, a third of the time
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

"""Writes a demo world as the files that providers would send, faults included.

CSV and JSON lines come out of whole frames; `broken` lines (ragged rows, torn JSON) are put between slices of them,
because no frame can hold a broken row. The bytes depend on the frame and the lines alone.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

BREAKS = 8  # places in a file where broken lines stand
RAW_JSON = "props"  # column that already is JSON text, and differs in shape from row to row


def write(frame: pl.DataFrame, broken: list[str], path: Path) -> Path:
    """Write a frame as .csv or .jsonl by the path's suffix, with the broken lines spread through it."""
    text = path.suffix == ".csv"
    with path.open("wb") as file:
        for i, (part, lines) in enumerate(_slices(frame, broken)):
            file.write((part.write_csv(include_header=i == 0) if text else _json_lines(part)).encode())
            file.write("".join(f"{line}\n" for line in lines).encode())
    return path


def _json_lines(frame: pl.DataFrame) -> str:
    if RAW_JSON not in frame.columns:
        return frame.write_ndjson()
    head = frame.drop(RAW_JSON).select(pl.struct(pl.all()).struct.json_encode()).to_series().str.head(-1)
    return "".join((head + f',"{RAW_JSON}":' + frame[RAW_JSON] + "}\n").to_list())


def _slices(frame: pl.DataFrame, broken: list[str]) -> Iterator[tuple[pl.DataFrame, list[str]]]:
    """Runs of good rows, each with the broken lines that follow it."""
    parts = min(BREAKS, len(broken)) or 1
    size = -(-frame.height // parts) or 1
    for i in range(parts):
        yield frame.slice(i * size, size), broken[i::parts]

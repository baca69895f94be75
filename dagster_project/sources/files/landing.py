"""Landing: rows of received files become raw records, each in exactly one of three heaps.

For every file `received = accepted + quarantined + duplicate`. The result depends on the files, the mapping and the
last versions before the partition, and on nothing else: landing a partition again gives the same frames.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from dagster_project.contracts import FILE_RECEIPTS, QUARANTINED_RECORDS, RAW_RECORDS, RECORD_SIGHTINGS, Table
from dagster_project.sources.files.inbox import ReceivedFile
from dagster_project.sources.files.mapping import Mapping
from dagster_project.sources.files.readers import LINE, open_file
from dagster_project.sources.files.rows import FileRows, check_fit, read_rows
from dagster_project.sources.files.versions import decide_versions, known_versions, sightings

FREE = Decimal("0.0000")


@dataclass(frozen=True)
class Landing:
    """A partition's frames, each keeping its contract; `raw` in parts, in order of arrival."""

    raw: list[pl.DataFrame]
    sightings: pl.DataFrame
    quarantined: pl.DataFrame
    receipts: pl.DataFrame


def land(
    files: Sequence[ReceivedFile],
    mapping: Mapping,
    *,
    org_id: str,
    day: date,
    known: dict[str, str] | pl.DataFrame,
    run_id: str | None = None,
) -> Landing:
    """Land the files of one partition (org, mapping, day), in order of arrival.

    `known` is the last version of each record before the partition: record_id to payload_hash, as a dict or a frame.
    Raises `FileRefused` for an unreadable file and `UnknownColumn` for one that the mapping does not fit; call
    `check_file` before keeping a file, and neither happens here.
    """
    partition = {"org_id": org_id, "source": mapping.name, "partition_date": day}
    landed = [read_rows(f, label, mapping, org_id) for f, label in zip(files, labels(files), strict=True)]
    seen = _seen(landed)
    decided = decide_versions(seen, known_versions(known))
    quarantined, receipts = _quarantined(landed, partition), []
    raw, offset = [], 0
    for one in landed:
        verdict = decided.slice(offset, one.height)
        offset += one.height
        receipts.append(_receipt(one, int(verdict["is_accepted"].sum())))
        raw += _raw(one, verdict, {**partition, "kind": mapping.kind, "run_id": run_id, "request_cost_usd": FREE})
    return Landing(
        raw,
        RECORD_SIGHTINGS.conform(sightings(seen).with_columns(_literals(partition))),
        quarantined,
        _frame(FILE_RECEIPTS, receipts, partition),
    )


def check_file(path: Path, mapping: Mapping) -> None:
    """Raise `FileRefused` or `UnknownColumn` for a file that landing could not take; reads only its beginning."""
    check_fit(open_file(path, mapping.options), mapping, path.name)


def labels(files: Sequence[ReceivedFile]) -> list[str]:
    """Names of a partition's files as records and quarantine cite them; the second `a.csv` is `a.csv (2)`."""
    count: Counter[str] = Counter()
    result = []
    for file in files:
        count[file.file] += 1
        result.append(file.file if count[file.file] == 1 else f"{file.file} ({count[file.file]})")
    return result


def _seen(landed: list[FileRows]) -> pl.DataFrame:
    """record_id, payload_hash and received_at of every candidate row, in order of arrival."""
    schema = RAW_RECORDS.polars_schema
    empty = pl.DataFrame(
        schema={"record_id": pl.String, "payload_hash": pl.String, "received_at": schema["fetched_at"]}
    )
    parts = [
        part.select(
            "record_id",
            "payload_hash",
            pl.lit(one.file.received_at, dtype=schema["fetched_at"]).alias("received_at"),
        )
        for one in landed
        for part in one.parts
    ]
    return pl.concat([empty, *parts])


def _raw(one: FileRows, verdict: pl.DataFrame, values: dict[str, object]) -> Iterator[pl.DataFrame]:
    """Accepted rows of a file as raw records, in parts, none empty."""
    offset = 0
    for part in one.parts:
        decided = pl.concat([part, verdict.slice(offset, part.height)], how="horizontal").filter("is_accepted")
        offset += part.height
        if decided.is_empty():
            continue
        query = pl.concat_str(pl.lit(f"file {one.label} line "), pl.col(LINE)).alias("query")
        yield RAW_RECORDS.conform(decided.with_columns(query, *_literals(values)).drop(LINE, "is_accepted"))


def _quarantined(landed: list[FileRows], partition: dict[str, object]) -> pl.DataFrame:
    rows = [
        {"file": one.label, "received_at": one.file.received_at, **refused._asdict()}
        for one in landed
        for refused in one.rejected
    ]
    return _frame(QUARANTINED_RECORDS, rows, {**partition, "stage": "land"})


def _receipt(one: FileRows, accepted: int) -> dict[str, object]:
    quarantined = len(one.rejected)
    return {
        "file": one.file.file,
        "sha256": one.file.sha256,
        "bytes": one.file.bytes,
        "received_at": one.file.received_at,
        "received": one.height + quarantined,
        "accepted": accepted,
        "quarantined": quarantined,
        "duplicate": one.height - accepted,
        "notes": one.notes,
    }


def _frame(table: Table, rows: list[dict[str, object]], values: dict[str, object]) -> pl.DataFrame:
    schema = {n: t for n, t in table.polars_schema.items() if n not in values}
    return table.conform(pl.DataFrame(rows, schema=schema, orient="row").with_columns(_literals(values)))


def _literals(values: dict[str, object]) -> list[pl.Expr]:
    return [pl.lit(value).alias(name) for name, value in values.items()]

"""Frames as extraction gives them, made from plain dictionaries."""

from datetime import UTC, date, datetime

import polars as pl

from dagster_project.contracts import FIELDS
from dagster_project.normalize import Normalized, normalize

FETCHED_AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def texts(*values: str | None) -> pl.Series:
    return pl.Series(values, dtype=pl.String)


def extracted(kind: str, rows: list[dict[str, str | None]], file: str = "leads.csv") -> pl.DataFrame:
    """One record per dictionary of fields; the second line of `file` is the first row."""
    ids = [f"00000000-0000-5000-8000-{i:012}" for i in range(len(rows))]
    fields = {f: pl.Series([row.get(f) for row in rows], dtype=pl.String) for f in FIELDS[kind]}
    frame = pl.DataFrame(
        {
            "org_id": "default",
            "provider": "acme",
            "provider_key": [f"k{i}" for i in range(len(rows))],
            "record_id": ids,
            "kind": kind,
            "source": "acme",
            "partition_date": date(2026, 11, 23),
            "fetched_at": FETCHED_AT,
            "payload_hash": ids,
            "query": [f"file {file} line {i + 2}" for i in range(len(rows))],
        }
    ).with_columns(pl.col("fetched_at").cast(pl.Datetime("us", "UTC")))
    properties = [pl.lit("{}").alias("properties")] if kind == "event" else []
    return frame.with_columns(*properties, **fields)


def one(kind: str, **fields: str | None) -> dict:
    """The canonical row of one record."""
    return run(kind, fields).frame.row(0, named=True)


def run(kind: str, *rows: dict[str, str | None]) -> Normalized:
    return normalize(extracted(kind, list(rows)), kind)


def reasons(result: Normalized) -> list[tuple[str, str, str | None]]:
    """Field, reason and value of each refusal."""
    return result.rejected.select("field", "reason", "value").rows()

"""Values that were given and could not be understood, as rows of `quarantined_records`.

Stages work on a frame that holds each given value as `given.FIELD` beside the canonical columns. A `Refusal` says where
a given value is refused and why; it never says what to do with the row.
"""

from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from dagster_project.contracts import QUARANTINED_RECORDS

VALUE_CHARACTERS = 500


class Refusal(NamedTuple):
    """`given.field` (the whole row, when empty) is refused for `reason` where `where` holds in the stage's frame."""

    field: str
    reason: str
    where: pl.Expr


def given(field: str) -> pl.Expr:
    """The value as the source gave it."""
    return pl.col(f"given.{field}")


def unread(field: str, reason: str, target: str | None = None) -> Refusal:
    """Refuse `field` where it was given and its canonical column (`target`, by default of the same name) is null."""
    return Refusal(field, reason, given(field).is_not_null() & pl.col(target or field).is_null())


def missing(field: str) -> Refusal:
    """Refuse a row that lacks a field it cannot be kept without."""
    return Refusal(field, "missing_required", given(field).is_null())


def refused(frame: pl.DataFrame, refusals: Iterable[Refusal]) -> pl.DataFrame:
    """The refused values of a stage's frame, as QUARANTINED_RECORDS; what came from no file is told by its record."""
    refusals = list(refusals)
    if not refusals:
        return QUARANTINED_RECORDS.empty()
    hits = frame.select(refusal.where.fill_null(False).alias(str(i)) for i, refusal in enumerate(refusals))
    parts = [_rows(frame.filter(hits[str(i)]), refusal) for i, refusal in enumerate(refusals) if hits[str(i)].any()]
    return pl.concat(parts) if parts else QUARANTINED_RECORDS.empty()


def _rows(frame: pl.DataFrame, refusal: Refusal) -> pl.DataFrame:
    query = pl.col("query").fill_null("")
    origin = query.str.extract_groups(r"^file (?<file>.*) line (?<line>\d+)$").struct
    return QUARANTINED_RECORDS.conform(
        frame.select(
            "org_id",
            "source",
            "partition_date",
            pl.lit("normalize").alias("stage"),
            # a provider's question says nothing of which of its thousands of records this is
            origin.field("file").fill_null(pl.format("record {}", "record_id")),
            origin.field("line").cast(pl.Int64).fill_null(1),
            pl.lit(refusal.field).alias("field"),
            pl.lit(refusal.reason).alias("reason"),
            _value(refusal.field).alias("value"),
            pl.col("fetched_at").alias("received_at"),
        )
    )


def _value(field: str) -> pl.Expr:
    return given(field).str.slice(0, VALUE_CHARACTERS) if field else pl.lit(None, dtype=pl.String)

"""What a row of a table looks like as a record: its JSON text, and the hash that tells whether it changed."""

import hashlib
import json
from collections.abc import Sequence

import polars as pl

from dagster_project.sources.files.readers.core import CANONICAL, PAYLOAD


def with_payload(rows: pl.DataFrame, columns: Sequence[str], nested: frozenset[str]) -> pl.DataFrame:
    """Rows with `PAYLOAD`, a JSON object in header order, and `CANONICAL`, which has sorted keys and no empty values.

    `nested` columns hold JSON and go in as they are. The canonical text is what `json.dumps` gives for the same.
    """
    pieces = rows.select(_json(c, c in nested).alias(f"{i}") for i, c in enumerate(columns))
    members = [_member(c, i) for i, c in enumerate(columns)]
    payload = pl.concat_str(
        [pl.concat_str(pl.lit(_key(c)), pl.col(f"{i}").fill_null("null")) for i, c in enumerate(columns)], separator=","
    )
    in_order = [members[i] for i in sorted(range(len(columns)), key=lambda i: columns[i])]
    canonical = pl.concat_str(in_order, separator=",", ignore_nulls=True)
    made = pieces.select(_object(payload).alias(PAYLOAD), _object(canonical).alias(CANONICAL))
    return pl.concat([rows, made], how="horizontal")


def payload_hashes(canonical: pl.Series) -> list[str]:
    """SHA-256 of each canonical text, hex."""
    sha256 = hashlib.sha256
    return [sha256(text.encode()).hexdigest() for text in canonical.to_list()]


def _json(column: str, is_nested: bool) -> pl.Expr:
    """A text column as JSON strings, null where null. One-field objects are the only JSON writer Polars has."""
    if is_nested:
        return pl.col(column)
    written = pl.struct(pl.col(column).alias("")).struct.json_encode()
    return pl.when(pl.col(column).is_not_null()).then(written.str.strip_prefix('{"":').str.strip_suffix("}"))


def _member(column: str, position: int) -> pl.Expr:
    value = pl.col(f"{position}")
    return pl.when(value != '""').then(pl.concat_str(pl.lit(_key(column)), value))


def _key(column: str) -> str:
    return json.dumps(column, ensure_ascii=False) + ":"


def _object(members: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit("{"), members, pl.lit("}"))

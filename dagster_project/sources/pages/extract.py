"""Extraction: from a provider's landed payloads (JSON text) to one text column per canonical field.

The same columns as `files.extract` gives for files; here an adapter's endpoint says where a field stands, and the query
of a record which endpoint that was. Nothing is interpreted: a phone stays as the provider wrote it.
"""

from typing import Protocol

import orjson
import polars as pl

from dagster_project.contracts import FIELDS, RAW_RECORDS
from dagster_project.sources.adapter import Ask, Kind
from dagster_project.sources.files.extract import IDENTITY
from dagster_project.transport.shapes import Shape


class Understands(Protocol):
    """Whoever knows what a provider's records look like: an adapter, of campaigns or of enrichment."""

    name: str

    def endpoint(self, name: str) -> Shape:
        """What the records of an endpoint look like. Raises KeyError."""


def extract_records(raw: pl.DataFrame, adapter: Understands, kind: Kind, vertical: str | None = None) -> pl.DataFrame:
    """The columns `IDENTITY` of raw records plus every field of the kind as text, null where blank; in order.

    `raw` holds records of the adapter's provider, all of one kind. `vertical` is what a business is that does not say
    so itself. Raises ValueError for a query of an endpoint that the adapter has not.
    """
    identity = RAW_RECORDS.conform(raw).select(IDENTITY)
    endpoints = {query: _endpoint(adapter, query) for query in raw["query"].unique()}
    columns: dict[str, list[str | None]] = {}
    loads, height = orjson.loads, raw.height
    for row, (query, payload) in enumerate(zip(raw["query"].to_list(), raw["payload"].to_list(), strict=True)):
        for name, text in endpoints[query].canonical(loads(payload)).items():
            if name not in columns:
                columns[name] = [None] * height
            columns[name][row] = text
    if kind == "business" and vertical is not None:
        columns["vertical"] = [text or vertical for text in columns.get("vertical", [None] * height)]
    found = {name: pl.Series(texts, dtype=pl.String) for name, texts in columns.items()}
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, height)
    return identity.with_columns(found.get(name, nothing).alias(name) for name in FIELDS[kind])


def _endpoint(adapter: Understands, query: str) -> Shape:
    name = Ask.parse(query).endpoint
    try:
        return adapter.endpoint(name)
    except KeyError:
        raise ValueError(
            f'{adapter.name} has no endpoint "{name}", which its stored records were fetched from'
        ) from None

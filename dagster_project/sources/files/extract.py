"""Extraction: from landed payloads (JSON text) to one text column per canonical field.

Nothing is interpreted here: a phone stays as the provider wrote it. `normalize` gives the values their types.
"""

import duckdb
import polars as pl

from dagster_project.contracts import RAW_RECORDS
from dagster_project.sources.files.mapping import Mapping
from dagster_project.sources.files.targets import fill_targets

IDENTITY = [
    "org_id",
    "provider",
    "provider_key",
    "record_id",
    "kind",
    "source",
    "partition_date",
    "fetched_at",
    "payload_hash",
    "query",
]
THREADS = 2


def extract(raw: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """The columns `IDENTITY` of raw records plus every target of the mapping's kind as text, null where blank.

    Events also get `properties`, the whole payload. Rows keep their order.
    """
    identity = RAW_RECORDS.conform(raw).select(IDENTITY)
    filled = fill_targets(_source_columns(raw["payload"], mapping.columns), mapping)
    extracted = pl.concat([identity, filled], how="horizontal")
    return extracted.with_columns(properties=raw["payload"]) if mapping.kind == "event" else extracted


def pointers(column: str) -> list[str]:
    """JSON pointers a mapping's column may mean: the key itself, then, where it has dots, the path.

    Pointers rather than `$.a.b` paths, because a header may hold any character.
    """
    escaped = column.replace("~", "~0").replace("/", "~1")
    return [f"/{escaped}"] + ([f"/{escaped.replace('.', '/')}"] if "." in column else [])


def _source_columns(payload: pl.Series, columns: tuple[str, ...]) -> pl.DataFrame:
    """The mapping's columns taken out of the payloads: one parse per row whatever the number of columns."""
    paths = [p for c in columns for p in pointers(c)]
    literals = ", ".join("'" + p.replace("'", "''") + "'" for p in paths)
    rows = pl.DataFrame({"row": pl.int_range(payload.len(), eager=True), "payload": payload})
    with duckdb.connect(":memory:", config={"threads": THREADS}) as connection:
        connection.register("records", rows.to_arrow())
        values = f"select row, json_extract_string(payload, [{literals}]) as v from records"  # noqa: S608 - quoted
        names = ", ".join(f"v[{i + 1}] as p{i}" for i in range(len(paths)))
        found = connection.sql(f"select {names} from ({values}) order by row").pl()  # noqa: S608
    numbered = {path: pl.col(f"p{i}").cast(pl.String) for i, path in enumerate(paths)}
    return found.select(pl.coalesce(numbered[p] for p in pointers(c)).alias(c) for c in columns)

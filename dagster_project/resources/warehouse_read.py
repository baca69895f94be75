"""Small reads from PostgreSQL as a Polars frame whose types depend on the query and never on the rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from psycopg import Connection
from psycopg.adapt import Loader
from psycopg.types.numeric import FloatLoader

DTYPES: dict[str, pl.DataType] = {
    "bool": pl.Boolean(),
    "int2": pl.Int64(),
    "int4": pl.Int64(),
    "int8": pl.Int64(),
    "float4": pl.Float64(),
    "float8": pl.Float64(),
    "numeric": pl.Float64(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
    "timestamptz": pl.Datetime("us", "UTC"),
}


def frame(
    connection: Connection, statement: str, params: Sequence[Any] | Mapping[str, Any] | None = None
) -> pl.DataFrame:
    """Run one statement that returns rows. Types without a Polars counterpart (uuid, jsonb …) come as text."""
    with connection.cursor() as cursor:
        cursor.adapters.register_loader("numeric", FloatLoader)
        for name in ("uuid", "json", "jsonb"):
            cursor.adapters.register_loader(name, _TextLoader)
        cursor.execute(statement, params)
        schema = {c.name: _dtype(connection, c.type_code) for c in cursor.description}
        return pl.DataFrame(cursor.fetchall(), schema=schema, orient="row")


class _TextLoader(Loader):
    def load(self, data: bytes | bytearray | memoryview) -> str:
        return bytes(data).decode()


def _dtype(connection: Connection, oid: int) -> pl.DataType:
    info = connection.adapters.types.get(oid)
    dtype = DTYPES.get(info.name, pl.String()) if info else pl.String()
    return pl.List(dtype) if info and info.array_oid == oid else dtype

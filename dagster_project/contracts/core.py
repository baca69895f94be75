"""What a contract is: one declaration of a table, and everything derived from it.

From a `Table` come the Arrow and Polars schemas, the Postgres DDL, the list of violations that the blocking checks
report, and the docs page. Which tables exist is said in the modules beside this one, not here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import polars as pl
import pyarrow as pa


class Type(StrEnum):
    """Column types, each with one rendering per engine (`POLARS`, `POSTGRES`)."""

    TEXT = "text"
    UUID = "uuid"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    DATE = "date"
    TIMESTAMP = "timestamp"
    MONEY = "money"
    JSON = "json"
    TEXT_LIST = "text[]"


POLARS: dict[Type, pl.DataType] = {
    Type.TEXT: pl.String(),
    Type.UUID: pl.String(),
    Type.INT: pl.Int64(),
    Type.FLOAT: pl.Float64(),
    Type.BOOL: pl.Boolean(),
    Type.DATE: pl.Date(),
    Type.TIMESTAMP: pl.Datetime("us", "UTC"),
    Type.MONEY: pl.Decimal(18, 4),
    Type.JSON: pl.String(),
    Type.TEXT_LIST: pl.List(pl.String()),
}

POSTGRES: dict[Type, str] = {
    Type.TEXT: "text",
    Type.UUID: "uuid",
    Type.INT: "bigint",
    Type.FLOAT: "double precision",
    Type.BOOL: "boolean",
    Type.DATE: "date",
    Type.TIMESTAMP: "timestamptz",
    Type.MONEY: "numeric(18, 4)",
    Type.JSON: "jsonb",
    Type.TEXT_LIST: "text[]",
}


class Pii(StrEnum):
    """How personal a column is: `none`, `business` (a company's contact data) or `personal` (a person's)."""

    NONE = "none"
    BUSINESS = "business"
    PERSONAL = "personal"


@dataclass(frozen=True)
class Column:
    """One column of a contract; `required` means never null."""

    name: str
    type: Type
    description: str
    required: bool = False
    pii: Pii = Pii.NONE


@dataclass(frozen=True)
class Table:
    """One table that crosses a room boundary.

    `grain` completes the sentence "One row per …"; `key` names the columns that are unique together.
    """

    name: str
    description: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        names = [c.name for c in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name}: a column is declared twice")
        if missing := set(self.key) - set(names):
            raise ValueError(f"{self.name}: key names unknown columns {sorted(missing)}")

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.columns]

    @property
    def polars_schema(self) -> pl.Schema:
        return pl.Schema({c.name: POLARS[c.type] for c in self.columns})

    @property
    def arrow_schema(self) -> pa.Schema:
        """Arrow schema with descriptions and nullability, as the lake's Parquet files carry it."""
        fields = pl.DataFrame(schema=self.polars_schema).to_arrow().schema
        return pa.schema(
            [
                pa.field(
                    c.name, fields.field(c.name).type, nullable=not c.required, metadata={"description": c.description}
                )
                for c in self.columns
            ],
            metadata={"leadhouse.table": self.name},
        )

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.polars_schema)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with exactly the contract's columns, in order and cast strictly.

        Columns the frame lacks become null; columns the contract lacks raise, because dropping them would lose data
        silently. Raises `ContractError` naming the columns.
        """
        if extra := [n for n in frame.columns if n not in self.polars_schema]:
            raise ContractError(f"{self.name}: columns not in the contract: {', '.join(extra)}")
        absent = [pl.lit(None, dtype=t).alias(n) for n, t in self.polars_schema.items() if n not in frame.columns]
        try:
            return frame.with_columns(absent).select(pl.col(n).cast(t) for n, t in self.polars_schema.items())
        except pl.exceptions.PolarsError as error:
            raise ContractError(f"{self.name}: {str(error).splitlines()[0]}") from error

    def violations(self, frame: pl.LazyFrame) -> Iterator[str]:
        """Sentences, one per broken promise: types, required columns, unique key. Nothing when the frame keeps them."""
        schema = frame.collect_schema()
        for name, dtype in self.polars_schema.items():
            if schema.get(name) != dtype:
                yield f"column {name} is {schema.get(name)}, the contract says {dtype}"
        if any(schema.get(n) != t for n, t in self.polars_schema.items()):
            return
        required = [c.name for c in self.columns if c.required]
        counts = frame.select(
            *[pl.col(n).null_count().alias(n) for n in required],
            pl.struct(self.key).is_duplicated().sum().alias("duplicate keys"),
        ).collect()
        for name, count in counts.row(0, named=True).items():
            if count:
                yield f"{count:,} rows with {name if name == 'duplicate keys' else 'null ' + name}"

    def postgres_ddl(self, schema: str) -> str:
        """`create table` with types, not-null and the primary key; the loader adds the row-level security."""
        required = {c.name for c in self.columns if c.required} | set(self.key)
        lines = [f"{c.name} {POSTGRES[c.type]}{' not null' if c.name in required else ''}" for c in self.columns]
        return (
            f"create table {schema}.{self.name} (\n  "
            + ",\n  ".join([*lines, f"primary key ({', '.join(self.key)})"])
            + "\n)"
        )

    def markdown(self) -> str:
        """The table's page in the docs: description, grain, key and one row per column."""
        rows = "\n".join(
            f"| `{c.name}` | {c.type}{'' if c.required else ' · null'} | {c.pii} | {c.description} |"
            for c in self.columns
        )
        return (
            f"## {self.name}\n\n{self.description} One row per {self.grain}. Key: `{', '.join(self.key)}`.\n\n"
            f"| column | type | personal data | meaning |\n|---|---|---|---|\n{rows}\n"
        )


class ContractError(ValueError):
    """A frame does not keep its contract."""

"""Mappings: the YAML that says which column of a file is which canonical field.

A `Mapping` is checked against the contracts when it is loaded, and against a file's header when the file is read
(`check_columns`). How values are taken out of rows is said in `targets`, how files are read in `readers`.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
from pydantic import BeforeValidator, Field, model_validator

from dagster_project import user_yaml
from dagster_project.contracts import FIELDS
from dagster_project.sources.files.errors import UnknownColumn
from dagster_project.user_yaml import Strict, nearest

Kind = Literal["business", "person", "event", "deal", "activity", "outcome", "suppression"]
Columns = Annotated[tuple[str, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v), Field(min_length=1)]


class Options(Strict):
    """Overrides of what is otherwise detected in the file."""

    delimiter: str | None = Field(None, min_length=1, max_length=1)
    encoding: str | None = None
    sheet: str | None = None

    @model_validator(mode="after")
    def _known_encoding(self) -> "Options":
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except LookupError as error:
                raise ValueError(f'encoding: "{self.encoding}" is not an encoding') from error
        return self


class Split(Strict):
    """A pattern (Rust regex syntax: no look-around) whose named groups fill targets from one column."""

    column: str
    pattern: str

    @model_validator(mode="after")
    def _compiles(self) -> "Split":
        try:
            groups = self.groups
        except pl.exceptions.PolarsError as error:
            raise ValueError(f"pattern is not a valid regular expression: {error}") from error
        if not groups:
            raise ValueError("pattern has no named group, such as (?P<city>[^,]+)")
        return self

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of the pattern's groups: the targets it fills. Asked of the engine that will run it."""
        fields = pl.select(pl.lit("").str.extract_groups(self.pattern)).to_series().struct.fields
        return tuple(f for f in fields if not f.isdigit())


class Mapping(Strict):
    """How rows of one kind of file become canonical fields. `name` is the stem of its YAML file."""

    name: str
    description: str = ""
    kind: Kind
    provider: str | None = Field(None, description="Who says so; the mapping's name when absent.")
    provider_column: str | None = Field(None, description="Column that names the provider of each row.")
    key: str | None = Field(None, description="Column with the provider's own key.")
    identity: Columns | None = Field(None, description="Columns whose hash is the key, when the provider has none.")
    required: tuple[str, ...] = Field((), description="Targets or columns without which a row is refused.")
    fields: dict[str, Columns] = Field(default_factory=dict, description="Target to column, or columns to join.")
    constants: dict[str, str] = Field(default_factory=dict, description="Target to value, used where it is empty.")
    splits: tuple[Split, ...] = Field((), description="Patterns that fill several targets; they win over `fields`.")
    prefix: dict[str, str] = Field(
        default_factory=dict,
        description="Target to text put before its value: `company_key: 'crm:'` makes provider:key of a bare key.",
    )
    options: Options = Options()

    @model_validator(mode="after")
    def _consistent(self) -> "Mapping":
        if (self.key is None) == (self.identity is None):
            raise ValueError('say either "key" (the column with the provider\'s key) or "identity" (a list of columns)')
        if self.provider and self.provider_column:
            raise ValueError('say either "provider" or "provider_column", not both')
        known = FIELDS[self.kind]
        named = [("fields", t) for t in self.fields] + [("constants", t) for t in self.constants]
        named += [("prefix", t) for t in self.prefix]
        named += [(f"splits.{i}.pattern", t) for i, split in enumerate(self.splits) for t in split.groups]
        for place, target in named:
            if target not in known:
                raise ValueError(f'{place}: "{target}" is not a field of a {self.kind}{nearest(target, known)}')
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """Canonical fields this mapping can fill, in the contract's order."""
        filled = {*self.fields, *self.constants, *(g for s in self.splits for g in s.groups)}
        return tuple(t for t in FIELDS[self.kind] if t in filled)

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Columns that make a row's identity, the provider's first where it has one."""
        own = (self.key,) if self.key is not None else self.identity or ()
        return (self.provider_column, *own) if self.provider_column else own

    @property
    def columns(self) -> tuple[str, ...]:
        """Every source column (or dotted path) the mapping reads, each once."""
        mapped = [c for columns in self.fields.values() for c in columns]
        required = [r for r in self.required if r not in self.targets]
        return tuple(dict.fromkeys([*self.key_columns, *mapped, *(s.column for s in self.splits), *required]))

    @property
    def landing_columns(self) -> tuple[str, ...]:
        """The columns landing itself needs: those of the identity and of the required fields."""
        mapped = [c for target in self.required for c in self.fields.get(target, ())]
        split = [s.column for s in self.splits if set(s.groups) & set(self.required)]
        own = [name for name in self.required if name not in self.targets]
        return tuple(dict.fromkeys([*self.key_columns, *mapped, *split, *own]))

    def check_columns(self, header: Iterable[str], file: str, nested: Iterable[str] = ()) -> None:
        """Raise `UnknownColumn` when the mapping reads a column that the file's header lacks.

        Dotted paths may lead into the `nested` columns.
        """
        header, nested = list(header), set(nested)
        if missing := [c for c in self.columns if c not in header and c.split(".")[0] not in nested]:
            told = "; ".join(f'no column "{c}"{nearest(c, header)}' for c in missing)
            raise UnknownColumn(f"mapping {self.name} does not fit {file}: {told}. Its columns: {', '.join(header)}")


def load_mapping(name_or_path: str | Path, dirs: Sequence[Path] = ()) -> Mapping:
    """The mapping of a name, searched in `dirs` in order, or of a YAML file's path. Raises `YamlMistake`."""
    path = Path(name_or_path)
    if path.suffix not in user_yaml.SUFFIXES:
        path = user_yaml.find(str(name_or_path), dirs, "mapping")
    return user_yaml.load(Mapping, path)

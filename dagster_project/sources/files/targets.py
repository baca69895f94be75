"""From source columns to canonical targets: strip, join, split, constants, prefixes.

The order of precedence for one target: a split that matched, then the mapped columns, then the constant. Landing uses
it to find rows without a required field, extraction to fill all of them.
"""

from collections.abc import Iterable

import polars as pl

from dagster_project.contracts import FIELDS
from dagster_project.sources.files.mapping import Mapping

ROW = "\0row"


def clean(expression: pl.Expr) -> pl.Expr:
    """Text without surrounding whitespace; blank becomes null."""
    stripped = expression.str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def fill_targets(frame: pl.DataFrame, mapping: Mapping, wanted: Iterable[str] | None = None) -> pl.DataFrame:
    """One text column per wanted target (all of the kind when None), from a frame of the mapping's source columns.

    Null where the row has nothing for it. The frame's own columns are not kept.
    """
    wanted = list(FIELDS[mapping.kind] if wanted is None else wanted)
    needed = [i for i, split in enumerate(mapping.splits) if set(split.groups) & set(wanted)]
    groups = frame.select(
        pl.col(mapping.splits[i].column).str.strip_chars().str.extract_groups(mapping.splits[i].pattern).alias(str(i))
        for i in needed
    )
    with_groups = pl.concat(
        [frame.select(c for c in mapping.columns if c in frame.columns), _aside(groups)], how="horizontal"
    )
    # the row number keeps the height when every target is a constant
    numbered = with_groups.with_row_index(ROW)
    return numbered.select(ROW, *[_target(mapping, t, needed).alias(t) for t in wanted]).drop(ROW)


def _aside(groups: pl.DataFrame) -> pl.DataFrame:
    """The splits' results under names that no source column has."""
    return groups.rename({c: f"\0{c}" for c in groups.columns})


def _target(mapping: Mapping, target: str, splits: list[int]) -> pl.Expr:
    choices = [clean(pl.col(f"\0{i}").struct.field(target)) for i in splits if target in mapping.splits[i].groups]
    if columns := mapping.fields.get(target):
        choices.append(clean(pl.concat_str([clean(pl.col(c)) for c in columns], separator=" ", ignore_nulls=True)))
    if target in mapping.constants:
        choices.append(clean(pl.lit(mapping.constants[target])))
    value = pl.coalesce(choices) if choices else pl.lit(None, dtype=pl.String)
    return pl.lit(mapping.prefix[target]) + value if target in mapping.prefix else value

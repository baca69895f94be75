"""Provenance: for each row, JSON text that names its filled fields and how sure we are of each.

The confidences are data (`tables/confidence.yaml`): one per field and way of getting it. The provider and the time are
the row's own and not repeated.
"""

import json
from collections.abc import Mapping

import polars as pl

from dagster_project.normalize.tables import confidences

KEY_BITS = 62


def provenance(frame: pl.DataFrame, kind: str, ways: Mapping[str, Mapping[str, pl.Expr]]) -> pl.Series:
    """One JSON object per row of a stage's frame.

    `ways` maps a field to its ways other than `given` and to where each applies; later ways win.
    """
    # Rows share few patterns of filled fields (some hundreds in a million), so each pattern is written once.
    table = confidences(kind)
    codes, options = [], []
    for field, levels in table.items():
        code = pl.when(pl.col(field).is_null()).then(0).otherwise(1)
        for i, where in enumerate(ways.get(field, {}).values(), start=2):
            code = pl.when(pl.col(field).is_not_null() & where.fill_null(False)).then(i).otherwise(code)
        codes.append(code.cast(pl.UInt64))
        options.append([None, levels["given"], *(levels[way] for way in ways.get(field, {}))])
    keys = _packed(codes, [len(o) for o in options])
    patterns = frame.select(keys)
    unique = patterns.unique()
    written = unique.with_columns(pl.Series("provenance", _written(unique, list(table), options), dtype=pl.String))
    return patterns.join(written, on=patterns.columns, how="left", maintain_order="left")["provenance"]


def weakened(provenances: pl.Series, by: pl.Series) -> pl.Series:
    """Provenance texts with every confidence multiplied by a row's own factor, 0 to 1; null leaves it as it is."""
    rows = pl.DataFrame({"provenance": provenances, "by": by.fill_null(1.0)})
    unique = rows.unique()
    written = [
        json.dumps({name: round(sure * factor, 4) for name, sure in json.loads(text).items()}, separators=(",", ":"))
        for text, factor in unique.iter_rows()
    ]
    told = unique.with_columns(pl.Series("weakened", written, dtype=pl.String))
    joined = rows.join(told, on=["provenance", "by"], how="left", maintain_order="left")
    return joined["weakened"].alias(provenances.name)


def _packed(codes: list[pl.Expr], sizes: list[int]) -> list[pl.Expr]:
    """The codes as digits of as few integers as hold them; `_written` reads them back in the same order."""
    keys, key, radix = [], pl.lit(0, dtype=pl.UInt64), 1
    for code, size in zip(codes, sizes, strict=True):
        if radix * size >= 2**KEY_BITS:
            keys, key, radix = [*keys, key], pl.lit(0, dtype=pl.UInt64), 1
        key, radix = key + code * radix, radix * size
    return [k.alias(f"key{i}") for i, k in enumerate([*keys, key])]


def _written(patterns: pl.DataFrame, fields: list[str], options: list[list[float | None]]) -> list[str]:
    texts = []
    for row in patterns.iter_rows():
        keys, radix, remaining, filled = iter(row), 1, 0, {}
        remaining = next(keys)
        for field, option in zip(fields, options, strict=True):
            if radix * len(option) >= 2**KEY_BITS:
                remaining, radix = next(keys), 1
            remaining, digit = divmod(remaining, len(option))
            radix *= len(option)
            if digit:
                filled[field] = option[digit]
        texts.append(json.dumps(filled, separators=(",", ":")))
    return texts

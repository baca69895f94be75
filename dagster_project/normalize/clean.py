"""First step of every kind: empty what only says "nothing", refuse what a spreadsheet broke, drop what no store takes.

Works on all given fields alike, before any of them is understood.
"""

from functools import cache

import polars as pl

from dagster_project.contracts import FIELDS
from dagster_project.normalize.refusals import Refusal, given, refused
from dagster_project.normalize.tables import words
from dagster_project.normalize.text import one_of, rewritten

KEEP_WORDS = words("word_placeholders_allowed")


def cleaned(extracted: pl.DataFrame, kind: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frame with its given fields as `given.FIELD`, cleaned, and the refused spreadsheet errors.

    Placeholders ("n/a", "none", "-") become null without a word: the source said that it has no value. A spreadsheet
    error ("#NAME?") is refused, because a value was there and is lost. Fields of the kind that the frame lacks become
    null columns.
    """
    frame = extracted.select(
        pl.exclude(*FIELDS[kind]),
        *[
            (pl.col(f) if f in extracted.columns else pl.lit(None, dtype=pl.String)).alias(f"given.{f}")
            for f in FIELDS[kind]
        ],
    )
    filled = [f for f in FIELDS[kind] if frame[f"given.{f}"].null_count() < frame.height]
    without_nul = [_without_nul(frame[f"given.{f}"]) for f in filled]
    empty = {
        values.name: values.str.contains(_nothing(f in KEEP_WORDS))
        for f, values in zip(filled, without_nul, strict=True)
    }
    touched = [f for f in filled if empty[f"given.{f}"].any()]
    frame = frame.with_columns(without_nul)
    broken = refused(frame, [Refusal(f, "spreadsheet_error", given(f).str.contains(_errors())) for f in touched])
    blank = [frame[f"given.{f}"].set(empty[f"given.{f}"].fill_null(False), None) for f in touched]
    return frame.with_columns(blank), broken


def _without_nul(values: pl.Series) -> pl.Series:
    # PostgreSQL's text has no NUL
    return rewritten(values, values.str.contains("\x00", literal=True), lambda some: some.str.replace_all("\x00", ""))


@cache
def _nothing(keep_words: bool) -> str:
    placeholders = [w for w in words("placeholders") if not (keep_words and any(c.isalpha() for c in w))]
    return rf"(?i)^\s*{one_of(['', *placeholders, *words('spreadsheet_errors')])}\s*$"


@cache
def _errors() -> str:
    return rf"(?i)^\s*{one_of(words('spreadsheet_errors'))}\s*$"

"""Runs a kind's stage over extracted records: in slices, in parallel, and out as a contract's frame.

What a field means is said in the stages (`business`, `people`, `activity`); this is only the machinery around them.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import polars as pl

from dagster_project.contracts import (
    ACTIVITIES,
    DEALS,
    EVENTS,
    LEAD_OUTCOMES,
    QUARANTINED_RECORDS,
    RAW_RECORDS,
    STAGED_CONTACTS,
    STAGED_RECORDS,
    SUPPRESSIONS,
    Table,
)
from dagster_project.normalize import activity, business, people
from dagster_project.normalize.clean import cleaned
from dagster_project.normalize.refusals import Refusal, refused

# bounds the memory of the working columns (some 90 for a business) and feeds both cores
SLICE_ROWS = 50_000


@dataclass(frozen=True)
class Normalized:
    """`frame` keeps the contract of `table`; `rejected` holds the values that were refused, as QUARANTINED_RECORDS."""

    table: Table
    frame: pl.DataFrame
    rejected: pl.DataFrame


@dataclass(frozen=True)
class Kind:
    """How one kind of record is normalised."""

    table: Table
    stage: Callable[[pl.DataFrame], pl.DataFrame]
    refusals: tuple[Refusal, ...]


KINDS: dict[str, Kind] = {
    "business": Kind(STAGED_RECORDS, business.stage, business.REFUSALS),
    "person": Kind(STAGED_CONTACTS, people.stage, people.REFUSALS),
    "event": Kind(EVENTS, activity.event, activity.EVENT_REFUSALS),
    "deal": Kind(DEALS, activity.deal, activity.DEAL_REFUSALS),
    "activity": Kind(ACTIVITIES, activity.activity, activity.ACTIVITY_REFUSALS),
    "outcome": Kind(LEAD_OUTCOMES, activity.outcome, activity.OUTCOME_REFUSALS),
    "suppression": Kind(SUPPRESSIONS, activity.suppression, activity.SUPPRESSION_REFUSALS),
}
REPEATED = Refusal("", "duplicate_key", pl.lit(True))


def normalize(extracted: pl.DataFrame, kind: str) -> Normalized:
    """Canonical rows of one kind from extracted ones.

    `extracted` has the identifying columns of RAW_RECORDS (and `properties` for events) and the fields of
    `contracts.FIELDS[kind]` as text. Every row of a business or person comes out, in order; a value that cannot be
    understood is null there and a row of `rejected`. A row of another kind that lacks a required column is left out
    and in `rejected`; of several with the same key the last stays and the others are in `rejected` (duplicate_key).
    Raises ValueError for an unknown kind, ContractError when identifying columns do not fit.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of record {kind!r}: expected one of {', '.join(KINDS)}")
    numbered = extracted.with_row_index("row", offset=1)
    slices = [numbered] if numbered.is_empty() else list(numbered.iter_slices(SLICE_ROWS))
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        parts = list(pool.map(partial(_normalized, kind), slices))
    table, staged = KINDS[kind].table, pl.concat(frame for frame, _ in parts)
    is_last = staged.select(pl.struct(table.key).is_last_distinct()).to_series()
    repeated = numbered.filter(pl.col("row").is_in(staged["row"].filter(~is_last).implode()))
    rejected = pl.concat([*(refusals for _, refusals in parts), refused(repeated, [REPEATED])])
    # a file that comes twice in a day under one name refuses the same line twice: the later stands
    rejected = rejected.unique(QUARANTINED_RECORDS.key, keep="last", maintain_order=True)
    return Normalized(table, staged.filter(is_last).drop("row"), rejected)


def _normalized(name: str, extracted: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One slice: the contract's rows with their `row` numbers, and what was refused."""
    kind = KINDS[name]
    clean, broken = cleaned(extracted, name)
    staged = kind.stage(clean)
    # a row without its identity is not left out in silence: the check of the contract finds it
    understood = [c.name for c in kind.table.columns if c.required and c.name not in RAW_RECORDS.polars_schema]
    complete = staged.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in understood))
    frame = kind.table.conform(complete.select(name for name in kind.table.names if name in complete.columns))
    return frame.with_columns(complete["row"]), pl.concat([broken, refused(staged, kind.refusals)])

"""What a person means by an id: a record, or a lead with the records it has now.

An alias means the lead it was merged into. Reads only the rows of the map that the id leads to.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from dagster_project.resolution.identity import current, living, periods


@dataclass(frozen=True)
class Reference:
    """A record or a lead of one kind, and the ids of its records, in order; `lead_id` is its lead's."""

    id: str
    kind: str
    lead_id: str
    records: tuple[str, ...]

    @property
    def is_lead(self) -> bool:
        """Whether it is a lead as it is now."""
        return self.id == self.lead_id


class UnknownReference(LookupError):
    """No record and no lead has the id."""


def find(wanted: str, lead_map: pl.LazyFrame, aliases: pl.DataFrame) -> Reference:
    """The record or lead with an id, given all rows of a tenant's map and its aliases.

    Raises UnknownReference.
    """
    record = current(lead_map.filter(record_id=wanted)).select("kind", "lead_id").collect()
    if record.height:
        kind, lead = record.row(0)
        return Reference(wanted, kind, lead, (wanted,))
    if found := _lead(wanted, lead_map):
        return found
    if wanted in aliases["alias_id"]:
        chain = living(aliases, current(lead_map).select("org_id", "kind", "lead_id").collect())
        for lead in chain.filter(alias_id=wanted)["lead_id"]:
            if found := _lead(lead, lead_map):
                return found
    raise UnknownReference(f"no record and no lead has the id {wanted}")


def as_it_was(alias: str, lead: Reference, lead_map: pl.LazyFrame) -> Reference:
    """A lead that was merged into another, `lead`, with the records it had just before that."""
    left = periods(lead_map).filter(pl.col("lead_id") == alias, pl.col("valid_to").is_not_null()).collect()
    last = left.filter(pl.col("valid_to") == pl.col("valid_to").max())
    return Reference(alias, lead.kind, lead.lead_id, tuple(last["record_id"].sort()))


def sides(one: Reference, other: Reference) -> tuple[Reference, Reference]:
    """Two references as the sides of a decision. A lead beside one of its own records stands for its other records.

    Raises ValueError in a sentence when they cannot be told apart.
    """
    if one.kind != other.kind:
        raise ValueError(f"{one.id} is a {one.kind} and {other.id} a {other.kind}")
    if one.id == other.id:
        raise ValueError(f"both mean {one.id}")
    one, other = _without(one, other.records), _without(other, one.records)
    if not (one.records and other.records):
        raise ValueError(f"{one.id} and {other.id} are the same record")
    return one, other


def _without(lead: Reference, records: Iterable[str]) -> Reference:
    left = tuple(r for r in lead.records if r not in set(records)) if lead.is_lead else lead.records
    return Reference(lead.id, lead.kind, lead.lead_id, left)


def _lead(wanted: str, lead_map: pl.LazyFrame) -> Reference | None:
    """The lead that has records now; its map rows are found by way of the records that were ever in it."""
    ever = lead_map.filter(lead_id=wanted).select("org_id", "kind", "record_id").unique()
    rows = current(lead_map.join(ever, on=["org_id", "kind", "record_id"], how="semi")).filter(lead_id=wanted)
    found = rows.select("kind", "record_id").sort("kind", "record_id").collect()
    return Reference(wanted, found["kind"][0], wanted, tuple(found["record_id"])) if found.height else None

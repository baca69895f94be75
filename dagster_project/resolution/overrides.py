"""What a person has decided: that records are one, or that they are not. It outranks the model until it is withdrawn.

An override names records: a lead that a person links or unlinks stands for the records it had at that moment. Were it
looked up anew on each run, linking two leads would undo itself, because after the merge both names mean the same lead.

Pure: from overrides to the pairs that clustering must and cannot join. Where they are kept is said in `override_store`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Generic, TypeVar

import duckdb

Record = TypeVar("Record", str, int)


class Verdict(StrEnum):
    """What was decided."""

    MUST_LINK = "must_link"
    CANNOT_LINK = "cannot_link"


@dataclass(frozen=True)
class Override:
    """A decision in force. `must_link`: all records of both sides are one lead. `cannot_link`: none of the one side
    shares a lead with any of the other."""

    override_id: str
    kind: str
    verdict: Verdict
    left_records: tuple[str, ...]
    right_records: tuple[str, ...]
    decided_at: datetime
    decided_by: str
    why: str

    def __str__(self) -> str:
        return f"{self.verdict} {self.override_id} ({self.decided_by}, {self.decided_at:%Y-%m-%d}: {self.why})"


@dataclass(frozen=True)
class Constraints(Generic[Record]):
    """Pairs for clustering, and a sentence for each override that was left out because a later one says otherwise.

    Must-linked records are joined by a chain of pairs; one cannot-link pair keeps two such groups apart.
    """

    must_link: Sequence[tuple[Record, Record]] = ()
    cannot_link: Sequence[tuple[Record, Record]] = ()
    contradictions: Sequence[str] = ()


@dataclass
class _Decided:
    """Groups of records that are one, and which groups are kept apart, by the overrides taken so far."""

    parent: dict[str, str] = field(default_factory=dict)
    apart: dict[str, dict[str, Override]] = field(default_factory=dict)
    joined_by: dict[str, list[Override]] = field(default_factory=dict)

    def root(self, record: str) -> str:
        above = self.parent.setdefault(record, record)
        while above != self.parent[above]:
            self.parent[record] = self.parent[above]
            record, above = above, self.parent[above]
        return above

    def against(self, override: Override) -> Override | None:
        """The override already taken that this one contradicts, if any."""
        left = {self.root(r) for r in override.left_records}
        right = {self.root(r) for r in override.right_records}
        if override.verdict == Verdict.CANNOT_LINK:
            return next((self.joined_by[root][0] for root in sorted(left & right)), None)
        group = sorted(left | right)
        return next((self.apart[a][b] for a in group for b in self.apart.get(a, {}) if b in group), None)

    def take(self, override: Override) -> None:
        left = sorted({self.root(r) for r in override.left_records})
        right = sorted({self.root(r) for r in override.right_records})
        if override.verdict == Verdict.CANNOT_LINK:
            for a in left:
                for b in right:
                    self.apart.setdefault(a, {}).setdefault(b, override)
                    self.apart.setdefault(b, {}).setdefault(a, override)
            return
        first, *others = sorted({*left, *right})
        for other in others:
            self._join(first, other)
        self.joined_by.setdefault(first, []).append(override)

    def _join(self, first: str, other: str) -> None:
        self.parent[other] = first
        self.joined_by.setdefault(first, []).extend(self.joined_by.pop(other, []))
        for enemy, override in self.apart.pop(other, {}).items():
            self.apart[enemy].pop(other)
            self.apart[enemy].setdefault(first, override)
            self.apart.setdefault(first, {}).setdefault(enemy, override)


def decided(overrides: Iterable[Override]) -> tuple[_Decided, list[str]]:
    """All overrides taken, the latest first, so that of two that contradict each other the later holds; and a sentence
    about each that does not hold."""
    taken, contradictions = _Decided(), []
    for override in sorted(overrides, key=lambda o: (o.decided_at, o.override_id), reverse=True):
        if other := taken.against(override):
            contradictions.append(f"{override} does not hold, because {other} was decided later")
        else:
            taken.take(override)
    return taken, contradictions


def contradicted(overrides: Iterable[Override], new: Override) -> Override | None:
    """The override in force that a new one would contradict, directly or through others; None when it fits."""
    return decided(overrides)[0].against(new)


def constraints(overrides: Iterable[Override], present: Mapping[str, Record]) -> Constraints[Record]:
    """Pairs of the records that are there; `present` gives each its name in the pairs, such as its number in a run.

    Records that are absent still connect: of a = b and b = c follows a = c while b is gone.
    """
    taken, contradictions = decided(overrides)
    groups: dict[str, list[str]] = {}
    for record in sorted(taken.parent):
        if record in present:
            groups.setdefault(taken.root(record), []).append(record)
    must = [(present[a], present[b]) for members in groups.values() for a, b in pairwise(members)]
    cannot = [
        (present[groups[a][0]], present[groups[b][0]])
        for a in sorted(taken.apart)
        for b in sorted(taken.apart[a])
        if a < b and a in groups and b in groups
    ]
    return Constraints(must, cannot, contradictions)


def numbered(
    con: duckdb.DuckDBPyConnection, overrides: Collection[Override], records: str = "records"
) -> Constraints[int]:
    """The constraints of a run, by record number: `con` has the run's table of records (id, record_id)."""
    if not overrides:
        return Constraints()
    named = sorted({record for o in overrides for record in (*o.left_records, *o.right_records)})
    query = f"select record_id, id from {records} where record_id in (select unnest(?))"  # noqa: S608
    return constraints(overrides, dict(con.execute(query, [named]).fetchall()))


def verdicts(overrides: Iterable[Override], pairs: Iterable[tuple[str, str]]) -> list[Verdict | None]:
    """What has been decided about each pair of records, directly or through others; None where nothing has."""
    taken, _ = decided(overrides)
    found: list[Verdict | None] = []
    for a, b in pairs:
        left, right = taken.root(a), taken.root(b)
        apart = right in taken.apart.get(left, {})
        found.append(Verdict.MUST_LINK if left == right and a != b else Verdict.CANNOT_LINK if apart else None)
    return found

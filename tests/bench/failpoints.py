"""Failpoints: the runtime's own parts, made so that their process dies at a named instant.

A dead process leaves what it had written and nothing else: from then on every failpoint refuses.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from dagster_project.contracts import PROVIDER_CALLS, QUARANTINED_RECORDS, RAW_RECORDS, RECORD_SIGHTINGS, Table
from dagster_project.resources.lake import Lake
from dagster_project.sources.budget import LocalBudget
from dagster_project.sources.pages.journal import Journal
from dagster_project.transport.windows import LocalLimiter, Windows
from tests.transport.clock import SimulatedClock


class Killed(BaseException):
    """The process has died."""


@dataclass
class Failpoints:
    """Where a process dies: at the `nth` time that it reaches `point`. `reached` counts all points of all processes."""

    point: str = ""
    nth: int = 0
    reached: Counter[str] = field(default_factory=Counter)
    died_at: Counter[str] = field(default_factory=Counter)
    is_dead: bool = False

    def arm(self, point: str, nth: int) -> None:
        self.point, self.nth, self.is_dead = point, nth, False

    def reach(self, name: str) -> None:
        if self.is_dead:
            raise Killed
        self.reached[name] += 1
        if name == self.point:
            self.nth -= 1
            if self.nth == 0:
                self.is_dead = True
                self.died_at[name] += 1
                raise Killed


class FragileJournal(Journal):
    """Dies before, within or after an entry, or before a flush."""

    def __init__(self, folder: Path, points: Failpoints) -> None:
        super().__init__(folder)
        self.points = points

    def append(self, content: dict[str, Any], body: bytes | None = None) -> None:
        self.points.reach(f"before {content['type']}")
        try:
            self.points.reach(f"within {content['type']}")
        except Killed:
            self._tear(content, body)
            raise
        super().append(content, body)
        self.points.reach(f"after {content['type']}")

    def _tear(self, content: dict[str, Any], body: bytes | None) -> None:
        """Write half of the entry."""
        before = os.fstat(self._file).st_size if self._file is not None else 0
        super().append(content, body)
        os.truncate(self._file, before + (os.fstat(self._file).st_size - before) // 2)

    def sync(self) -> None:
        self.points.reach("before flush")
        super().sync()


class FragileLimiter(LocalLimiter):
    def __init__(self, clock: SimulatedClock, points: Failpoints) -> None:
        super().__init__(clock.now)
        self.points = points

    def take(self, windows: Windows, patience: float) -> float:
        self.points.reach("before slot")
        found = super().take(windows, patience)
        self.points.reach("after slot")
        return found

    def pause(self, provider: str, seconds: float) -> None:
        self.points.reach("before pause")
        super().pause(provider, seconds)


class FragileBudget(LocalBudget):
    def __init__(self, points: Failpoints) -> None:
        super().__init__()
        self.points = points

    def resume(self, spent: Decimal, records: int) -> None:
        self.points.reach("before resume")
        super().resume(spent, records)

    def reserve(self, usd: Decimal) -> None:
        self.points.reach("before reserve")
        super().reserve(usd)
        self.points.reach("after reserve")

    def settle(self, reserved: Decimal, spent: Decimal, records: int) -> None:
        self.points.reach("before settle")
        super().settle(reserved, spent, records)
        self.points.reach("after settle")


class FragileLake(Lake):
    """Dies before, within or after a table's file."""

    def __init__(self, root: Path, points: Failpoints) -> None:
        super().__init__(root)
        self.points = points

    def write(self, table: Table, frames: Any, *parts: str, manifest: dict | None = None) -> int:
        self.points.reach(f"before {table.name}")
        found = super().write(table, self._torn(table, frames), *parts, manifest=manifest)
        self.points.reach(f"after {table.name}")
        return found

    def _torn(self, table: Table, frames: Any) -> Iterator[pl.DataFrame]:
        yield from [frames] if isinstance(frames, pl.DataFrame) else frames
        self.points.reach(f"within {table.name}")


ENTRIES = "ask call page retry miss lost".split()
CALL_POINTS = [f"{when} {entry}" for entry in ENTRIES for when in ("before", "within", "after")]
STEP_POINTS = "before flush,before slot,after slot,before pause,before resume,before reserve,after reserve".split(",")
STEP_POINTS += ["before settle", "after settle"]
TABLES = (RAW_RECORDS, RECORD_SIGHTINGS, QUARANTINED_RECORDS, PROVIDER_CALLS)
LAND_POINTS = [f"{when} {table.name}" for table in TABLES for when in ("before", "within", "after")]
POINTS = [*CALL_POINTS, *STEP_POINTS, *LAND_POINTS]

"""How far a partition's questions have come, as its journal tells: what is answered, what is next, what it has cost.

`State` is what `fetch` works on. It is rebuilt entry by entry by the same `apply` that records new entries, so that a
resumed run cannot see things otherwise than the run that was stopped.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from dagster_project.sources.adapter import Adapter, Ask, Cursor


@dataclass
class Track:
    """One question's way: the next page's number and cursor, the records so far, and how it ended, if it has."""

    ask: Ask
    page: int = 0
    cursor: Cursor | None = None
    records: int = 0
    ended: str | None = None


@dataclass
class State:
    """Every question of a partition in order of asking, and the sums of its calls."""

    adapter: Adapter
    tracks: dict[str, Track] = field(default_factory=dict)
    open_calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: int = 0
    records: int = 0
    cost: Decimal = Decimal(0)
    waited: float = 0.0
    outcomes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, adapter: Adapter, entries: Iterable[dict[str, Any]]) -> "State":
        state = cls(adapter)
        for entry in entries:
            state.apply(entry)
        return state

    def apply(self, entry: dict[str, Any]) -> None:
        """Take one entry of the journal into account."""
        getattr(self, f"_{entry['type']}")(entry)

    @property
    def pending(self) -> list[Track]:
        """Questions that still have a page to fetch."""
        return [track for track in self.tracks.values() if track.ended is None]

    @property
    def at_risk(self) -> Decimal:
        """What calls may have cost whose answer was never kept: their process died while they were open."""
        return sum((Decimal(call["reserved"]) for call in self.open_calls.values()), Decimal(0))

    def _ask(self, entry: dict[str, Any]) -> None:
        ask = Ask.parse(entry["ask"])
        self.tracks.setdefault(ask.id, Track(ask))

    def _call(self, entry: dict[str, Any]) -> None:
        self.open_calls[entry["call"]] = entry

    def _page(self, entry: dict[str, Any]) -> None:
        self._settle(entry)
        track = self.tracks[entry["ask"]]
        track.page, track.cursor = entry["page"] + 1, entry["next"]
        track.records += entry["records"]
        track.ended = entry["ended"]
        self.records += entry["records"]

    def _miss(self, entry: dict[str, Any]) -> None:
        self._settle(entry)
        self.tracks[entry["ask"]].ended = entry["ended"]

    def _settle(self, entry: dict[str, Any]) -> None:
        self.open_calls.pop(entry["call"], None)
        self.calls += 1
        self.cost += Decimal(entry["cost"])
        self.waited += entry["waited"]
        self.outcomes[entry["outcome"]] = self.outcomes.get(entry["outcome"], 0) + 1

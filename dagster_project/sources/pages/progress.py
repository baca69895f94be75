"""How far a partition's questions have come, as its journal tells: what is answered, what is next, what it has cost.

`State` is what `fetch` works on. It is rebuilt entry by entry by the same `apply` that records new entries, so that a
resumed run cannot see things otherwise than the run that was stopped.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from dagster_project.sources.adapter import Adapter, Ask, Cursor

# Ends of a question whose results are all there, as far as the provider gives them.
ANSWERED = {"complete", "no_match", "split", "capped"}


@dataclass
class Track:
    """One question's way. `root` is the id of the planned question that it descends from, by a split or a lookup.

    `page` and `cursor` are of the page to fetch next; `results` counts records and lookups; `ended` is how it ended, if
    it has. `keys` are those of the page before, `repeats` how often that page came again; both live in one run only.
    """

    ask: Ask
    root: str
    page: int = 0
    cursor: Cursor | None = None
    records: int = 0
    results: int = 0
    total: int | None = None
    ended: str | None = None
    keys: list[str | None] = field(default_factory=list)
    repeats: int = 0


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

    def pending(self, roots: Iterable[str]) -> Iterator[Track]:
        """Questions of these roots that still have a page to fetch."""
        wanted = set(roots)
        return (track for track in self.tracks.values() if track.ended is None and track.root in wanted)

    def ends(self, roots: Iterable[str]) -> list[str | None]:
        """How the questions of these roots ended, None for those that have not."""
        wanted = set(roots)
        return [track.ended for track in self.tracks.values() if track.root in wanted]

    @property
    def at_risk(self) -> Decimal:
        """What calls may have cost whose answer was never kept: their process died while they were open."""
        return sum((Decimal(call["reserved"]) for call in self.open_calls.values()), Decimal(0))

    def _ask(self, entry: dict[str, Any]) -> None:
        """A planned question."""
        ask = Ask.parse(entry["ask"])
        self._add(ask, ask.id)

    def _add(self, ask: Ask, root: str) -> None:
        self.tracks.setdefault(ask.id, Track(ask, root))

    def _call(self, entry: dict[str, Any]) -> None:
        """A call that is sent now."""
        self.open_calls[entry["call"]] = entry

    def _page(self, entry: dict[str, Any]) -> None:
        """A page that could be read, with the questions that it gives rise to."""
        self._settle(entry)
        track = self.tracks[entry["ask"]]
        track.page, track.cursor = entry["page"] + 1, entry["next"]
        track.records += entry["records"]
        track.results += entry["results"]
        track.total, track.ended = entry["total"], entry["ended"]
        self.records += entry["records"]
        for text in entry["asks"]:
            self._add(Ask.parse(text), track.root)

    def _miss(self, entry: dict[str, Any]) -> None:
        """A last answer that is no page; the question goes on another time when it has not ended."""
        self._settle(entry)
        self.tracks[entry["ask"]].ended = entry["ended"]

    def _retry(self, entry: dict[str, Any]) -> None:
        """A call that is followed by another one for the same page."""
        self._settle(entry)

    def _lost(self, entry: dict[str, Any]) -> None:
        """A call that was open when its process died: taken as charged."""
        self._settle(entry)

    def _settle(self, entry: dict[str, Any]) -> None:
        if entry["call"] is None:  # an answer that was kept, read again
            return
        self.open_calls.pop(entry["call"], None)
        self.calls += 1
        self.cost += Decimal(entry["cost"])
        self.waited += entry["waited"]
        self.outcomes[entry["outcome"]] = self.outcomes.get(entry["outcome"], 0) + 1

"""Asks a provider all the questions of a partition and journals every answer; goes on where a killed run stopped.

A page's way: its money is reserved, the call is journaled as open and sent, and its answer is journaled before anything
is made of it. Questions run side by side, the pages of one in order. What a page means for its question is said in
`turns`; what ends the whole run is a `Stop`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from dagster_project.sources.adapter import Adapter, Ask, Endpoint
from dagster_project.sources.area import Area
from dagster_project.sources.budget import Budget, BudgetSpent, RecordsReached
from dagster_project.sources.pages.calls import Calls, lost
from dagster_project.sources.pages.journal import Entry, Journal
from dagster_project.sources.pages.progress import ANSWERED, State, Track
from dagster_project.sources.pages.turns import SHAPE_ERRORS, STUCK, UNREADABLE, page_entry, read
from dagster_project.transport.client import Attempt, Client
from dagster_project.transport.messages import Answer
from dagster_project.transport.outcomes import STOPPING, Outcome
from dagster_project.transport.windows import TooLong, Window, Windows

# So many refusals in a row mean that the campaign or the adapter is at fault, not a single question.
MOST_REFUSALS = 10
# A page that repeats the one before is asked for again this often: providers do that while they re-sort.
MOST_REPEATS = 2
# Outcomes that end a question; after any other, it goes on in a later run.
ENDING = {Outcome.NO_MATCH, Outcome.BAD_REQUEST, Outcome.SUPPRESSED}
ENDED_BADLY = (str(Outcome.BAD_REQUEST), str(Outcome.SUPPRESSED), UNREADABLE, STUCK)

Ending = Literal["complete", "stopped", "failed"]


class Stop(Exception):
    """No further call is made in this run. `ending` says whether there is enough, a limit is reached, or it failed."""

    def __init__(self, ending: Ending, reason: str) -> None:
        super().__init__(reason)
        self.ending, self.reason = ending, reason


@dataclass(frozen=True)
class Limits:
    """What a partition may ask for: windows by counter (`provider`, `provider/endpoint`), the most results of one
    question by endpoint (None for any number), the most records in all."""

    windows: Mapping[str, Sequence[Window]]
    caps: Mapping[str, int | None]
    max_records: int | None = None


class Fetch:
    """The fetching of one partition. After anything, a new one on the same journal goes on from there."""

    def __init__(
        self,
        adapter: Adapter,
        client: Client,
        journal: Journal,
        budget: Budget,
        limits: Limits,
        area: Area | None = None,
        progress: Callable[[State], None] = lambda state: None,
    ) -> None:
        self.adapter, self.client, self.journal, self.budget = adapter, client, journal, budget
        self.limits, self.area, self.progress = limits, area, progress
        self.state = State.of(adapter, (entry.content for entry in journal.entries()))
        self.waiting: deque[Track] = deque()
        self.queued: set[str] = set()
        self.working = self.open_records = self.refusals = 0
        self.gave_up: dict[str, str] = {}
        self.stop: Stop | None = None
        self.changed = asyncio.Event()

    async def run(self, asks: Iterable[Ask]) -> tuple[Ending, str]:
        """How it ended, and why in a sentence (empty when complete)."""
        roots = [self._planned(ask) for ask in asks]
        for call in list(self.state.open_calls.values()):
            self.record(lost(call))
        for entry in list(self.journal.entries()):
            self._read_again(entry)
        self.budget.resume(self.state.cost, self.state.records)
        self._queue(self.state.pending(roots))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.adapter.concurrency):
                    group.create_task(self._work())
        finally:
            self.journal.sync()
        return self._ending(roots)

    def record(self, entry: dict[str, Any], body: bytes | None = None) -> None:
        """Journal an entry, then believe it."""
        self.journal.append(entry, body)
        self.state.apply(entry)

    def _planned(self, ask: Ask) -> str:
        if ask.id not in self.state.tracks:
            self.record({"type": "ask", "ask": ask.text})
        return ask.id

    def _read_again(self, entry: Entry) -> None:
        """Read a kept answer that could not be read when it came: the adapter may have been mended since."""
        if entry.type != "miss" or entry.content["ended"] != UNREADABLE:
            return
        track = self.state.tracks[entry.content["ask"]]
        if track.ended != UNREADABLE:
            return
        endpoint, body = self.adapter.endpoint(track.ask.endpoint), entry.body()
        try:
            page, _ = read(endpoint, track, Answer(200, {}, body))
        except SHAPE_ERRORS:
            return
        what = page_entry(track, endpoint, page, self._cap(endpoint), self.area)
        self.record({**entry.content, "call": None, "cost": "0", "outcome": str(Outcome.OK), **what}, body)

    def _ending(self, roots: list[str]) -> tuple[Ending, str]:
        if self.stop:
            return self.stop.ending, self.stop.reason
        ends = self.state.ends(roots)
        told = [f"{_questions(ends.count(why))} {why.replace('_', ' ')}" for why in ENDED_BADLY if why in ends]
        if self.gave_up:
            told.append(f"{_questions(len(self.gave_up))} given up for now ({next(iter(self.gave_up.values()))})")
        is_complete = not told and all(end in ANSWERED for end in ends)
        return ("complete", "") if is_complete else ("failed", "; ".join(told))

    async def _work(self) -> None:
        """One of several that take questions in turn, until there are none and nobody can bring new ones."""
        while self.stop is None and (self.waiting or self.working):
            if not self.waiting:
                await self._wait()
                continue
            track = self.waiting.popleft()
            self.working += 1
            try:
                await self._answer(track)
            except Stop as stop:
                self.stop = self.stop or stop
            finally:
                self.working -= 1
                self.changed.set()

    async def _wait(self) -> None:
        """Until anything about the other questions has changed."""
        self.changed.clear()
        await self.changed.wait()

    async def _answer(self, track: Track) -> None:
        """Every page of one question, until it ends, is given up for now, or the run stops."""
        endpoint = self.adapter.endpoint(track.ask.endpoint)
        while track.ended is None and track.ask.id not in self.gave_up and self.stop is None:
            if track.cursor is not None:
                await self.client.clock.sleep(endpoint.page_delay)
            await self._page(track, endpoint)
            self.progress(self.state)

    async def _page(self, track: Track, endpoint: Endpoint) -> None:
        """One page: reserve, ask, keep, settle."""
        limit, reserved = self._reserve(track, endpoint, await self._room(track, endpoint))
        self.open_records += limit
        spent, brought = Decimal(0), 0
        calls = Calls(self.record, track, endpoint.name, reserved)
        try:
            request = endpoint.request(track.ask, track.cursor, limit)
            attempt = await self.client.send(request, self._windows(endpoint), calls)
            spent, brought = self._take(track, endpoint, attempt, calls)
        except TooLong as wait:
            raise Stop("stopped", f"{self.adapter.title} allows no further call for now: {wait}") from None
        finally:
            self.open_records -= limit
            self.budget.settle(reserved, spent, brought)
            self.changed.set()
        if spent:
            # what was paid for survives a crash of the machine, not only of this process
            await asyncio.to_thread(self.journal.sync)

    async def _room(self, track: Track, endpoint: Endpoint) -> int:
        """How many results may be asked for: at least one, and no more than the provider gives or are wanted.

        A page that would reach beyond the cap is refused by some, so the last one is smaller. Waits when the open pages
        may bring the last records that are wanted.
        """
        cap, most = self._cap(endpoint), self.limits.max_records
        limit = endpoint.page_size if cap is None else min(endpoint.page_size, cap - track.results)
        while most is not None and self.open_records and self.state.records + self.open_records >= most:
            await self._wait()
        if endpoint.has_fixed_pages:
            return endpoint.page_size
        wanted = limit if most is None else most - self.state.records - self.open_records
        return max(1, min(limit, wanted))

    def _reserve(self, track: Track, endpoint: Endpoint, limit: int) -> tuple[int, Decimal]:
        """How many results to ask for, and the most they can cost, set aside. Raises `Stop` when nothing is left."""
        price = endpoint.price(track.ask)
        while True:
            try:
                self.budget.reserve(price.of(limit))
            except RecordsReached as reason:
                raise Stop("complete", str(reason)) from None
            except BudgetSpent as reason:
                if not price.per_record or endpoint.has_fixed_pages or limit == 1:
                    raise Stop("stopped", str(reason)) from None
                limit //= 2
            else:
                return limit, price.of(limit)

    def _take(self, track: Track, endpoint: Endpoint, attempt: Attempt, calls: Calls) -> tuple[Decimal, int]:
        """Journal the last answer and act on it; returns what it cost and how many records it brought."""
        outcome = attempt.verdict.outcome
        if outcome is Outcome.OK:
            self.refusals = 0
            return self._read(track, endpoint, attempt, calls)
        if calls.call is not None:
            ended = str(outcome) if outcome in ENDING else None
            self.record({"type": "miss", "cost": "0", **calls.told(attempt), "ended": ended})
        self.refusals = self.refusals + 1 if outcome is Outcome.BAD_REQUEST else 0
        if outcome in STOPPING or self.refusals >= MOST_REFUSALS:
            is_limit = outcome is Outcome.QUOTA_EXHAUSTED
            raise Stop("stopped" if is_limit else "failed", _refusal(self.adapter, attempt))
        if outcome not in ENDING:
            self.gave_up[track.ask.id] = attempt.verdict.reason or str(outcome)
        return Decimal(0), 0

    def _read(self, track: Track, endpoint: Endpoint, attempt: Attempt, calls: Calls) -> tuple[Decimal, int]:
        """A good answer becomes a page; one that cannot be read is kept all the same, for it was paid for."""
        body, price, told = attempt.answer.body, endpoint.price(track.ask), calls.told(attempt)
        try:
            page, keys = read(endpoint, track, attempt.answer)
        except SHAPE_ERRORS as error:
            told |= {"outcome": UNREADABLE, "reason": type(error).__name__, "cost": str(price.of(0))}
            self.record({"type": "miss", **told, "ended": UNREADABLE}, body)
            return price.of(0), 0
        cost = price.of(len(page.records))
        if keys and keys == track.keys and track.repeats < MOST_REPEATS:
            track.repeats += 1
            self.record({"type": "retry", **told, "outcome": "repeated", "cost": str(cost)})
            return cost, 0
        track.keys, track.repeats = keys, 0
        entry = page_entry(track, endpoint, page, self._cap(endpoint), self.area)
        self.record({**told, "cost": str(cost), **entry}, body)
        self._queue(self.state.tracks[Ask.parse(text).id] for text in entry["asks"])
        return cost, len(page.records)

    def _queue(self, tracks: Iterable[Track]) -> None:
        """Have questions answered, each once in a run, however many pages give rise to it."""
        for track in tracks:
            if track.ended is None and track.ask.id not in self.queued:
                self.queued.add(track.ask.id)
                self.waiting.append(track)

    def _cap(self, endpoint: Endpoint) -> int | None:
        return self.limits.caps.get(endpoint.name, endpoint.cap)

    def _windows(self, endpoint: Endpoint) -> Windows:
        names = (self.adapter.name, f"{self.adapter.name}/{endpoint.name}")
        return {name: self.limits.windows.get(name, ()) for name in names}


def _questions(count: int) -> str:
    return f"{count:,} question{'s' if count != 1 else ''}"


def _refusal(adapter: Adapter, attempt: Attempt) -> str:
    """Why a provider cannot be used any further, for people."""
    meaning = {
        Outcome.AUTH: "refuses the key, or this key has no right to it",
        Outcome.QUOTA_EXHAUSTED: "says that the plan's allowance is used up",
        Outcome.UNAVAILABLE: "does not answer",
        Outcome.BAD_REQUEST: f"refused {MOST_REFUSALS} questions in a row",
    }[attempt.verdict.outcome]
    return f"{adapter.title} {meaning} ({attempt.verdict.reason})"

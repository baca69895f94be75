"""Seeded fault runs: an adapter's question asked while everything goes wrong and the process keeps dying.

A run draws faults of the provider and instants at which the process dies, goes on in a new process as often as it
takes, lands, and is judged by the sandbox's own ledger and world.
"""

import asyncio
import random
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import polars as pl

from dagster_project.contracts import PROVIDER_CALLS, QUARANTINED_RECORDS, RAW_RECORDS, RECORD_SIGHTINGS
from dagster_project.resources.lake import Lake
from dagster_project.sandbox.api.stage import Stage
from dagster_project.sources.pages.fetch import Fetch
from tests.adapters.cases import case_of
from tests.adapters.playing import DAY, Line, Sandboxed, fetch_over, landed
from tests.bench.failpoints import (
    POINTS,
    Failpoints,
    FragileBudget,
    FragileJournal,
    FragileLake,
    FragileLimiter,
    Killed,
)
from tests.transport.clock import SimulatedClock

PASSING = "rate_limited rate_limited_silent server_error cut cut_within truncated token_early field_extra".split()
LASTING = "quota list_missing".split()
OF_LISTS = "reordered duplicated".split()
# A run that is not complete after so many processes, the last of which were left alone, ended in the class it states.
MOST_PROCESSES, MOST_ALONE = 25, 4


@dataclass
class Judgement:
    """One run. `open_again` are pages paid for again because their call was open when the process died."""

    provider: str
    ending: str = ""
    reason: str = ""
    processes: int = 0
    kills: int = 0
    calls: int = 0
    lost: int = 0
    invented: int = 0
    duplicated: int = 0
    paid_twice: int = 0
    open_again: int = 0
    unbilled: Decimal = Decimal(0)
    faults: int = 0

    @property
    def is_wrong(self) -> bool:
        """Anything that must never be; `unbilled` is what was charged and is not in the runtime's account."""
        return bool(self.lost or self.invented or self.duplicated or self.paid_twice or self.unbilled)

    @property
    def is_stated(self) -> bool:
        return self.ending == "complete" or (self.ending in ("failed", "stopped") and bool(self.reason))


class FaultRuns:
    """Runs over one sandbox, called in this process on a simulated clock."""

    def __init__(self, records: int, folder: Path) -> None:
        self.clock = SimulatedClock(1_800_000_000.0)
        self.stage = Stage(records, 7, complete=True, limits={"*": "off"}, clock=self.clock.now)
        self.folder, self.points = folder, Failpoints()
        self.known: dict[str, Sandboxed] = {}

    def played(self, name: str) -> Sandboxed:
        """The provider with its question; the truth is worked out once."""
        if name not in self.known:
            self.known[name] = Sandboxed(case_of(name), self.stage)
        return self.known[name]

    def run(self, name: str, seed: int) -> Judgement:
        chance = random.Random(seed)
        self.stage.reset()
        played = self.played(name)
        self.stage.disturb({"*": faults(chance, name), "seed": seed})
        kills = [(chance.choice(POINTS), chance.choice([1, 1, 2, 4])) for _ in range(chance.choice([0, 1, 2, 4, 6]))]
        folder, concurrency = self.folder / f"{name}-{seed}", chance.choice([1, 2, 4, 8])
        found, alone = Judgement(name), 0
        while found.ending != "complete" and alone < MOST_ALONE and found.processes < MOST_PROCESSES:
            alone += not kills
            found.processes += 1
            self.points.arm(*(kills.pop() if kills else ("", 0)))
            try:
                found.ending, found.reason = self._process(played, folder, concurrency)
            except (Killed, BaseExceptionGroup):
                if not self.points.is_dead:
                    raise
                found.kills, found.ending, found.reason = found.kills + 1, "killed", ""
        return self._judge(found, played, folder)

    def _process(self, played: Sandboxed, folder: Path, concurrency: int) -> tuple[str, str]:
        """Fetch and land in one process."""
        line = Line(played, self.clock)
        limiter, budget = FragileLimiter(self.clock, self.points), FragileBudget(self.points)
        fetch = fetch_over(line, folder / "pages", limiter=limiter, budget=budget, concurrency=concurrency)
        fetch.journal = FragileJournal(folder / "pages", self.points)
        ended = asyncio.run(fetch.run(played.question.asks))
        write(fetch, folder, FragileLake(folder / "lake", self.points))
        return ended

    def _judge(self, found: Judgement, played: Sandboxed, folder: Path) -> Judgement:
        """Hold what is landed against the world and the ledger."""
        frame, again = Lake(folder / "lake").scan(RAW_RECORDS).collect(), landed(played.adapter, folder / "pages")
        keys, state = set(frame["provider_key"]), again.state
        # what the journal keeps must be landed, and of a complete run all that the world holds
        kept = set(pl.concat([RAW_RECORDS.empty(), *again.raw()])["provider_key"])
        found.lost = len((kept | (played.question.least if found.ending == "complete" else set())) - keys)
        found.invented = len(keys - played.question.most)
        found.duplicated = frame.height - frame.unique(["record_id", "payload_hash"]).height
        open_calls = state.outcomes.get("lost", 0)
        found.open_again, found.paid_twice = min(played.repeated, open_calls), max(0, played.repeated - open_calls)
        found.calls, found.unbilled = state.calls, max(Decimal(0), played.charged - state.cost)
        found.faults = sum(line.fault is not None for line in self.stage.ledger.lines)
        return found


def faults(chance: random.Random, name: str) -> dict[str, float]:
    """Shares of calls, or of questions, that faults hit: a few kinds at a time, now and then one that lasts."""
    found = {fault: chance.choice([0.02, 0.05, 0.1]) for fault in chance.sample(PASSING, chance.randint(0, 4))}
    found |= {fault: chance.choice([0.3, 1.0]) for fault in OF_LISTS if chance.random() < 0.3}
    if chance.random() < 0.1:
        # the new Places API leaves its list out where there is nothing: nobody could see that it is missing
        found[chance.choice(LASTING if name != "google_places" else LASTING[:1])] = 1.0
    return found


def write(fetch: Fetch, folder: Path, lake: Lake) -> None:
    """Land what the journal keeps."""
    landing = landed(fetch.adapter, folder / "pages")
    where = ("default", f"demo.{fetch.adapter.name}", DAY.isoformat())
    lake.write(RAW_RECORDS, landing.raw(), *where)
    lake.write(RECORD_SIGHTINGS, landing.sightings(), *where)
    lake.write(QUARANTINED_RECORDS, landing.quarantined(), "land", *where)
    lake.write(PROVIDER_CALLS, landing.calls(), *where)

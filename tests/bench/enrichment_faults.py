"""Seeded runs of a waterfall in which providers fail and workers are killed, each held against the sandbox's own bill.

A run has a tenant of its own, so that it shares neither memory nor money with another. Its request is worked on by
process after process, some of them killed at a failpoint, until every job has ended.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from dagster_project.enrichment.asking import Asker
from dagster_project.enrichment.money import Caps
from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.promises import Promises
from dagster_project.enrichment.providers import providers
from dagster_project.enrichment.requests import Requests
from dagster_project.enrichment.rounds import Plan, Report
from dagster_project.enrichment.run import Run
from dagster_project.enrichment.subject import FIELDS
from dagster_project.resources.steady import SteadyApp
from dagster_project.resources.warehouse import Warehouse
from dagster_project.sandbox.api.stage import Stage
from dagster_project.transport.breaker import LocalBreaker
from dagster_project.transport.clock import WallClock
from dagster_project.transport.windows import LocalLimiter
from tests.bench.enrichment_audit import Judgement, judge
from tests.bench.enrichment_world import InProcess, companies, configs, default_waterfall, people
from tests.enrichment.test_kills import POINTS, Killed

FAULTS = "rate_limited rate_limited_silent server_error cut cut_charged cut_within truncated stall quota".split()
# A stalled answer takes longer than a call may, a promised one less than a run waits for it.
TIMES = {"stall": 0.4, "retry_after": 0.05}
TIMEOUT_MS, PROMISE_SECONDS, PATIENCE_SECONDS = 200, 0.15, 2.0
MOST_PROCESSES, HURRY_SECONDS = 8, 0.1
KEEP = timedelta(days=30)
# What is polled for may be polled for now; what is asked for again was promised until it is due.
PROMISES_DUE = """
update ops.enrichment_pending
set poll_at = now(), expires_at = case when reservation = '{}' then now() else expires_at end where state = 'waiting'
"""
JOBS_DUE = "update ops.enrichment_jobs set next_at = now() where state = 'pending'"
LEASES_OVER = "update ops.enrichment_jobs set lease_until = now() where state = 'running'"


@dataclass
class Drawn:
    """What the seed says of a run: who works, what fails, what may be spent, who is killed where."""

    chance: random.Random
    org_id: str
    rates: dict[str, float] = field(default_factory=dict)
    caps: Caps = field(default_factory=Caps)
    kills: list[tuple[str, int]] = field(default_factory=list)
    workers: int = 1
    batch_size: int = 100
    has_courier: bool = False

    @classmethod
    def of(cls, seed: int) -> "Drawn":
        chance = random.Random(seed)
        found = cls(chance, f"run-{seed}")
        kinds = chance.sample(FAULTS, chance.randint(0, 5))
        found.rates = {kind: chance.choice([0.02, 0.05, 0.15]) for kind in kinds}
        found.caps = tight_caps(chance) if chance.random() < 1 / 3 else Caps()
        found.kills = [(chance.choice(POINTS), chance.randint(1, 4)) for _ in range(chance.choice([0, 1, 1, 2, 3]))]
        found.workers, found.batch_size = chance.choice([1, 1, 2, 3]), chance.choice([2, 3, 100])
        found.has_courier = chance.random() < 0.5
        return found


def tight_caps(chance: random.Random) -> Caps:
    """One to three caps that a request of some dollars meets."""

    def cents(least: int, most: int) -> Decimal:
        return Decimal(chance.randint(least, most)) / 100

    drawn = {
        "lead": cents(5, 60),
        "request": cents(20, 300),
        "day": cents(20, 300),
        "campaign": cents(20, 300),
        "providers": {name: cents(5, 80) for name in chance.sample(sorted(providers()), 4)},
    }
    return Caps(**{name: drawn[name] for name in chance.sample(sorted(drawn), chance.randint(1, 3))})


class FaultRuns:
    """The runs; `faults` and `points` count what happened in all of them."""

    def __init__(self, folder: Path, warehouse: Warehouse, records: int) -> None:
        self.warehouse, self.stage = warehouse, Stage(records, 7, limits={"*": "off"})
        self.rules = {name: f.settings for name, f in default_waterfall(folder, providers()).fields.items()}
        short = {"timeout_ms": TIMEOUT_MS}
        self.rules = {name: rules.model_copy(update=short) for name, rules in self.rules.items()}
        self.pools = companies(self.stage.first_day), people(self.stage.first_day)
        self.connect = SteadyApp(warehouse)
        self.faults: Counter[str] = Counter()
        self.points: Counter[str] = Counter()

    def run(self, seed: int) -> Judgement:
        """Make a request and work on it until every job has ended."""
        drawn, stage = Drawn.of(seed), self.stage
        stage.reset()
        stage.disturb({"*": drawn.rates, "seed": seed, "times": TIMES})
        stage.desk.promises.seconds, stage.desk.promises.is_twice = PROMISE_SECONDS, True
        requests = Requests(self.connect, drawn.org_id)
        subjects = [one for pool in self.pools for one in drawn.chance.sample(pool, drawn.chance.randint(3, 5))]
        requests.create("r", subjects, list(FIELDS), by="bench", estimate=Decimal(0), campaign="bench")
        line, kills, processes = _Line(stage), list(drawn.kills), 0
        while processes < MOST_PROCESSES:
            processes += 1
            failpoint = self._killer(*kills.pop()) if kills else None
            asyncio.run(self._process(drawn, line, failpoint or (lambda name: None)))
            self._expire(drawn.org_id)
            if failpoint is None and self._is_over(requests):
                break
        self.faults.update(entry.fault for entry in stage.ledger.lines if entry.fault)
        return judge(self.warehouse, drawn.org_id, stage, drawn.caps, processes, len(drawn.kills) - len(kills))

    def _killer(self, point: str, time: int) -> Callable[[str], None]:
        """A failpoint at which a worker is killed, the so-manieth time that any of the process comes there."""
        met: Counter[str] = Counter()

        def at(name: str) -> None:
            met[name] += 1
            if name == point and met[name] == time:
                self.points[name] += 1
                raise Killed

        return at

    def _is_over(self, requests: Requests) -> bool:
        """Whether no job is left, but in a request that was stopped."""
        is_stopped = requests.get("r").state == "stopped"
        return is_stopped or not requests.counts("r").keys() & {"pending", "running"}

    async def _process(self, drawn: Drawn, line: "_Line", failpoint: Callable[[str], None]) -> None:
        """Workers side by side, beside them the time that passes and what is delivered to the webhook."""
        beside = [asyncio.create_task(self._hurry(drawn.org_id))]
        if drawn.has_courier:
            beside.append(asyncio.create_task(self._deliver(drawn.org_id)))
        workers = [self._work(drawn, line, failpoint) for _ in range(drawn.workers)]
        ended = await asyncio.gather(*workers, return_exceptions=True)
        for task in beside:
            task.cancel()
        ended += await asyncio.gather(*beside, return_exceptions=True)
        for error in (one for one in ended if isinstance(one, BaseException)):
            if not isinstance(error, asyncio.CancelledError) and not _is_kill(error):
                raise error

    async def _hurry(self, org_id: str) -> None:
        """Let what is waited for be due at once: its seconds are the provider's and none of this bench's."""
        while True:
            await asyncio.sleep(HURRY_SECONDS)
            await asyncio.to_thread(self._make_due, org_id)

    def _make_due(self, org_id: str) -> None:
        with self.connect(org_id) as connection:
            connection.execute(PROMISES_DUE)
            connection.execute(JOBS_DUE)

    async def _work(self, drawn: Drawn, line: "_Line", failpoint: Callable[[str], None]) -> Report:
        connect = SteadyApp(self.warehouse)
        plan = Plan(lambda subject: self.rules, lambda subject: drawn.caps, batch_size=drawn.batch_size)
        request = Requests(connect, drawn.org_id).get("r")
        try:
            async with line.asker() as asker:
                options = {"patience": PATIENCE_SECONDS, "failpoint": failpoint}
                return await Run(connect, drawn.org_id, asker, plan, request, **options).run()
        finally:
            # what was given to a thread is committed all the same
            await asyncio.shield(asyncio.to_thread(connect.close))

    async def _deliver(self, org_id: str) -> None:
        """Bring each promised answer twice, as a webhook would."""
        promises, found = Promises(self.connect, org_id), providers()
        while True:
            for body in self.stage.desk.promises.collect():
                provider = found[body["provider"]]
                for lookup in (one for one in provider.endpoints if one.read_delivery and one.poll):
                    with suppress(LookupError, TypeError, ValueError):
                        for request_id, reading in lookup.read_delivery(body["body"]):
                            cost = offer(provider.name, lookup.name).cost(reading)
                            take = partial(promises.take, provider.name, request_id, reading, cost, KEEP, KEEP)
                            await asyncio.to_thread(take)
            await asyncio.sleep(0.02)

    def _expire(self, org_id: str) -> None:
        """Time passes: the leases of who was killed have run out, what was waited for is due."""
        with self.connect(org_id) as connection:
            connection.execute(LEASES_OVER)
        self._make_due(org_id)


class _Line:
    """What all processes of a run share of the providers, on a wall clock."""

    def __init__(self, stage: Stage) -> None:
        self.stage, clock = stage, WallClock()
        self.limiter, self.clock = LocalLimiter(clock.now), clock
        self.breakers: dict[str, LocalBreaker] = {}

    def breaker(self, provider: str) -> LocalBreaker:
        return self.breakers.setdefault(provider, LocalBreaker(self.clock.now))

    def asker(self) -> Asker:
        where = configs("http://sandbox", self.stage.key)
        return Asker(providers(), where, self.limiter, self.breaker, transport=InProcess(self.stage))


def _is_kill(error: BaseException) -> bool:
    """Whether a worker ended because it was killed, and for nothing else."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_kill, error.exceptions))
    return isinstance(error, Killed)

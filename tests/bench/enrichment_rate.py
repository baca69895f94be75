"""A large request against a sandbox in a process of its own: how fast it goes, and the same again from memory.

The request is stored by a process of its own too, so that this one's memory is that of the work alone.
"""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

import psutil
import uvloop

from dagster_project.enrichment.asking import Asker
from dagster_project.enrichment.money import Caps
from dagster_project.enrichment.providers import providers
from dagster_project.enrichment.requests import Requests
from dagster_project.enrichment.rounds import Plan, Report
from dagster_project.enrichment.run import CHUNKS, Run
from dagster_project.enrichment.subject import Subject
from dagster_project.resources.steady import SteadyApp
from dagster_project.resources.warehouse import Warehouse
from dagster_project.sandbox.api.live import LiveWorld
from dagster_project.sandbox.api.server import Sandbox
from dagster_project.sandbox.world import PERSONS, SMALLEST
from dagster_project.transport.clock import WallClock
from dagster_project.transport.shared import SharedBreaker, SharedLimiter
from tests.bench.enrichment_world import companies, configs, default_waterfall, people, warehouse

ORG, SEED, FIELDS = "bench", 7, ("email", "phone", "title", "company", "tech")
SAY_SECONDS = 10.0
BATCHED = """
select coalesce(sum(subjects) filter (where subjects > 1), 0)::float8 / greatest(sum(subjects), 1)
from ops.enrichment_calls where request_id = %s
"""


@dataclass(frozen=True)
class Asked:
    """One request that was worked on; times are of `time.monotonic`. `cpu` are CPU seconds by whose they are,
    `batched` is the share of questions that went out several in a call."""

    report: Report
    began: float
    ended: float
    cpu: dict[str, float]
    batched: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def hits(self) -> float:
        """Share of the answers that were remembered."""
        return self.report.cached / max(1, self.report.cached + self.report.asked)


@dataclass(frozen=True)
class Place:
    """Where a request is worked on: the house, and the sandbox that it asks."""

    folder: Path
    house: Warehouse
    shop: Sandbox

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of this process, of the database's processes and of the sandbox."""
        server = psutil.Process(self.house.embedded.pid)
        ended = server.cpu_times()
        database = sum(map(_cpu, [server, *server.children()])) + ended.children_user + ended.children_system
        return {"run": time.process_time(), "database": database, "sandbox": _cpu(psutil.Process(self.shop.pid))}


def _cpu(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return times.user + times.system
    return 0.0


def records_for(leads: int) -> int:
    """Records of a world that has so many people."""
    return max(SMALLEST, int(leads / PERSONS) + 100)


def subjects(leads: int) -> list[Subject]:
    """So many contacts and as many leads, in turn."""
    world = LiveWorld.make(records_for(leads), SEED)
    pairs = zip(companies(world, leads), people(world, leads), strict=False)
    return [one for pair in pairs for one in pair]


def store(folder: Path, leads: int, request_ids: tuple[str, ...]) -> int:
    """Store requests about the same leads and contacts, in a process of its own; returns how many leads they are."""
    with ProcessPoolExecutor(1, get_context("spawn")) as other:
        return other.submit(_store, folder, leads, request_ids).result()


def _store(folder: Path, leads: int, request_ids: tuple[str, ...]) -> int:
    found, connect = subjects(leads), SteadyApp(warehouse(folder))
    for request_id in request_ids:
        Requests(connect, ORG).create(request_id, found, FIELDS, by="bench", estimate=Decimal(0))
    connect.close()
    return len(found) // 2


def work(place: Place, request_id: str, say: Callable[[str], None]) -> Asked:
    """Work on a request as the project does, with connections of the ledger and of the limits apart."""
    connect, limits = SteadyApp(place.house, CHUNKS), SteadyApp(place.house)
    chosen = default_waterfall(place.folder, providers())
    rules = {name: found.settings for name, found in chosen.fields.items()}
    plan = Plan(lambda subject: rules, lambda subject: Caps(), batch_size=chosen.batch_size)
    request = Requests(connect, ORG).get(request_id)
    where = configs(place.shop.url, place.shop.key)

    def breaker(provider: str) -> SharedBreaker:
        return SharedBreaker(limits, ORG, provider, WallClock().now)

    async def run() -> Report:
        async with Asker(providers(), where, SharedLimiter(limits, ORG), breaker) as asker:
            return await Run(connect, ORG, asker, plan, request, progress=Sayings(request_id, say)).run()

    cpu, began = place.cpu(), time.monotonic()
    try:
        report = uvloop.run(run())
        used = {name: seconds - cpu[name] for name, seconds in place.cpu().items()}
        return Asked(report, began, time.monotonic(), used, _batched(place.house, request_id))
    finally:
        connect.close()
        limits.close()


def _batched(house: Warehouse, request_id: str) -> float:
    with house.connect() as connection:
        return connection.execute(BATCHED, [request_id]).fetchone()[0] or 0.0


class Sayings:
    """Says from time to time how far a run is."""

    def __init__(self, request_id: str, say: Callable[[str], None]) -> None:
        self.request_id, self.say, self.process = request_id, say, psutil.Process()
        self.began = self.said = time.monotonic()

    def __call__(self, report: Report) -> None:
        now = time.monotonic()
        if now - self.said < SAY_SECONDS:
            return
        self.said, seconds = now, now - self.began
        # a lead has two jobs, its own and its contact's
        leads, mib = report.jobs / 2, self.process.memory_info().rss / 2**20
        self.say(
            f"{self.request_id}: {seconds:,.0f} s, {leads:,.0f} leads taken through, {leads / seconds:,.0f} a second; "
            f"{report.calls:,} calls, {report.asked:,} answers, {report.cached:,} from memory; {mib:,.0f} MiB"
        )

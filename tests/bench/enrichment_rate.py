"""A large request against a sandbox in a process of its own: how fast it goes, and the same again from memory."""

import asyncio
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from dagster_project.enrichment.asking import Asker
from dagster_project.enrichment.money import Caps
from dagster_project.enrichment.providers import providers
from dagster_project.enrichment.requests import Requests
from dagster_project.enrichment.rounds import Plan, Report
from dagster_project.enrichment.run import Run
from dagster_project.enrichment.subject import Subject
from dagster_project.resources.steady import SteadyApp
from dagster_project.resources.warehouse import Warehouse
from dagster_project.sandbox.api.live import LiveWorld
from dagster_project.sandbox.world import PERSONS, SMALLEST
from dagster_project.transport.clock import WallClock
from dagster_project.transport.shared import SharedBreaker, SharedLimiter
from tests.bench.enrichment_world import companies, configs, default_waterfall, people

ORG, SEED, FIELDS = "bench", 7, ("email", "phone", "title", "company", "tech")


@dataclass(frozen=True)
class Asked:
    """One request that was worked on; times are of `time.monotonic`, `cpu` are seconds of this process."""

    report: Report
    began: float
    ended: float
    cpu: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def records_for(leads: int) -> int:
    """Records of a world that has so many people."""
    return max(SMALLEST, int(leads / PERSONS) + 100)


def subjects(leads: int) -> list[Subject]:
    """So many contacts and as many leads, in turn."""
    world = LiveWorld.make(records_for(leads), SEED)
    pairs = zip(companies(world, leads), people(world, leads), strict=False)
    return [one for pair in pairs for one in pair]


def make_request(warehouse: Warehouse, request_id: str, found: list[Subject]) -> float:
    """Store a request; returns the seconds that took."""
    began, connect = time.monotonic(), SteadyApp(warehouse)
    Requests(connect, ORG).create(request_id, found, FIELDS, by="bench", estimate=Decimal(0))
    connect.close()
    return time.monotonic() - began


def work(folder: Path, warehouse: Warehouse, url: str, key: str, request_id: str) -> Asked:
    """Work on a request as the project does, with connections of the ledger and of the limits apart."""
    connect, limits = SteadyApp(warehouse, 3), SteadyApp(warehouse)
    chosen = default_waterfall(folder, providers())
    rules = {name: found.settings for name, found in chosen.fields.items()}
    plan = Plan(lambda subject: rules, lambda subject: Caps(), batch_size=chosen.batch_size)
    request = Requests(connect, ORG).get(request_id)

    def breaker(provider: str) -> SharedBreaker:
        return SharedBreaker(limits, ORG, provider, WallClock().now)

    async def run() -> Report:
        async with Asker(providers(), configs(url, key), SharedLimiter(limits, ORG), breaker) as asker:
            return await Run(connect, ORG, asker, plan, request).run()

    began, cpu = time.monotonic(), time.process_time()
    try:
        report = asyncio.run(run())
        return Asked(report, began, time.monotonic(), time.process_time() - cpu)
    finally:
        connect.close()
        limits.close()

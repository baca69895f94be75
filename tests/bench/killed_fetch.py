"""A process that fetches a partition over HTTP and kills itself at a named failpoint: `python -m … JSON`.

Failpoints are those of `failpoints`; without one it runs to its end and prints how that was.
"""

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from dagster_project.sources.adapter import Ask
from dagster_project.sources.area import Circle, Point
from dagster_project.sources.budget import LocalBudget
from dagster_project.sources.pages.fetch import Fetch, Limits
from dagster_project.sources.providers import adapter
from dagster_project.transport.breaker import LocalBreaker
from dagster_project.transport.client import Client
from dagster_project.transport.clock import WallClock
from dagster_project.transport.windows import LocalLimiter
from tests.bench.failpoints import Failpoints, FragileJournal, Killed


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Fatal(Failpoints):
    """Ends the process by the signal that none survives; within an entry, half of which is written first, later."""

    def reach(self, name: str) -> None:
        try:
            super().reach(name)
        except Killed:
            if name.startswith("within"):
                raise
            die()


class FatalJournal(FragileJournal):
    def _tear(self, content: dict[str, Any], body: bytes | None) -> None:
        super()._tear(content, body)
        die()


async def run(order: dict) -> tuple[str, str]:
    clock, points = WallClock(), Fatal()
    points.arm(order["point"], order["nth"])
    found = adapter(order["provider"])
    found = replace(found, endpoints=tuple(replace(e, page_size=min(e.page_size, 50)) for e in found.endpoints))
    limiter, breaker = LocalLimiter(clock.now), LocalBreaker(clock.now)
    place = order["area"]
    area = Circle(Point(place["lat"], place["lon"]), place["radius_km"]) if place else None
    async with Client(
        *(found.name, order["url"], found.auth, order["key"], found.verdict),
        limiter=limiter,
        breaker=breaker,
        concurrency=found.concurrency,
    ) as client:
        limits = Limits({}, {endpoint.name: endpoint.cap for endpoint in found.endpoints})
        journal = FatalJournal(Path(order["folder"]), points)
        fetch = Fetch(found, client, journal, LocalBudget(), limits, area)
        return await fetch.run([Ask.parse(text) for text in order["asks"]])


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))

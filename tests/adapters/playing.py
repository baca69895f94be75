"""An adapter's provider, played within this process by the sandbox, and a partition fetched from it and landed.

Whoever plays keeps count of what was answered and charged, on the test's clock, so that the runtime's own account is
held against another one.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import httpx
import polars as pl

from dagster_project.sandbox.api.app import App, ConnectionCut
from dagster_project.sandbox.api.ledger import Ledger
from dagster_project.sandbox.api.stage import Stage
from dagster_project.sources.adapter import Adapter
from dagster_project.sources.budget import Budget, LocalBudget
from dagster_project.sources.pages.fetch import Fetch, Limits
from dagster_project.sources.pages.journal import Journal
from dagster_project.sources.pages.landing import PageLanding, Partition
from dagster_project.transport.breaker import LocalBreaker
from dagster_project.transport.client import PATIENCE_SECONDS, Client
from dagster_project.transport.windows import LocalLimiter, Window
from tests.adapters.cases import Case
from tests.adapters.questions import Question, question_of
from tests.transport.clock import SimulatedClock

KEY = "sandbox"
DAY = date(2026, 11, 23)
# A page of what is asked in these tests, where the provider lets one choose: several pages, in little time.
PAGE = 50


class Played(Protocol):
    """A provider that answers. `charged` and `repeated` are its own count: USD, and pages that it answered twice."""

    adapter: Adapter
    question: Question

    async def answer(self, request: httpx.Request) -> httpx.Response: ...
    @property
    def charged(self) -> Decimal: ...
    @property
    def repeated(self) -> int: ...
    @property
    def pages(self) -> set[tuple[str, ...]]:
        """What was answered as it should be: one element per page of a question."""

    def forget(self) -> None:
        """Begin to count anew."""


class Sandboxed:
    """The sandbox, called without a socket."""

    def __init__(self, case: Case, stage: Stage) -> None:
        self.stage, self.adapter, self.question = stage, paged(case.adapter), question_of(case.name, stage)
        self._app = httpx.ASGITransport(App(stage))

    async def answer(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._app.handle_async_request(request)
        except ConnectionCut:
            raise httpx.RemoteProtocolError("cut", request=request) from None

    @property
    def account(self) -> dict[str, Any]:
        return self.stage.ledger.bill().get(self.adapter.name, {"charged": "0", "repeated": 0})

    @property
    def charged(self) -> Decimal:
        return Decimal(self.account["charged"])

    @property
    def repeated(self) -> int:
        return self.account["repeated"]

    @property
    def pages(self) -> set[tuple[str, ...]]:
        return {page[1:3] for page in self.stage.ledger.handed if page[0] == self.adapter.name}

    def forget(self) -> None:
        self.stage.ledger = Ledger()


def paged(found: Adapter) -> Adapter:
    """The adapter with small pages, where it lets one choose their size."""
    return replace(found, endpoints=tuple(replace(e, page_size=min(PAGE, e.page_size)) for e in found.endpoints))


Fault = Callable[[httpx.Request], httpx.Response] | None


@dataclass
class Line(httpx.AsyncBaseTransport):
    """The way to a provider: `faults` happen to the first calls instead of being answered, None being no fault.

    `arrived` is when each call came and its path, by the clock.
    """

    played: Played
    clock: SimulatedClock
    faults: Iterable[Fault] = ()
    change: Callable[[httpx.Response], httpx.Response] = lambda response: response
    arrived: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._faults = iter(self.faults)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.arrived.append((self.clock.now(), request.url.path.removeprefix(f"/{self.played.adapter.name}")))
        if fault := next(self._faults, None):
            return fault(request)
        response = await self.played.answer(request)
        await response.aread()
        return self.change(response)


@dataclass(frozen=True)
class Run:
    """A fetching that has ended."""

    fetch: Fetch
    ending: str
    reason: str

    @property
    def outcomes(self) -> dict[str, int]:
        return self.fetch.state.outcomes

    @property
    def keys(self) -> set[str]:
        """Keys of what would be landed."""
        frame = raw(landed(self.fetch.adapter, self.fetch.journal.folder))
        return set(frame["provider_key"]) if frame.height else set()


def check_found(played: Played, keys: set[str]) -> None:
    """All that the world holds for the question, and nothing else."""
    assert played.question.least
    assert played.question.least <= keys <= played.question.most


def fetched(line: Line, folder: Path, **how: Any) -> Run:
    """All of the line's question fetched in a partition; `how` as for `fetch_over`."""
    fetch = fetch_over(line, folder, **how)
    return Run(fetch, *asyncio.run(fetch.run(line.played.question.asks)))


def fetch_over(
    line: Line,
    folder: Path,
    *,
    limiter: LocalLimiter | None = None,
    budget: Budget | None = None,
    windows: Mapping[str, tuple[Window, ...]] | None = None,
    caps: Mapping[str, int | None] | None = None,
    concurrency: int | None = None,
    patience: float = PATIENCE_SECONDS,
) -> Fetch:
    """The fetching of one partition over a line; without `windows` it may go as fast as it can."""
    clock, adapter = line.clock, line.played.adapter
    adapter = replace(adapter, concurrency=concurrency or adapter.concurrency)
    client = Client(
        adapter.name,
        f"http://sandbox/{adapter.name}",
        adapter.auth,
        KEY,
        adapter.verdict,
        limiter=limiter or LocalLimiter(clock.now),
        breaker=LocalBreaker(clock.now),
        concurrency=adapter.concurrency,
        clock=clock,
        transport=line,
        patience=patience,
    )
    own = {endpoint.name: endpoint.cap for endpoint in adapter.endpoints}
    limits = Limits(windows or {}, {**own, **(caps or {})})
    return Fetch(adapter, client, Journal(folder), budget or LocalBudget(), limits, line.played.question.area)


def landed(
    adapter: Adapter, folder: Path, known: pl.DataFrame | None = None, day: date = DAY, run_id: str = "run"
) -> PageLanding:
    """The partition that a journal gives; `known` are the last versions before it."""
    partition = Partition("default", "demo", f"demo.{adapter.name}", day, run_id)
    nothing = pl.DataFrame(schema={"record_id": pl.String, "payload_hash": pl.String})
    return PageLanding(Journal(folder), adapter, partition, nothing if known is None else known)


def raw(landing: PageLanding) -> pl.DataFrame:
    """All its new versions."""
    frames = list(landing.raw())
    return pl.concat(frames) if frames else pl.DataFrame()

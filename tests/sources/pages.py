"""A provider in a few lines, and its fetching without network or database: for tests of the runtime."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

import httpx
import orjson

from dagster_project.sources.adapter import Adapter, Ask, Cursor, Endpoint, Need, Page, Price
from dagster_project.sources.area import Area
from dagster_project.sources.budget import Budget, LocalBudget
from dagster_project.sources.pages.fetch import Fetch, Limits
from dagster_project.sources.pages.journal import Journal
from dagster_project.transport.breaker import LocalBreaker
from dagster_project.transport.client import Client
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import LocalLimiter, Window
from tests.transport.clock import SimulatedClock

Handler = Callable[[httpx.Request], httpx.Response]
CALL_USD = Decimal("0.01")


def asks(need: Need) -> Iterable[Ask]:
    return [Ask("search", {"q": word}) for word in need.keywords]


def request(ask: Ask, cursor: Cursor | None, limit: int) -> Request:
    return Request("GET", "/search", {"q": ask.params["q"], "offset": cursor or 0, "limit": limit})


def page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    found, total = answer.json["items"], answer.json.get("total")
    reached = int(cursor or 0) + len(found)
    more = found and (total is None or reached < total)
    return Page(found, next=reached if more else None, total=total)


def adapter(page_size: int = 2, cap: int | None = None, concurrency: int = 2, price: Price | None = None) -> Adapter:
    """Searches by word, in pages of two, a cent a call."""
    return Adapter(
        name="shops",
        title="Shops",
        base_url="https://shops.example",
        auth=Auth.param("key"),
        windows=(Window(1_000, 1),),
        concurrency=concurrency,
        terms=Terms("", {"*": None}, None, "", ""),
        endpoints=(
            Endpoint(
                name="search",
                kind="business",
                asks=asks,
                request=request,
                page=page,
                price=lambda ask: price or Price(CALL_USD),
                fields={"name": "name"},
                volatile=("seen",),
                page_size=page_size,
                cap=cap,
            ),
        ),
    )


class Shop:
    """Answers searches from `stock` (word to items), and counts its calls by (word, offset)."""

    def __init__(self, stock: dict[str, list[dict]], faults: Iterable[Handler] = ()) -> None:
        self.stock, self.faults = stock, iter(faults)
        self.calls: list[tuple[str, int]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        if fault := next(self.faults, None):
            return fault(request)
        word, offset, limit = params["q"], int(params["offset"]), int(params["limit"])
        self.calls.append((word, offset))
        items = self.stock.get(word, [])
        return httpx.Response(200, json={"items": items[offset : offset + limit], "total": len(items)})


def items(*keys: str) -> list[dict]:
    return [{"id": key, "name": key.title()} for key in keys]


def fetching(
    folder: Path,
    handler: Handler,
    found: Adapter | None = None,
    budget: Budget | None = None,
    area: Area | None = None,
    max_records: int | None = None,
    clock: SimulatedClock | None = None,
    patience: float = 900.0,
) -> Fetch:
    """A fetch over a journal in `folder`, of a provider that is `handler`."""
    found, clock = found or adapter(), clock or SimulatedClock()
    client = Client(
        found.name,
        found.base_url,
        found.auth,
        "secret-key",
        found.verdict,
        limiter=LocalLimiter(clock.now),
        breaker=LocalBreaker(clock.now),
        concurrency=found.concurrency,
        clock=clock,
        transport=httpx.MockTransport(handler),
        patience=patience,
    )
    caps = {endpoint.name: endpoint.cap for endpoint in found.endpoints}
    limits = Limits({found.name: found.windows}, caps, max_records)
    return Fetch(found, client, Journal(folder), budget or LocalBudget(), limits, area)


def said(journal: Journal) -> list[dict]:
    return [entry.content for entry in journal.entries()]


def bodies(folder: Path) -> list[dict]:
    """Every record that the journal keeps, in order."""
    kept = [entry for entry in Journal(folder).entries() if entry.type == "page"]
    return [record for entry in kept for record in orjson.loads(entry.body())["items"]]

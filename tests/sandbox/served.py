"""Asking a sandbox as an adapter does: one call, or a whole question page by page."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import httpx

from dagster_project.sandbox.api.server import Sandbox
from dagster_project.sources.adapter import Ask, Need, Page
from dagster_project.sources.area import Box, Circle, Point
from dagster_project.sources.providers import adapter
from dagster_project.transport.messages import Answer, Request
from dagster_project.transport.outcomes import Outcome

AUSTIN = Circle(Point(30.27, -97.74), 22)
AMERICA = Box(18, -160, 65, -66)
EVERY_OWNER = ("owner",)
# A need of each adapter that several pages answer.
NEEDS = {
    "apollo": Need(country="US", categories=("saas",), titles=EVERY_OWNER),
    "crunchbase": Need(country="US", categories=("saas",)),
    "google_places": Need(area=AMERICA, categories=("cafe",)),
    "google_places_legacy": Need(area=Circle(Point(29.76, -95.37), 30), categories=("cafe", "gym")),
    "hunter": Need(country="US", categories=("Software Development",)),
    "opencorporates": Need(keywords=("dental",)),
    "pdl": Need(country="US", region="TX", categories=("computer software",), titles=EVERY_OWNER),
    "yelp": Need(
        area=AUSTIN,
        categories=(
            *("plumbing", "roofing", "hvac", "painters", "coffee", "hair", "gyms", "vet", "bakeries"),
            *("restaurants", "electricians", "autorepair", "movers"),
        ),
    ),
}


@dataclass
class Walked:
    """What the pages of some questions brought: keys in order, and what they cost by the adapter's prices."""

    keys: list[str] = field(default_factory=list)
    records: list[tuple[str, dict]] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    cost: Decimal = Decimal(0)


def client(sandbox: Sandbox, name: str, key: str | None = "sandbox", timeout: float = 30) -> httpx.Client:
    """A client that is logged in, unless the key is None."""
    auth = adapter(name).auth
    headers, params = (auth.headers(key), auth.params(key)) if key else ({}, {})
    return httpx.Client(base_url=sandbox.base_url(name), headers=headers, params=params, timeout=timeout)


def send(http: httpx.Client, request: Request) -> Answer:
    response = http.request(
        request.method, request.path, params=dict(request.params), json=request.json, headers=dict(request.headers)
    )
    return Answer(response.status_code, dict(response.headers), response.content)


def first(name: str, need: Need | None = None) -> tuple[Ask, Request]:
    """The first question of a need, and the request for its first page."""
    ask = adapter(name).asks(need or NEEDS[name])[0]
    endpoint = adapter(name).endpoint(ask.endpoint)
    return ask, endpoint.request(ask, None, endpoint.page_size)


def pages(http: httpx.Client, name: str, ask: Ask, limit: int | None = None) -> Iterator[Page]:
    """Every page of a question."""
    endpoint, cursor = adapter(name).endpoint(ask.endpoint), None
    while True:
        answer = send(http, endpoint.request(ask, cursor, limit or endpoint.page_size))
        verdict = adapter(name).verdict(answer)
        if verdict.outcome is Outcome.NO_MATCH:
            return
        assert verdict.outcome is Outcome.OK, (verdict, answer.body[:300])
        page = endpoint.page(ask, cursor, answer)
        yield page
        cursor = page.next
        if cursor is None:
            return


def walk(http: httpx.Client, name: str, asks: list[Ask], limit: int | None = None) -> Walked:
    """Every page of some questions, and of those that they give rise to."""
    found, waiting = Walked(), list(asks)
    while waiting:
        ask = waiting.pop(0)
        endpoint = adapter(name).endpoint(ask.endpoint)
        for page in pages(http, name, ask, limit):
            found.keys += [endpoint.provider_key(record) for record in page.records]
            found.records += [(ask.endpoint, record) for record in page.records]
            found.pages.append(len(page.records))
            found.cost += endpoint.price(ask).of(len(page.records))
            waiting += page.follow
    return found

"""One partition fetched: the adapter, its configuration, the shared limits and the journal put together.

Pure of stores: what is fetched stays in the journal until `landing` makes records of it. A city is placed on the map by
the same means (`place_city`), once in thirty days.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from dagster_project.sources.adapter import Adapter, Ask
from dagster_project.sources.area import Area, Point
from dagster_project.sources.budget import Budget
from dagster_project.sources.campaign import PLACES_ONLY, source_name
from dagster_project.sources.pages.fetch import Ending, Fetch, Limits
from dagster_project.sources.pages.journal import Journal, journal_folder, journaled
from dagster_project.sources.pages.progress import State
from dagster_project.sources.providers.google_geocoding import place
from dagster_project.transport.breaker import Breaker
from dagster_project.transport.client import Client
from dagster_project.transport.credentials import ProviderConfig
from dagster_project.transport.messages import Answer
from dagster_project.transport.windows import Limiter

# How long a placed city may be kept, by the geocoder's terms.
PLACED_DAYS = 30


class Busy(RuntimeError):
    """Another process is fetching the same partition at this moment."""


@dataclass(frozen=True)
class Fetched:
    """How a partition's fetching ended; the figures are of all its runs, `new_calls` and `seconds` of this one."""

    ending: Ending
    reason: str
    calls: int
    new_calls: int
    records: int
    cost: Decimal
    waited_seconds: float
    seconds: float
    outcomes: Mapping[str, int]
    capped: int
    short: int


@dataclass(frozen=True)
class Provider:
    """A provider ready to be called: what it is, how it is configured, and what all processes share about it."""

    adapter: Adapter
    config: ProviderConfig
    limiter: Limiter
    breaker: Breaker

    def client(self) -> Client:
        """Raises ValueError when there is no key."""
        if self.config.key is None:
            raise ValueError(f"{self.adapter.name} has no key")
        return Client(
            self.adapter.name,
            self.config.base_url,
            self.adapter.auth,
            self.config.key.get_secret_value(),
            self.adapter.verdict,
            limiter=self.limiter,
            breaker=self.breaker,
            concurrency=self.adapter.concurrency,
        )

    def limits(self, max_records: int | None) -> Limits:
        name, endpoints = self.adapter.name, self.adapter.endpoints
        own = {f"{name}/{endpoint}": windows for endpoint, windows in self.config.endpoint_windows.items()}
        caps = {endpoint.name: self.config.cap(endpoint) for endpoint in endpoints}
        return Limits({name: self.config.windows, **own}, caps, max_records)


def fetch_partition(
    provider: Provider,
    asks: Iterable[Ask],
    folder: Path,
    budget: Budget,
    *,
    area: Area | None = None,
    max_records: int | None = None,
    progress: Callable[[State], None] = lambda state: None,
) -> Fetched:
    """Ask what has not been answered yet. Raises `Busy` when another process does so at this moment."""
    asks, began = list(asks), time.monotonic()
    with exclusive(folder), closing(Journal(folder)) as journal:

        async def run() -> tuple[Fetch, int, tuple[Ending, str]]:
            async with provider.client() as client:
                fetch = Fetch(provider.adapter, client, journal, budget, provider.limits(max_records), area, progress)
                before = fetch.state.calls
                return fetch, before, await fetch.run(asks)

        fetch, before, (ending, reason) = asyncio.run(run())
    return summary(fetch.state, ending, reason, fetch.state.calls - before, time.monotonic() - began)


def summary(state: State, ending: Ending, reason: str, new_calls: int, seconds: float) -> Fetched:
    """The figures of a partition as its journal tells them."""
    tracks = state.tracks.values()
    return Fetched(
        ending=ending,
        reason=reason,
        calls=state.calls,
        new_calls=new_calls,
        records=state.records,
        cost=state.cost,
        waited_seconds=round(state.waited, 2),
        seconds=round(seconds, 2),
        outcomes=dict(sorted(state.outcomes.items())),
        capped=sum(track.ended == "capped" for track in tracks),
        short=sum(
            track.ended == "complete" and track.total is not None and track.results < track.total for track in tracks
        ),
    )


def place_city(provider: Provider, ask: Ask, folder: Path, budget: Budget) -> Point | None:
    """Where a city is, by a call to the geocoder; None when it does not know the city.

    Raises ValueError when the geocoder has no key or cannot be reached.
    """
    fetched = fetch_partition(provider, [ask], folder, budget)
    if fetched.ending != "complete":
        raise ValueError(f"{ask.params['address']} cannot be placed on the map: {fetched.reason}")
    return _point(ask, Journal(folder))


def placed_city(lake_root: Path, org_id: str, campaign: str, ask: Ask, day: date) -> Point | None:
    """Where a city is, as the geocoder said in the thirty days before `day`, or on it; None when it did not."""
    source, oldest = source_name(campaign, PLACES_ONLY), (day - timedelta(days=PLACED_DAYS)).isoformat()
    days = [known for known in journaled(lake_root, org_id, source) if oldest <= known <= day.isoformat()]
    found = (_point(ask, Journal(journal_folder(lake_root, org_id, source, known))) for known in reversed(days))
    return next((point for point in found if point), None)


def _point(ask: Ask, journal: Journal) -> Point | None:
    pages = (e for e in journal.entries() if e.type == "page" and e.content["ask"] == ask.id)
    found = (place(Answer(200, {}, entry.body())) for entry in pages)
    return next((answer[0] for answer in found if answer), None)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold a journal's folder. Raises `Busy` when another process holds it; a killed one holds nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy(f"another run is fetching {folder.parent.name} of {folder.name}") from None
    else:
        yield
    finally:
        os.close(descriptor)

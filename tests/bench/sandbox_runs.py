"""Campaign partitions fetched from a sandbox over HTTP and landed in a lake, as the provider assets do it; measured."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import psutil
from pydantic import SecretStr

from dagster_project.assets.ingest import last_versions_before
from dagster_project.contracts import PROVIDER_CALLS, QUARANTINED_RECORDS, RAW_RECORDS, RECORD_SIGHTINGS
from dagster_project.resources.lake import Lake
from dagster_project.resources.steady import SteadyApp
from dagster_project.resources.warehouse import Warehouse
from dagster_project.sandbox.api.server import Sandbox
from dagster_project.sandbox.geography import CITIES
from dagster_project.sandbox.world import RECORDS_PER_ENTITY
from dagster_project.settings import Settings
from dagster_project.sources.adapter import Ask, Need
from dagster_project.sources.area import Area, Circle, Point
from dagster_project.sources.budget import BudgetSpent, CampaignBudget, Caps, LocalBudget
from dagster_project.sources.pages.journal import FOLDER, Journal, journal_folder
from dagster_project.sources.pages.landing import Counts, PageLanding, Partition
from dagster_project.sources.pages.run import Fetched, Provider, fetch_partition
from dagster_project.sources.pages.since import Asked, asked_on
from dagster_project.sources.providers import adapter
from dagster_project.transport.clock import WallClock
from dagster_project.transport.credentials import ProviderConfig
from dagster_project.transport.shared import SharedBreaker, SharedLimiter
from dagster_project.transport.windows import Window

ORG, DAY_ONE = "default", date(2026, 11, 23)
SAMPLE_SECONDS = 0.25
TRADES = {
    "google_places": ("store", "real_estate_agency", "doctor", "restaurant", "electrician", "plumber", "dentist"),
    "google_places_legacy": ("store",),
    "yelp": ("shopping", "realestateagents", "physicians", "softwaredev", "homeandgarden", "fashion"),
}


class Memory:
    """This process's resident memory over time, sampled beside the work."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, float]] = []
        self._stop, self._process = threading.Event(), psutil.Process()

    def __enter__(self) -> "Memory":
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            self.samples.append((time.monotonic(), self._process.memory_info().rss / 2**20))

    def peaks(self, start: float, end: float, parts: int) -> list[float]:
        """MiB at most in each of so many equal stretches of time."""
        step = (end - start) / parts
        stretches = [(start + i * step, start + (i + 1) * step) for i in range(parts)]
        return [max((mib for at, mib in self.samples if a <= at <= b), default=0.0) for a, b in stretches]


class ForSeconds(LocalBudget):
    """A budget that is gone after some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.end = time.monotonic() + seconds

    def reserve(self, usd: Decimal) -> None:
        if time.monotonic() > self.end:
            raise BudgetSpent("the time is over")
        super().reserve(usd)


@dataclass(frozen=True)
class Day:
    """One partition's day. Times are of `time.monotonic`, and besides of this process's CPU: on a busy machine only
    those say what the work costs."""

    fetched: Fetched
    counts: Counts
    since: date | None
    began: float
    landing_began: float
    ended: float
    fetch_cpu: float
    land_cpu: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def cpu(self) -> float:
        return self.fetch_cpu + self.land_cpu


@dataclass
class House:
    """A lake, a database and a sandbox; `limits` are what the runtime keeps to, by provider."""

    folder: Path
    warehouse: Warehouse
    sandbox: Sandbox
    limits: dict[str, tuple[Window, ...]] = field(default_factory=dict)

    @property
    def lake(self) -> Lake:
        return Lake(self.folder / "lake")

    def provider(self, name: str, connect: SteadyApp) -> Provider:
        found = adapter(name)
        windows = self.limits.get(name, ())
        config = ProviderConfig(name, self.sandbox.base_url(name), SecretStr(self.sandbox.key), windows)
        limiter, breaker = SharedLimiter(connect, ORG), SharedBreaker(connect, ORG, name, WallClock().now)
        return Provider(found, config, limiter, breaker)

    def day(self, name: str, asks: Sequence[Ask], area: Area | None, day: date, campaign: str = "bench") -> Day:
        """Fetch and land a day, asking only for changes where that is possible."""
        source, connect = f"{campaign}.{name}", SteadyApp(self.warehouse)
        asked, began, cpu = self._asked(name, asks, area, day, source), time.monotonic(), time.process_time()
        folder = journal_folder(self.lake.root, ORG, source, day.isoformat())
        budget = CampaignBudget(connect, ORG, campaign, day, name, Caps(usd=10**6))
        fetched = fetch_partition(self.provider(name, connect), asked.asks, folder, budget, area=area)
        landing_began, fetch_cpu = time.monotonic(), time.process_time() - cpu
        counts = self._land(name, source, folder, day, asked)
        connect.close()
        land_cpu = time.process_time() - cpu - fetch_cpu
        return Day(fetched, counts, asked.since, began, landing_began, time.monotonic(), fetch_cpu, land_cpu)

    def broken_off(self, name: str, asks: Sequence[Ask], area: Area | None, seconds: float, campaign: str) -> Fetched:
        """A fetching of which nothing is landed, and which stops after some seconds."""
        connect, folder = SteadyApp(self.warehouse), journal_folder(self.lake.root, ORG, f"{campaign}.{name}", "now")
        return fetch_partition(self.provider(name, connect), asks, folder, ForSeconds(seconds), area=area)

    def sent(self, name: str) -> list[float]:
        """When calls that were broken off were sent, in order; Unix seconds."""
        folders = (self.lake.root / FOLDER / ORG).glob(f"c*.{name}/now")
        entries = (entry.content for folder in folders for entry in Journal(folder).entries())
        return sorted(datetime.fromisoformat(said["at"]).timestamp() for said in entries if said["type"] == "call")

    def _asked(self, name: str, asks: Sequence[Ask], area: Area | None, day: date, source: str) -> Asked:
        days = self.lake.partitions(RECORD_SIGHTINGS, ORG, source)
        known = {date.fromisoformat(parts[-1]): self.lake.manifest(RECORD_SIGHTINGS, *parts) or {} for parts in days}
        return asked_on(day, asks, adapter(name), area, known)

    def _land(self, name: str, source: str, folder: Path, day: date, asked: Asked) -> Counts:
        parts, lake = (ORG, source, day.isoformat()), self.lake
        partition = Partition(ORG, source.partition(".")[0], source, day, "bench")
        known = last_versions_before(lake, ORG, source, day)
        landing = PageLanding(Journal(folder), adapter(name), partition, known)
        lake.write(RAW_RECORDS, landing.raw(), *parts)
        lake.write(RECORD_SIGHTINGS, landing.sightings(), *parts, manifest=asked.manifest(landing.state))
        lake.write(QUARANTINED_RECORDS, landing.quarantined(), "land", *parts)
        lake.write(PROVIDER_CALLS, landing.calls(), *parts)
        return landing.counts

    def rows(self, name: str, day: date, campaign: str = "bench") -> int:
        """Raw records that a day wrote."""
        return self.lake.scan(RAW_RECORDS, ORG, f"{campaign}.{name}", day.isoformat()).collect().height


@contextmanager
def house(folder: Path, businesses: int, **options: object) -> Iterator[House]:
    """An empty house with a sandbox in a process of its own, where every provider knows all the businesses."""
    folder.chmod(0o711)
    settings = Settings(_env_file=None, DATABASE_URL=None, data_dir=folder, pg_bin=None, pg_tcp=False)
    warehouse = Warehouse(settings).ensure()
    try:
        with Sandbox(int(businesses * RECORDS_PER_ENTITY), process=True, complete=True, **options) as sandbox:
            yield House(folder, warehouse, sandbox)
    finally:
        warehouse.embedded.remove()


def unlimited(folder: Path, records: int) -> AbstractContextManager[House]:
    return house(folder, records, limits={"*": "off"})


def asks_about(name: str, cities: int) -> tuple[list[Ask], Area | None]:
    """Questions that bring most of what a provider knows of the first cities; an area where they are about places."""
    found, first = adapter(name), CITIES[:cities]
    if name in TRADES:
        # the older Google's pages take two seconds each by its own rule, and every record a call
        area = Circle(Point(first[0].lat, first[0].lon), 5 if name == "google_places_legacy" else 45)
        return found.asks(Need(area=area, categories=TRADES[name], fields=frozenset({"name", "phone"}))), area
    if name == "opencorporates":
        return found.asks(Need(region=first[0].state, country="US", keywords=("llc", "inc", "co"))), None
    needs = [Need(city=city.name, region=city.state, country="US", titles=("manager", "owner")) for city in first]
    return [ask for need in needs for ask in found.asks(need)], None


def everybody() -> list[Ask]:
    """Every organisation that Crunchbase knows, in one question: a thousand a page."""
    return adapter("crunchbase").asks(Need(country="US"))

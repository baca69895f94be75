"""What an adapter is held against: our own small fixtures, and how the team's payload files are read.

A fixture is invented data, `fixtures/NAME.json`:

    need       what a campaign wants, `area` as {lat, lon, radius_km}
    circle_km  of an adapter that asks about places: the largest circle that the provider takes, null for any size
    exchanges  per endpoint, the answers to one question in order, with the `keys` of the records of each page;
               `ask` are the question's parameters where no need leads to it
    errors     answers with the `outcome` and `retry_after` that they must be given
    canonical  records, with the `fields`, `key` and `url` that they must give
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from dagster_project.sources.adapter import Adapter, Ask, Endpoint, Need, Page
from dagster_project.sources.area import Circle, Point
from dagster_project.sources.providers import adapter
from dagster_project.transport.messages import Answer, Request

FIXTURES = Path(__file__).with_name("fixtures")

# Payload files by the endpoint that reads them; `record` where the file is one record without its page.
READ = {
    "apollo": {"POST_mixed_companies_search*": "company_search", "POST_mixed_people_api_search*": "people_search"},
    "crunchbase": {"vcr_searches_organizations*": "organization_search"},
    "google_geocoding": {"*": "geocode"},
    "google_places_legacy": {"*[nN]earby[sS]earch*": "nearby_search", "*[dD]etails*": "details", "*Photo*": "details"},
    "hunter": {"*domain-search*": "domain_search"},
    "opencorporates": {"company_*": "company_search record"},
    "pdl": {"*_company_search_*": "company_search record", "*_person_search_*": "person_search record"},
    "yelp": {"*business-search*": "business_search"},
}
# Payload files whose records are cut down to a few fields, the key not among them.
PARTIAL = ("derived_*", "docs_derived_*", "*Food*", "*ClosedPlace*", "*BusinessStatus*", "*always_open*")
PARTIAL += ("*details_fields*", "*no_plus_compound*", "*Photo*")
# Adapters whose payloads are in another one's folder.
FOLDERS = {"google_places_legacy": "google_places"}


@dataclass(frozen=True)
class Case:
    """One adapter and its fixture."""

    name: str
    adapter: Adapter
    content: dict[str, Any]

    @property
    def need(self) -> Need:
        return need_of(self.content["need"])

    def records(self) -> list[tuple[Endpoint, dict[str, Any]]]:
        """The endpoint and the entry of every record under `canonical`."""
        return [(self.adapter.endpoint(entry["endpoint"]), entry) for entry in self.content["canonical"]]


@cache
def case_of(name: str) -> Case:
    return Case(name, adapter(name), orjson.loads((FIXTURES / f"{name}.json").read_bytes()))


def need_of(content: dict[str, Any]) -> Need:
    """A need as the fixtures write it."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
    if area := values.pop("area", None):
        values["area"] = Circle(Point(area["lat"], area["lon"]), area["radius_km"])
    return Need(**{**values, "fields": frozenset(values.get("fields", ()))})


def answer_of(content: dict[str, Any]) -> Answer:
    """An answer with a JSON `body` or a `text`."""
    body = content["text"].encode() if "text" in content else orjson.dumps(content["body"])
    return Answer(content["status"], content.get("headers", {}), body)


def ask_of(case: Case, exchange: dict[str, Any]) -> Ask:
    """The exchange's question: the one it gives, or the first that its need gives rise to at the endpoint."""
    if "ask" in exchange:
        return Ask(exchange["endpoint"], exchange["ask"])
    return next(ask for ask in case.adapter.asks(case.need) if ask.endpoint == exchange["endpoint"])


def walk(case: Case, exchange: dict[str, Any], limit: int) -> Iterator[tuple[Request, Page]]:
    """Every page of an exchange, with the request for it."""
    endpoint, ask = case.adapter.endpoint(exchange["endpoint"]), ask_of(case, exchange)
    cursor = None
    for content in exchange["answers"]:
        page = endpoint.page(ask, cursor, answer_of(content))
        yield endpoint.request(ask, cursor, limit), page
        cursor = page.next


def payload_files(shared: Path, name: str) -> list[Path]:
    """The team's payloads of an adapter's provider, if it has any; specifications start with an underscore."""
    folder = shared / "data" / "providers" / FOLDERS.get(name, name)
    return sorted(path for path in folder.glob("*") if not path.name.startswith("_"))


def payload(path: Path) -> tuple[int, Any]:
    """Status and body of a payload file: recorded with its request, with the status in its name, or just the body."""
    content = orjson.loads(path.read_bytes())
    if path.name.startswith("vcr_"):
        return content["response"]["status"]["code"], content["response"]["body"]
    if path.name.startswith("ae_"):
        return 200, content["response"]
    status = re.search(r"__(\d{3})(?:__|\.)", path.name)
    return int(status.group(1)) if status else 200, content


def endpoint_for(name: str, file: str) -> tuple[str, bool] | None:
    """The endpoint that reads a payload file, and whether the file is a bare record."""
    found = next((how for pattern, how in READ.get(name, {}).items() if fnmatch(file, pattern)), None)
    return (found.removesuffix(" record"), found.endswith(" record")) if found else None


def is_partial(file: str) -> bool:
    return any(fnmatch(file, pattern) for pattern in PARTIAL)

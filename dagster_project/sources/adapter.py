"""What an adapter is: one provider's calls, answers, fields, limits and terms, as data and small pure functions.

An adapter never sends anything and never sees a key: the runtime in `sources.fetch` does. A module under
`sources/providers` declares one, named `ADAPTER`; `leadhouse adapter new NAME` writes the first version of it.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import orjson

from dagster_project.contracts.geography import countries, country_names, region_names, regions
from dagster_project.sources.area import Area, Box
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Verdict, by_status
from dagster_project.transport.shapes import Shape, Terms
from dagster_project.transport.windows import Window

Kind = Literal["business", "person"]
Cursor = str | int
# Fewest and most employees of the bands that most providers share.
BANDS: dict[str, tuple[int, int | None]] = {
    "1-10": (1, 10),
    "11-50": (11, 50),
    "51-200": (51, 200),
    "201-500": (201, 500),
    "501-1000": (501, 1_000),
    "1001-5000": (1_001, 5_000),
    "5001-10000": (5_001, 10_000),
    "10001+": (10_001, None),
}


@dataclass(frozen=True)
class Need:
    """What a campaign wants of one provider, in no provider's words; `categories` alone are the provider's own."""

    area: Area | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    min_rating: float | None = None
    min_reviews: int | None = None
    employees: tuple[int | None, int | None] = (None, None)
    technologies: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    fields: frozenset[str] = frozenset()

    @property
    def country_code(self) -> str | None:
        """ISO 3166-1 alpha-2 of the country; one that is not known stays as written."""
        known = countries()
        written = self.country or ""
        return known.get(written) or known.get(written.upper()) or known.get(written.title()) or self.country

    @property
    def country_name(self) -> str | None:
        """English name of the country; one that is not known stays as written."""
        return country_names().get(self.country_code or "", self.country)

    @property
    def region_code(self) -> str | None:
        """Code of the state or province, such as TX; one that is not known stays as written."""
        known, country, written = regions(), self.country_code or "", self.region or ""
        found = known.get((country, written)) or known.get((country, written.upper()))
        return found or known.get((country, written.title())) or self.region

    @property
    def region_name(self) -> str | None:
        """English name of the state or province; one that is not known stays as written."""
        return region_names().get((self.country_code or "", self.region_code or ""), self.region)

    def bands(self, known: Mapping[str, tuple[int, int | None]] = BANDS) -> list[str]:
        """A provider's bands that hold any of the wanted numbers of employees; none when any number will do."""
        low, high = self.employees
        if low is None and high is None:
            return []
        return [
            band
            for band, (fewest, most) in known.items()
            if (high is None or fewest <= high) and (low is None or most is None or most >= low)
        ]


@dataclass(frozen=True)
class Ask:
    """One question to a provider, answered in one or more pages. `params` is plain JSON, stored with every record.

    `cell` is set when the question is about a place; such a question is split when the answer hits the provider's cap.
    """

    endpoint: str
    params: Mapping[str, Any] = field(default_factory=dict)
    cell: Box | None = None

    @cached_property
    def text(self) -> str:
        """Canonical JSON of the question: the `query` of its records."""
        content = {"endpoint": self.endpoint, **self.params}
        if self.cell:
            content["cell"] = self.cell.as_dict()
        return orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()

    @cached_property
    def id(self) -> str:
        """Short hash of the question: what a resumed run recognises it by."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    @classmethod
    def parse(cls, text: str) -> "Ask":
        """The question that `text` is of."""
        content = orjson.loads(text)
        cell = content.pop("cell", None)
        return cls(content.pop("endpoint"), content, Box(**cell) if cell else None)


@dataclass(frozen=True)
class Page:
    """One page of an answer. `next` is what the following call needs, None on the last page; `total` how many results
    the provider says there are, beyond its cap too; `follow` questions that these results give rise to."""

    records: Sequence[dict[str, Any]]
    next: Cursor | None = None
    total: int | None = None
    follow: Sequence[Ask] = ()


@dataclass(frozen=True)
class Price:
    """USD for one answered call and for each record in it. What failed is not charged."""

    per_call: Decimal = Decimal(0)
    per_record: Decimal = Decimal(0)

    def of(self, records: int) -> Decimal:
        return self.per_call + self.per_record * records


@dataclass(frozen=True, kw_only=True)
class Endpoint(Shape):
    """One kind of question; its functions are pure.

    `asks(need)` turns a need into questions, one per cell for questions about places (`need.area` cut by `cells`).
    `request(ask, cursor, limit)` is the call for a page of at most `limit` results, cursor None for the first; a
    provider whose pages have one size may ignore the limit. `page(ask, cursor, answer)` reads the answer and
    raises LookupError, TypeError or ValueError when the answer is not shaped as documented. `price(ask)` may depend on
    what is asked for. `changed_since(ask, day)` is the question about what changed on that day
    or later, at providers that can be asked so: a day without changes then costs a call instead of all pages.
    """

    name: str
    kind: Kind
    asks: Callable[[Need], Iterable[Ask]]
    request: Callable[[Ask, Cursor | None, int], Request]
    page: Callable[[Ask, Cursor | None, Answer], Page]
    price: Callable[[Ask], Price] = lambda ask: Price()
    page_size: int = 1
    # Whether pages are always that large, because they are numbered or the provider knows no other size.
    has_fixed_pages: bool = False
    # Most results the provider gives for one question; the environment may say otherwise (`LEADHOUSE_YELP_RESULT_CAP`).
    cap: int | None = None
    windows: tuple[Window, ...] = ()
    # Seconds before a cursor becomes valid.
    page_delay: float = 0.0
    changed_since: Callable[[Ask, date], Ask] | None = None
    # Endpoint that each result is looked up at, when a question here names the `fields` to look up.
    follows: str | None = None


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One provider. `windows` hold for all its calls together, an endpoint's own for its calls besides.

    `verdict` classifies an answer; `concurrency` is how many calls may be open at once.
    """

    name: str
    title: str
    base_url: str
    auth: Auth
    endpoints: tuple[Endpoint, ...]
    terms: Terms
    windows: tuple[Window, ...] = ()
    concurrency: int = 8
    verdict: Callable[[Answer], Verdict] = by_status
    # Payload files of this provider that belong to endpoints it does not call, by name pattern, with the reason.
    not_called: Mapping[str, str] = field(default_factory=dict)

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of a name. Raises KeyError."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Endpoint]:
        return {endpoint.name: endpoint for endpoint in self.endpoints}

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Kinds of records it yields, each once."""
        return tuple(dict.fromkeys(endpoint.kind for endpoint in self.endpoints))

    def asks(self, need: Need) -> list[Ask]:
        """Every question that a need gives rise to, each once, in order."""
        found = [ask for endpoint in self.endpoints for ask in endpoint.asks(need)]
        return list({ask.id: ask for ask in found}.values())

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
from dagster_project.sources.paths import Path
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Verdict, by_status
from dagster_project.transport.windows import Window

Kind = Literal["business", "person"]
Cursor = str | int
# Where a canonical field stands in a payload; with a function, what is made of the value found there (never None).
FieldSpec = str | tuple[str, Callable[[Any], Any]]
# Where it stands, or a list of places of which the first that is filled counts.
FieldSpecs = FieldSpec | list[FieldSpec]
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
class Terms:
    """What the provider allows, as data: people read it in the plan, retention and delivery may act on it.

    `storage_days` is how long a field may be kept: canonical field name, or `*` for all others, to days; None is for
    ever. `allows_lead_generation` is None where the terms do not say. `source` says where this was read, and `(mem)`
    what was not confirmed.
    """

    attribution: str
    storage_days: Mapping[str, int | None]
    allows_lead_generation: bool | None
    licence: str
    source: str


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
class Endpoint:
    """One kind of question; its functions are pure.

    `asks(need)` turns a need into questions, one per cell for questions about places (`need.area` cut by `cells`).
    `request(ask, cursor, limit)` is the call for a page of at most `limit` results, cursor None for the first; a
    provider whose pages have one size may ignore the limit. `page(ask, cursor, answer)` reads the answer and
    raises LookupError, TypeError or ValueError when the answer is not shaped as documented. `price(ask)` may depend on
    what is asked for. `fields`, `ignored` and `volatile` are paths into a record (see `paths`): every leaf of a payload
    is in one of the first two; `volatile` ones are left out when contents are compared. A field that a provider keeps
    in several places lists them, best first. `changed_since(ask, day)` is the question about what changed on that day
    or later, at providers that can be asked so: a day without changes then costs a call instead of all pages.
    """

    name: str
    kind: Kind
    asks: Callable[[Need], Iterable[Ask]]
    request: Callable[[Ask, Cursor | None, int], Request]
    page: Callable[[Ask, Cursor | None, Answer], Page]
    price: Callable[[Ask], Price] = lambda ask: Price()
    key: FieldSpec = "id"
    fields: Mapping[str, FieldSpecs] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    url: FieldSpec | None = None
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

    @cached_property
    def key_path(self) -> Path:
        return Path(self.key)

    @cached_property
    def url_path(self) -> Path | None:
        return Path(self.url) if self.url else None

    @cached_property
    def field_paths(self) -> dict[str, list[Path]]:
        return {name: [Path(spec) for spec in alternatives(specs)] for name, specs in self.fields.items()}

    def provider_key(self, record: Mapping[str, Any]) -> str | None:
        """The provider's own key of a record as text; None when it has none and cannot be landed."""
        found = self.key_path.value(record)
        return None if found in (None, "", []) else str(found)

    def canonical(self, record: Mapping[str, Any]) -> dict[str, str]:
        """The canonical fields a record fills, as text: lists as JSON, true and false, numbers as written."""
        found = {**self.constants}
        for name, paths in self.field_paths.items():
            for path in paths:
                if (value := path.value(record)) is not None and (text := as_text(value)):
                    found[name] = text
                    break
        return found

    def evidence(self, record: Mapping[str, Any]) -> str | None:
        """Address where a person can see the record; None when the provider has no page for it."""
        return as_text(self.url_path.value(record)) if self.url_path else None


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


def alternatives(specs: FieldSpecs) -> list[FieldSpec]:
    """The places where a field may stand, best first: most have one."""
    return list(specs) if isinstance(specs, list) else [specs]


def as_text(value: Any) -> str | None:
    """A JSON value as the text that normalisation reads; None for null, blank and empty ones."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None or value in ([], {}):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return orjson.dumps(value).decode()

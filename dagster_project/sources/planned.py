"""A plan as data: which questions to which provider, what they should bring and cost; to JSON and back.

How it is worked out is said in `plan.py` and `estimate.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from dagster_project.sources.adapter import Ask
from dagster_project.sources.area import Box


@dataclass(frozen=True)
class Query:
    """One planned question. `text` is that of its `Ask`; `calls` are its pages and the lookups that follow them."""

    endpoint: str
    text: str
    cell: Box | None
    records: float
    pages: int
    calls: int
    cost: Decimal
    basis: str

    @property
    def ask(self) -> Ask:
        return Ask.parse(self.text)


@dataclass(frozen=True)
class Part:
    """What is asked of one provider. Totals are those up to `max_records`.

    `skipped` says why it is not asked, `problem` why the plan cannot be carried out.
    """

    provider: str
    title: str
    queries: tuple[Query, ...] = ()
    records: int = 0
    calls: int = 0
    cost: Decimal = Decimal(0)
    basis: str = ""
    density_per_km2: float | None = None
    cap: int | None = None
    max_cost_usd: Decimal | None = None
    max_records: int | None = None
    terms: str = ""
    skipped: str | None = None
    problem: str | None = None

    @property
    def pages(self) -> int:
        return sum(query.pages for query in self.queries)


@dataclass(frozen=True)
class Plan:
    """A whole campaign's plan. It is refused when there are `problems`; `warnings` are for people to read."""

    campaign: str
    version: str
    vertical: str
    place: str
    parts: tuple[Part, ...]
    geocoding_usd: Decimal
    records: int
    calls: int
    cost: Decimal
    max_cost_usd: Decimal
    max_records: int | None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    area_km2: float | None = None
    is_placed: bool = True

    @property
    def is_geocoded(self) -> bool:
        """Whether the city must be placed first, by the one call that no part counts."""
        return self.calls > sum(part.calls for part in self.parts)

    @property
    def is_refused(self) -> bool:
        return bool(self.problems)

    @property
    def reason(self) -> str:
        """Why it is refused, in a sentence; empty when it is not."""
        return "; ".join(self.problems)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, money as text."""
        return orjson.loads(orjson.dumps(self, default=str))

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> "Plan":
        """The plan that `as_dict` wrote."""
        found = {**content, **_money(content, "geocoding_usd", "cost", "max_cost_usd")}
        found |= {name: tuple(content[name]) for name in ("problems", "warnings")}
        return cls(**found | {"parts": tuple(_part_of(part) for part in content["parts"])})


def _part_of(content: Mapping[str, Any]) -> Part:
    queries = tuple(_query_of(query) for query in content["queries"])
    return Part(**{**content, **_money(content, "cost", "max_cost_usd"), "queries": queries})


def _query_of(content: Mapping[str, Any]) -> Query:
    cell = content["cell"]
    return Query(**{**content, **_money(content, "cost"), "cell": Box(**cell) if cell else None})


def _money(content: Mapping[str, Any], *names: str) -> dict[str, Decimal | None]:
    return {name: None if content[name] is None else Decimal(content[name]) for name in names}

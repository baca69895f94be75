"""What one provider would be asked by a campaign, and what that should bring and cost.

Expected records come from a density, counted before or else assumed; the questions about one cell share it between
them. Of a question about no place nothing is known: a few pages are reckoned with.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from dagster_project.sources.adapter import Adapter, Ask, Endpoint
from dagster_project.sources.area import Area, Box
from dagster_project.sources.campaign import Campaign
from dagster_project.sources.need import limits_of, need
from dagster_project.sources.planned import Part, Query
from dagster_project.sources.split import leaves
from dagster_project.sources.vertical import Vertical

# Pages expected of a question about no place.
UNKNOWN_PAGES = 3
# More questions than this to one provider are a mistake in the campaign, not a plan.
MAX_QUERIES = 20_000
TOO_MANY = "{} would take about {:,.0f} questions, more than {:,}: narrow the area or the vertical"
NO_QUESTION = "nothing to ask: its searches need a place, category, keyword or filter that this campaign lacks"


def rounded(usd: Decimal) -> Decimal:
    return usd.quantize(Decimal("0.0001"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Planner:
    """Plans one provider's part."""

    campaign: Campaign
    vertical: Vertical
    adapter: Adapter
    area: Area | None
    measured: float | None
    caps: Mapping[str, int | None]

    @property
    def density(self) -> float:
        """Records per km²: counted, else assumed for the campaign, else for the vertical."""
        if self.measured is not None:
            return self.measured
        return self.campaign.density_per_km2 or self.vertical.density_per_km2

    @property
    def basis(self) -> str:
        return "assumed" if self.measured is None else "measured"

    def part(self) -> Part:
        """The provider's part of the plan, up to the records that it may bring."""
        asks = self.adapter.asks(need(self.campaign, self.vertical, self.adapter.name, self.area))
        if not asks:
            return self.skipped(NO_QUESTION)
        about = self.rough_count(asks)
        queries = tuple(self.queries(asks, is_cut=about <= MAX_QUERIES))
        expected = sum(query.records for query in queries)
        most = self.campaign.limit(self.adapter.name).max_records
        share = Decimal(str(min(1.0, most / expected))) if most and expected else Decimal(1)
        return replace(
            self.skipped(None),
            queries=queries,
            records=min(round(expected), most) if most else round(expected),
            calls=math.ceil(sum(query.calls for query in queries) * share),
            cost=rounded(sum((query.cost for query in queries), Decimal(0)) * share),
            basis=", ".join(dict.fromkeys(query.basis for query in queries)),
            density_per_km2=self.density if any(query.cell for query in queries) else None,
            cap=self.cap(self.adapter.endpoint(asks[0].endpoint)),
            problem=None if about <= MAX_QUERIES else TOO_MANY.format(self.adapter.name, about, MAX_QUERIES),
        )

    def skipped(self, reason: str | None) -> Part:
        """The part without questions, and why there are none."""
        limit = self.campaign.limit(self.adapter.name)
        return Part(
            provider=self.adapter.name,
            title=self.adapter.title,
            max_cost_usd=limit.max_cost_usd,
            max_records=limit.max_records,
            terms=", ".join(limits_of(self.adapter.terms)),
            skipped=reason,
        )

    def cap(self, endpoint: Endpoint) -> int | None:
        """Most results of one question, None for any number."""
        return self.caps.get(self.adapter.name, endpoint.cap)

    def queries(self, asks: Sequence[Ask], is_cut: bool) -> Iterator[Query]:
        """The questions; those about a place are cut up until each answer fits, if they are to be cut."""
        sharing = Counter((ask.endpoint, ask.cell) for ask in asks)
        cells: dict[tuple[str, Box], list[tuple[Box, float]]] = {}
        for ask in asks:
            cap, cell = self.cap(self.adapter.endpoint(ask.endpoint)), ask.cell
            if cell is None:
                yield self.query(ask, self.unknown(ask, cap), "unknown")
                continue
            if (key := (ask.endpoint, cell)) not in cells:
                density = self.density / sharing[key]
                cells[key] = leaves(cell, self.area or cell, density, cap if is_cut else None)
            for part, expected in cells[key]:
                yield self.query(replace(ask, cell=part), min(expected, cap or expected), self.basis)

    def rough_count(self, asks: Sequence[Ask]) -> float:
        """About how many questions it takes, judged by the size of the cells alone."""
        sharing = Counter((ask.endpoint, ask.cell) for ask in asks)
        count = 0.0
        for ask in asks:
            cap = self.cap(self.adapter.endpoint(ask.endpoint))
            expected = self.density / sharing[ask.endpoint, ask.cell] * ask.cell.area_km2 if ask.cell else 0.0
            count += max(1.0, expected / cap) if cap else 1.0
        return count

    def unknown(self, ask: Ask, cap: int | None) -> float:
        """Results to reckon with where nothing is known: the campaign's limit or a few pages, at most the cap."""
        most = self.campaign.limit(self.adapter.name).max_records
        some = most or UNKNOWN_PAGES * self.adapter.endpoint(ask.endpoint).page_size
        return float(some if cap is None else min(some, cap))

    def query(self, ask: Ask, expected: float, basis: str) -> Query:
        """A question with its pages, its lookups and what they cost."""
        endpoint = self.adapter.endpoint(ask.endpoint)
        records, price = Decimal(str(round(expected, 2))), endpoint.price(ask)
        pages = max(1, math.ceil(records / endpoint.page_size))
        cost, lookups = price.of(0) * pages + price.per_record * records, 0
        if endpoint.follows and ask.params.get("fields"):
            follow = self.adapter.endpoint(endpoint.follows)
            lookups = math.ceil(records)
            cost += follow.price(Ask(follow.name, ask.params)).of(1) * records
        return Query(endpoint.name, ask.text, ask.cell, float(records), pages, pages + lookups, rounded(cost), basis)

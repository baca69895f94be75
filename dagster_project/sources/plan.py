"""What a campaign would ask, find and cost, worked out before anything is spent; stored with the run.

A plan is an estimate: the budget is kept to while fetching, whatever the plan said.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from dagster_project.sources.adapter import Adapter, Ask
from dagster_project.sources.area import Area, Point
from dagster_project.sources.campaign import PLACES_ONLY, Campaign
from dagster_project.sources.estimate import Planner
from dagster_project.sources.planned import Part, Plan
from dagster_project.sources.vertical import Vertical
from dagster_project.transport.windows import Window

# A city that is not placed is planned here: how many cells it takes depends on its size alone.
NOMINAL = Point(40.0, 0.0)
DAY_SECONDS = 86_400
NO_KEY = "no key is configured"


def make_plan(
    campaign: Campaign,
    vertical: Vertical,
    adapters: Mapping[str, Adapter],
    *,
    area: Area | None = None,
    measured: Mapping[str, float] | None = None,
    caps: Mapping[str, int | None] | None = None,
    configured: Mapping[str, bool] | None = None,
) -> Plan:
    """The plan of a campaign in `area`, which is needed only for a city that has been placed.

    By provider: `measured` are records counted per km², `caps` the most results of one question where that is not the
    adapter's own (None for no cap), `configured` whether there is a key; a provider that is not in it has none.
    """
    area, is_placed = _located(campaign, area)
    has_key = {name for name, is_set in (configured or {}).items() if is_set}
    planners = [
        Planner(campaign, vertical, adapters[name], area, (measured or {}).get(name), caps or {})
        for name in campaign.providers
    ]
    parts = tuple(p.part() if p.adapter.name in has_key else p.skipped(NO_KEY) for p in planners)
    is_geocoded = not is_placed and any(query.cell for part in parts for query in part.queries)
    place_warnings = _about_place(campaign, PLACES_ONLY in has_key) if is_geocoded else ()
    return replace(
        _total(campaign, parts, _geocoding(adapters) if is_geocoded else None),
        area_km2=round(area.area_km2, 1) if area else None,
        is_placed=is_placed,
        warnings=(*place_warnings, *_warnings(parts, adapters)),
    )


def _total(campaign: Campaign, parts: tuple[Part, ...], geocoding: Decimal | None) -> Plan:
    """The plan that the parts and a geocoding call come to, None for no such call."""
    cost = sum((part.cost for part in parts), geocoding or Decimal(0))
    records = sum(part.records for part in parts)
    return Plan(
        campaign=campaign.name,
        version=campaign.version,
        vertical=campaign.vertical,
        place=campaign.geo.place if campaign.geo else "",
        parts=parts,
        geocoding_usd=geocoding or Decimal(0),
        records=min(records, campaign.budget.max_records or records),
        calls=sum(part.calls for part in parts) + (geocoding is not None),
        cost=cost,
        max_cost_usd=campaign.budget.max_cost_usd,
        max_records=campaign.budget.max_records,
        problems=tuple(_problems(campaign, parts, cost)),
    )


def _located(campaign: Campaign, area: Area | None) -> tuple[Area | None, bool]:
    """The area to plan in, and whether it is the real one."""
    geo = campaign.geo
    if area or not geo:
        return area, True
    return geo.area(NOMINAL), not geo.must_be_placed


def _geocoding(adapters: Mapping[str, Adapter]) -> Decimal:
    """Price of placing a city; nothing where no geocoder is known."""
    if PLACES_ONLY not in adapters:
        return Decimal(0)
    endpoint = adapters[PLACES_ONLY].endpoints[0]
    return endpoint.price(Ask(endpoint.name)).of(1)


def _problems(campaign: Campaign, parts: Sequence[Part], cost: Decimal) -> Iterator[str]:
    """Why the plan is refused."""
    if all(part.skipped for part in parts):
        yield "no source is left: " + "; ".join(f"{part.provider}: {part.skipped}" for part in parts)
    yield from (part.problem for part in parts if part.problem)
    most = campaign.budget.max_cost_usd
    if cost > most:
        yield f"it would cost ${cost:,.2f}, and the budget is ${most:,.2f}"
    for part in parts:
        if part.max_cost_usd is not None and part.cost > part.max_cost_usd and part.max_cost_usd < most:
            yield f"{part.provider} would cost ${part.cost:,.2f}, and its budget is ${part.max_cost_usd:,.2f}"


def _about_place(campaign: Campaign, has_geocoder: bool) -> Iterator[str]:
    yield f"{campaign.geo.place} is not placed yet: planned at its size, with one geocoding call"
    if not has_geocoder:
        yield f"{PLACES_ONLY} has no key to place it: give lat and lon in the campaign"


def _warnings(parts: Sequence[Part], adapters: Mapping[str, Adapter]) -> Iterator[str]:
    """What a person should know before the run."""
    for part in parts:
        if part.skipped:
            yield f"{part.provider} is skipped: {part.skipped}"
        if full := sum(1 for query in part.queries if query.cell and part.cap and query.records >= part.cap):
            yield (
                f"{part.provider}: {full:,} {'cell holds' if full == 1 else 'cells hold'} {part.cap:,} records or more "
                "and cannot be cut further: what is beyond stays unfound"
            )
        if slow := _slowness(part, adapters[part.provider]):
            yield slow


def _slowness(part: Part, adapter: Adapter) -> str | None:
    """The limit that lets the least through of what is planned, when a day does not hold it."""
    days, calls, most = max(
        (
            (n * w.seconds / DAY_SECONDS / w.calls, n, w.calls * DAY_SECONDS / w.seconds)
            for n, w in _counted(part, adapter)
        ),
        default=(0.0, 0.0, 0.0),
    )
    if days <= 1:
        return None
    return f"{part.provider}: {calls:,.0f} calls are planned and {most:,.0f} fit in a day: it takes {days:,.1f} days"


def _counted(part: Part, adapter: Adapter) -> Iterator[tuple[float, Window]]:
    """The calls that every window counts, and the window."""
    asked: Counter[str | None] = Counter()
    for query in part.queries:
        asked[query.endpoint] += query.pages
        asked[adapter.endpoint(query.endpoint).follows] += query.calls - query.pages
    share = part.calls / (asked.total() or 1)
    yield from ((part.calls, window) for window in adapter.windows)
    for endpoint in adapter.endpoints:
        yield from ((asked[endpoint.name] * share, window) for window in endpoint.windows)

"""What a campaign wants of a provider, and what a person should know of a campaign before it runs.

Both join a campaign with its vertical and the providers' terms; neither sends anything.
"""

from collections.abc import Collection, Iterator, Mapping

from dagster_project.sources.adapter import Need
from dagster_project.sources.area import Area
from dagster_project.sources.campaign import Campaign
from dagster_project.sources.geo import Geo
from dagster_project.sources.vertical import Vertical
from dagster_project.transport.shapes import Terms
from dagster_project.user_yaml import nearest

# Asked for whatever the campaign says: what tells a business apart, reaches it and scores it. Opening hours are not:
# some providers answer them with further calls, and nothing reads them unless a vertical requires them.
DEFAULT_FIELDS = frozenset(
    "name alt_names category tags status website email phone address address_line1 address_line2 city region postal "
    "country lat lon linkedin employees founded rating review_count".split()
)
# Columns of a lead that providers' fields go by another name.
FIELD_OF_COLUMN = {
    "domain": "website",
    "employees_range": "employees",
    "revenue_range": "revenue",
    "founded_year": "founded",
}


def need(campaign: Campaign, vertical: Vertical, provider: str, area: Area | None) -> Need:
    """What the campaign wants of the provider in `area`, which is None for a campaign about no place."""
    geo, filters = campaign.geo or Geo(), campaign.filters
    return Need(
        area=area,
        city=geo.city,
        region=geo.region,
        country=geo.country,
        categories=vertical.categories.get(provider, ()),
        keywords=filters.keywords or vertical.keywords,
        min_rating=filters.min_rating,
        min_reviews=filters.review_count_min,
        employees=(filters.employees.min, filters.employees.max),
        technologies=filters.tech,
        domains=filters.domains,
        titles=filters.titles,
        fields=wanted(campaign, vertical),
    )


def wanted(campaign: Campaign, vertical: Vertical) -> frozenset[str]:
    """Canonical fields to ask for: the default ones, those the vertical requires and those the filters look at."""
    technologies = {"tech_signals"} if campaign.filters.tech else set()
    return DEFAULT_FIELDS | {FIELD_OF_COLUMN.get(name, name) for name in vertical.required} | technologies


def warnings(
    campaign: Campaign, verticals: Mapping[str, Vertical], syncs: Collection[str], terms: Mapping[str, Terms]
) -> list[str]:
    """What does not stop the campaign, in sentences: `syncs` are the names of the syncs there are."""
    return [
        *_of_vertical(campaign, verticals),
        *_of_destinations(campaign, syncs),
        *(told for name in campaign.providers if name in terms for told in _of_terms(name, terms[name])),
        *_of_place(campaign),
    ]


def limits_of(terms: Terms) -> list[str]:
    """What the terms forbid, in short phrases."""
    days = [days for days in terms.storage_days.values() if days is not None]
    kept = f"storage limited to {min(days)} {'day' if min(days) == 1 else 'days'}" if days else None
    finding = "no lead generation" if terms.allows_lead_generation is False else None
    return [phrase for phrase in (finding, kept) if phrase]


def _of_vertical(campaign: Campaign, verticals: Mapping[str, Vertical]) -> Iterator[str]:
    name = campaign.vertical
    if name not in verticals:
        yield f'there is no vertical "{name}"{nearest(name, verticals)}: no plan can be made'
        return
    for provider in campaign.providers:
        if provider not in verticals[name].categories:
            yield f"the vertical {name} has no categories for {provider}: only keywords, place and filters narrow it"


def _of_destinations(campaign: Campaign, syncs: Collection[str]) -> Iterator[str]:
    for destination in campaign.destinations:
        if destination.config_id not in syncs:
            known = nearest(destination.config_id, syncs)
            yield f'there is no sync "{destination.config_id}"{known}: nothing is delivered to it'


def _of_terms(provider: str, terms: Terms) -> Iterator[str]:
    if limits := limits_of(terms):
        yield f"the terms of {provider} say {' and '.join(limits)} ({terms.licence})"


def _of_place(campaign: Campaign) -> Iterator[str]:
    if campaign.geo and campaign.geo.must_be_placed:
        yield f"{campaign.geo.place} is not placed yet: that takes a geocoding call, or lat and lon in the file"

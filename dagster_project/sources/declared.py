"""What people declare in campaigns and verticals, as the tables that the marts read."""

from collections.abc import Iterable, Mapping

import polars as pl

from dagster_project.contracts import CAMPAIGNS, VERTICALS
from dagster_project.sources.area import Area, Circle
from dagster_project.sources.campaign import Campaign
from dagster_project.sources.vertical import Vertical


def campaign_table(campaigns: Iterable[Campaign], areas: Mapping[str, Area], org_id: str) -> pl.DataFrame:
    """One row of CAMPAIGNS per campaign; `areas` are the places of those that have one, by the campaign's name."""
    rows = [{"org_id": org_id, **_campaign(campaign), **_place(areas.get(campaign.name))} for campaign in campaigns]
    return CAMPAIGNS.conform(pl.DataFrame(rows, schema=CAMPAIGNS.polars_schema))


def vertical_table(verticals: Iterable[Vertical], org_id: str) -> pl.DataFrame:
    """One row of VERTICALS per vertical."""
    rows = [
        {
            "org_id": org_id,
            "vertical": vertical.name,
            "canonical": vertical.canonical,
            "required_fields": list(vertical.required),
            "scoring_profile": vertical.scoring_profile,
        }
        for vertical in verticals
    ]
    return VERTICALS.conform(pl.DataFrame(rows, schema=VERTICALS.polars_schema))


def _campaign(campaign: Campaign) -> dict[str, object]:
    filters = campaign.filters
    return {
        "campaign_id": campaign.name,
        "version": campaign.version,
        "title": campaign.title or campaign.name,
        "vertical": campaign.vertical,
        "min_rating": filters.min_rating,
        "min_review_count": filters.review_count_min,
        "employees_min": filters.employees.min,
        "employees_max": filters.employees.max,
        "tech": [technology.lower() for technology in filters.tech],
        "destinations": [destination.config_id for destination in campaign.destinations],
        "approval": campaign.approval,
    }


def _place(area: Area | None) -> dict[str, float]:
    if area is None:
        return {}
    radius = area.radius_km if isinstance(area, Circle) else area.bounds.radius_km
    return {"lat": area.centre.lat, "lon": area.centre.lon, "radius_km": radius}

"""A campaign's plan as things stand: by the keys, limits and counted densities of this moment."""

from datetime import date
from pathlib import Path

from dagster_project.sources.adapter import Ask
from dagster_project.sources.area import Area
from dagster_project.sources.campaign import Campaign
from dagster_project.sources.geo import Geo
from dagster_project.sources.measured import measured
from dagster_project.sources.pages.run import placed_city
from dagster_project.sources.plan import make_plan
from dagster_project.sources.planned import Plan
from dagster_project.sources.providers import adapters
from dagster_project.sources.providers.google_geocoding import geocode_ask
from dagster_project.sources.vertical import Vertical
from dagster_project.transport.credentials import provider_configs


def plan_on(
    day: date, campaign: Campaign, vertical: Vertical, lake_root: Path, org_id: str, assume_keys: bool = False
) -> tuple[Plan, Area | None]:
    """The plan of a day and the area it is for, None while a city is not placed on the map.

    The plan is the same all day long, whatever was fetched meanwhile, so that a run can be resumed. `assume_keys` plans
    providers without a key too. Raises `InvalidSettings` when the environment has a provider's variable wrong.
    """
    configs = provider_configs(adapters().values()).values()
    area = known_area(day, campaign, lake_root, org_id)
    plan = make_plan(
        campaign,
        vertical,
        adapters(),
        area=area,
        measured=measured(lake_root, org_id, campaign, adapters(), day),
        caps={name: cap for config in configs for name, cap in config.caps.items()},
        configured={config.name: assume_keys or config.is_configured for config in configs},
    )
    return plan, area


def known_area(day: date, campaign: Campaign, lake_root: Path, org_id: str) -> Area | None:
    """Where a campaign looks; None without a shape, and for a city that was not placed in the last thirty days."""
    geo = campaign.geo
    if geo is None or not geo.must_be_placed:
        return geo.area() if geo else None
    point = placed_city(lake_root, org_id, campaign.name, city_ask(geo), day)
    return geo.area(point) if point else None


def city_ask(geo: Geo) -> Ask:
    """The question to the geocoder where a campaign's city is."""
    return geocode_ask(geo.place, geo.country if geo.country and len(geo.country) == 2 else None)

"""A campaign's plan as things stand: by the keys, limits and counted densities of this moment."""

from datetime import date
from pathlib import Path

from dagster_project.sources.area import Area
from dagster_project.sources.campaign import Campaign
from dagster_project.sources.credentials import provider_configs
from dagster_project.sources.measured import measured
from dagster_project.sources.plan import make_plan
from dagster_project.sources.planned import Plan
from dagster_project.sources.providers import adapters
from dagster_project.sources.vertical import Vertical


def plan_on(
    day: date,
    campaign: Campaign,
    vertical: Vertical,
    lake_root: Path,
    org_id: str,
    area: Area | None = None,
    assume_keys: bool = False,
) -> Plan:
    """The plan of a day: the same all day long, whatever was fetched meanwhile, so that a run can be resumed.

    `area` is needed only for a city that has been placed; `assume_keys` plans providers without a key too. Raises
    `InvalidSettings` when the environment has a provider's variable wrong.
    """
    configs = provider_configs(adapters().values()).values()
    return make_plan(
        campaign,
        vertical,
        adapters(),
        area=area,
        measured=measured(lake_root, org_id, campaign, adapters(), day),
        caps={name: cap for config in configs for name, cap in config.caps.items()},
        configured={config.name: assume_keys or config.is_configured for config in configs},
    )

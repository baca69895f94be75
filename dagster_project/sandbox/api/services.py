"""Every provider that the sandbox plays, by its name in the house."""

from dagster_project.sandbox.api import (
    apollo,
    builtwith,
    clearbit,
    crunchbase,
    google_geocoding,
    google_places,
    google_places_legacy,
    hunter,
    lusha,
    opencorporates,
    pdl,
    rocketreach,
    wappalyzer,
    yelp,
    zoominfo,
)
from dagster_project.sandbox.api.calls import Service

MODULES = (
    clearbit,
    *(apollo, crunchbase, google_geocoding, google_places, google_places_legacy),
    *(hunter, opencorporates, pdl, yelp),
    # enrichment alone
    *(builtwith, lusha, rocketreach, wappalyzer, zoominfo),
)
SERVICES: dict[str, Service] = {module.SERVICE.name: module.SERVICE for module in MODULES}

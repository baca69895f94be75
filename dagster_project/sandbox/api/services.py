"""Every provider that the sandbox plays, by its adapter's name."""

from dagster_project.sandbox.api import apollo, crunchbase, google_places, yelp
from dagster_project.sandbox.api.calls import Service

SERVICES: dict[str, Service] = {
    module.SERVICE.name: module.SERVICE for module in (google_places, yelp, crunchbase, apollo)
}

"""Apollo: people with their e-mail, their phones for later, companies by domain, domains by a company's name.

Contract: api.apollo.io, v1. Nobody found is a 200 with a null. Personal e-mails are never asked for.
"""

from dagster_project.enrichment.lookup import Provider
from dagster_project.enrichment.providers.apollo.answers import verdict
from dagster_project.enrichment.providers.apollo.companies import ORGANIZATION_ENRICH, ORGANIZATION_SEARCH
from dagster_project.enrichment.providers.apollo.people import PEOPLE_MATCH, PHONE_REVEAL
from dagster_project.transport.messages import Auth, Request
from dagster_project.transport.shapes import Terms

PROVIDER = Provider(
    name="apollo",
    title="Apollo",
    base_url="https://api.apollo.io",
    auth=Auth.header("x-api-key"),
    concurrency=4,
    verdict=verdict,
    health=lambda: Request("GET", "/api/v1/users/api_profile"),
    terms=Terms(
        attribution="None required (mem)",
        storage_days={"*": None},
        allows_lead_generation=True,
        licence="Apollo Terms of Service (mem)",
        source="vendor specification; terms (mem)",
    ),
    endpoints=(PEOPLE_MATCH, PHONE_REVEAL, ORGANIZATION_ENRICH, ORGANIZATION_SEARCH),
    not_called={
        "*__REQUEST__*": "an example of what is sent",
        "GET_organizations_id_*": "asks by the provider's own key, which a subject does not have",
        "GET_organizations_organization_id_*": "open positions are no field of a waterfall",
        "GET_people_id_*": "asks by the provider's own key, which a subject does not have",
        "POST_mixed_people_*": "belongs to campaigns",
        "GET_users_api_profile_*": "the health check, of which only the status counts",
        "GET_*": "the team's own records, mail and reports",
        "PATCH_*": "the team's own records",
        "PUT_*": "the team's own sequences",
        "POST_*": "the team's own records, mail and reports",
    },
)

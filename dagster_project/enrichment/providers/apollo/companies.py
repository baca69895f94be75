"""Apollo's lookups of companies: what is known of a domain, and the domain of a name."""

from collections.abc import Sequence

from dagster_project.enrichment.lookup import Inputs, Lookup, Reading
from dagster_project.enrichment.providers.apollo.answers import MOST, SEARCH_WINDOWS, WINDOWS
from dagster_project.enrichment.questions import found_or_not, named_by
from dagster_project.transport.messages import Answer, Request

# Of the companies that a search by name gives, how many are looked at.
CANDIDATES = 10
PAGE = ("id", "https://app.apollo.io/#/organizations/".__add__)
FIELDS = {
    "name": "name",
    "website": ["website_url", "primary_domain"],
    "phone": ["primary_phone.sanitized_number", "sanitized_phone", "phone"],
    "linkedin": "linkedin_url",
    "twitter": "twitter_url",
    "facebook": "facebook_url",
    "founded": "founded_year",
}
IGNORED = (
    *("blog_url", "angellist_url", "crunchbase_url", "logo_url", "linkedin_uid", "languages", "market_cap"),
    *("primary_phone.number", "primary_phone.source", "publicly_traded_symbol", "publicly_traded_exchange"),
    *("owned_by_organization_id", "organization_id"),
)
# What an enriched company has besides: funding, staff by department, parents and daughters, the team's own account.
DETAILS_IGNORED = (
    *("num_languages", "industries", "secondary_industries", "snippets_loaded", "industry_tag_id", "industry_tag_hash"),
    *("retail_location_count", "num_retail_locations", "raw_address", "seo_description", "short_description"),
    *("suborganizations", "num_suborganizations", "annual_revenue_printed", "total_funding", "total_funding_printed"),
    *("latest_funding_round_date", "latest_funding_stage", "funding_events", "current_technologies", "account_id"),
    *("account", "departmental_head_count", "subsidiary_rollups", "owned_by_organization", "owned_by_chain"),
    *("ultimate_parent_organization", "org_chart_root_people_ids", "org_chart_sector", "org_chart_removed"),
    *("org_chart_show_department_filter", "employee_metrics"),
    *(f"organization_headcount_{span}_month_growth" for span in ("six", "twelve", "twenty_four")),
)
VOLATILE = ("alexa_ranking", "show_intent", "has_intent_signal_account", "intent_signal_account")


def organization_request(inputs: Sequence[Inputs]) -> Request:
    if len(inputs) == 1:
        return Request("GET", "/api/v1/organizations/enrich", dict(inputs[0]))
    return Request("POST", "/api/v1/organizations/bulk_enrich", json={"details": [dict(company) for company in inputs]})


def read_organizations(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    """One company, or a list: in the order asked, or by domain where those that are missing were left out."""
    if len(inputs) == 1:
        return [found_or_not(answer.json["organization"] or None)]
    found = answer.json["organizations"]
    if len(found) != len(inputs):
        by_domain = {company["primary_domain"]: company for company in found if company}
        found = [by_domain.get(company["domain"]) for company in inputs]
    return [found_or_not(company or None) for company in found]


def search_request(inputs: Sequence[Inputs]) -> Request:
    body = {"q_organization_name": inputs[0]["name"], "page": 1, "per_page": CANDIDATES}
    return Request("POST", "/api/v1/mixed_companies/search", json=body)


def read_search(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    """The first company of the very name: a search by name finds those that only contain it, too."""
    body, wanted = answer.json, folded(inputs[0]["name"])
    saved = [{**account, "id": account["organization_id"]} for account in body["accounts"]]
    return [found_or_not(next((c for c in [*body["organizations"], *saved] if folded(c["name"]) == wanted), None))]


def folded(name: str | None) -> str:
    """The letters and digits of a name, in lower case."""
    return "".join(letter for letter in str(name).casefold() if letter.isalnum())


ORGANIZATION_ENRICH = Lookup(
    name="organization_enrich",
    kind="business",
    fills=("company", "social"),
    identify=named_by(("domain",)),
    request=organization_request,
    read=read_organizations,
    batch=MOST,
    windows=WINDOWS,
    url=PAGE,
    fields={
        **FIELDS,
        "employees": "estimated_num_employees",
        "revenue": "annual_revenue",
        "category": "industry",
        "tags": "keywords",
        "tech_signals": "technology_names",
        "address_line1": "street_address",
        "city": "city",
        "region": "state",
        "postal": "postal_code",
        "country": "country",
    },
    ignored=IGNORED + DETAILS_IGNORED,
    volatile=VOLATILE,
)
ORGANIZATION_SEARCH = Lookup(
    name="organization_search",
    kind="business",
    fills=("domain",),
    identify=named_by(("name",)),
    request=search_request,
    read=read_search,
    cap=1,
    windows=SEARCH_WINDOWS,
    url=PAGE,
    fields=FIELDS,
    ignored=IGNORED,
    volatile=VOLATILE,
)

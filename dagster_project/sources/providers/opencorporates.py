"""OpenCorporates, company search: what the official registers say, by name and jurisdiction.

Contract: api.opencorporates.com, v0.4. Every result is wrapped twice; a 403 means that the plan's calls are used up.
"""

from collections.abc import Iterable

from dagster_project.sources.adapter import Adapter, Ask, Cursor, Endpoint, Need, Page
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

# Pages are numbered, so their size must never change on the way: a smaller one would repeat and skip records.
PAGE_SIZE = 100
# Countries whose states or provinces keep the registers.
BY_REGION = {"us", "ca", "ae"}
COMPANIES = "/companies/"


def jurisdiction(need: Need) -> str | None:
    """`us_tx`, or the country alone where there is one register; None where the state is not known."""
    country = (need.country_code or "").lower()
    if country not in BY_REGION:
        return country or None
    region = (need.region_code or "").lower()
    return f"{country}_{region}" if len(region) == 2 else None


def asks(need: Need) -> Iterable[Ask]:
    """One question per keyword, of which the name must have every word; none without one."""
    where = jurisdiction(need)
    for keyword in need.keywords:
        yield Ask("company_search", {"q": keyword, **({"jurisdiction_code": where} if where else {})})


def request(ask: Ask, cursor: Cursor | None, limit: int) -> Request:
    return Request("GET", "/v0.4/companies/search", {**ask.params, "per_page": PAGE_SIZE, "page": cursor or 1})


def page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    results = answer.json["results"]
    found, number = [wrapped["company"] for wrapped in results["companies"]], int(cursor or 1)
    is_last = not found or number >= results["total_pages"]
    return Page(found, next=None if is_last else number + 1, total=results.get("total_count"))


def verdict(answer: Answer) -> Verdict:
    return by_status(answer, {403: Outcome.QUOTA_EXHAUSTED})


ADAPTER = Adapter(
    name="opencorporates",
    title="OpenCorporates",
    base_url="https://api.opencorporates.com",
    auth=Auth.param("api_token"),
    # of the free plan (mem); the month's 200 are not counted here, a 403 tells when they are used up
    windows=(Window(50, 86_400),),
    concurrency=1,
    verdict=verdict,
    terms=Terms(
        attribution="Name OpenCorporates and link to the company's page, wherever the data is shown or passed on",
        storage_days={"*": None},
        allows_lead_generation=None,
        licence="Open licence with attribution and share-alike (ODbL, mem)",
        source="developer documentation (mem)",
    ),
    endpoints=(
        Endpoint(
            name="company_search",
            kind="business",
            asks=asks,
            request=request,
            page=page,
            # a number is unique within its jurisdiction only: `us_ca/C3268102`
            key=("opencorporates_url", lambda url: url.partition(COMPANIES)[2]),
            url="opencorporates_url",
            fields={
                "name": "name",
                "alt_names": "previous_names[].company_name",
                "registration_id": "company_number",
                "jurisdiction": "jurisdiction_code",
                "category": "industry_codes[0].industry_code.description",
                "founded": "incorporation_date",
                "address": "registered_address_in_full",
                "address_line1": "registered_address.street_address",
                "city": "registered_address.locality",
                "region": "registered_address.region",
                "postal": "registered_address.postal_code",
                "country": "registered_address.country",
                "status": [
                    ("inactive", lambda inactive: "closed" if inactive else "open"),
                    ("dissolution_date", lambda date: "closed"),
                ],
            },
            ignored=(
                *("company_type", "registry_url", "branch", "branch_status", "current_status", "agent_name"),
                *("agent_address", "alternative_names", "previous_names", "industry_codes", "registered_address"),
                *("restricted_for_marketing", "source", "native_company_number"),
            ),
            volatile=("created_at", "updated_at", "retrieved_at", "source.retrieved_at"),
            page_size=PAGE_SIZE,
            has_fixed_pages=True,
        ),
    ),
)

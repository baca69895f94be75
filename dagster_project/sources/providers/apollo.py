"""Apollo, search of companies and of people: numbered pages, limits per minute, hour and day for each endpoint.

Contract: api.apollo.io, v1. People come without e-mail and with most of the last name hidden: a lead's contact is only
begun here, and completed by enrichment. Filters go in the body (the documentation has them in the query too).
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from dagster_project.sources.adapter import Adapter, Ask, Cursor, Endpoint, Need, Page, Price
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

# Pages are numbered, so their size must never change on the way: a smaller one would repeat and skip records.
PAGE_SIZE = 100
# A team's defaults, for each endpoint.
WINDOWS = (Window(200, 60), Window(400, 3_600), Window(2_000, 86_400))
# List price of a credit in USD (mem); a page of companies costs one, people nothing.
CREDIT = Decimal("0.02")


def filters(need: Need) -> dict[str, Any]:
    """What a need says of the company."""
    place = ", ".join(part for part in (need.city, need.region_name, need.country_name) if part)
    low, high = need.employees
    found = {
        "organization_locations": [place.lower()] if place else [],
        "organization_num_employees_ranges": [f"{low or 1},{high or ''}"] if need.employees != (None, None) else [],
        "currently_using_any_of_technology_uids": list(need.technologies),
        "q_organization_domains_list": list(need.domains),
    }
    return {name: values for name, values in found.items() if values}


def company_asks(need: Need) -> Iterable[Ask]:
    """One question; none for a need that narrows nothing. Apollo has one list of tags for categories and keywords."""
    tags = [*need.categories, *need.keywords]
    if found := {**filters(need), **({"q_organization_keyword_tags": tags} if tags else {})}:
        yield Ask("company_search", found)


def people_asks(need: Need) -> Iterable[Ask]:
    """One question, when the need says whom: by title or by employer."""
    if need.titles or need.domains:
        yield Ask("people_search", {**filters(need), **({"person_titles": list(need.titles)} if need.titles else {})})


def request_to(path: str) -> Callable[[Ask, Cursor | None, int], Request]:
    """How a page of this search is asked for, always a full one."""

    def request(ask: Ask, cursor: Cursor | None, limit: int) -> Request:
        return Request("POST", path, json={**ask.params, "page": cursor or 1, "per_page": PAGE_SIZE})

    return request


def company_page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    """Companies, those that the team has saved (`accounts`) among them, under the company's own id."""
    body, paging = answer.json, answer.json["pagination"]
    saved = [{**account, "id": account.get("organization_id") or account["id"]} for account in body.get("accounts", [])]
    number = int(cursor or 1)
    is_last = number >= paging["total_pages"]
    return Page([*body["organizations"], *saved], next=None if is_last else number + 1, total=paging["total_entries"])


def people_page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    found, total = answer.json["people"], answer.json["total_entries"]
    number = int(cursor or 1)
    return Page(found, next=number + 1 if found and number * PAGE_SIZE < total else None, total=total)


def verdict(answer: Answer) -> Verdict:
    """By status; a 429 about the day lasts until tomorrow. 401 is plain text."""
    message = str(answer.content.get("message", ""))
    own = {429: Outcome.QUOTA_EXHAUSTED} if "per day" in message else None
    return by_status(answer, own, str(answer.content.get("error_code") or ""))


ADAPTER = Adapter(
    name="apollo",
    title="Apollo",
    base_url="https://api.apollo.io",
    auth=Auth.header("x-api-key"),
    concurrency=4,
    verdict=verdict,
    terms=Terms(
        attribution="None required (mem)",
        storage_days={"*": None},
        allows_lead_generation=True,
        licence="Apollo Terms of Service (mem)",
        source="vendor specification; terms (mem)",
    ),
    endpoints=(
        Endpoint(
            name="company_search",
            kind="business",
            asks=company_asks,
            request=request_to("/api/v1/mixed_companies/search"),
            page=company_page,
            price=lambda ask: Price(per_call=CREDIT),
            url=("id", "https://app.apollo.io/#/organizations/".__add__),
            fields={
                "name": "name",
                "website": ["website_url", "primary_domain"],
                "phone": ["primary_phone.sanitized_number", "sanitized_phone", "phone"],
                "linkedin": "linkedin_url",
                "twitter": "twitter_url",
                "facebook": "facebook_url",
                "founded": "founded_year",
            },
            ignored=(
                *("blog_url", "angellist_url", "crunchbase_url", "logo_url", "linkedin_uid", "languages"),
                *("primary_phone.number", "primary_phone.source", "publicly_traded_symbol", "publicly_traded_exchange"),
                *("owned_by_organization_id", "organization_id"),
            ),
            volatile=("alexa_ranking", "show_intent", "has_intent_signal_account", "intent_signal_account"),
            page_size=PAGE_SIZE,
            has_fixed_pages=True,
            # of 500 pages (mem)
            cap=50_000,
            windows=WINDOWS,
        ),
        Endpoint(
            name="people_search",
            kind="person",
            asks=people_asks,
            request=request_to("/api/v1/mixed_people/api_search"),
            page=people_page,
            url=("id", "https://app.apollo.io/#/people/".__add__),
            fields={"first_name": "first_name", "title": "title", "company_name": "organization.name"},
            ignored=(
                *("last_name_obfuscated", "has_email", "has_city", "has_state", "has_country", "has_direct_phone"),
                *(
                    f"organization.has_{name}"
                    for name in "industry phone city state country zip_code revenue employee_count".split()
                ),
            ),
            volatile=("last_refreshed_at",),
            page_size=PAGE_SIZE,
            has_fixed_pages=True,
            cap=50_000,
            windows=WINDOWS,
        ),
    ),
    not_called={
        "*__REQUEST__*": "an example of what is sent, to an endpoint that is not called",
        "GET_organizations_*": "belongs to enrichment",
        "GET_people_*": "belongs to enrichment",
        "GET_webhook_result_*": "belongs to enrichment",
        "POST_organizations_bulk_enrich*": "belongs to enrichment",
        "POST_people_bulk_match*": "belongs to enrichment",
        "GET_*": "the team's own records, mail and reports",
        "PATCH_*": "the team's own records",
        "PUT_*": "the team's own sequences",
        "POST_[!m]*": "the team's own records, mail and reports",
    },
)

"""Hunter: companies by a profile, and the people whose e-mail is known for a domain.

Contract: api.hunter.io, v2. Statuses are unusual: 403 is too fast, 429 is the plan's quota gone, 451 is a person who
asked not to be listed.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from dagster_project.sources.adapter import Adapter, Ask, Cursor, Endpoint, Need, Page, Price
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

OUTCOMES = {403: Outcome.RATE_LIMITED, 429: Outcome.QUOTA_EXHAUSTED}
VERIFIED = {"valid": True, "invalid": False}
# List price of a credit in USD (mem); a domain search costs one, discovery nothing.
CREDIT = Decimal("0.025")


def discover_asks(need: Need) -> Iterable[Ask]:
    """One question; none for a need that narrows nothing."""
    location = {"city": need.city, "state": need.region_name, "country": need.country_code}
    found: dict[str, Any] = {
        "headquarters_location": included({name: [place] for name, place in location.items() if place}),
        "industry": included(list(need.categories)),
        "keywords": included(list(need.keywords)),
        "technology": included(list(need.technologies)),
        "headcount": need.bands(),
    }
    if filters := {name: value for name, value in found.items() if value}:
        yield Ask("discover", filters)


def included(values: Any) -> dict[str, Any]:
    return {"include": values} if values else {}


def discover_request(ask: Ask, cursor: Cursor | None, limit: int) -> Request:
    return Request("POST", "/v2/discover", json={**ask.params, "limit": limit, "offset": cursor or 0})


def discover_page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    found, total = answer.json["data"], answer.json["meta"]["results"]
    reached = int(cursor or 0) + len(found)
    return Page(found, next=reached if found and reached < total else None, total=total)


def domain_asks(need: Need) -> Iterable[Ask]:
    """One question per domain."""
    for domain in need.domains:
        yield Ask("domain_search", {"domain": domain})


def domain_request(ask: Ask, cursor: Cursor | None, limit: int) -> Request:
    params = {"domain": ask.params["domain"], "type": "personal", "limit": limit, "offset": cursor or 0}
    return Request("GET", "/v2/domain-search", params)


def domain_page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    """One record per e-mail, with what the answer says of the company.

    A mailbox (info@, press@) is nobody: it has no name and would be staged as a contact without one, so it is left out.
    """
    company, total = {**answer.json["data"]}, answer.json["meta"]["results"]
    items = company.pop("emails")
    reached = int(cursor or 0) + len(items)
    people = [{"email": item, "company": company} for item in items if item.get("type") != "generic"]
    return Page(people, next=reached if items and reached < total else None, total=total)


def verdict(answer: Answer) -> Verdict:
    errors = answer.content.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return by_status(answer, OUTCOMES, str(first.get("id") or "") if isinstance(first, dict) else "")


ADAPTER = Adapter(
    name="hunter",
    title="Hunter",
    base_url="https://api.hunter.io",
    auth=Auth.header("X-API-KEY"),
    windows=(Window(15, 1), Window(500, 60)),
    concurrency=4,
    verdict=verdict,
    terms=Terms(
        attribution="None required; each e-mail names the page where it was found (mem)",
        storage_days={"*": None},
        allows_lead_generation=True,
        licence="Hunter Terms of Service",
        source="published specification; terms (mem)",
    ),
    endpoints=(
        Endpoint(
            name="discover",
            kind="business",
            asks=discover_asks,
            request=discover_request,
            page=discover_page,
            key="domain",
            url=("domain", "https://hunter.io/search/".__add__),
            fields={
                "name": "organization",
                "website": "domain",
                "category": "industry",
                "employees": "headcount",
                "country": "country",
            },
            volatile=("emails_count",),
            page_size=100,
            # an offset goes to 10,000
            cap=10_000,
            windows=(Window(5, 1), Window(50, 60)),
        ),
        Endpoint(
            name="domain_search",
            kind="person",
            asks=domain_asks,
            request=domain_request,
            page=domain_page,
            price=lambda ask: Price(per_call=CREDIT),
            key="email.value",
            url="email.sources[0].uri",
            fields={
                "first_name": "email.first_name",
                "last_name": "email.last_name",
                "title": "email.position",
                "email": "email.value",
                "email_verified": ("email.verification.status", VERIFIED.get),
                "phone": "email.phone_number",
                "linkedin": "email.linkedin",
                "company_name": "company.organization",
                "company_website": "company.domain",
                "company_key": "company.domain",
            },
            # the address is the company's, not the person's
            ignored=(
                *("email.type", "email.confidence", "email.seniority", "email.department", "email.twitter"),
                *("email.sources", "company"),
            ),
            volatile=("email.verification.date", "email.sources", "company"),
            page_size=100,
        ),
    ),
    not_called={
        "*email-finder*": "belongs to enrichment",
        "*email-verifier*": "belongs to enrichment",
    },
)

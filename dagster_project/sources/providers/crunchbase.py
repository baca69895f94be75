"""Crunchbase, organisation search: predicates, pages by the key of the last record, 200 calls a minute.

Contract: api.crunchbase.com, v4. Answers carry no rate headers and no Retry-After, so the windows here are all that
keeps to the limit. What a licence does not cover cannot be asked for: only wanted fields are.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from dagster_project.sources.adapter import Adapter, Ask, Cursor, Endpoint, Need, Page
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Verdict, by_status
from dagster_project.transport.shapes import FieldSpecs, Terms
from dagster_project.transport.windows import Window

STATUS = {"active": "open", "closed": "closed"}
# Fewest and most employees of each band, by its code.
EMPLOYEES: dict[str, tuple[int, int | None]] = {
    "c_00001_00010": (1, 10),
    "c_00011_00050": (11, 50),
    "c_00051_00100": (51, 100),
    "c_00101_00250": (101, 250),
    "c_00251_00500": (251, 500),
    "c_00501_01000": (501, 1_000),
    "c_01001_05000": (1_001, 5_000),
    "c_05001_10000": (5_001, 10_000),
    "c_10001_max": (10_001, None),
}
RANGES = {code: f"{low}-{high}" if high else f"{low}+" for code, (low, high) in EMPLOYEES.items()}


def located(kind: str) -> Callable[[list[Any]], str | None]:
    """Reads the place of a kind (city, region, country) among a record's places."""

    def find(places: list[Any]) -> str | None:
        named = (p.get("value") for p in places if isinstance(p, dict) and p.get("location_type") == kind)
        return next(named, None)

    return find


FIELDS: dict[str, FieldSpecs] = {
    "name": "properties.name",
    "alt_names": "properties.aliases",
    "website": "properties.website.value",
    "email": "properties.contact_email",
    "phone": "properties.phone_number",
    "city": ("properties.location_identifiers", located("city")),
    "region": ("properties.location_identifiers", located("region")),
    "country": ("properties.location_identifiers", located("country")),
    "linkedin": "properties.linkedin.value",
    "twitter": "properties.twitter.value",
    "facebook": "properties.facebook.value",
    "employees": ("properties.num_employees_enum", RANGES.get),
    "founded": "properties.founded_on.value",
    "category": "properties.categories[0].value",
    "tags": "properties.categories[].value",
    "status": ("properties.operating_status", STATUS.get),
    "funding_rounds": "properties.num_funding_rounds",
    # not in the published list of an organisation's fields (mem)
    "press_mentions": "properties.num_articles",
    "executives": ("properties.founder_identifiers[].value", lambda names: [f"{name}, Founder" for name in names]),
}
ALWAYS = {"uuid", "permalink", "updated_at"}


def asked(wanted: Iterable[str]) -> list[str]:
    """`field_ids` for canonical fields, all we know when none are named."""
    specs = [FIELDS[name] for name in wanted or FIELDS if name in FIELDS]
    paths = [spec if isinstance(spec, str) else spec[0] for spec in specs]
    return sorted(ALWAYS | {path.split(".")[1].split("[")[0] for path in paths})


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def predicate(field_id: str, operator: str, values: Iterable[str]) -> dict[str, Any]:
    return {"type": "predicate", "field_id": field_id, "operator_id": operator, "values": list(values)}


def predicates(need: Need) -> Iterable[dict[str, Any]]:
    """What a need says, in predicates that must all hold. A place is named by its permalink, `austin-texas` (mem)."""
    if place := " ".join(part for part in (need.city, need.region_name) if part) or need.country_name:
        yield predicate("location_identifiers", "includes", [slug(place)])
    if need.categories:
        yield predicate("categories", "includes", need.categories)
    if need.domains:
        yield predicate("website_url", "domain_includes", need.domains)
    if bands := need.bands(EMPLOYEES):
        yield predicate("num_employees_enum", "includes", bands)


def asks(need: Need) -> Iterable[Ask]:
    """One question per keyword, or one without; none for a need that narrows nothing."""
    common, fields = list(predicates(need)), asked(need.fields)
    by_keyword = [[predicate("short_description", "contains", [keyword])] for keyword in need.keywords]
    for query in [common + own for own in by_keyword or [[]]]:
        if query:
            yield Ask("organization_search", {"field_ids": fields, "query": query})


def changed_since(ask: Ask, day: date) -> Ask:
    """The question about organisations that Crunchbase has touched since the beginning of a day."""
    touched = predicate("updated_at", "gte", [day.isoformat()])
    return replace(ask, params={**ask.params, "query": [*ask.params["query"], touched]})


def request(ask: Ask, cursor: Cursor | None, limit: int) -> Request:
    body: dict[str, Any] = {
        "field_ids": ask.params["field_ids"],
        "query": ask.params["query"],
        # any other order changes while one pages through it
        "order": [{"field_id": "uuid", "sort": "asc"}],
        "limit": limit,
    }
    if cursor:
        body["after_id"] = cursor
    return Request("POST", "/api/v4/searches/organizations", json=body)


def page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    """A page. `count` may be of all or of those after the cursor, so later pages end with an empty one."""
    found, total = answer.json["entities"], answer.json.get("count")
    is_all = cursor is None and total is not None and len(found) >= total
    return Page(found, next=None if is_all or not found else found[-1]["uuid"], total=total)


def code(answer: Answer) -> str:
    """Crunchbase's own code: errors are an object, or a list with one."""
    try:
        body = answer.json
    except ValueError:
        return ""
    error = body[0] if isinstance(body, list) and body else body
    return str(error.get("code") or "") if isinstance(error, dict) else ""


def verdict(answer: Answer) -> Verdict:
    return by_status(answer, reason=code(answer))


ADAPTER = Adapter(
    name="crunchbase",
    title="Crunchbase",
    base_url="https://api.crunchbase.com",
    auth=Auth.header("X-cb-user-key"),
    windows=(Window(200, 60),),
    verdict=verdict,
    terms=Terms(
        attribution="Name Crunchbase as the source and link to the organisation's page (mem)",
        storage_days={"*": None},
        allows_lead_generation=None,
        licence="Crunchbase licence, whose tier says which fields there are",
        source="vendor specification and recorded traffic; terms (mem)",
    ),
    endpoints=(
        Endpoint(
            name="organization_search",
            kind="business",
            asks=asks,
            request=request,
            page=page,
            changed_since=changed_since,
            key="uuid",
            url=("properties.permalink", "https://www.crunchbase.com/organization/".__add__),
            fields=FIELDS,
            ignored=(
                *("properties.uuid", "properties.identifier", "properties.created_at", "properties.categories"),
                *("properties.location_identifiers", "properties.founder_identifiers", "properties.founded_on"),
                *("properties.website.label", "properties.linkedin.label", "properties.twitter.label"),
                "properties.facebook.label",
            ),
            volatile=("properties.updated_at",),
            page_size=1_000,
        ),
    ),
    not_called={
        "vcr_deleted_entities*": "keys that are gone from a whole collection, in no campaign's terms: not found leads",
        "vcr_autocomplete*": "completes what a person types",
        "vcr_organization-*": "one organisation with its cards: belongs to enrichment",
        "vcr_fund*": "rounds and funds one by one: the search answer counts them",
        "vcr_person*": "belongs to enrichment",
        "vcr_recent_updates*": "press references: the search answer counts them",
        "vcr_searches_[!o]*": "people, rounds and press references: no business",
    },
)

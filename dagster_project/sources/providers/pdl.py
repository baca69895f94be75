"""People Data Labs, search of companies and of people: 10 calls a minute, one credit for every record.

Contract: api.peopledatalabs.com, v5. 404 is an answer: nobody matched. The data has names in lower case and writes
countries and states out.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from dagster_project.sources.adapter import Adapter, Ask, Cursor, Endpoint, Need, Page, Price
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

# What a need says to the field that holds it, per endpoint.
COMPANY = {
    "categories": "industry",
    "city": "location.locality",
    "region": "location.region",
    "country": "location.country",
    "domains": "website",
    "sizes": "size",
    "keywords": "tags",
}
PERSON = {
    "categories": "job_company_industry",
    "city": "job_company_location_locality",
    "region": "job_company_location_region",
    "country": "job_company_location_country",
    "domains": "job_company_website",
    "sizes": "job_company_size",
}


def criteria(need: Need) -> dict[str, list[str]]:
    """What a need says, in the provider's spelling."""
    places = {"city": need.city, "region": need.region_name, "country": need.country_name}
    found = {
        "categories": need.categories,
        "domains": need.domains,
        "keywords": need.keywords,
        "sizes": need.bands(),
        **{name: (place,) if place else () for name, place in places.items()},
    }
    return {name: [value.lower() for value in values] for name, values in found.items() if values}


def must(need: Need, fields: Mapping[str, str]) -> list[dict[str, Any]]:
    """Elasticsearch clauses that must all hold; several values of one field are alternatives."""
    return [{"terms": {fields[name]: values}} for name, values in criteria(need).items() if name in fields]


def company_asks(need: Need) -> Iterable[Ask]:
    """One question; none for a need that narrows nothing."""
    if clauses := must(need, COMPANY):
        yield Ask("company_search", {"query": {"bool": {"must": clauses}}})


def person_asks(need: Need) -> Iterable[Ask]:
    """One question, when the need says whom: by title or by employer. Each person found costs."""
    if need.titles or need.domains:
        titles = {"bool": {"should": [{"match_phrase": {"job_title": title.lower()}} for title in need.titles]}}
        clauses = [*must(need, PERSON), *([titles] if need.titles else [])]
        yield Ask("person_search", {"query": {"bool": {"must": clauses}}})


def request_to(path: str) -> Callable[[Ask, Cursor | None, int], Request]:
    """How a page of this search is asked for."""

    def request(ask: Ask, cursor: Cursor | None, limit: int) -> Request:
        body = {"query": ask.params["query"], "size": limit, **({"scroll_token": cursor} if cursor else {})}
        return Request("POST", path, json=body)

    return request


def page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    """A page; the token of the last one is absent, or leads to a 404."""
    found, body = answer.json["data"], answer.json
    return Page(found, next=(body.get("scroll_token") or None) if found else None, total=body.get("total"))


def verdict(answer: Answer) -> Verdict:
    error = answer.content.get("error")
    kind = error.get("type") if isinstance(error, dict) else ""
    kind = kind[0] if isinstance(kind, list) and kind else kind
    return by_status(answer, {404: Outcome.NO_MATCH}, str(kind or ""))


def degree(position: int) -> Callable[[str], str | None]:
    """Reads latitude (0) or longitude (1) of "30.26,-97.74"."""

    def find(pair: str) -> str | None:
        parts = pair.split(",")
        return parts[position].strip() if len(parts) == 2 else None

    return find


ADAPTER = Adapter(
    name="pdl",
    title="People Data Labs",
    base_url="https://api.peopledatalabs.com",
    auth=Auth.header("X-Api-Key"),
    # searches of both kinds together; the provider's minute has fixed edges
    windows=(Window(10, 60),),
    concurrency=2,
    verdict=verdict,
    terms=Terms(
        attribution="None required (mem)",
        storage_days={"*": None},
        allows_lead_generation=True,
        licence="People Data Labs customer agreement (mem)",
        source="vendor specification; terms (mem)",
    ),
    endpoints=(
        Endpoint(
            name="company_search",
            kind="business",
            asks=company_asks,
            request=request_to("/v5/company/search"),
            page=page,
            # list price of a credit (mem)
            price=lambda ask: Price(per_record=Decimal("0.10")),
            fields={
                "name": "name",
                "alt_names": "alternative_names",
                "website": "website",
                "category": "industry",
                "tags": "tags",
                "employees": ["employee_count", "size"],
                "founded": "founded",
                "linkedin": "linkedin_url",
                "facebook": "facebook_url",
                "twitter": "twitter_url",
                "address_line1": "location.street_address",
                "address_line2": "location.address_line_2",
                "city": "location.locality",
                "region": "location.region",
                "postal": "location.postal_code",
                "country": "location.country",
                "lat": ("location.geo", degree(0)),
                "lon": ("location.geo", degree(1)),
            },
            ignored=(
                *("affiliated_profiles", "headline", "linkedin_id", "profiles", "summary", "ticker", "type"),
                *("location.continent", "location.metro", "location.name"),
            ),
            page_size=100,
        ),
        Endpoint(
            name="person_search",
            kind="person",
            asks=person_asks,
            request=request_to("/v5/person/search"),
            page=page,
            price=lambda ask: Price(per_record=Decimal("0.28")),
            fields={
                "first_name": "first_name",
                "last_name": "last_name",
                "full_name": "full_name",
                "title": "job_title",
                "email": "work_email",
                "phone": "phone_numbers[0]",
                "mobile": "mobile_phone",
                "linkedin": "linkedin_url",
                "company_name": "job_company_name",
                "company_website": "job_company_website",
                "company_key": "job_company_id",
                "city": "location_locality",
                "region": "location_region",
                "country": "location_country",
            },
            # private life is left where it is: age, sex, private e-mail, street, studies
            ignored=(
                *("sex", "birth_year", "birth_date", "personal_emails", "emails", "phone_numbers", "street_address"),
                *("interests", "skills", "education", "experience", "profiles", "location_names", "regions"),
                *("countries", "middle_name", "middle_initial", "last_initial", "industry"),
                *(f"{network}_{part}" for network in ("facebook", "twitter", "github") for part in ("url", "username")),
                *("facebook_id", "linkedin_id", "linkedin_username"),
                *("job_title_role", "job_title_sub_role", "job_title_levels", "job_start_date"),
                *("job_company_size", "job_company_founded", "job_company_industry"),
                *(f"job_company_{name}" for name in ("linkedin_url", "linkedin_id", "facebook_url", "twitter_url")),
                *(
                    f"job_company_location_{name}"
                    for name in "name locality metro region geo street_address address_line_2 postal_code country "
                    "continent".split()
                ),
                *("location_name", "location_metro", "location_continent", "location_geo"),
                *("location_street_address", "location_address_line_2", "location_postal_code"),
            ),
            volatile=("operation_id", "version_status", "job_last_updated", "location_last_updated"),
            page_size=100,
        ),
    ),
    not_called={
        "*_enrich*": "belongs to enrichment",
        "*_identify*": "belongs to enrichment",
        "*_retrieve*": "belongs to enrichment",
        "*_clean*": "spellings of names, which normalisation does itself",
        "*_subscription*": "tells of changes to single records: belongs to enrichment",
    },
)

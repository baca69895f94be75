"""ZoomInfo: people and companies, up to 25 in a call. The key is `username:password`, exchanged for a token of an hour.

Contract: api.zoominfo.com, the older API. Its errors say themselves whether they may be tried again, and a refusal may
ask for a pause of thousands of seconds. A number that must not be called is left out of the record.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dagster_project.enrichment.lookup import Inputs, Login, Lookup, Provider, Reading
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import RETRIED, Outcome, Verdict, by_status
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

BATCH = 25
# A token lasts 60 minutes; the vendor wants it renewed every 55.
TOKEN_SECONDS = 55 * 60.0
# What asks for a longer pause than this is a window of a day, or the plan's allowance: 5 minutes.
LONGEST_PAUSE = 300.0
# Every output field is named: a call without them is refused.
CONTACT_FIELDS = """
id firstName lastName email phone directPhoneDoNotCall mobilePhone mobilePhoneDoNotCall jobTitle city state zipCode
country externalUrls contactAccuracyScore companyId companyName companyWebsite lastUpdatedDate
""".split()
COMPANY_FIELDS = """
id name website phone street city state zipCode country socialMediaUrls revenue employeeCount foundedYear
primaryIndustry lastUpdatedDate
""".split()
CONTACT_INPUTS = {
    "email": "emailAddress",
    "first_name": "firstName",
    "last_name": "lastName",
    "company_name": "companyName",
}
COMPANY_INPUTS = {
    "domain": "companyWebsite",
    "name": "companyName",
    "city": "companyCity",
    "region": "companyState",
    "country": "companyCountry",
}
DO_NOT_CALL = {"phone": "directPhoneDoNotCall", "mobilePhone": "mobilePhoneDoNotCall"}


def login_request(key: str) -> Request:
    username, _, password = key.partition(":")
    return Request("POST", "/authenticate", json={"username": username, "password": password})


def login_token(answer: Answer) -> tuple[str, float]:
    return answer.json["jwt"], TOKEN_SECONDS


def contact(identity: Mapping[str, str]) -> Inputs | None:
    """An e-mail names one person; else both names and the employer."""
    if identity.get("email"):
        return {"email": identity["email"]}
    wanted = ("first_name", "last_name", "company_name")
    return {name: identity[name] for name in wanted} if all(map(identity.get, wanted)) else None


def company(identity: Mapping[str, str]) -> Inputs | None:
    """The website; else the name, with where it is."""
    if identity.get("domain"):
        return {"domain": identity["domain"]}
    wanted = ("name", "city", "region", "country")
    return {name: identity[name] for name in wanted if identity.get(name)} if identity.get("name") else None


def request_to(path: str, listed: str, names: Mapping[str, str], outputs: Sequence[str]) -> Callable[..., Request]:
    """How some subjects are asked about, in one call."""

    def request(inputs: Sequence[Inputs]) -> Request:
        asked = [{names[name]: value for name, value in several.items()} for several in inputs]
        return Request("POST", path, json={listed: asked, "outputFields": list(outputs)})

    return request


def read(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    """Results stand in the order of the inputs, each with none or one match."""
    results = answer.json["data"]["result"]
    if len(results) != len(inputs):
        raise ValueError(f"{len(results)} results for {len(inputs)} inputs")
    return [reading(result["data"]) for result in results]


def reading(matches: Sequence[Any]) -> Reading:
    if not matches or not matches[0]:
        return Reading(Outcome.NO_MATCH)
    return Reading(Outcome.OK, callable_only(dict(matches[0])))


def callable_only(record: dict[str, Any]) -> dict[str, Any]:
    """The record without the numbers that are flagged as not to be called."""
    barred = {number for number, flag in DO_NOT_CALL.items() if record.get(flag) in (True, "true")}
    return {name: value for name, value in record.items() if name not in barred}


def verdict(answer: Answer) -> Verdict:
    """By status, but an error that says whether it is `retryable` is believed; a long pause means the allowance."""
    error = answer.content.get("error")
    error = error if isinstance(error, dict) else {}
    bucket = answer.headers.get("x-ratelimit-rejected-bucket", "")
    found = by_status(answer, reason=f"{error.get('code') or ''} {bucket}".strip())
    if found.outcome is Outcome.RATE_LIMITED:
        is_spent = (found.retry_after or 0) > LONGEST_PAUSE or bucket.lower().startswith("day")
        return Verdict(Outcome.QUOTA_EXHAUSTED, found.reason, found.retry_after) if is_spent else found
    if found.outcome in RETRIED and error.get("retryable") is False:
        return Verdict(Outcome.BAD_REQUEST, found.reason)
    if found.outcome is Outcome.BAD_REQUEST and error.get("retryable") is True:
        return Verdict(Outcome.TRANSIENT, found.reason, found.retry_after)
    return found


def address_at(host: str) -> Callable[[Any], str | None]:
    """Picks the address at a network from `[{type, url}]`."""

    def find(links: Any) -> str | None:
        urls = (
            (str(link.get("url") or "") for link in links if isinstance(link, dict)) if isinstance(links, list) else ()
        )
        return next((url for url in urls if f"{host}/" in url), None)

    return find


def dollars(thousands: Any) -> str | None:
    """Revenue is told in thousands of USD."""
    return str(round(thousands * 1_000)) if isinstance(thousands, int | float) and thousands > 0 else None


def accuracy(record: Mapping[str, Any], field: str) -> float | None:
    """The score, 75 to 99, is of the person's being reachable and still employed there."""
    score = record.get("contactAccuracyScore")
    return min(score, 100) / 100 if isinstance(score, int | float) and score > 0 else None


PROVIDER = Provider(
    name="zoominfo",
    title="ZoomInfo",
    base_url="https://api.zoominfo.com",
    auth=Auth.header("Authorization", "Bearer {}"),
    login=Login(login_request, login_token),
    # the narrowest of its sliding windows, of the smallest plan
    windows=(Window(5, 1),),
    concurrency=4,
    verdict=verdict,
    health=lambda: Request("GET", "/lookup/usage"),
    terms=Terms(
        attribution="None required (mem)",
        storage_days={"*": None},
        allows_lead_generation=True,
        licence="ZoomInfo licence and services agreement; records are deleted when it ends (mem)",
        source="vendor specification; terms (mem)",
    ),
    endpoints=(
        Lookup(
            name="contact_enrich",
            kind="person",
            fills=("phone", "email", "title"),
            identify=contact,
            request=request_to("/enrich/contact", "matchPersonInput", CONTACT_INPUTS, CONTACT_FIELDS),
            read=read,
            batch=BATCH,
            confidence=accuracy,
            fields={
                "first_name": "firstName",
                "last_name": "lastName",
                "title": "jobTitle",
                "email": "email",
                "phone": "phone",
                "mobile": "mobilePhone",
                "linkedin": ("externalUrls", address_at("linkedin.com")),
                "company_name": "company.name",
                "company_website": "company.website",
                "company_key": "company.id",
                "city": "city",
                "region": "state",
                "country": "country",
            },
            # studies, pictures, hashes of private addresses and former employers are nobody's business here
            ignored=(
                *("middleName", "salutation", "suffix", "picture", "education", "hashedEmails", "employmentHistory"),
                *("hasCanadianEmail", "withinEu", "withinCalifornia", "withinCanada", "personHasMoved", "isDefunct"),
                *(
                    "street",
                    "zipCode",
                    "region",
                    "metroArea",
                    "jobFunction",
                    "managementLevel",
                    "locationCompanyId",
                    "company",
                ),
                *("externalUrls", "contactAccuracyScore", "noticeProvidedDate", "lastUpdatedDate"),
                *DO_NOT_CALL.values(),
            ),
            volatile=("lastUpdatedDate", "contactAccuracyScore"),
        ),
        Lookup(
            name="company_enrich",
            kind="business",
            fills=("company", "social"),
            identify=company,
            request=request_to("/enrich/company", "matchCompanyInput", COMPANY_INPUTS, COMPANY_FIELDS),
            read=read,
            batch=BATCH,
            url=("id", lambda number: f"https://www.zoominfo.com/c/{number}"),
            fields={
                "name": "name",
                "website": "website",
                "phone": "phone",
                "address_line1": "street",
                "city": "city",
                "region": "state",
                "postal": "zipCode",
                "country": "country",
                "linkedin": ("socialMediaUrls", address_at("linkedin.com")),
                "twitter": ("socialMediaUrls", address_at("twitter.com")),
                "facebook": ("socialMediaUrls", address_at("facebook.com")),
                "instagram": ("socialMediaUrls", address_at("instagram.com")),
                "revenue": ("revenue", dollars),
                "employees": "employeeCount",
                "founded": "foundedYear",
                "category": "primaryIndustry[0]",
            },
            ignored=("primaryIndustry", "socialMediaUrls", "lastUpdatedDate"),
            volatile=("lastUpdatedDate",),
        ),
    ),
    not_called={
        "GET_*": "lists of fields, of subscriptions and of what the account has used",
        "*__REQUEST__*": "an example of what is sent",
        "POST_enrich_company__*": "an example without content",
        "POST_enrich_[!c]*": "other data of a company",
        "POST_enrich_company_master*": "the reference of locations, another product",
        "POST_search_*": "finds companies and people by a profile",
        "POST_bulk_*": "jobs that are fetched as files",
        "POST_webhooks*": "tells of changes to single records",
        "PUT_*": "tells of changes to single records",
        "DELETE_*": "tells of changes to single records",
    },
)

"""Clearbit: people by e-mail or name, companies by domain, domains by name; each on a host of its own.

Contract: v2 of person and company, v1 of prospector and name-to-domain. 202 is a promise: the answer comes to the
account's webhook under the `webhook_id` that was sent, or to the same call without one. No new keys are given out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from dagster_project.enrichment.lookup import Inputs, Lookup, Provider, Reading
from dagster_project.enrichment.questions import (
    found_or_not,
    named_by,
    nobody,
    polled,
    question_id,
    question_of,
    unread,
)
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status, is_json
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

COMPANY_URL = "https://company.clearbit.com"
PROSPECTOR_URL = "https://prospector.clearbit.com"
PERSON_PATH, COMPANY_PATH = "/v2/people/find", "/v2/companies/find"
# Between two polls (mem); the webhook is called as soon as there is an answer.
POLL_SECONDS = 5.0


def verdict(answer: Answer) -> Verdict:
    """404 is an answer: there is nobody; 202, which may be empty, is a promise, unless its body was torn on the way."""
    if answer.status == 202 and (not answer.body or is_json(answer)):
        return Verdict(Outcome.OK)
    error = answer.content.get("error")
    kind = error.get("type") if isinstance(error, dict) else ""
    return by_status(answer, {404: nobody(answer)}, str(kind or ""))


def find_request(lookup: str, path: str) -> Callable[[Sequence[Inputs]], Request]:
    """The call for one subject, by which a later answer is sent to the webhook."""

    def request(inputs: Sequence[Inputs]) -> Request:
        return Request("GET", path, {**inputs[0], "webhook_id": question_id(lookup, inputs[0])})

    return request


def poll_request(path: str) -> Callable[[str], Request]:
    """The same call again, with nothing to be sent to the webhook."""
    return lambda request_id: Request("GET", path, question_of(request_id)[1])


def read_found(lookup: str) -> Callable[[Answer, Sequence[Inputs]], list[Reading]]:
    """Reads the object that was found, or that it comes later."""

    def read(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
        reading = record_of(answer)
        is_promised = reading.outcome is Outcome.PENDING
        return [replace(reading, request_id=question_id(lookup, inputs[0])) if is_promised else reading]

    return read


def record_of(answer: Answer) -> Reading:
    """The reading of an answer that is the object itself, or a promise once more."""
    if answer.status == 202:
        return Reading(Outcome.PENDING, retry_after=POLL_SECONDS)
    return found_or_not(answer.json)


def read_delivery(lookup: str) -> Callable[[Any], Iterable[tuple[str, Reading]]]:
    """Reads {id, type, status, body}; what belongs to another lookup is left to it."""

    def read(body: Any) -> Iterable[tuple[str, Reading]]:
        request_id, status = str(body["id"]), int(body["status"])
        if request_id.startswith(f"{lookup}."):
            yield request_id, found_or_not(body["body"]) if status == 200 else refused(status)

    return read


def refused(status: int) -> Reading:
    """The reading of a status that a delivery has instead of a record."""
    return unread(verdict(Answer(status, {}, b"{}")))


def prospect_request(inputs: Sequence[Inputs]) -> Request:
    person = inputs[0]
    name = f"{person['first_name']} {person['last_name']}"
    return Request("GET", "/v1/people/search", {"domain": person["company_domain"], "name": name, "limit": 1})


def read_prospects(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    """The first of a list of people."""
    if not isinstance(answer.json, list):
        raise TypeError("people are not a list")
    return [found_or_not(answer.json[0] if answer.json else None)]


def domain_request(inputs: Sequence[Inputs]) -> Request:
    return Request("GET", "/v1/domains/find", dict(inputs[0]))


def read_domain(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    return [found_or_not(answer.json if answer.json["domain"] else None, "domain")]


PROVIDER = Provider(
    name="clearbit",
    title="Clearbit",
    base_url="https://person.clearbit.com",
    auth=Auth.header("Authorization", "Bearer {}"),
    # for each account (mem)
    windows=(Window(600, 60),),
    concurrency=4,
    verdict=verdict,
    terms=Terms(
        attribution="None required (mem)",
        storage_days={"*": None},
        allows_lead_generation=True,
        licence="Clearbit Terms of Service (mem)",
        source="recorded payloads; terms (mem)",
    ),
    endpoints=(
        Lookup(
            name="person_find",
            kind="person",
            fills=("title",),
            identify=named_by(("email",)),
            request=find_request("person_find", PERSON_PATH),
            read=read_found("person_find"),
            poll=poll_request(PERSON_PATH),
            read_poll=polled(verdict, record_of),
            read_delivery=read_delivery("person_find"),
            fields={
                "first_name": "name.givenName",
                "last_name": "name.familyName",
                "full_name": "name.fullName",
                "title": "employment.title",
                "linkedin": ("linkedin.handle", "https://www.linkedin.com/".__add__),
                "company_name": "employment.name",
                "company_website": "employment.domain",
            },
            # the e-mail is the one that was sent; where a person lives and what else they do is theirs
            ignored=(
                *("email", "gender", "location", "timeZone", "utcOffset", "geo", "bio", "site", "avatar", "fuzzy"),
                *("employment", "facebook", "github", "twitter", "googleplus", "angellist", "aboutme", "gravatar"),
                *("emailProvider", "indexedAt", "phone", "activeAt", "inactiveAt"),
            ),
        ),
        Lookup(
            name="prospect",
            kind="person",
            fills=("email", "title"),
            base_url=PROSPECTOR_URL,
            identify=named_by(("first_name", "last_name", "company_domain")),
            request=prospect_request,
            read=read_prospects,
            fields={
                "first_name": "name.givenName",
                "last_name": "name.familyName",
                "full_name": "name.fullName",
                "title": "title",
                "email": "email",
                "email_verified": "verified",
            },
            ignored=("role", "subRole", "seniority", "company", "phone"),
        ),
        Lookup(
            name="company_find",
            kind="business",
            fills=("company", "social", "tech"),
            base_url=COMPANY_URL,
            identify=named_by(("domain",)),
            request=find_request("company_find", COMPANY_PATH),
            read=read_found("company_find"),
            poll=poll_request(COMPANY_PATH),
            read_poll=polled(verdict, record_of),
            read_delivery=read_delivery("company_find"),
            fields={
                "name": "name",
                "website": "domain",
                "category": ["category.industry", "category.sector", "tags[0]"],
                "tags": "tags",
                "phone": "phone",
                "employees": ["metrics.employees", "metrics.employeesRange"],
                "revenue": ["metrics.annualRevenue", "metrics.estimatedAnnualRevenue"],
                "founded": ["foundedYear", "foundedDate"],
                "tech_signals": "tech",
                "linkedin": ("linkedin.handle", "https://www.linkedin.com/".__add__),
                "twitter": ("twitter.handle", "https://twitter.com/".__add__),
                "facebook": ("facebook.handle", "https://www.facebook.com/".__add__),
                "address": "location",
                "city": "geo.city",
                "region": "geo.stateCode",
                "postal": "geo.postalCode",
                "country": "geo.countryCode",
                "lat": "geo.lat",
                "lon": "geo.lng",
            },
            ignored=(
                *("legalName", "domainAliases", "url", "site", "category", "description", "timeZone", "utcOffset"),
                *("geo", "metrics", "logo", "facebook", "twitter", "angellist", "crunchbase", "emailProvider", "type"),
                *("techCategories", "parent", "ultimateParent", "identifiers", "indexedAt", "linkedin"),
            ),
            volatile=("twitter.followers", "twitter.following", "angellist.followers", "indexedAt"),
        ),
        Lookup(
            name="name_to_domain",
            kind="business",
            fills=("domain",),
            base_url=COMPANY_URL,
            identify=named_by(("name",)),
            request=domain_request,
            read=read_domain,
            key="domain",
            fields={"name": "name", "website": "domain"},
            ignored=("logo",),
        ),
    ),
    not_called={"*combined*": "a person and their company are asked for one by one"},
)

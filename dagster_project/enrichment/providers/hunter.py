"""Hunter: a person's e-mail by name and employer, whether an e-mail arrives, a company's domain by its name.

Contract: api.hunter.io, v2. Statuses are unusual: 403 is too fast, 429 is the plan's quota gone, 451 is a person who
asked not to be listed, 202 is that it still runs: the same call brings the answer later, and is charged then. A 404
found nobody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dagster_project.enrichment.lookup import Inputs, Lookup, Provider, Reading
from dagster_project.enrichment.questions import (
    EMPLOYED,
    found_or_not,
    named_by,
    nobody,
    question_id,
    renamed,
)
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status, is_json
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

OUTCOMES = {403: Outcome.RATE_LIMITED, 429: Outcome.QUOTA_EXHAUSTED}
VERIFIED = {"valid": True, "invalid": False}
# The most that a score counts for, by how the verification ended.
MOST_CONFIDENCE = {"valid": 1.0, "accept_all": 0.8, "webmail": 0.8, "unknown": 0.7, "disposable": 0.1, "invalid": 0.0}
POLL_SECONDS = 5.0
NAMES = {"company_domain": "domain", "company_name": "company"}


def verdict(answer: Answer) -> Verdict:
    """202 is an answer, and read as a promise, unless its body was torn on the way."""
    if answer.status == 202 and is_json(answer):
        return Verdict(Outcome.OK)
    errors = answer.content.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return by_status(
        answer, {**OUTCOMES, 404: nobody(answer)}, str(first.get("id") or "") if isinstance(first, dict) else ""
    )


def finder_request(inputs: Sequence[Inputs]) -> Request:
    return Request("GET", "/v2/email-finder", renamed(inputs[0], NAMES))


def verifier_request(inputs: Sequence[Inputs]) -> Request:
    return Request("GET", "/v2/email-verifier", dict(inputs[0]))


def read_email(lookup: str) -> Callable[[Answer, Sequence[Inputs]], list[Reading]]:
    """Reads what is said of an e-mail, or that it is said later."""

    def read(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
        reading = email_of(answer)
        is_promised = reading.outcome is Outcome.PENDING
        return [replace(reading, request_id=question_id(lookup, inputs[0])) if is_promised else reading]

    return read


def email_of(answer: Answer) -> Reading:
    """The e-mail with what is said of it; none where nobody was found."""
    if answer.status == 202:
        return Reading(Outcome.PENDING, retry_after=POLL_SECONDS)
    return found_or_not(answer.json["data"] if answer.json["data"]["email"] else None, "email")


def company_request(inputs: Sequence[Inputs]) -> Request:
    return Request("GET", "/v2/domain-search", {"company": inputs[0]["name"], "limit": 1})


def read_company(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    """The company of a domain search; the people in it were not asked for."""
    data = answer.json["data"]
    return [found_or_not({**data, "emails": None} if data["domain"] else None, "domain")]


def confidence(record: Mapping[str, Any], field: str) -> float | None:
    """Of an e-mail: Hunter's score, as far as the verification bears it out."""
    verification = record.get("verification")
    status = verification.get("status") if isinstance(verification, dict) else record.get("status")
    score = record.get("score")
    if field != "email" or not isinstance(score, int | float):
        return None
    return min(score / 100, MOST_CONFIDENCE.get(status, MOST_CONFIDENCE["unknown"]))


PROVIDER = Provider(
    name="hunter",
    title="Hunter",
    base_url="https://api.hunter.io",
    auth=Auth.header("X-API-KEY"),
    windows=(Window(15, 1), Window(500, 60)),
    concurrency=4,
    verdict=verdict,
    health=lambda: Request("GET", "/v2/account"),
    terms=Terms(
        attribution="None required; each e-mail names the page where it was found (mem)",
        storage_days={"*": None},
        allows_lead_generation=True,
        licence="Hunter Terms of Service",
        source="published specification; terms (mem)",
    ),
    endpoints=(
        Lookup(
            name="email_finder",
            kind="person",
            fills=("email", "title"),
            identify=named_by(*EMPLOYED),
            request=finder_request,
            read=read_email("email_finder"),
            confidence=confidence,
            key="email",
            url="sources[0].uri",
            fields={
                "first_name": "first_name",
                "last_name": "last_name",
                "title": "position",
                "email": "email",
                "email_verified": ("verification.status", VERIFIED.get),
                "phone": "phone_number",
                "linkedin": "linkedin_url",
                "company_name": "company",
                "company_website": "domain",
            },
            ignored=("score", "accept_all", "twitter", "sources", "verification"),
            volatile=("sources", "verification.date"),
        ),
        Lookup(
            name="email_verifier",
            kind="person",
            fills=("email",),
            identify=named_by(("email",)),
            request=verifier_request,
            read=read_email("email_verifier"),
            windows=(Window(10, 1), Window(300, 60)),
            confidence=confidence,
            key="email",
            url="sources[0].uri",
            fields={"email": "email", "email_verified": ("status", VERIFIED.get)},
            ignored=(
                *("status", "result", "score", "regexp", "gibberish", "disposable", "webmail", "mx_records"),
                *("smtp_server", "smtp_check", "accept_all", "block", "sources", "_deprecation_notice"),
            ),
            volatile=("sources",),
        ),
        Lookup(
            name="company_domain",
            kind="business",
            fills=("domain",),
            identify=named_by(("name",)),
            request=company_request,
            read=read_company,
            key="domain",
            url=("domain", "https://hunter.io/search/".__add__),
            fields={
                "name": "organization",
                "website": "domain",
                "category": "industry",
                "employees": "headcount",
                "city": "city",
                "region": "state",
                "country": "country",
            },
            ignored=(
                *("disposable", "webmail", "accept_all", "pattern", "description", "company_type", "twitter"),
                *("linkedin", "facebook", "instagram", "youtube", "technologies", "street", "postal_code"),
                *("linked_domains", "emails"),
            ),
        ),
    ),
)

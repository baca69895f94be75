"""Apollo's lookups of people: who they are with their e-mail, and their phones, which come later.

Phones are promised with a `request_id` and polled for thirty days; a mobile among them costs eight credits more. The
documentation wants a `webhook_url` with them, which is the sender's to add: an adapter does not know where we are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dagster_project.enrichment.lookup import Inputs, Lookup, Reading
from dagster_project.enrichment.providers.apollo.answers import MOST, WINDOWS, verdict
from dagster_project.enrichment.questions import EMPLOYED, found_or_not, named_by, polled, renamed
from dagster_project.transport.messages import Answer, Request
from dagster_project.transport.outcomes import Outcome

NAMES = {"linkedin": "linkedin_url", "company_domain": "domain", "company_name": "organization_name"}
# Stands where an address is that the team has not paid for.
LOCKED = "email_not_unlocked@"
# What an e-mail is worth by how Apollo came by it.
EMAIL_CONFIDENCE = {"verified": 0.95, "likely to engage": 0.8, "extrapolated": 0.5, "guessed": 0.4, "unverified": 0.4}
PHONES_KEPT_SECONDS = 30 * 86_400.0
PAGE = ("id", "https://app.apollo.io/#/people/".__add__)


def people_request(inputs: Sequence[Inputs]) -> Request:
    people = [renamed(person, NAMES) for person in inputs]
    if len(people) == 1:
        return Request("POST", "/api/v1/people/match", json=people[0])
    return Request("POST", "/api/v1/people/bulk_match", json={"details": people})


def read_people(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    """One person, or a list in the order asked with null for nobody."""
    found = [answer.json["person"]] if len(inputs) == 1 else answer.json["matches"]
    if len(found) != len(inputs):
        raise ValueError(f"{len(found)} answers to {len(inputs)} questions")
    return [found_or_not(person or None) for person in found]


def confidence(record: Mapping[str, Any], field: str) -> float | None:
    """Of an e-mail: by its status."""
    return EMAIL_CONFIDENCE.get(str(record.get("email_status"))) if field == "email" else None


def phone_request(inputs: Sequence[Inputs]) -> Request:
    return Request("POST", "/api/v1/people/match", json={**renamed(inputs[0], NAMES), "reveal_phone_number": True})


def read_promise(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    """Phones come later, unless nobody was found who could have any."""
    if not answer.json["person"]:
        return [Reading(Outcome.NO_MATCH)]
    # a number of 64 bits, which floats do not hold
    return [Reading(Outcome.PENDING, request_id=str(int(answer.json["request_id"])))]


def phone_poll(request_id: str) -> Request:
    return Request("GET", f"/api/v1/webhook_result/{request_id}")


def read_result(answer: Answer) -> Reading:
    """The result of a promise. Of the 404s one is that it still runs; a 410 is that it was kept no longer."""
    said = answer.content
    if answer.status == 404 and said.get("error_code") == "result_pending":
        return Reading(Outcome.PENDING, retry_after=float(said.get("retry_after_seconds") or 0) or None)
    return polled(verdict, lambda found: phones(found.json["webhook_result"]))(answer)


def phones(result: Mapping[str, Any]) -> Reading:
    """The person of a result, when there are numbers."""
    person = result["people"][0] if result["people"] else None
    if not person or not person["phone_numbers"]:
        return Reading(Outcome.NO_MATCH)
    has_mobile = any(number["type_cd"] == "mobile" for number in person["phone_numbers"])
    return replace(found_or_not(person), extras=("mobile",) if has_mobile else ())


def read_delivery(body: Any) -> Iterable[tuple[str, Reading]]:
    """The result as it is posted, which names its request."""
    yield str(int(body["request_id"])), phones(body)


def number(is_mobile: bool) -> Callable[[Any], str | None]:
    """Picks the first number that is, or is not, a mobile; one that is known to be wrong is left out."""

    def pick(numbers: Any) -> str | None:
        fit = (
            entry.get("sanitized_number") or entry.get("raw_number")
            for entry in numbers
            if isinstance(entry, dict)
            and (entry.get("type_cd") == "mobile") == is_mobile
            and entry.get("status_cd") != "invalid_number"
        )
        return next((found for found in fit if found), None)

    return pick


PEOPLE_MATCH = Lookup(
    name="people_match",
    kind="person",
    fills=("email", "title"),
    identify=named_by(("email",), ("linkedin",), *EMPLOYED),
    request=people_request,
    read=read_people,
    batch=MOST,
    windows=WINDOWS,
    confidence=confidence,
    url=PAGE,
    fields={
        "first_name": "first_name",
        "last_name": "last_name",
        "full_name": "name",
        "title": "title",
        "email": ("email", lambda address: None if str(address).startswith(LOCKED) else address),
        "email_verified": ("email_status", {"verified": True}.get),
        "linkedin": "linkedin_url",
        "company_name": "organization.name",
        "company_website": ["organization.website_url", "organization.primary_domain"],
        "company_key": "organization_id",
    },
    # where a person lives and what else they did is theirs
    ignored=(
        *("email_status", "photo_url", "twitter_url", "github_url", "facebook_url", "headline", "city"),
        *("state", "country", "extrapolated_email_confidence", "employment_history", "organization"),
        *("contact", "contact_id", "account", "account_id", "departments", "subdepartments", "functions"),
        *("seniority", "revealed_for_current_team", "intent_strength"),
    ),
    volatile=("is_likely_to_engage", "show_intent", "employment_history", "organization", "contact", "account"),
)
PHONE_REVEAL = Lookup(
    name="phone_reveal",
    kind="person",
    fills=("phone",),
    identify=named_by(("email",), ("linkedin",), *EMPLOYED),
    request=phone_request,
    read=read_promise,
    poll=phone_poll,
    read_poll=read_result,
    read_delivery=read_delivery,
    webhook_param="webhook_url",
    keep_seconds=PHONES_KEPT_SECONDS,
    windows=WINDOWS,
    url=PAGE,
    fields={
        "phone": ("phone_numbers", number(is_mobile=False)),
        "mobile": ("phone_numbers", number(is_mobile=True)),
    },
    ignored=("status", "phone_numbers", "waterfall", "emails"),
)

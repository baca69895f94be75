"""Lusha: up to 100 people in a call, found and revealed at once. A refusal under data protection law is final.

Contract: api.lusha.com, v3. A call costs for each person that is found and for each kind of contact data revealed. A
refused person stands in the answer as COMPLIANCE_RESTRICTED; a call that is refused whole is a 451.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dagster_project.enrichment.lookup import Inputs, Lookup, Provider, Reading
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

BATCH = 100
NAMES = {
    "linkedin": "linkedinUrl",
    "email": "email",
    "first_name": "firstName",
    "last_name": "lastName",
    "company_domain": "companyDomain",
    "company_name": "companyName",
}
# What is said of one person instead of a profile.
ERRORS = {
    "NOT_FOUND": Outcome.NO_MATCH,
    "COMPLIANCE_RESTRICTED": Outcome.SUPPRESSED,
    "ENRICH_FAILED": Outcome.TRANSIENT,
}
# How sure the vendor's grades are, 0 to 1 (our reading of them).
GRADES = {"A+": 0.97, "A": 0.92, "B+": 0.85, "B": 0.75, "C": 0.55, "D": 0.3}


def person(identity: Mapping[str, str]) -> Inputs | None:
    """The profile's address, or the e-mail; else both names with the employer's domain or name."""
    for name in ("linkedin", "email"):
        if identity.get(name):
            return {name: identity[name]}
    employer = next((name for name in ("company_domain", "company_name") if identity.get(name)), "")
    wanted = ("first_name", "last_name", employer)
    return {name: identity[name] for name in wanted} if all(map(identity.get, wanted)) else None


def request(inputs: Sequence[Inputs]) -> Request:
    """Each person is given a number, under which it is answered."""
    people = [
        {"clientReferenceId": str(number), **{NAMES[name]: value for name, value in several.items()}}
        for number, several in enumerate(inputs)
    ]
    return Request("POST", "/v3/contacts/search-and-enrich", json={"contacts": people, "reveal": ["emails", "phones"]})


def read(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    """One reading per person; who is not in the answer was not found."""
    results = {result["clientReferenceId"]: result for result in answer.json["results"]}
    return [
        reading(results[str(number)]) if str(number) in results else Reading(Outcome.NO_MATCH)
        for number in range(len(inputs))
    ]


def reading(result: Mapping[str, Any]) -> Reading:
    if error := result.get("error"):
        code = error["code"]
        return Reading(ERRORS.get(str(code), Outcome.BAD_REQUEST), reason=str(code))
    record = {name: value for name, value in result.items() if name != "clientReferenceId"}
    return Reading(Outcome.OK, record, extras=tuple(name for name in ("emails", "phones") if record.get(name)))


def verdict(answer: Answer) -> Verdict:
    """By status. There is no Retry-After: how much of the day is left is in a header."""
    is_spent = answer.headers.get("x-daily-requests-left") == "0"
    own = {429: Outcome.QUOTA_EXHAUSTED} if is_spent else {}
    return by_status(answer, {**own, 499: Outcome.TRANSIENT})


def work_email(emails: Any) -> dict[str, Any]:
    """The first e-mail that is not private; empty without one."""
    listed = [email for email in emails if isinstance(email, dict)] if isinstance(emails, list) else []
    return next((email for email in listed if email.get("type") != "private"), {})


def number_of(kinds: Sequence[str]) -> Callable[[Any], str | None]:
    """Picks the first number of some kinds that may be called from `phones`."""

    def find(phones: Any) -> str | None:
        listed = [phone for phone in phones if isinstance(phone, dict)] if isinstance(phones, list) else []
        allowed = (phone for phone in listed if phone.get("doNotCall") is not True)
        return next((phone.get("number") for phone in allowed if phone.get("type") in kinds), None)

    return find


def confidence(record: Mapping[str, Any], field: str) -> float | None:
    """The grade of the e-mail; of the rest nothing is said."""
    return GRADES.get(str(work_email(record.get("emails")).get("confidence"))) if field == "email" else None


PROVIDER = Provider(
    name="lusha",
    title="Lusha",
    base_url="https://api.lusha.com",
    auth=Auth.header("api_key"),
    # a second's of every plan (mem), and a day's of the plan in the vendor's example
    windows=(Window(25, 1), Window(5_000, 86_400)),
    concurrency=4,
    verdict=verdict,
    health=lambda: Request("GET", "/v3/account/usage"),
    terms=Terms(
        attribution="None required (mem)",
        storage_days={"*": None},
        allows_lead_generation=True,
        licence="Lusha terms of use (mem)",
        source="vendor specification; terms (mem)",
    ),
    endpoints=(
        Lookup(
            name="contacts_search_and_enrich",
            kind="person",
            fills=("phone", "email", "title"),
            identify=person,
            request=request,
            read=read,
            batch=BATCH,
            confidence=confidence,
            fields={
                "first_name": "firstName",
                "last_name": "lastName",
                "full_name": "fullName",
                "title": "jobTitle.title",
                "email": ("emails", lambda emails: work_email(emails).get("email")),
                "phone": ("phones", number_of(("direct", "work", "unknown"))),
                "mobile": ("phones", number_of(("mobile",))),
                "linkedin": "socialLinks.linkedin",
                "company_name": "company.name",
                "company_website": "company.domain",
                "company_key": "company.id",
                "city": "location.city",
                "region": "location.state",
                "country": ["location.countryIso2", "location.country"],
            },
            ignored=(
                *("jobTitle.departments", "jobTitle.seniority", "company.industry", "socialLinks", "tags"),
                *("location", "emails", "phones", "previousEmployment", "updateDate", "has", "canReveal"),
            ),
            volatile=("updateDate", "emails[].updateDate", "phones[].updateDate"),
        ),
    ),
    not_called={
        "v2_*": "the version before",
        "*_tables*": "the team's own tables",
        "GET_*": "the account, subscriptions and lists of filters",
        "*_api_*": "the account and its subscriptions",
        "*__REQUEST__*": "an example of what is sent",
        "POST_v3_companies_*": "finds companies",
        "POST_v3_contacts_[!s]*": "other questions about people",
        "POST_v3_contacts_signal*": "news of people",
        "POST_v3_contacts_search__*": "the search alone, without contact data",
    },
)

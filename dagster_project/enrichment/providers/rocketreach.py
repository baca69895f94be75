"""RocketReach: one person a call, whose e-mails may still be being verified; then the answer comes by poll or webhook.

Contract: api.rocketreach.co, v2. A profile is `complete`, or in `progress` or `searching`; its id asks for it later.
Private e-mails and the year of birth are left where they are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dagster_project.enrichment.lookup import Inputs, Lookup, Provider, Reading
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

POLL_SECONDS = 10.0
# What asks for a longer pause than this is the plan's hour or day.
LONGEST_PAUSE = 300.0
# How sure the vendor's grades are, 0 to 1, and what the mail server's word makes of that (our reading of its help).
GRADES = {"A": 0.95, "A-": 0.9, "B": 0.75, "B-": 0.65, "C": 0.5, "D": 0.3, "F": 0.1}
SERVER_SAYS = {"valid": 1.0, "accept-all": 0.85, "unknown": 0.75, "invalid": 0.0}
VERIFIED = {"valid": True, "invalid": False}


def person(identity: Mapping[str, str]) -> Inputs | None:
    """The profile's address, or the e-mail; else the name and the employer."""
    for name in ("linkedin", "email"):
        if identity.get(name):
            return {name: identity[name]}
    wanted = ("first_name", "last_name", "company_name")
    return {name: identity[name] for name in wanted} if all(map(identity.get, wanted)) else None


def request(inputs: Sequence[Inputs]) -> Request:
    (asked,) = inputs
    if "linkedin" in asked:
        params = {"linkedin_url": asked["linkedin"]}
    elif "email" in asked:
        params = {"email": asked["email"]}
    else:
        name = f"{asked['first_name']} {asked['last_name']}"
        params = {"name": name, "current_employer": asked["company_name"]}
    return Request("GET", "/api/v2/person/lookup", params)


def read(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    return [reading(answer.json)]


def reading(profile: Any) -> Reading:
    """By the profile's status. What was not queued will not come by itself: it has to be looked up again."""
    status = profile["status"]
    if status == "complete":
        return Reading(Outcome.OK, profile)
    if status in ("progress", "searching"):
        return Reading(Outcome.PENDING, request_id=str(profile["id"]), retry_after=POLL_SECONDS)
    if status == "not queued":
        return Reading(Outcome.TRANSIENT, reason="not queued")
    raise ValueError("a profile of an unknown status")


def poll(request_id: str) -> Request:
    return Request("GET", "/api/v2/person/checkStatus", {"ids": request_id})


def read_poll(answer: Answer) -> Reading:
    """Here 404 is a profile that was never looked up, or whose answer is no longer kept."""
    said = by_status(answer)
    if said.outcome is not Outcome.OK:
        return Reading(said.outcome, retry_after=said.retry_after, reason=said.reason)
    return reading(answer.json[0])


def read_delivery(body: Any) -> Iterable[tuple[str, Reading]]:
    """A webhook brings one profile, or a list of them."""
    for profile in body if isinstance(body, list) else [body]:
        yield str(profile["id"]), reading(profile)


def verdict(answer: Answer) -> Verdict:
    """By status; 404 is a person who is not known, and a long pause is that of an hour or a day."""
    found = by_status(answer, {404: Outcome.NO_MATCH})
    if found.outcome is Outcome.RATE_LIMITED and (found.retry_after or 0) > LONGEST_PAUSE:
        return Verdict(Outcome.QUOTA_EXHAUSTED, found.reason, found.retry_after)
    return found


def best_email(emails: Any) -> dict[str, Any]:
    """The surest e-mail of the person's work; empty without one."""
    listed = [email for email in emails if isinstance(email, dict)] if isinstance(emails, list) else []
    return max((email for email in listed if email.get("type") == "professional"), key=sureness, default={})


def sureness(email: Mapping[str, Any]) -> float:
    return GRADES.get(str(email.get("grade")), 0.5) * SERVER_SAYS.get(str(email.get("smtp_valid")), 0.75)


def number_of(kinds: Sequence[str]) -> Callable[[Any], str | None]:
    """Picks the number of a kind from `phones`, the recommended one first."""

    def find(phones: Any) -> str | None:
        found = best_phone(phones, kinds)
        return found.get("e164") or found.get("number")

    return find


def best_phone(phones: Any, kinds: Sequence[str]) -> dict[str, Any]:
    """The number of some kinds that is recommended, else the best graded; empty without one."""
    listed = [phone for phone in phones if isinstance(phone, dict)] if isinstance(phones, list) else []
    return max(
        (phone for phone in listed if phone.get("type") in kinds),
        key=lambda phone: (phone.get("recommended") is True, GRADES.get(str(phone.get("grade")), 0.5)),
        default={},
    )


MOBILE, OTHER = ("mobile",), ("direct dial", "other", "unknown")


def confidence(record: Mapping[str, Any], field: str) -> float | None:
    """An e-mail by its grade and the mail server, a phone by its grade; of a title nothing is said."""
    if field == "email":
        email = best_email(record.get("emails"))
        return sureness(email) if email else None
    if field == "phone":
        phone = best_phone(record.get("phones"), OTHER) or best_phone(record.get("phones"), MOBILE)
        return GRADES.get(str(phone.get("grade")))
    return None


PROVIDER = Provider(
    name="rocketreach",
    title="RocketReach",
    base_url="https://api.rocketreach.co",
    auth=Auth.header("Api-Key"),
    windows=(Window(10, 1),),
    concurrency=4,
    verdict=verdict,
    health=lambda: Request("GET", "/api/v2/account/"),
    terms=Terms(
        attribution="None required (mem)",
        storage_days={"*": None},
        allows_lead_generation=True,
        licence="RocketReach terms of service (mem)",
        source="vendor specification; terms (mem)",
    ),
    endpoints=(
        Lookup(
            name="person_lookup",
            kind="person",
            fills=("phone", "email", "title"),
            identify=person,
            request=request,
            read=read,
            poll=poll,
            read_poll=read_poll,
            read_delivery=read_delivery,
            confidence=confidence,
            url=("id", lambda number: f"https://rocketreach.co/person/{number}"),
            fields={
                "full_name": "name",
                "title": "current_title",
                "email": [("emails", lambda emails: best_email(emails).get("email")), "current_work_email"],
                "email_verified": ("emails", lambda emails: VERIFIED.get(str(best_email(emails).get("smtp_valid")))),
                "phone": ("phones", number_of(OTHER)),
                "mobile": ("phones", number_of(MOBILE)),
                "linkedin": "linkedin_url",
                "company_name": "current_employer",
                "company_website": ["current_employer_domain", "current_employer_website"],
                "company_key": "current_employer_id",
                "city": "city",
                "region": "region",
                "country": ["country_code", "country"],
            },
            # private life is left where it is: private e-mail, year of birth, studies, skills, former employers
            ignored=(
                *("profile_list", "status", "profile_pic", "connections", "links", "location", "metadata", "tags"),
                *("birth_year", "job_history", "education", "skills", "npi_data", "return_cached_emails"),
                *("region_latitude", "region_longitude", "linkedin_url_active", "emails", "phones"),
                *("recommended_email", "recommended_personal_email", "recommended_professional_email"),
                *("current_personal_email", "current_employer_linkedin_url", "current_employer_industry"),
            ),
            volatile=("profile_list", "emails[].last_validation_check", "phones[].last_checked", "connections"),
        ),
    ),
    not_called={
        "*_account*": "the account, which has no records",
        "*_universal_*": "another price plan's addresses of the same",
        "*ompany*": "finds companies, and people with the company's data",
        "*_search_*": "finds people by a profile",
    },
)

"""People Data Labs: people and companies, one by one or up to a hundred at once, one credit for every match.

Contract: api.peopledatalabs.com, v5. 404 is an answer: nobody matched; among many each has a status of its own. How
likely a match is who was meant comes as 1 to 10, and none below `MIN_LIKELIHOOD` is wanted or charged.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dagster_project.enrichment.lookup import Inputs, Lookup, Provider, Reading
from dagster_project.enrichment.questions import EMPLOYED, found_or_not, named_by, nobody, renamed, unread
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Verdict, by_status
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

MIN_LIKELIHOOD = 6
MOST = 100
# A free account's; paid ones have a thousand.
WINDOWS = (Window(100, 60),)
PERSON_NAMES = {"linkedin": "profile", "company_domain": "company", "company_name": "company"}
COMPANY_NAMES = {"domain": "website"}
# Parts of a job's company and place that a contact does not have.
PLACE = "name locality metro region geo street_address address_line_2 postal_code country continent".split()


def verdict(answer: Answer) -> Verdict:
    error = answer.content.get("error")
    kind = error.get("type") if isinstance(error, dict) else ""
    kind = kind[0] if isinstance(kind, list) and kind else kind
    return by_status(answer, {404: nobody(answer)}, str(kind or ""))


def request_to(one: str, many: str, names: Mapping[str, str]) -> Callable[[Sequence[Inputs]], Request]:
    """A call for one subject in the address, for several in the body."""

    def request(inputs: Sequence[Inputs]) -> Request:
        asked = [{**renamed(subject, names), "min_likelihood": MIN_LIKELIHOOD} for subject in inputs]
        if len(asked) == 1:
            return Request("GET", one, asked[0])
        return Request("POST", many, json={"requests": [{"params": params} for params in asked]})

    return request


def read(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    """One reading per subject: of the object that answers one, or of the list that answers several, in their order."""
    items = answer.json if isinstance(answer.json, list) else [answer.json]
    if len(items) != len(inputs):
        raise ValueError(f"{len(items)} answers to {len(inputs)} questions")
    return [reading(item) for item in items]


def reading(item: Mapping[str, Any]) -> Reading:
    """A person stands in `data`, a company beside `status`; how likely it is stays with the record."""
    if (status := item["status"]) != 200:
        return unread(verdict(Answer(status, {}, b"{}")))
    record = {**item.get("data", item), "likelihood": item["likelihood"]}
    record.pop("status", None)
    return found_or_not(record)


def confidence(record: Mapping[str, Any], field: str) -> float | None:
    likelihood = record.get("likelihood")
    return min(likelihood / 10, 1.0) if isinstance(likelihood, int | float) else None


PROVIDER = Provider(
    name="pdl",
    title="People Data Labs",
    base_url="https://api.peopledatalabs.com",
    auth=Auth.header("X-Api-Key"),
    concurrency=4,
    verdict=verdict,
    # completing a word is free, and needs the key as all else does
    health=lambda: Request("GET", "/v5/autocomplete", {"field": "industry", "text": "soft", "size": 1}),
    terms=Terms(
        attribution="None required (mem)",
        storage_days={"*": None},
        allows_lead_generation=True,
        licence="People Data Labs customer agreement (mem)",
        source="vendor specification; terms (mem)",
    ),
    endpoints=(
        Lookup(
            name="person_enrich",
            kind="person",
            fills=("title", "email", "phone"),
            identify=named_by(("email",), ("linkedin",), *EMPLOYED),
            request=request_to("/v5/person/enrich", "/v5/person/bulk", PERSON_NAMES),
            read=read,
            batch=MOST,
            windows=WINDOWS,
            confidence=confidence,
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
            },
            # private life is left where it is: age, sex, private e-mail, home, studies
            ignored=(
                *("likelihood", "sex", "birth_year", "birth_date", "personal_emails", "emails", "phone_numbers"),
                *("street_address", "interests", "skills", "education", "experience", "profiles", "location_names"),
                *("regions", "countries", "middle_name", "middle_initial", "last_initial", "industry"),
                *(f"{network}_{part}" for network in ("facebook", "twitter", "github") for part in ("url", "username")),
                *("facebook_id", "linkedin_id", "linkedin_username"),
                *("job_title_role", "job_title_sub_role", "job_title_levels", "job_start_date"),
                *("job_company_size", "job_company_founded", "job_company_industry"),
                *(f"job_company_{name}" for name in ("linkedin_url", "linkedin_id", "facebook_url", "twitter_url")),
                *(f"{of}_{name}" for of in ("location", "job_company_location") for name in PLACE),
            ),
            volatile=("operation_id", "version_status", "job_last_updated", "location_last_updated", "likelihood"),
        ),
        Lookup(
            name="company_enrich",
            kind="business",
            fills=("company", "social"),
            identify=named_by(("domain",)),
            request=request_to("/v5/company/enrich", "/v5/company/enrich/bulk", COMPANY_NAMES),
            read=read,
            batch=MOST,
            windows=WINDOWS,
            confidence=confidence,
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
            },
            ignored=(
                *("likelihood", "affiliated_profiles", "headline", "linkedin_id", "profiles", "summary", "ticker"),
                *("type", "location", "size"),
            ),
            volatile=("likelihood",),
        ),
    ),
    not_called={
        "*_search_*": "belongs to campaigns",
        "*_person_enrich_preview*": "shows that there is somebody, which the lookup itself says for no more",
        "*_identify*": "gives several people for one",
        "*_retrieve*": "asks by the provider's own key, which a subject does not have",
        "*_clean*": "spellings of names, which normalisation does itself",
        "*_ip_enrich*": "visitors are no subjects",
        "*_job_title_enrich*": "titles are no subjects",
        "*_skill_enrich*": "skills are no subjects",
        "*_subscription*": "tells of changes to single records",
    },
)

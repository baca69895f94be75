"""BuiltWith: the technologies of up to 16 websites in a call, with when each was first and last seen.

Contract: api.builtwith.com, v22. Errors come inside HTTP 200 as `Errors`; times are milliseconds since 1970. A
technology is current when it was last seen within 90 days of the site's latest sighting of any; others are history.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dagster_project.enrichment.lookup import Inputs, Lookup, Provider, Reading
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import LONGEST_WAIT, Outcome, Verdict, by_status
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

BATCH = 16
# 90 days: sites are visited about monthly (mem), so what three visits did not find is gone.
CURRENT_MS = 90 * 86_400_000
# Codes of errors (vendor's list); the others are of other endpoints, or say that the question is wrong.
ERRORS = {-2: Outcome.AUTH, -3: Outcome.QUOTA_EXHAUSTED, -99: Outcome.TRANSIENT}


def site(identity: Mapping[str, str]) -> Inputs | None:
    return {"domain": identity["domain"].lower()} if identity.get("domain") else None


def request(inputs: Sequence[Inputs]) -> Request:
    """People's names and e-mails (NOPII) and attributes of technologies (NOATTR) are not asked for."""
    domains = ",".join(asked["domain"] for asked in inputs)
    return Request("GET", "/v22/api.json", {"LOOKUP": domains, "NOPII": "yes", "NOATTR": "yes"})


def read(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    """One reading per website; one that is not in the answer met the error that stands there, or is not known."""
    records = [record_of(item) for item in answer.json["Results"]]
    found = {str(record["Lookup"]).lower(): record for record in records}
    refused = refusal(answer) or Verdict(Outcome.NO_MATCH)
    missing = Reading(refused.outcome, reason=refused.reason)
    return [reading(found[asked["domain"]]) if asked["domain"] in found else missing for asked in inputs]


def record_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """A result in one piece: the domain stands in it, or beside it as in earlier versions."""
    result = dict(item["Result"])
    return {**{name: value for name, value in item.items() if name != "Result"}, **result}


def reading(record: Mapping[str, Any]) -> Reading:
    """A website on which nothing current was found is not known."""
    known = current_technologies(record.get("Paths"))
    return Reading(Outcome.OK, record) if known else Reading(Outcome.NO_MATCH)


def current_technologies(paths: Any) -> list[str] | None:
    """Names of the technologies that are current, each once, in alphabetical order; None without any."""
    found = [technology for path in objects(paths) for technology in objects(path.get("Technologies"))]
    seen = [technology["LastDetected"] for technology in found if isinstance(technology.get("LastDetected"), int)]
    oldest = max(seen, default=0) - CURRENT_MS
    return sorted({str(technology["Name"]) for technology in found if is_current(technology, oldest)}) or None


def objects(listed: Any) -> list[dict[str, Any]]:
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def is_current(technology: Mapping[str, Any], oldest: int) -> bool:
    """Whether it has a name, is not said to be gone, and was not last seen before `oldest`."""
    last = technology.get("LastDetected")
    is_recent = not isinstance(last, int) or last >= oldest
    return bool(technology.get("Name")) and technology.get("Live") is not False and is_recent


def verdict(answer: Answer) -> Verdict:
    """By status, and by the error in a body that has no results; a 429 tells its pause in the body."""
    found = by_status(answer)
    if found.outcome is Outcome.RATE_LIMITED:
        told = answer.content.get("retryAfterSeconds")
        wait = min(max(float(told), 0.0), LONGEST_WAIT) if isinstance(told, int | float) else found.retry_after
        return Verdict(Outcome.RATE_LIMITED, found.reason, wait)
    if found.outcome is not Outcome.OK or answer.content.get("Results"):
        return found
    return refusal(answer) or found


def refusal(answer: Answer) -> Verdict | None:
    """What the first of the errors in a body says; None without one."""
    errors = objects(answer.content.get("Errors"))
    if not errors:
        return None
    code = errors[0].get("Code")
    known = ERRORS.get(code, Outcome.BAD_REQUEST) if isinstance(code, int) else Outcome.BAD_REQUEST
    return Verdict(known, f"error {code}" if isinstance(code, int) else "error without a code")


PROVIDER = Provider(
    name="builtwith",
    title="BuiltWith",
    base_url="https://api.builtwith.com",
    auth=Auth.param("KEY"),
    windows=(Window(10, 1),),
    concurrency=8,
    verdict=verdict,
    health=lambda: Request("GET", "/usagev2/api.json"),
    terms=Terms(
        attribution="None required (mem)",
        storage_days={"*": None},
        allows_lead_generation=True,
        licence="BuiltWith terms and conditions (mem)",
        source="vendor specification; terms (mem)",
    ),
    endpoints=(
        Lookup(
            name="domain_api",
            kind="business",
            fills=("tech",),
            identify=site,
            request=request,
            read=read,
            batch=BATCH,
            key="Lookup",
            url=("Lookup", "https://builtwith.com/".__add__),
            fields={
                "name": "Meta.CompanyName",
                "website": "Lookup",
                "category": "Meta.Vertical",
                "city": "Meta.City",
                "region": "Meta.State",
                "postal": "Meta.Postcode",
                "country": "Meta.Country",
                "phone": "Meta.Telephones[0]",
                "tech_signals": ("Paths", current_technologies),
            },
            # names and e-mails are people's
            ignored=(
                *("Meta", "Attributes", "FirstIndexed", "LastIndexed", "UserId", "SalesRevenue", "Errors"),
                *("IsDB", "Spend", "SpendHistory", "Trust"),
            ),
            volatile=("Paths[].LastIndexed", "Paths[].Technologies[].LastDetected", "LastIndexed", "SpendHistory"),
        ),
    ),
    not_called={
        "*change*": "what has changed on a site",
        "*lists*": "finds sites by a technology",
        "*trends*": "how common technologies are",
        "*__REQUEST__*": "an example of what is sent",
    },
)

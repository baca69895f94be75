"""Wappalyzer: the technologies of up to 10 websites in a call. A site that has yet to be visited is answered later.

Contract: api.wappalyzer.com, v2. One array mixes sites that are done, sites that are being crawled (`crawl`: asked for
again by the same call) and sites with errors. 403 is also what an account without credits gets.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dagster_project.enrichment.lookup import Inputs, Lookup, Provider, Reading
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

BATCH = 10
POLL_SECONDS = 30.0
# What the gateway says of a key that it does not know (mem); any other 403 is an account without credits.
UNKNOWN_KEY = {"forbidden", "missing authentication token", "authorization failed"}


def site(identity: Mapping[str, str]) -> Inputs | None:
    return {"domain": identity["domain"].lower()} if identity.get("domain") else None


def request(inputs: Sequence[Inputs]) -> Request:
    return Request("GET", "/v2/lookup/", {"urls": ",".join(f"https://{asked['domain']}" for asked in inputs)})


def read(answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
    """One reading per website, found by its address; who is not in the answer may be asked for again."""
    items = {domain_of(item["url"]): item for item in answer.json}
    found = [items.get(bare(asked["domain"])) for asked in inputs]
    return [reading(item) if item else Reading(Outcome.TRANSIENT, reason="not in the answer") for item in found]


def domain_of(url: Any) -> str:
    """`example.com` of `https://www.example.com/`."""
    return bare(str(url).lower().rpartition("://")[2].partition("/")[0])


def bare(domain: str) -> str:
    return domain.removeprefix("www.")


def reading(item: Mapping[str, Any]) -> Reading:
    """A site with errors may be reached at another time; one on which nothing was found is not known."""
    record = dict(item)
    if record.get("errors"):
        return Reading(Outcome.TRANSIENT, reason="the site was not read")
    if record.get("crawl"):
        return Reading(Outcome.PENDING, request_id=domain_of(record["url"]), retry_after=POLL_SECONDS)
    return Reading(Outcome.OK, record) if record["technologies"] else Reading(Outcome.NO_MATCH)


def verdict(answer: Answer) -> Verdict:
    is_unknown = str(answer.content.get("message", "")).strip(". ").lower() in UNKNOWN_KEY
    return by_status(answer, {403: Outcome.AUTH if is_unknown else Outcome.QUOTA_EXHAUSTED})


def headcount(size: Any) -> str | None:
    """`2-10 employees` as `2-10`."""
    return size.removesuffix("employees").strip() or None if isinstance(size, str) else None


PROVIDER = Provider(
    name="wappalyzer",
    title="Wappalyzer",
    base_url="https://api.wappalyzer.com",
    auth=Auth.header("x-api-key"),
    windows=(Window(10, 1),),
    concurrency=4,
    verdict=verdict,
    health=lambda: Request("GET", "/v2/credits/balance/"),
    terms=Terms(
        attribution="None required (mem)",
        storage_days={"*": None},
        allows_lead_generation=True,
        licence="Wappalyzer terms (mem)",
        source="vendor documentation; terms (mem)",
    ),
    endpoints=(
        Lookup(
            name="lookup",
            kind="business",
            fills=("tech",),
            identify=site,
            request=request,
            read=read,
            batch=BATCH,
            key=("url", domain_of),
            url=("url", lambda url: f"https://www.wappalyzer.com/lookup/{domain_of(url)}/"),
            fields={
                "name": ["companyName", "inferredCompanyName"],
                "website": "url",
                "category": "industry",
                "employees": ("companySize", headcount),
                "founded": "companyFounded",
                "phone": "phone[0]",
                "tech_signals": "technologies[].name",
            },
            # e-mails and employees are people's
            ignored=(
                *("technologies", "technologySpend", "trafficLevel", "email", "verifiedEmail", "safeEmail", "phone"),
                *("about", "locations", "companyType", "employees"),
            ),
            volatile=("technologies[].confirmedAt", "technologies[].trafficRank", "trafficLevel"),
        ),
    ),
    not_called={"docs_basics_*": "the balance of credits, which has no records"},
)

"""BuiltWith: which technologies are current, errors inside HTTP 200, and websites that a batch says nothing of."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from dagster_project.enrichment.providers.builtwith import PROVIDER, current_technologies
from dagster_project.transport.messages import Answer
from dagster_project.transport.outcomes import Outcome
from tests.adapters.cases import answer_of

LOOKUP = PROVIDER.endpoint("domain_api")
DAY = 86_400_000
NEWEST = 1_790_000_000_000


def result(domain: str, **technologies: int) -> dict[str, Any]:
    listed = [{"Name": name, "LastDetected": last} for name, last in technologies.items()]
    return {"Result": {"Lookup": domain, "Paths": [{"Domain": domain, "Technologies": listed}]}}


def answer(results: list[dict[str, Any]], *errors: dict[str, Any], status: int = 200) -> Answer:
    return answer_of({"status": status, "body": {"Results": results, "Errors": list(errors)}})


def asked(*domains: str) -> list[dict[str, str]]:
    return [{"domain": domain} for domain in domains]


@pytest.mark.shared
def test_the_recorded_website_is_read(shared_dir: Path) -> None:
    file = shared_dir / "data" / "providers" / "builtwith" / "ae_builtwith-domain-example.json"
    (reading,) = LOOKUP.read(Answer(200, {}, file.read_bytes()), asked("shopify.com"))
    assert LOOKUP.canonical(reading.record) == {
        "name": "Shopify Inc.",
        "website": "shopify.com",
        "category": "Business and Consumer Services",
        "city": "Ottawa",
        "region": "Ontario",
        "postal": "K2P 1L4",
        "country": "CA",
        "tech_signals": '["Cloudflare CDN","Google Analytics 4","Shopify"]',
    }
    assert LOOKUP.evidence(reading.record) == "https://builtwith.com/shopify.com"


def test_websites_are_asked_about_together_without_people() -> None:
    request = LOOKUP.request([LOOKUP.identify({"domain": name}) for name in ("A.example", "b.example")])
    assert request.params == {"LOOKUP": "a.example,b.example", "NOPII": "yes", "NOATTR": "yes"}
    assert LOOKUP.identify({"name": "Slate"}) is None


def test_a_technology_is_current_within_90_days_of_the_newest() -> None:
    (reading,) = LOOKUP.read(
        answer([result("a.example", Wix=NEWEST, Square=NEWEST - 90 * DAY, Flash=NEWEST - 91 * DAY)]),
        asked("a.example"),
    )
    assert LOOKUP.values(reading.record) == {"tech": {"tech_signals": '["Square","Wix"]'}}


def test_what_is_said_to_be_gone_is_not_current_and_what_has_no_date_is() -> None:
    technologies = [{"Name": "Wix"}, {"Name": "Old", "Live": False, "LastDetected": NEWEST}, {"LastDetected": 5}, None]
    assert current_technologies([{"Technologies": technologies}, {"Technologies": None}, "x"]) == ["Wix"]
    assert current_technologies("x") is None


def test_the_newest_sighting_is_of_all_pages_together() -> None:
    paths = [
        {"Technologies": [{"Name": "Wix", "LastDetected": NEWEST}]},
        {"SubDomain": "old", "Technologies": [{"Name": "Drupal", "LastDetected": NEWEST - 400 * DAY}]},
    ]
    assert current_technologies(paths) == ["Wix"]


def test_a_batch_is_read_by_domain_whatever_its_order() -> None:
    body = answer([result("c.example", Wix=NEWEST), result("A.example", Square=NEWEST), result("b.example")])
    readings = LOOKUP.read(body, asked("a.example", "b.example", "c.example", "d.example"))
    assert [reading.outcome for reading in readings] == [
        *(Outcome.OK, Outcome.NO_MATCH),
        *(Outcome.OK, Outcome.NO_MATCH),
    ]
    assert [LOOKUP.provider_key(readings[i].record) for i in (0, 2)] == ["A.example", "c.example"]


def test_a_result_of_an_earlier_version_has_the_domain_beside_it() -> None:
    found = result("a.example", Wix=NEWEST)
    del found["Result"]["Lookup"]
    (reading,) = LOOKUP.read(answer([{**found, "Lookup": "a.example"}]), asked("a.example"))
    assert LOOKUP.provider_key(reading.record) == "a.example"


def test_what_an_error_kept_out_of_a_batch_is_no_missing_website() -> None:
    body = answer([result("a.example", Wix=NEWEST)], {"Code": -3, "Message": "x"})
    assert PROVIDER.verdict(body).outcome is Outcome.OK
    readings = LOOKUP.read(body, asked("a.example", "b.example"))
    assert [reading.outcome for reading in readings] == [Outcome.OK, Outcome.QUOTA_EXHAUSTED]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (-1, Outcome.BAD_REQUEST),
        (-2, Outcome.AUTH),
        (-3, Outcome.QUOTA_EXHAUSTED),
        (-7, Outcome.BAD_REQUEST),
        (-8, Outcome.BAD_REQUEST),
        (-99, Outcome.TRANSIENT),
        (None, Outcome.BAD_REQUEST),
    ],
)
def test_an_error_inside_a_good_status_has_its_outcome(code: int | None, outcome: Outcome) -> None:
    assert PROVIDER.verdict(answer([], {"Code": code, "Message": "x"})).outcome is outcome


@pytest.mark.parametrize(
    ("body", "wait"), [({"retryAfterSeconds": 2.5}, 2.5), ({}, 9.0), ({"retryAfterSeconds": "x"}, 9.0)]
)
def test_the_pause_stands_in_the_body(body: dict[str, Any], wait: float) -> None:
    said = PROVIDER.verdict(Answer(429, {"retry-after": "9"}, orjson.dumps(body)))
    assert (said.outcome, said.retry_after) == (Outcome.RATE_LIMITED, wait)


def test_a_page_instead_of_an_answer_is_torn() -> None:
    assert PROVIDER.verdict(answer_of({"status": 200, "text": "<html>"})).outcome is Outcome.TRANSIENT

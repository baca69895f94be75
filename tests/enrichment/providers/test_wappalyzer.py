"""Wappalyzer: one array of sites that are done, crawled or failed, and a 403 that may be about credits."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from dagster_project.enrichment.providers.wappalyzer import PROVIDER
from dagster_project.transport.messages import Answer
from dagster_project.transport.outcomes import Outcome
from tests.adapters.cases import answer_of

LOOKUP = PROVIDER.endpoint("lookup")
DONE = {"url": "https://a.example", "technologies": [{"slug": "wix", "name": "Wix"}]}
CRAWLED = {"url": "https://www.b.example/", "technologies": [], "crawl": True}
FAILED = {"url": "https://c.example", "errors": ["Something went wrong"]}
EMPTY = {"url": "https://d.example", "technologies": []}


def ok(*items: dict[str, Any]) -> Answer:
    return answer_of({"status": 200, "body": list(items)})


def asked(*names: str) -> list[dict[str, str]]:
    return [{"domain": f"{name}.example"} for name in names]


def recorded(shared_dir: Path, name: str) -> Any:
    return orjson.loads((shared_dir / "data" / "providers" / "wappalyzer" / name).read_bytes())


@pytest.mark.shared
def test_the_documented_website_is_read_without_its_people(shared_dir: Path) -> None:
    body = recorded(shared_dir, "docs_lookup_6.json")
    (reading,) = LOOKUP.read(answer_of({"status": 200, "body": body}), [{"domain": "wappalyzer.com"}])
    assert LOOKUP.canonical(reading.record) == {
        "name": "Wappalyzer",
        "website": "https://www.wappalyzer.com",
        "category": "Internet",
        "employees": "2-10",
        "founded": "2008",
        "phone": "+61",
        "tech_signals": '["Stripe"]',
    }


@pytest.mark.shared
def test_the_documented_error_is_a_failure_of_its_website(shared_dir: Path) -> None:
    body = recorded(shared_dir, "docs_lookup_1.json")
    (reading,) = LOOKUP.read(answer_of({"status": 200, "body": body}), [{"domain": "example.com"}])
    assert (reading.outcome, reading.record) == (Outcome.TRANSIENT, None)


@pytest.mark.shared
def test_the_documented_callback_has_the_same_shape(shared_dir: Path) -> None:
    record = recorded(shared_dir, "docs_lookup_2.json")
    assert LOOKUP.values(record) == {"tech": {"tech_signals": '["Craft CMS"]'}}
    assert LOOKUP.provider_key(record) == "example.com"


def test_what_a_company_is_like_is_read_where_it_is_given() -> None:
    record = {**DONE, "companyName": "Slate", "companySize": "2-10 employees", "companyFounded": 2008}
    found = LOOKUP.canonical(record)
    assert [found[name] for name in ("name", "employees", "founded")] == ["Slate", "2-10", "2008"]


def test_a_batch_is_read_by_address_whatever_its_order() -> None:
    readings = LOOKUP.read(ok(FAILED, EMPTY, CRAWLED, DONE), asked("a", "b", "c", "d", "e"))
    assert [reading.outcome for reading in readings] == [
        *(Outcome.OK, Outcome.PENDING, Outcome.TRANSIENT),
        *(Outcome.NO_MATCH, Outcome.TRANSIENT),
    ]
    assert readings[0].record == DONE


def test_a_crawl_is_asked_for_again_by_the_same_call_which_may_cost() -> None:
    (pending,) = LOOKUP.read(ok(CRAWLED), asked("b"))
    assert (pending.outcome, pending.request_id, pending.retry_after) == (Outcome.PENDING, "b.example", 30.0)
    assert LOOKUP.poll is None


def test_websites_are_asked_about_together() -> None:
    request = LOOKUP.request([LOOKUP.identify({"domain": name}) for name in ("A.example", "b.example")])
    assert request.params == {"urls": "https://a.example,https://b.example"}
    assert LOOKUP.identify({"name": "Slate"}) is None


@pytest.mark.parametrize(
    ("status", "message", "outcome"),
    [
        (400, "x", Outcome.BAD_REQUEST),
        (403, "Forbidden", Outcome.AUTH),
        (403, "Insufficient credits", Outcome.QUOTA_EXHAUSTED),
        (403, "", Outcome.QUOTA_EXHAUSTED),
        (429, "Too Many Requests", Outcome.RATE_LIMITED),
        (502, "x", Outcome.TRANSIENT),
    ],
)
def test_documented_refusals_have_their_outcome(status: int, message: str, outcome: Outcome) -> None:
    assert PROVIDER.verdict(answer_of({"status": status, "body": {"message": message}})).outcome is outcome


def test_an_answer_that_is_no_list_of_sites_cannot_be_read() -> None:
    for body in ({"message": "x"}, 5, [None], [{}], [{"url": "https://a.example"}]):
        with pytest.raises((LookupError, TypeError, ValueError)):
            LOOKUP.read(answer_of({"status": 200, "body": body}), asked("a"))

"""ZoomInfo: what is sent, the recorded contact, order and gaps in a batch, errors that say whether to try again."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from dagster_project.enrichment.providers.zoominfo import PROVIDER
from dagster_project.transport.messages import Answer
from dagster_project.transport.outcomes import Outcome
from tests.adapters.cases import answer_of

CONTACT, COMPANY = PROVIDER.endpoint("contact_enrich"), PROVIDER.endpoint("company_enrich")
PERSON = {"email": "ann@slate.example", "first_name": "Ann", "last_name": "Lee", "company_name": "Slate"}


def found(*matches: list[dict[str, Any]]) -> Answer:
    results = [{"input": {}, "data": match} for match in matches]
    return answer_of({"status": 200, "body": {"success": True, "data": {"result": results}}})


def error(status: int, retryable: bool | None = None, **headers: str) -> Answer:
    body = {"error": {"code": "ZI0004", "retryable": retryable, "requestId": "1"}}
    return answer_of({"status": status, "headers": headers, "body": body})


@pytest.mark.shared
def test_the_recorded_contact_is_read(shared_dir: Path) -> None:
    file = shared_dir / "data" / "providers" / "zoominfo" / "POST_enrich_contact__200__ex.json"
    (reading,) = CONTACT.read(Answer(200, {}, file.read_bytes()), [{"email": "x"}])
    assert CONTACT.canonical(reading.record) == {
        "first_name": "Henry",
        "last_name": "Schuck",
        "title": "Founder & Chief Executive Officer",
        "email": "henry.schuck@zoominfo.com",
        "phone": "(360) 783-6816",
        "linkedin": "https://www.linkedin.com/in/hschuck",
        "company_name": "ZoomInfo",
        "company_website": "www.zoominfo.com",
        "company_key": "344589814",
        "city": "Vancouver",
        "region": "Washington",
        "country": "United States",
    }
    assert CONTACT.provider_key(reading.record) == "1260398587"
    assert CONTACT.confidence(reading.record, "phone") == 0.96


@pytest.mark.shared
def test_every_field_that_is_asked_for_exists(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "providers" / "zoominfo"
    for lookup in (CONTACT, COMPANY):
        kind = lookup.name.removesuffix("_enrich")
        listed = orjson.loads((folder / f"GET_lookup_outputfields_{kind}_enrich__200__ex.json").read_bytes())
        known = {field["fieldName"] for field in listed} | {"mobilePhone"}
        assert set(lookup.request([{}]).json["outputFields"]) <= known


def test_a_person_is_named_by_the_email_or_by_name_and_employer() -> None:
    assert CONTACT.identify(PERSON) == {"email": "ann@slate.example"}
    named = CONTACT.identify({**PERSON, "email": ""})
    assert CONTACT.request([named]).json["matchPersonInput"] == [
        {"firstName": "Ann", "lastName": "Lee", "companyName": "Slate"}
    ]
    assert CONTACT.identify({"first_name": "Ann", "last_name": "Lee"}) is None


def test_a_company_is_named_by_the_website_or_by_name_and_place() -> None:
    assert COMPANY.identify({"domain": "slate.example", "name": "Slate"}) == {"domain": "slate.example"}
    named = COMPANY.identify({"name": "Slate", "city": "Austin", "phone": "1"})
    assert COMPANY.request([named]).json["matchCompanyInput"] == [{"companyName": "Slate", "companyCity": "Austin"}]
    assert COMPANY.identify({"city": "Austin"}) is None


def test_a_batch_is_read_in_order_and_an_empty_match_is_none() -> None:
    readings = CONTACT.read(found([{"id": 1, "email": "a@x.example"}], [], [{}], [{"id": 2}]), [{}] * 4)
    assert [reading.outcome for reading in readings] == [
        *(Outcome.OK, Outcome.NO_MATCH, Outcome.NO_MATCH),
        Outcome.OK,
    ]
    assert [reading.record and reading.record["id"] for reading in readings] == [1, None, None, 2]


def test_results_that_are_fewer_than_the_inputs_are_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="1 results for 2 inputs"):
        CONTACT.read(found([]), [{}, {}])


def test_numbers_that_must_not_be_called_are_left_out() -> None:
    person = {"id": 1, "phone": "1", "directPhoneDoNotCall": True, "mobilePhone": "2", "mobilePhoneDoNotCall": False}
    (reading,) = CONTACT.read(found([person]), [{}])
    assert CONTACT.values(reading.record) == {"phone": {"mobile": "2"}}


def test_a_company_is_sized_in_dollars_and_found_on_its_networks() -> None:
    links = [{"type": "LINKED_IN", "url": "http://www.linkedin.com/company/slate"}, {"type": "X"}, None]
    record = {
        "id": 1,
        "revenue": 400_000,
        "employeeCount": 40,
        "socialMediaUrls": links,
        "primaryIndustry": ["Software"],
    }
    assert COMPANY.values(record) == {
        "company": {"revenue": "400000000", "employees": "40", "category": "Software"},
        "social": {"linkedin": "http://www.linkedin.com/company/slate"},
    }


def test_the_key_is_a_user_and_a_password() -> None:
    request = PROVIDER.login.request("ann:pass:word")
    assert (request.path, request.json) == ("/authenticate", {"username": "ann", "password": "pass:word"})
    assert PROVIDER.login.read(answer_of({"status": 200, "body": {"jwt": "a.b.c"}})) == ("a.b.c", 3_300.0)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (error(401), Outcome.AUTH),
        (error(400), Outcome.BAD_REQUEST),
        (error(400, retryable=True), Outcome.TRANSIENT),
        (error(503, retryable=True), Outcome.TRANSIENT),
        (error(500, retryable=False), Outcome.BAD_REQUEST),
        (error(429, retryable=True, **{"retry-after": "2"}), Outcome.RATE_LIMITED),
        (error(429, retryable=True, **{"retry-after": "4200"}), Outcome.QUOTA_EXHAUSTED),
        (error(429, **{"x-ratelimit-rejected-bucket": "DAY"}), Outcome.QUOTA_EXHAUSTED),
        (answer_of({"status": 400, "body": {"responseCode": 400, "message": "x"}}), Outcome.BAD_REQUEST),
        (answer_of({"status": 502, "text": "<html>"}), Outcome.TRANSIENT),
    ],
)
def test_an_error_is_believed_about_being_tried_again(answer: Answer, outcome: Outcome) -> None:
    assert PROVIDER.verdict(answer).outcome is outcome


def test_a_long_pause_is_told() -> None:
    assert PROVIDER.verdict(error(429, **{"retry-after": "4200"})).retry_after == 4_200
    assert PROVIDER.verdict(error(503)).reason == "HTTP 503 ZI0004"

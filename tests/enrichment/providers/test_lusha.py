"""Lusha: people under their number in a batch, refusals by law, credits by what was revealed."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.providers.lusha import PROVIDER
from dagster_project.transport.messages import Answer
from dagster_project.transport.outcomes import Outcome
from tests.adapters.cases import answer_of, payload

LOOKUP = PROVIDER.endpoint("contacts_search_and_enrich")
EMAIL = {"email": "ann@slate.example", "type": "work", "confidence": "A+"}


def results(*items: dict[str, Any]) -> Answer:
    return answer_of({"status": 200, "body": {"requestId": "1", "results": list(items), "billing": {}}})


def refused(status: int, **headers: str) -> Answer:
    return answer_of({"status": status, "headers": headers, "body": {"statusCode": status, "message": "x"}})


@pytest.mark.shared
def test_the_recorded_contact_is_read(shared_dir: Path) -> None:
    file = shared_dir / "data" / "providers" / "lusha" / "POST_v3_contacts_enrich__200__ex.json"
    body = orjson.loads(file.read_bytes())
    body["results"][0]["clientReferenceId"] = "0"
    (reading,) = LOOKUP.read(answer_of({"status": 200, "body": body}), [{}])
    assert LOOKUP.canonical(reading.record) == {
        "first_name": "Daniel",
        "last_name": "Turgeman",
        "full_name": "Daniel Turgeman",
        "title": "Technical Product Manager",
        "email": "daniel.t@lusha.com",
        "linkedin": "https://www.linkedin.com/in/daniel-turgeman-49676b161",
        "company_name": "Lusha",
        "company_website": "www.lusha.com",
        "company_key": "16303253",
        "city": "Tel Aviv",
        "country": "IL",
    }
    assert LOOKUP.confidence(reading.record, "email") == 0.97
    assert reading.extras == ("emails",)


@pytest.mark.shared
def test_a_recorded_batch_is_read_by_number_with_who_was_not_found(shared_dir: Path) -> None:
    body = orjson.loads((shared_dir / "data/providers/lusha/POST_v3_contacts_search__200__ex.json").read_bytes())
    for number, result in zip((2, 0, 3, 1), body["results"], strict=True):
        result["clientReferenceId"] = str(number)
    readings = LOOKUP.read(answer_of({"status": 200, "body": body}), [{}] * 5)
    names = [reading.record and reading.record["firstName"] for reading in readings]
    assert names == ["Shmulik", None, "Orit", "Gal", None]
    assert [readings[i].outcome for i in (1, 4)] == [Outcome.NO_MATCH] * 2


@pytest.mark.shared
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Outcome.BAD_REQUEST),
        (401, Outcome.AUTH),
        (402, Outcome.QUOTA_EXHAUSTED),
        (403, Outcome.AUTH),
        (404, Outcome.BAD_REQUEST),
        (429, Outcome.RATE_LIMITED),
        (500, Outcome.TRANSIENT),
        (502, Outcome.TRANSIENT),
    ],
)
def test_every_recorded_refusal_has_its_outcome(shared_dir: Path, status: int, outcome: Outcome) -> None:
    files = sorted((shared_dir / "data" / "providers" / "lusha").glob(f"*__{status}__*.json"))
    assert files
    for file in files:
        _, body = payload(file)
        assert PROVIDER.verdict(answer_of({"status": status, "body": body})).outcome is outcome


def test_people_are_sent_with_a_number_each() -> None:
    named = LOOKUP.identify({"first_name": "Ann", "last_name": "Lee", "company_domain": "slate.example"})
    request = LOOKUP.request([LOOKUP.identify({"email": "bo@x.example", "first_name": "Bo"}), named])
    assert request.json == {
        "contacts": [
            {"clientReferenceId": "0", "email": "bo@x.example"},
            {"clientReferenceId": "1", "firstName": "Ann", "lastName": "Lee", "companyDomain": "slate.example"},
        ],
        "reveal": ["emails", "phones"],
    }
    assert LOOKUP.identify({"first_name": "Ann", "last_name": "Lee"}) is None


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("NOT_FOUND", Outcome.NO_MATCH),
        ("COMPLIANCE_RESTRICTED", Outcome.SUPPRESSED),
        ("ENRICH_FAILED", Outcome.TRANSIENT),
        ("SOMETHING_NEW", Outcome.BAD_REQUEST),
    ],
)
def test_a_person_may_be_refused_within_a_batch(code: str, outcome: Outcome) -> None:
    readings = LOOKUP.read(
        results(
            {"clientReferenceId": "0", "error": {"code": code, "message": "x"}}, {"clientReferenceId": "1", "id": "7"}
        ),
        [{}, {}],
    )
    assert [reading.outcome for reading in readings] == [outcome, Outcome.OK]


def test_a_call_that_is_refused_by_law_is_final() -> None:
    assert PROVIDER.verdict(refused(451)).outcome is Outcome.SUPPRESSED


def test_the_day_that_is_used_up_is_told_by_a_header_alone() -> None:
    verdict = PROVIDER.verdict(refused(429, **{"x-daily-requests-left": "7", "x-minute-requests-left": "0"}))
    assert (verdict.outcome, verdict.retry_after) == (Outcome.RATE_LIMITED, None)
    assert PROVIDER.verdict(refused(429, **{"x-daily-requests-left": "0"})).outcome is Outcome.QUOTA_EXHAUSTED
    assert PROVIDER.verdict(refused(499)).outcome is Outcome.TRANSIENT


def test_the_other_envelope_of_errors_is_read_as_well() -> None:
    answer = answer_of({"status": 404, "body": {"message": "x", "code": 404}})
    assert PROVIDER.verdict(answer).outcome is Outcome.BAD_REQUEST


def test_private_emails_and_numbers_that_must_not_be_called_are_left_out() -> None:
    phones = [
        {"number": "1", "type": "direct", "doNotCall": True},
        {"number": "2", "type": "work"},
        {"number": "3", "type": "mobile"},
    ]
    record = {"id": "7", "emails": [{**EMAIL, "email": "ann@home.example", "type": "private"}, EMAIL], "phones": phones}
    assert LOOKUP.values(record) == {
        "phone": {"phone": "2", "mobile": "3"},
        "email": {"email": "ann@slate.example"},
    }


@pytest.mark.parametrize(
    ("revealed", "usd"), [({}, "0.10"), ({"emails": [EMAIL]}, "0.20"), ({"emails": [EMAIL], "phones": [{}]}, "0.70")]
)
def test_what_is_revealed_is_what_costs(revealed: dict[str, Any], usd: str) -> None:
    (reading,) = LOOKUP.read(results({"clientReferenceId": "0", "id": "7", **revealed}), [{}])
    assert str(offer("lusha", LOOKUP.name).cost(reading)) == usd

"""RocketReach: the states of a profile, later answers, what is made of grades, and private life that is left alone."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from dagster_project.enrichment.lookup import Reading
from dagster_project.enrichment.providers.rocketreach import PROVIDER
from dagster_project.transport.messages import Answer
from dagster_project.transport.outcomes import Outcome
from tests.adapters.cases import answer_of

LOOKUP = PROVIDER.endpoint("person_lookup")
WORK = {"email": "ann@slate.example", "type": "professional", "smtp_valid": "valid", "grade": "A-"}
PRIVATE = {"email": "ann@home.example", "type": "personal", "smtp_valid": "valid", "grade": "A"}
PROFILE = {
    "id": 7,
    "status": "complete",
    "name": "Ann Lee",
    "current_title": "Owner",
    "birth_year": 1980,
    "current_personal_email": "ann@home.example",
    "emails": [PRIVATE, {**WORK, "email": "old@slate.example", "grade": "B"}, WORK],
    "phones": [
        {"number": "1", "type": "mobile", "grade": "B"},
        {"number": "2", "e164": "+2", "type": "mobile", "recommended": True, "grade": "A-"},
        {"number": "3", "type": "direct dial", "grade": "A"},
    ],
}


def ok(body: Any) -> Answer:
    return answer_of({"status": 200, "body": body})


@pytest.mark.shared
@pytest.mark.parametrize("state", ["complete", "progress"])
def test_the_vendors_example_is_read(shared_dir: Path, state: str) -> None:
    file = shared_dir / "data" / "providers" / "rocketreach" / "derived_GET_person_checkStatus__200.json"
    (profile,) = orjson.loads(file.read_bytes())
    profile |= {"id": 123456, "status": state}
    reading = LOOKUP.read_poll(ok([profile]))
    if state == "progress":
        assert (reading.outcome, reading.request_id) == (Outcome.PENDING, "123456")
    else:
        assert LOOKUP.canonical(reading.record) == {
            "email": "info@rocketreach.co",
            "email_verified": "true",
            "mobile": "+12345556789",
        }


@pytest.mark.parametrize(
    ("identity", "params"),
    [
        (
            {"linkedin": "linkedin.com/in/ann", "email": "ann@slate.example"},
            {"linkedin_url": "linkedin.com/in/ann"},
        ),
        ({"email": "ann@slate.example", "first_name": "Ann"}, {"email": "ann@slate.example"}),
        (
            {"first_name": "Ann", "last_name": "Lee", "company_name": "Slate"},
            {"name": "Ann Lee", "current_employer": "Slate"},
        ),
        ({"first_name": "Ann", "last_name": "Lee"}, None),
    ],
)
def test_a_person_is_named_in_one_way(identity: dict[str, str], params: dict[str, str] | None) -> None:
    inputs = LOOKUP.identify(identity)
    assert (LOOKUP.request([inputs]).params if inputs else None) == params


def test_the_best_email_of_the_work_and_each_kind_of_phone_are_taken() -> None:
    (reading,) = LOOKUP.read(ok(PROFILE), [{}])
    assert LOOKUP.values(reading.record) == {
        "phone": {"phone": "3", "mobile": "+2"},
        "email": {"email": "ann@slate.example"},
        "title": {"title": "Owner"},
    }
    assert "ann@home.example" not in LOOKUP.canonical(reading.record).values()


def test_a_private_email_is_none() -> None:
    assert "email" not in LOOKUP.values({**PROFILE, "emails": [PRIVATE]})


@pytest.mark.parametrize(
    ("change", "sure"),
    [({}, 0.9), ({"grade": "A"}, 0.95), ({"smtp_valid": "accept-all"}, 0.765), ({"smtp_valid": "invalid"}, 0.0)],
)
def test_confidence_is_of_the_grade_and_the_mail_server(change: dict[str, str], sure: float) -> None:
    assert LOOKUP.confidence({"emails": [{**WORK, **change}]}, "email") == pytest.approx(sure)


def test_confidence_of_a_phone_is_that_of_the_one_taken_and_of_a_title_unknown() -> None:
    assert LOOKUP.confidence(PROFILE, "phone") == 0.95
    assert LOOKUP.confidence({"phones": PROFILE["phones"][:2]}, "phone") == 0.9
    assert LOOKUP.confidence(PROFILE, "title") is None
    assert LOOKUP.confidence({}, "email") is None


@pytest.mark.parametrize("status", ["progress", "searching"])
def test_an_unfinished_profile_is_asked_for_later_by_its_id(status: str) -> None:
    (reading,) = LOOKUP.read(ok({"id": 7, "status": status, "emails": [WORK]}), [{}])
    assert (reading.outcome, reading.request_id, reading.record) == (Outcome.PENDING, "7", None)
    assert LOOKUP.poll("7").params == {"ids": "7"}
    assert LOOKUP.read_poll(ok([PROFILE])) == Reading(Outcome.OK, PROFILE)


def test_a_profile_that_was_not_queued_is_a_failure_of_this_call() -> None:
    (reading,) = LOOKUP.read(ok({"id": 7, "status": "not queued"}), [{}])
    assert reading.outcome is Outcome.TRANSIENT


def test_an_unknown_status_is_no_answer() -> None:
    with pytest.raises(ValueError, match="unknown status"):
        LOOKUP.read(ok({"id": 7, "status": "strange"}), [{}])


@pytest.mark.parametrize("body", [PROFILE, [PROFILE]])
def test_a_webhook_brings_one_profile_or_several(body: Any) -> None:
    assert list(LOOKUP.read_delivery(body)) == [("7", Reading(Outcome.OK, PROFILE))]


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (400, {}, Outcome.BAD_REQUEST),
        (401, {}, Outcome.AUTH),
        (403, {}, Outcome.AUTH),
        (404, {}, Outcome.NO_MATCH),
        (429, {"retry-after": "3"}, Outcome.RATE_LIMITED),
        (429, {"retry-after": "3600"}, Outcome.QUOTA_EXHAUSTED),
        (500, {}, Outcome.TRANSIENT),
    ],
)
def test_documented_statuses_have_their_outcome(status: int, headers: dict[str, str], outcome: Outcome) -> None:
    answer = answer_of({"status": status, "headers": headers, "body": {"detail": "x"}})
    assert PROVIDER.verdict(answer).outcome is outcome


def test_a_poll_for_a_profile_that_is_not_there_is_not_an_answer_about_a_person() -> None:
    assert LOOKUP.read_poll(answer_of({"status": 404, "body": {}})).outcome is Outcome.BAD_REQUEST
    limited = LOOKUP.read_poll(answer_of({"status": 429, "headers": {"retry-after": "3"}, "body": {}}))
    assert (limited.outcome, limited.retry_after) == (Outcome.RATE_LIMITED, 3.0)

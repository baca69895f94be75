"""What answers mean: by status, by what a provider says differently, and how long one is to wait."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.transport.messages import Answer, Auth
from dagster_project.transport.outcomes import LONGEST_WAIT, RETRIED, STOPPING, Outcome, by_status, retry_after

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
NOON_DATE, LATER_DATE = "Mon, 23 Nov 2026 12:00:00 GMT", "Mon, 23 Nov 2026 12:01:30 GMT"


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.OK),
        (201, Outcome.OK),
        (202, Outcome.OK),
        (400, Outcome.BAD_REQUEST),
        (401, Outcome.AUTH),
        (402, Outcome.QUOTA_EXHAUSTED),
        (403, Outcome.AUTH),
        (404, Outcome.BAD_REQUEST),
        (405, Outcome.BAD_REQUEST),
        (408, Outcome.TRANSIENT),
        (410, Outcome.BAD_REQUEST),
        (418, Outcome.BAD_REQUEST),
        (422, Outcome.BAD_REQUEST),
        (425, Outcome.TRANSIENT),
        (429, Outcome.RATE_LIMITED),
        (451, Outcome.SUPPRESSED),
        (500, Outcome.TRANSIENT),
        (501, Outcome.TRANSIENT),
        (502, Outcome.TRANSIENT),
        (503, Outcome.TRANSIENT),
        (504, Outcome.TRANSIENT),
        (599, Outcome.TRANSIENT),
    ],
)
def test_a_status_alone_says_the_class(status: int, outcome: Outcome):
    assert by_status(answer(status)).outcome is outcome


@given(status=st.integers(100, 999))
def test_every_status_has_a_class_and_none_but_2xx_is_a_success(status: int):
    found = by_status(answer(status)).outcome
    assert (found is Outcome.OK) == (200 <= status < 300)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_will_not_succeed_as_it_is(status: int):
    assert by_status(answer(status, location="https://elsewhere.example")).outcome is Outcome.BAD_REQUEST


@pytest.mark.parametrize("body", [b"", b'{"results": [', b"<html>busy</html>", b'{"a": 1}{', b"\xff\xfe"])
def test_a_good_answer_whose_body_is_no_json_is_torn(body: bytes):
    assert by_status(answer(200, body)).outcome is Outcome.TRANSIENT
    assert answer(200, body).content == {}


def test_a_provider_says_what_a_status_means_to_it():
    own = {404: Outcome.NO_MATCH, 403: Outcome.RATE_LIMITED, 200: Outcome.PENDING}
    assert by_status(answer(404), own).outcome is Outcome.NO_MATCH
    assert by_status(answer(200, b"no json"), own).outcome is Outcome.PENDING
    limited = by_status(answer(403, retry_after="7"), own, "usage")
    assert (limited.outcome, limited.retry_after, limited.reason) == (Outcome.RATE_LIMITED, 7, "HTTP 403 usage")
    assert by_status(answer(401), own).outcome is Outcome.AUTH


def test_a_reason_holds_the_status_and_nothing_of_the_body():
    found = by_status(answer(422, b'{"email": "ann@example.com"}'))
    assert found.reason == "HTTP 422"


def test_what_is_repeated_never_stops_the_provider():
    assert not RETRIED & STOPPING


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("1.5", 1.5),
        (" 3 ", 3),
        ("-5", 0),
        ("999999999", LONGEST_WAIT),
        ("inf", LONGEST_WAIT),
        ("-inf", 0),
        ("nan", None),
        ("", None),
        ("soon", None),
        ("12 seconds", None),
    ],
)
def test_a_number_is_seconds_to_wait_within_a_day(header: str, seconds: float | None):
    assert retry_after(answer(429, retry_after=header)) == seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (LATER_DATE, 90),
        (NOON_DATE, 0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("Mon, 23 Nov 2026 13:00:00 +0100", 0),
        ("Fri, 31 Dec 2027 00:00:00 GMT", LONGEST_WAIT),
        ("Mon, 99 Nov 2026 12:00:00 GMT", None),
        ("2026-11-23T12:01:30Z", None),
    ],
)
def test_a_date_is_compared_with_the_time_given(header: str, seconds: float | None):
    assert retry_after(answer(429, retry_after=header), NOON.timestamp()) == seconds


def test_a_date_is_compared_with_the_answers_own_so_that_clocks_need_not_agree():
    assert retry_after(answer(429, retry_after=LATER_DATE, date=NOON_DATE)) == 90
    assert retry_after(answer(429, retry_after=LATER_DATE)) is None
    assert retry_after(answer(429, retry_after=LATER_DATE, date="yesterday")) is None


@given(text=st.text(max_size=40))
def test_no_header_makes_anybody_wait_longer_than_a_day_or_fail(text: str):
    found = retry_after(answer(429, retry_after=text, date=NOON_DATE))
    assert found is None or 0 <= found <= LONGEST_WAIT


def test_a_key_goes_where_the_provider_wants_it_and_nowhere_else():
    assert Auth.header("authorization", "Bearer {}").headers("k") == {"authorization": "Bearer k"}
    assert Auth.header("x-api-key").params("k") == Auth.param("key").headers("k") == {}
    assert Auth.param("key").params("k") == {"key": "k"}

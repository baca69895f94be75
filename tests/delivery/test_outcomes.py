"""What a failure leads to, and what of it may be written down."""

from datetime import timedelta

import pytest

from dagster_project.delivery.outcomes import LONGEST_DELAY, Outcome, Result, delay, next_step
from dagster_project.delivery.redact import LIMIT, redact
from tests.delivery.conftest import START


def step(outcome: Outcome, attempts: int = 0, retry_after: float | None = None):
    return next_step(Result(outcome, retry_after=retry_after), attempts, 3, START, lambda: 0.5)


@pytest.mark.parametrize(
    ("outcome", "attempts", "state", "used"),
    [
        (Outcome.TRANSIENT, 0, "failed", 1),
        (Outcome.TRANSIENT, 1, "failed", 2),
        (Outcome.TRANSIENT, 2, "dead", 3),
        (Outcome.BAD_REQUEST, 0, "dead", 1),
        (Outcome.SUPPRESSED, 0, "suppressed", 1),
        (Outcome.RATE_LIMITED, 2, "failed", 2),
        (Outcome.AUTH, 2, "failed", 2),
        (Outcome.GONE, 2, "failed", 2),
    ],
)
def test_each_class_has_its_own_next_step(outcome: Outcome, attempts: int, state: str, used: int):
    assert (step(outcome, attempts).state, step(outcome, attempts).attempts) == (state, used)


def test_a_rate_limit_waits_as_long_as_it_says():
    assert step(Outcome.RATE_LIMITED, retry_after=7).next_attempt_at == START + timedelta(seconds=7)


def test_the_delay_doubles_with_half_of_it_random_up_to_an_hour():
    assert [delay(n, lambda: 0.0) for n in (0, 1, 2)] == [2.5, 5, 10]
    assert [delay(n, lambda: 1.0) for n in (0, 1, 2)] == [5, 10, 20]
    assert delay(60, lambda: 1.0) == LONGEST_DELAY


@pytest.mark.parametrize(
    "text",
    [
        "bad address jane.doe+x@mail.example.com",
        'duplicate {"email":"jane@example.com"}',
        "phone +13125550100 is taken",
        "phone (312) 555-0100 is taken",
        "phone 312.555.0100 is taken",
        "phone +44 20 7946 0958",
    ],
)
def test_reasons_lose_e_mails_and_phones(text: str):
    assert not any(part in redact(text) for part in ("jane", "example.com", "555", "7946"))


def test_reasons_keep_what_explains_them_on_one_line():
    assert redact("HTTP 422\n field 'name' over 255 characters") == "HTTP 422 field 'name' over 255 characters"
    assert len(redact("x" * 5_000)) == LIMIT

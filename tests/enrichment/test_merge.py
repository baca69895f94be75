"""Which value of a field is better, and whether a field is worth a question."""

from datetime import UTC, datetime, timedelta

import pytest

from dagster_project.enrichment.merge import is_better, needs_asking
from dagster_project.enrichment.subject import Known

NOW = datetime(2026, 11, 25, tzinfo=UTC)
OLDER = NOW - timedelta(days=1)


def value(confidence: float = 0.8, at: datetime | None = NOW, *, verified: bool = False) -> Known:
    return Known("value", confidence, at, verified)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (value(0.1), None),
        (value(0.9), value(0.8)),
        (value(0.8), value(0.8, OLDER)),
        (value(0.8), value(0.8, None)),
        (value(0.1, OLDER, verified=True), value(1.0)),
        (value(0.9, verified=True), value(0.8, verified=True)),
    ],
    ids=["nothing", "less sure", "older", "of no known time", "not verified", "verified and less sure"],
)
def test_a_better_value_replaces_what_is_and_the_worse_never_the_better(new: Known, old: Known | None):
    assert is_better(new, old)
    assert old is None or not is_better(old, new)


def test_an_equal_value_leaves_alone_what_is_there():
    assert not is_better(value(), value())
    assert not is_better(value(0.80004), value(0.8))


@pytest.mark.parametrize(
    ("old", "asked"),
    [(None, True), (value(0.69), True), (value(0.7), False), (value(0.1, verified=True), False)],
    ids=["missing", "unsure", "sure enough", "verified"],
)
def test_a_field_is_worth_a_question_where_nothing_sure_enough_is_known(old: Known | None, asked: bool):
    assert needs_asking(old, 0.7) is asked

"""Asking only for what changed: where a provider can be asked so, and never so long that a disappearance is missed."""

from datetime import date, timedelta

import pytest

from dagster_project.sources.adapter import Ask, Need
from dagster_project.sources.area import Circle, Point
from dagster_project.sources.pages.progress import State
from dagster_project.sources.pages.since import CHANGES, COMPLETE, Asked, asked_on, identity_of
from dagster_project.sources.providers import adapter

CRUNCHBASE = adapter("crunchbase")
ASKS = CRUNCHBASE.asks(Need(categories=("saas",), country="US"))
SAME = identity_of(ASKS, None)
TODAY = date(2026, 11, 25)


def days(**ago: str) -> dict[date, dict[str, str]]:
    return {TODAY - timedelta(days=int(name[1:])): {kind: SAME} for name, kind in ago.items()}


def test_the_first_day_asks_for_everything():
    assert asked_on(TODAY, ASKS, CRUNCHBASE, None, {}) == Asked(tuple(ASKS), SAME)


@pytest.mark.parametrize(
    ("known", "since"),
    [
        (days(_1=COMPLETE), 1),
        (days(_6=COMPLETE), 6),
        (days(_6=COMPLETE, _2=CHANGES), 2),
        (days(_7=COMPLETE, _1=CHANGES), None),
        (days(_1=CHANGES), None),
    ],
    ids=["yesterday", "six days ago", "changes since", "too long ago", "never in full"],
)
def test_later_days_ask_since_the_last_answer_and_for_everything_once_a_week(known, since: int | None):
    asked = asked_on(TODAY, ASKS, CRUNCHBASE, None, known)
    assert asked.since == (TODAY - timedelta(days=since) if since else None)
    if since:
        predicate = asked.asks[0].params["query"][-1]
        assert (predicate["field_id"], predicate["values"]) == ("updated_at", [asked.since.isoformat()])


def test_a_campaign_that_wants_something_else_asks_for_everything():
    other = CRUNCHBASE.asks(Need(categories=("fintech",), country="US"))
    assert asked_on(TODAY, other, CRUNCHBASE, None, days(_1=COMPLETE)).since is None


def test_a_provider_that_cannot_be_asked_so_is_asked_for_everything():
    yelp, area = adapter("yelp"), Circle(Point(30.27, -97.74), 5)
    asks = yelp.asks(Need(area=area, categories=("dentists",)))
    known = {TODAY - timedelta(days=1): {COMPLETE: identity_of(asks, area)}}
    assert asked_on(TODAY, asks, yelp, area, known).since is None


def test_cells_cut_otherwise_are_the_same_question():
    area = Circle(Point(30.27, -97.74), 5)
    whole = Ask("business_search", {"categories": ["dentists"]}, area.bounds)
    parts = [Ask(whole.endpoint, whole.params, cell) for cell in area.bounds.quarters()]
    assert identity_of([whole], area) == identity_of(parts, area)


def test_a_day_is_complete_only_when_every_question_was_answered_to_its_end():
    asked, state = Asked(tuple(ASKS), SAME), State(CRUNCHBASE)
    state.apply({"type": "ask", "ask": ASKS[0].text})
    assert asked.manifest(state) == {}
    for ended, said in (("capped", {}), ("bad_request", {}), ("complete", {COMPLETE: SAME})):
        state.tracks[ASKS[0].id].ended = ended
        assert asked.manifest(state) == said
    assert Asked(tuple(ASKS), SAME, TODAY).manifest(state) == {CHANGES: SAME}

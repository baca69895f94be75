"""Scores as of any day: the dictionary's worked example, decay, late events, merges, and replays."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dagster_project import contracts
from dagster_project.automation.score_replay import HISTORY, RESTATED, replay_arguments
from dagster_project.resources.score_history import Digests, changed_rows, digests
from dagster_project.resources.warehouse import Warehouse
from tests.dbt.conftest import frame, mirrored, run_dbt
from tests.dbt.score_world import happened, merged, october, score_world
from tests.dbt.world import identifier

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("dbt")]

FIRST, LAST = october(0).date(), october(24).date()
Replay = Callable[..., Digests]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="module")
def scored(warehouse: Warehouse, scratch: Path) -> Iterator[Warehouse]:
    """The world after a build and a replay of its month."""
    with mirrored(warehouse, scratch, score_world()) as found:
        run_dbt(found, scratch, "build", "--exclude-resource-type", "unit_test")
        run_dbt(found, scratch, *replay_arguments(FIRST, LAST, restate=False))
        yield found


@pytest.fixture
def replay(scored: Warehouse, scratch: Path) -> Replay:
    """Replays the month after what is known has changed; returns the digests of its rows."""

    def run(table: str = HISTORY, *, build: bool = False) -> Digests:
        if build:
            run_dbt(scored, scratch, "run")
        run_dbt(scored, scratch, *replay_arguments(FIRST, LAST, restate=table == RESTATED))
        return digests(scored, table, FIRST, LAST)

    return run


def on(scored: Warehouse, lead: str, *days: int) -> list[dict]:
    """Rows of fct_score_daily of a lead; the end of day 9 is the beginning of the 10th."""
    asked = [identifier(lead), [october(day).date() for day in days]]
    found = scored.query(
        "select * from marts.fct_score_daily where lead_id = %s and scored_on = any(%s) order by scored_on", asked
    )
    return list(found.iter_rows(named=True))


def test_a_visit_a_signup_and_a_demo_give_1_21_and_51_points(scored: Warehouse) -> None:
    days = on(scored, "three", 0, 1, 2)
    assert [day["engagement_points"] for day in days] == [1, 21, 51]
    assert [day["engagement_stage"] for day in days] == ["cold", "warm", "hot"]


def test_a_hot_lead_with_twelve_events_today_is_to_be_contacted_first(scored: Warehouse) -> None:
    (day,) = on(scored, "busy", 5)
    assert (day["engagement_points"], day["engagement_stage"]) == (42, "hot")
    assert (day["velocity"], day["risk"], day["next_action"]) == (12, "low", "prioritize_contact")


def test_points_fade_by_a_fifth_for_each_full_week_of_quiet(scored: Warehouse) -> None:
    # the demo was at the very beginning of the 3rd: 6, 7, 8, 14 and 21 days before the ends of these days
    days = on(scored, "three", 8, 9, 10, 16, 23)
    assert [day["engagement_points"] for day in days] == [51, 40.8, 40.8, 32.64, 26.11]
    assert [day["engagement_stage"] for day in days] == ["hot", "hot", "hot", "hot", "warm"]


def test_risk_follows_the_time_since_the_last_event(scored: Warehouse) -> None:
    # 2, 3, 7 and 8 days
    assert [day["risk"] for day in on(scored, "three", 4, 5, 9, 10)] == ["low", "medium", "medium", "high"]


def test_history_has_a_row_for_each_day_on_which_something_changed(scored: Warehouse) -> None:
    rows = scored.query(
        "select scored_on, engagement_points, previous_score, lead_score, score_change from marts.fct_score_history "
        "where lead_id = %s and scored_on between %s and %s order by scored_on",
        [identifier("three"), FIRST, LAST],
    )
    assert rows["scored_on"].to_list()[:3] == [october(day).date() for day in (0, 1, 2)]
    # a trial of 25 points that has faded by a day's life, a demo of 30 that has just been asked for, two visits
    assert rows["previous_score"].to_list()[1:] == rows["lead_score"].to_list()[:-1]
    assert (rows["lead_score"] - rows["previous_score"]).drop_nulls().round(2).to_list() == rows[
        "score_change"
    ].drop_nulls().to_list()
    assert rows.height < 12


def test_no_band_changes_between_two_rows_of_history(scored: Warehouse) -> None:
    bands = ("grade", "priority_tier", "intent_tier", "engagement_stage")
    missed = scored.query(
        f"select * from marts.fct_score_daily daily join marts.fct_score_history history "
        f"on daily.lead_id = history.lead_id and daily.last_change_on = history.scored_on "
        f"where daily.scored_on <= %s and ({' or '.join(f'daily.{b} <> history.{b}' for b in bands)})",
        [LAST],
    )
    assert missed.is_empty()


def test_any_day_with_a_row_gives_that_row(scored: Warehouse) -> None:
    differing = scored.query(
        "select * from marts.fct_score_daily daily join marts.fct_score_history history "
        "using (org_id, lead_id, scored_on) where daily.lead_score <> history.lead_score "
        "or daily.engagement_points <> history.engagement_points or daily.velocity <> history.velocity"
    )
    assert differing.is_empty()


def test_contributions_add_up_on_every_day_and_name_their_events(scored: Warehouse) -> None:
    wrong = scored.query(
        "select history.lead_id, history.as_of, rules_score, sum(points) from marts.fct_score_history history "
        "left join intermediate.int_score_history_contributions ledger using (org_id, lead_id, as_of) "
        "group by history.lead_id, history.as_of, rules_score having abs(rules_score - coalesce(sum(points), 0)) > 1e-9"
    )
    assert wrong.is_empty()
    demo = scored.query(
        "select * from intermediate.int_score_history_contributions where rule = 'demo_request' and as_of = %s",
        [october(3)],
    ).row(0, named=True)
    assert (demo["event_ids"], demo["age_hours"], demo["decay_hours"]) == (["three demo_request 03 00"], 0, 24)
    assert (demo["raw_points"], demo["decayed_points"]) == (30, 30)


def test_crossings_tell_the_direction(scored: Warehouse) -> None:
    crossed = scored.query(
        "select scored_on, threshold, direction from marts.fct_threshold_crossings "
        "where lead_id = %s and kind = 'engagement_stage' and scored_on <= %s order by scored_on, threshold",
        [identifier("three"), LAST],
    )
    day = {number: october(number).date() for number in (1, 2, 23)}
    assert crossed.rows() == [(day[1], "warm", "up"), (day[2], "hot", "up"), (day[23], "hot", "down")]


def test_a_late_event_belongs_to_the_day_it_was_received(scored: Warehouse) -> None:
    # received at the very end of the 5th
    assert [day["event_count"] for day in on(scored, "late", 2, 4, 5)] == [0, 0, 1]


def test_a_replay_gives_the_same_rows(scored: Warehouse, replay: Replay) -> None:
    before = digests(scored, HISTORY, FIRST, LAST)
    assert len(before) > 10
    assert replay() == before


def test_a_restatement_knows_late_events_on_their_day_and_leaves_history_alone(
    scored: Warehouse, replay: Replay
) -> None:
    before = digests(scored, HISTORY, FIRST, LAST)
    restated = replay(RESTATED)
    assert ("default", identifier("late"), october(2).date()) in restated
    assert replay(RESTATED) == restated
    assert digests(scored, HISTORY, FIRST, LAST) == before


def test_an_event_changes_nothing_before_it(scored: Warehouse, replay: Replay) -> None:
    before = digests(scored, HISTORY, FIRST, LAST)
    new = frame(contracts.EVENTS, [happened("three", "demo_request", october(12, 6))])
    scored.mirror(contracts.EVENTS, new, append=True)
    after = replay(build=True)
    noon = october(12).date()
    assert changed_rows(until(before, noon), until(after, noon)) == {
        "rows": len(until(before, noon)), "added": 0, "removed": 0, "changed": 0,
    }  # fmt: skip
    assert ("default", identifier("three"), noon) in after


def test_a_merge_leaves_what_the_lead_was_before_it(scored: Warehouse, replay: Replay) -> None:
    before = digests(scored, HISTORY, FIRST, LAST)
    for name, rows in merged().items():
        table = contracts.TABLES[name]
        scored.mirror(table, frame(table, rows), append=True)
    after = replay(build=True)
    # known at the very end of the 19th
    assert until(after, october(19).date()) == until(before, october(19).date())
    assert [day["event_count"] for day in on(scored, "late", 18, 19)] == [1, 2]


def until(rows: Digests, day: dt.date) -> Digests:
    """The rows of the days before `day`."""
    return {key: digest for key, digest in rows.items() if key[2] < day}

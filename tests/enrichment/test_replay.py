"""The replay: learned on the earlier half, judged on the later one, careful about what nobody was asked."""

from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest

from dagster_project.contracts import ENRICHMENT_ATTEMPTS
from dagster_project.enrichment.attempt_history import (
    bits,
    cells,
    listed_prices,
    paid_prices,
    segment,
    steps,
    vertical_of,
)
from dagster_project.enrichment.learned_order import Cell, Price
from dagster_project.enrichment.offers import Offer
from dagster_project.enrichment.replay import FEWEST_JOBS, FieldReplay, Replay, replay
from dagster_project.enrichment.waterfall import FieldSettings
from tests.enrichment.order_world import BEGUN, OFFERS, World, fixed, settings

SUBJECTS = 3_000


@pytest.fixture(scope="module")
def world() -> World:
    return World(3 * SUBJECTS, seed=11)


@pytest.fixture(scope="module")
def replayed(world: World) -> Replay:
    return replay(world.attempts(fixed, range(SUBJECTS)), settings, {})


def field(found: Replay, name: str) -> FieldReplay:
    return next(each for each in found.fields if each.field == name)


def attempts(*rows: tuple[str, str, str, bool], **columns: object) -> pl.DataFrame:
    """Attempts for the e-mail of jobs: job, provider, outcome, whether it was filled; in the order given."""
    made, place = [], {}
    for job, provider, outcome, is_filled in rows:
        place[job] = place.get(job, 0) + 1
        made.append(
            {"job_id": job, "subject_id": job, "field": "email", "attempt": place[job], "provider": provider}
            | {"outcome": outcome, "is_filled": is_filled, "is_cached": False, "cost_usd": Decimal("0.1000")}
            | {"segment": "s", "attempted_at": BEGUN + timedelta(minutes=len(made))}
            | columns
        )
    return ENRICHMENT_ATTEMPTS.conform(pl.DataFrame(made))


# --- what the attempts show


def test_each_step_knows_who_had_nothing_before_it():
    history = attempts(("j", "b", "no_match", False), ("j", "a", "ok", False), ("j", "c", "ok", True))
    assert sorted(cells(steps(history), bits(history)), key=lambda cell: cell.provider) == [
        Cell("email", "s", "a", frozenset("b"), 1, 0),
        Cell("email", "s", "b", frozenset(), 1, 0),
        Cell("email", "s", "c", frozenset("ab"), 1, 1),
    ]


@pytest.mark.parametrize("outcome", ["transient", "rate_limited", "unavailable", "pending", "suppressed", "auth"])
def test_a_failure_says_nothing_of_what_a_provider_has(outcome: str):
    history = attempts(("j", "a", outcome, False), ("j", "b", "ok", True))
    assert cells(steps(history), bits(history)) == [Cell("email", "s", "b", frozenset(), 1, 1)]


def test_steps_after_a_hit_are_not_the_waterfalls():
    history = attempts(("j", "a", "ok", True), ("j", "b", "ok", True), ("k", "b", "ok", True))
    assert [(row["job_id"], row["provider"]) for row in steps(history).to_dicts()] == [("j", "a"), ("k", "b")]


def test_a_price_is_what_was_paid_and_cached_answers_cost_nothing():
    listed = {"email": {"a": Price(0.5, 0.5), "b": Price(0.2)}}
    paid = attempts(("j", "a", "no_match", False), ("j", "c", "ok", True), ("k", "d", "no_match", False))
    cached = attempts(("l", "b", "ok", True), is_cached=True, cost_usd=Decimal(0))
    assert paid_prices(pl.concat([paid, cached]), listed) == {
        "email": {"a": Price(0.5, 0.1), "b": Price(0.2), "c": Price(0.1, 0.1)}
    }


def test_list_prices_charge_a_miss_only_where_the_call_is_charged():
    class Asked:
        def __init__(self, name: str) -> None:
            self.name = name

        def lookup(self, field_name: str) -> "Asked | None":
            return self if field_name == "email" and self.name != "c" else None

    offers = {
        (name, name): Offer(name, name, Decimal("0.3"), by, 0.9) for name, by in {"a": "match", "b": "call"}.items()
    }
    found = listed_prices({name: Asked(name) for name in "abcd"}, offers)
    assert found == {"email": {"a": Price(0.3, 0.0), "b": Price(0.3, 0.3)}}


def test_a_segment_tells_its_vertical():
    assert segment("b2b_saas", "smb") == "b2b_saas/smb"
    assert vertical_of(segment("b2b_saas", None)) == "b2b_saas"
    assert vertical_of(segment(None, "smb")) is None


# --- the verdict


def test_a_dear_provider_in_front_loses_to_the_learned_order(replayed: Replay):
    email = field(replayed, "email")
    assert email.is_won
    assert 0 < email.comparison.saved.low < email.comparison.saved.estimate < email.comparison.saved.high
    assert {group.learned for group in email.orders} == {("hunter", "apollo", "clearbit")}
    assert "is used where a waterfall says order: learned" in email.verdict


def test_where_calls_are_charged_each_segment_has_its_own_order(replayed: Replay):
    orders = {group.segment: group.learned[0] for group in field(replayed, "tech").orders}
    assert orders["b2b_saas/smb"] == "builtwith"
    assert orders["healthcare/smb"] == "wappalyzer"


def test_a_fixed_order_that_is_the_best_stays(replayed: Replay):
    domain = field(replayed, "domain")
    assert not domain.is_won
    assert domain.comparison.saved.estimate == 0
    assert domain.verdict.endswith("that is not sure; the fixed order stays")
    assert replayed.learned.won == {"email", "tech"}


def test_the_same_providers_in_another_order_fill_the_same(replayed: Replay):
    for found in replayed.fields:
        assert found.comparison.gained.low == found.comparison.gained.high == 0
        assert found.comparison.fixed.filled == pytest.approx(found.comparison.learned.filled)


def test_what_the_fixed_order_cost_is_told_as_it_was(replayed: Replay, world: World):
    for found in replayed.fields:
        true = world.outcome(fixed, found.field, range(SUBJECTS // 2, SUBJECTS))
        assert found.comparison.jobs == SUBJECTS // 2
        assert found.comparison.fixed.usd == pytest.approx(true.usd, rel=0.02)
        assert found.comparison.fixed.filled == pytest.approx(true.filled, rel=0.02)


def test_without_exploration_the_saving_is_understated_and_with_it_comes_nearer(replayed: Replay, world: World):
    def in_turn(name: str, segment_name: str, subject: str) -> tuple[str, ...]:
        order, first = tuple(OFFERS[name]), int(subject[-1]) % len(OFFERS[name])
        return order[first:] + order[:first]

    best = {(group.field, group.segment): group.learned for found in replayed.fields for group in found.orders}
    subjects = range(SUBJECTS, 2 * SUBJECTS)
    explored = replay(world.attempts(in_turn, subjects), settings, {})
    later = range(2 * SUBJECTS, 3 * SUBJECTS)
    usd = [world.outcome(policy, "email", later).usd for policy in (fixed, lambda *at: best[at[:2]])]
    true = 1 - usd[1] / usd[0]
    blind, sighted = field(replayed, "email"), field(explored, "email")
    assert blind.saved_share < true
    assert blind.saved_share < sighted.saved_share < true + 0.05
    assert blind.comparison.seen < 0.1
    assert sighted.comparison.seen > 0.6


def test_what_a_history_could_not_show_is_taken_back_once_it_was_tried():
    # a knows the even ones, b the odd ones: after the misses of a, b seems to know everybody
    asked_a_first = [
        row for n in range(600) for row in ([(f"{n:04}", "a", "ok", True)] if n % 2 == 0 else both(f"{n:04}", "a", "b"))
    ]
    asked_b_first = [
        row
        for n in range(600, 1_200)
        for row in ([(f"{n:04}", "b", "ok", True)] if n % 2 else both(f"{n:04}", "b", "a"))
    ]
    orders = FieldSettings(providers=("a", "b"))
    blind = field(replay(attempts(*asked_a_first), lambda *at: orders, {}), "email")
    assert (blind.is_won, blind.comparison.seen) == (True, 0.0)
    sighted = field(replay(attempts(*asked_a_first, *asked_b_first), lambda *at: orders, {}), "email")
    assert (sighted.is_won, sighted.comparison.seen) == (False, 1.0)


def both(job: str, first: str, second: str) -> list[tuple[str, str, str, bool]]:
    """One that has nothing, and after it one that fills the field."""
    return [(job, first, "no_match", False), (job, second, "ok", True)]


def test_leaving_a_provider_out_to_save_money_is_refused(world: World):
    found = replay(
        world.attempts(fixed, range(SUBJECTS), ["email"]), lambda *at: settings(*at, value_usd=Decimal("0.15")), {}
    )
    email = field(found, "email")
    assert {group.learned for group in email.orders} == {("hunter", "apollo")}
    assert email.comparison.saved.low > 0 > email.comparison.gained.low
    assert not email.is_won
    assert email.verdict.endswith("but may fill less; the fixed order stays")


def test_a_few_jobs_win_nothing(world: World):
    found = replay(world.attempts(fixed, range(FEWEST_JOBS), ["email"]), settings, {})
    assert not field(found, "email").is_won
    assert field(found, "email").verdict == "email: 100 jobs are too few to judge by (of 200); the fixed order stays"


def test_subjects_of_the_earlier_half_do_not_judge(world: World):
    twice = world.attempts(fixed, range(500), ["email"])
    again = twice.with_columns(
        job_id=pl.col("job_id").str.replace("^0", "1"), attempted_at=pl.col("attempted_at") + timedelta(days=30)
    )
    assert replay(pl.concat([twice, again]), settings, {}).fields == ()


def test_the_same_history_gives_the_same_replay_in_any_order_of_rows(world: World):
    history = world.attempts(fixed, range(800))
    first, second = (replay(each, settings, {}).fields for each in (history, history.sample(fraction=1, shuffle=True)))
    assert first == second


def test_no_history_and_fields_without_a_waterfall_are_not_replayed(world: World):
    assert replay(ENRICHMENT_ATTEMPTS.empty(), settings, {}).fields == ()
    assert replay(world.attempts(fixed, range(50)), lambda *at: None, {}).fields == ()

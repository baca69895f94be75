"""The verdict: what is promoted, what is not, and what is suspicious."""

import json

import numpy as np
import polars as pl
import pytest

from dagster_project.scoring.backtest import Report, backtest
from dagster_project.scoring.models import LOGISTIC, MONOTONE
from dagster_project.scoring.table import labelled
from dagster_project.scoring.verdict import NO_SIGNAL, PROMOTED
from tests.scoring.tables import SEED, leads, text


@pytest.fixture(scope="module")
def signal() -> Report:
    return backtest(labelled(leads(), "won", time="at"))


def test_where_a_straight_line_is_the_truth_the_simplest_model_is_promoted(signal: Report):
    assert (signal.verdict.outcome, signal.verdict.champion) == (PROMOTED, LOGISTIC)
    assert [duel.champion for duel in signal.verdict.duels] == ["constant", LOGISTIC, LOGISTIC, LOGISTIC]


def test_every_challenger_that_did_not_win_says_why(signal: Report):
    assert all("Brier is not surely" in duel.why for duel in signal.verdict.duels[1:])


def test_two_runs_say_the_same_to_the_byte(signal: Report):
    again = backtest(labelled(leads(), "won", time="at"))
    assert json.dumps(signal.plain()) == json.dumps(again.plain())


@pytest.mark.parametrize("seed", range(4))
def test_noise_has_no_signal_and_nothing_is_published(seed: int):
    report = backtest(labelled(leads(900, strength=0, seed=SEED + seed), "won", time="at"))
    assert (report.verdict.outcome, report.verdict.champion) == (NO_SIGNAL, None)
    assert report.plain()["publishes_probabilities"] is False


def test_a_base_rate_that_moves_is_no_signal_by_itself():
    random = np.random.default_rng(1)
    y = random.random(3_000) < np.linspace(0.1, 0.6, 3_000)
    raw = text({"x": random.normal(size=3_000), "y": y.astype(int)})
    assert backtest(labelled(raw, "y", time="ROW")).verdict.outcome == NO_SIGNAL


def test_trees_are_promoted_where_only_they_can_see():
    random = np.random.default_rng(4)
    a, b = random.normal(size=(2, 4_000))
    y = random.random(4_000) < np.where(a * b > 0, 0.8, 0.2)
    report = backtest(labelled(text({"a": a, "b": b, "y": y.astype(int)}), "y", time="ROW"))
    assert report.verdict.champion in ("xgboost", MONOTONE)


def test_a_column_that_knows_the_outcome_raises_the_alarm_with_its_name():
    won = pl.col("won").cast(int)
    told = (
        pl.when(won == 1)
        .then(pl.lit("signed"))
        .when(pl.int_range(pl.len()) % 4 > 0)
        .then(pl.lit("gone"))
        .otherwise(None)
    )
    report = backtest(labelled(leads(800).with_columns(reason=told), "won", time="at"), candidates=(LOGISTIC,))
    first, *_, last = report.alarms
    assert first.what == "reason"
    assert "column 'reason' alone has an AUC" in first.sentence
    assert (last.what, "'reason'" in last.sentence) == (LOGISTIC, True)


def test_many_small_categories_raise_no_alarm_by_remembering():
    random = np.random.default_rng(8)
    raw = text({"who": random.integers(0, 300, 900), "x": random.normal(size=900), "y": random.integers(0, 2, 900)})
    raw = raw.with_columns(who="w" + pl.col("who"))
    assert backtest(labelled(raw, "y"), candidates=(LOGISTIC,)).alarms == []

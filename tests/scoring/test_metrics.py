"""Figures of probabilities, and what calibration makes of log-odds."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from dagster_project.scoring.bootstrap import draw
from dagster_project.scoring.calibration import Isotonic, Platt, around, calibrate, logit, platt
from dagster_project.scoring.metrics import auc, auc_within, brier, ece, measure, precision_at_top, reliability

RANDOM = np.random.default_rng(5)


def outcomes(log_odds: np.ndarray, seed: int = 3) -> np.ndarray:
    return (np.random.default_rng(seed).random(len(log_odds)) < expit(log_odds)).astype(float)


def test_auc_is_that_of_scikit_learn_ties_included():
    p = RANDOM.integers(0, 9, 500) / 9
    y = outcomes(3 * p - 1)
    assert auc(y, p) == pytest.approx(roc_auc_score(y, p))


def test_one_outcome_has_no_auc():
    assert auc(np.ones(9), RANDOM.random(9)) is None
    assert measure(np.zeros(9), RANDOM.random(9), np.full(9, 0.1)).lift_top is None


def test_knowing_only_which_window_is_rich_is_no_skill_within_windows():
    window = np.repeat([0, 1], 500)
    y = outcomes(np.where(window == 1, 1.5, -1.5))
    p = np.where(window == 1, 0.8, 0.2)
    assert auc(y, p) > 0.75
    assert auc_within(y, p, window) == 0.5


def test_rows_tied_at_the_edge_of_the_top_count_in_proportion():
    y = np.array([1.0, 0.0] * 10)
    assert precision_at_top(y, np.full(20, 0.3)) == 0.5


def test_reliability_keeps_ties_together_and_counts_every_row():
    p = np.array([0.1] * 300 + [0.9] * 300)
    found = reliability(outcomes(np.where(p > 0.5, 2, -2)), p)
    assert [each.rows for each in found] == [300, 300]


def test_a_perfect_forecast_has_a_small_error_and_a_bold_one_a_large():
    log_odds = RANDOM.normal(size=20_000)
    y = outcomes(log_odds)
    assert ece(y, expit(log_odds)) < 0.01
    assert ece(y, expit(3 * log_odds)) > 0.1


def test_drawn_figures_are_around_those_of_all_rows():
    log_odds = RANDOM.normal(size=2_000)
    y, window = outcomes(log_odds), np.repeat([0, 1], 1_000)
    p = {"a": expit(log_odds), "b": np.full(2_000, 0.5)}
    drawn = draw(y, p, window, np.arange(2_000))
    assert drawn.auc["a"].mean() == pytest.approx(auc_within(y, p["a"], window), abs=0.003)
    assert drawn.brier["a"].mean() == pytest.approx(brier(y, p["a"]), abs=0.002)
    assert set(drawn.auc["b"]) == {0.5}


def test_rows_of_a_group_are_drawn_together():
    y = outcomes(RANDOM.normal(size=2_000))
    p = {"a": RANDOM.random(2_000)}
    alone = draw(y, p, np.zeros(2_000, int), np.arange(2_000)).brier["a"].std()
    together = draw(y, p, np.zeros(2_000, int), np.argsort(np.argsort(p["a"])) // 100).brier["a"].std()
    assert together > 2 * alone


def test_a_line_is_found_again_from_outcomes():
    log_odds = RANDOM.normal(size=20_000)
    line = platt(log_odds, outcomes(0.7 + 0.5 * log_odds))
    assert (line.offset, line.slope) == (pytest.approx(0.7, abs=0.05), pytest.approx(0.5, abs=0.05))


def test_a_handful_of_outcomes_turns_nothing_over():
    assert calibrate(np.array([2.0, -2.0] * 5), np.array([0.0, 1.0] * 5)) == Platt()


def test_log_odds_that_keep_their_word_are_left_as_they_are():
    log_odds = RANDOM.normal(size=800)
    assert calibrate(log_odds, outcomes(log_odds)) == Platt()


def test_many_outcomes_are_calibrated_by_steps_that_keep_the_order():
    log_odds = np.sort(RANDOM.normal(size=5_000))
    found = calibrate(log_odds, outcomes(log_odds**3))
    assert isinstance(found, Isotonic)
    assert (np.diff(found.probability(log_odds)) >= 0).all()


def test_no_published_probability_is_impossible_or_sure():
    assert Platt().probability(np.array([-99.0, 99.0])).tolist() == [0.005, 0.995]


def test_a_slope_leaves_its_level_alone():
    y = np.array([1.0] * 10 + [0.0] * 90)
    line = around(logit(y), 0.3)
    assert line.probability(np.array([logit(y)]))[0] == pytest.approx(0.104, abs=0.001)

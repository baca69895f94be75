"""The verdicts on the team's labelled sets: where there is signal, and where there is none."""

from pathlib import Path

import pytest

from dagster_project.scoring.backtest import backtest
from dagster_project.scoring.models import LOGISTIC, NAIVE_BAYES
from dagster_project.scoring.verdict import NO_SIGNAL, PROMOTED
from tests.scoring.sets import loans, olist, opportunities

pytestmark = pytest.mark.shared
SIMPLE = (LOGISTIC, NAIVE_BAYES)


@pytest.mark.parametrize(("day", "least"), [(14, 0.77), (7, 0.67), (3, 0.63)])
def test_loans_replayed_from_their_events_have_signal_and_keep_their_word(shared_dir: Path, day: int, least: float):
    report = backtest(loans(shared_dir, day).table(), candidates=SIMPLE)
    assert report.verdict.outcome == PROMOTED
    champion = report.candidates[report.verdict.champion]
    assert champion.auc_within_windows > least
    assert champion.total.ece <= 0.05
    assert report.alarms == []


def test_two_fields_are_enough_for_a_simple_model_and_trees_gain_nothing(shared_dir: Path):
    report = backtest(olist(shared_dir).table())
    assert (report.verdict.outcome, report.verdict.champion in SIMPLE) == (PROMOTED, True)
    assert report.candidates[report.verdict.champion].auc_within_windows > 0.68


def test_an_outcome_drawn_at_random_has_no_signal(shared_dir: Path):
    report = backtest(opportunities(shared_dir).table())
    assert (report.verdict.outcome, report.verdict.champion) == (NO_SIGNAL, None)

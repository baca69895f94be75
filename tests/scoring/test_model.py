"""Trained models: reasons that add up, files without pickle, cards; and drift."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import skops.io
from sklearn.linear_model import LinearRegression

from dagster_project.scoring.backtest import backtest
from dagster_project.scoring.calibration import LOWEST
from dagster_project.scoring.columns import WEEKDAY
from dagster_project.scoring.drift import calibration_drift, feature_drift, psi, psi_of_categories, score_drift
from dagster_project.scoring.encoder import coded
from dagster_project.scoring.explain import reasons, terms
from dagster_project.scoring.model import train
from dagster_project.scoring.model_card import model_card
from dagster_project.scoring.model_file import BadModelFile, load, save
from dagster_project.scoring.models import CANDIDATES, LOGISTIC, XGBOOST
from dagster_project.scoring.table import Table, labelled
from tests.scoring.tables import leads


@pytest.fixture(scope="module")
def table() -> Table:
    gaps = pl.when(pl.int_range(pl.len()) % 9 == 0).then(None).otherwise(pl.col("noise"))
    return labelled(leads(900).with_columns(noise=gaps), "won", time="at")


@pytest.mark.parametrize("kind", CANDIDATES)
def test_terms_and_bias_sum_to_the_log_odds(table: Table, kind: str):
    model = train(table, kind).fitted
    found, names = terms(model, table.features)
    assert set(names) == {"size", "noise", "origin", WEEKDAY}
    assert found.sum(axis=1) + model.bias == pytest.approx(model.log_odds(coded(table.features)), abs=1e-4)


def test_the_heaviest_reason_of_a_large_lead_is_its_size_in_the_given_sentence(table: Table):
    largest = table.features.sort("size", descending=True).head(1)
    first, *_ = reasons(train(table, LOGISTIC).fitted, largest, {"size": "a size of {value} stands out"})[0]
    assert (first.field, first.sentence) == ("size", f"a size of {first.value} stands out")
    assert first.log_odds > 1


@pytest.mark.parametrize("kind", CANDIDATES)
def test_a_model_read_back_says_the_same_and_two_trainings_give_the_same_bytes(table: Table, kind: str, tmp_path: Path):
    held = np.linspace(-2, 2, 400)
    for name in ("one", "two"):
        save(train(table, kind, held_log_odds=held, held_y=(held > -1.5).astype(float)), tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["model.json", "model.ubj" if "xgboost" in kind else "model.skops"]
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)
    again = load(tmp_path / "one").probability(table.features)
    original = train(table, kind, held_log_odds=held, held_y=(held > -1.5).astype(float)).probability(table.features)
    assert np.array_equal(again, original)


def test_an_estimator_of_another_type_is_refused(table: Table, tmp_path: Path):
    save(train(table, LOGISTIC), tmp_path)
    other = LinearRegression().fit([[0.0], [1.0]], [0, 1])
    (tmp_path / "model.skops").write_bytes(skops.io.dumps(other))
    with pytest.raises(BadModelFile, match="LinearRegression"):
        load(tmp_path)


def test_a_file_with_code_in_it_is_refused_before_it_runs(table: Table, tmp_path: Path):
    save(train(table, LOGISTIC), tmp_path)
    (tmp_path / "model.skops").write_bytes(skops.io.dumps({"run": Path("never")}))
    with pytest.raises(BadModelFile, match="not trusted: pathlib"):
        load(tmp_path)


def test_a_folder_without_a_model_is_refused(tmp_path: Path):
    with pytest.raises(BadModelFile, match=r"model\.json cannot be read"):
        load(tmp_path)


def test_unseen_categories_and_absent_values_have_a_probability_and_absent_features_do_not(table: Table):
    model = train(table, XGBOOST)
    strange = table.features.head(2).with_columns(origin=pl.lit("moon"), size=pl.lit(None, pl.Float64))
    assert (model.probability(strange) >= LOWEST).all()
    assert (model.score(strange) == np.round(100 * model.probability(strange), 1)).all()
    with pytest.raises(KeyError, match="origin"):
        model.probability(table.features.drop("origin"))


def test_a_card_tells_figures_reliability_windows_and_limits(table: Table):
    report = backtest(table, candidates=(LOGISTIC,))
    card = model_card(train(table, LOGISTIC), report)
    assert f"| all windows | {report.candidates[LOGISTIC].total.rows} |" in card
    assert card.count("\n| 0.") >= len(report.candidates[LOGISTIC].reliability)
    assert all(f"| {window.window} |" in card for window in report.windows)
    assert "## Limits" in card


def test_the_same_rows_have_no_drift_and_moved_ones_have(table: Table):
    same = feature_drift(table.features, table.features)
    assert set(same.values()) == {0.0}
    moved = table.features.with_columns(pl.col("size") + 1, origin=pl.lit("moon"))
    found = feature_drift(table.features, moved)
    assert found["size"] > 0.25 < found["origin"]
    assert found["noise"] == 0.0


def test_psi_is_the_sum_it_is_defined_as():
    then, now = np.array([0.0] * 50 + [1.0] * 50), np.array([0.0] * 80 + [1.0] * 20)
    assert psi(then, now) == pytest.approx(0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5))
    assert psi_of_categories(pl.Series(["a", None] * 50), pl.Series(["a"] * 80 + [None] * 20)) == pytest.approx(
        psi(then, now)
    )


def test_missing_values_that_were_not_missing_before_are_drift():
    assert psi(np.arange(100.0), np.where(np.arange(100) % 2, np.nan, np.arange(100.0))) > 0.25


def test_scores_that_all_rise_have_drifted():
    p = np.random.default_rng(0).random(2_000)
    assert score_drift(p, p**0.5) > 0.1 > score_drift(p[:1_000], p[1_000:])


def test_scores_that_no_longer_keep_their_word_show_it():
    random = np.random.default_rng(0)
    p = random.random(4_000)
    found = calibration_drift(
        *((random.random(4_000) < each).astype(float) if n % 2 == 0 else p for n, each in enumerate((p, p, p / 2, p)))
    )
    assert found.ece_then < 0.03 < 0.2 < found.ece_now
    assert found.gap == pytest.approx(-0.25, abs=0.03)

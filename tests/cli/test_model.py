"""`leadhouse model backtest` as a person and a program meet it."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from dagster_project.cli import app
from tests.scoring.tables import leads


def leadhouse(*arguments: str | Path) -> Result:
    env = {"COLUMNS": "100", "LEADHOUSE_ORG_ID": None}
    return CliRunner(env=env).invoke(app, ["model", "backtest", *(str(each) for each in arguments)])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("leads") / "leads.csv"
    leads(900).write_csv(path)
    return path


def test_a_person_sees_the_verdict_the_figures_and_what_became_of_columns(file: Path):
    result = leadhouse(file, "--label", "won", "--time", "at", "--drop", "noise")
    assert result.exit_code == 0
    assert "leads.csv: 900 rows" in result.stdout
    assert "Windows of logistic" in result.stdout
    assert "Verdict: logistic is promoted" in result.stdout
    assert "noise" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_a_program_gets_everything_and_the_same_bytes_twice(file: Path, tmp_path: Path):
    parquet = tmp_path / "leads.csv.parquet"
    leads(900).write_parquet(parquet)
    first, second = (leadhouse(parquet, "--label", "won", "--time", "at", "--json").stdout for _ in range(2))
    assert first == second
    found = json.loads(first)
    assert found["verdict"]["champion"] == "logistic"
    assert found["publishes_probabilities"] is True
    figures = found["windows"][0]["candidates"]["xgboost"]
    assert {"auc", "pr_auc", "precision_top", "lift_top", "brier", "brier_constant", "ece"} <= set(figures)
    assert {use["column"] for use in found["columns"]} == {"size", "noise", "origin"}


def test_random_folds_are_said_to_flatter(file: Path):
    result = leadhouse(file, "--label", "won", "--drop", "at")
    assert "random folds, for want of a time or a group" in " ".join(result.stdout.split())


def test_a_declared_direction_is_kept(file: Path):
    given = ("--label", "won", "--time", "at", "--json")
    plain, declared = (
        json.loads(leadhouse(file, *given, *more).stdout)["candidates"]["xgboost_monotone"]["total"]["auc"]
        for more in ((), ("--decreasing", "size"))
    )
    assert declared < plain - 0.05  # size helps, so a model that may not use it so ranks worse


def test_noise_is_a_verdict_and_not_a_failure(tmp_path: Path):
    leads(600, strength=0).write_csv(tmp_path / "noise.csv")
    result = leadhouse(tmp_path / "noise.csv", "--label", "won", "--time", "at")
    assert result.exit_code == 0
    assert "Verdict: no signal" in result.stdout
    assert "no probability is published" in result.stdout


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a,won\n1,1\n2,0\n", "2 usable rows with 1 positives are too few"),
        ("a,won\n", "it has no rows"),
        ("a,b\n1,2\n", "no column 'won'"),
        ("a,won\n" + "1,1\n" * 50, "only the value '1'"),
    ],
)
def test_a_file_that_cannot_be_judged_is_one_sentence(tmp_path: Path, content: str, told: str):
    (tmp_path / "f.csv").write_text(content)
    result = leadhouse(tmp_path / "f.csv", "--label", "won")
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr


def test_the_file_of_another_locale_is_read(tmp_path: Path):
    frame = leads(400).with_columns(pl.col("origin").replace("event", "événement"))
    (tmp_path / "f.csv").write_bytes(frame.write_csv(separator=";").encode("cp1252"))
    assert leadhouse(tmp_path / "f.csv", "--label", "won", "--time", "at").exit_code == 0

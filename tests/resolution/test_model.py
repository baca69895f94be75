"""The shipped models: complete, and the same data as the rules they were trained for."""

import copy

import pytest

from dagster_project.resolution.kinds import KINDS
from dagster_project.resolution.model import Model, load_model, shipped_model, untrained_levels
from dagster_project.resolution.training import main
from tests.resolution.test_runner import town

KIND_NAMES = sorted(KINDS)


def conditions(comparisons) -> dict[str, list[str]]:
    return {c["output_column_name"]: [lv["sql_condition"] for lv in c["comparison_levels"]] for c in comparisons}


@pytest.mark.parametrize("name", KIND_NAMES)
def test_every_level_of_the_shipped_model_is_trained(name):
    assert untrained_levels(shipped_model(KINDS[name])) == []


@pytest.mark.parametrize("name", KIND_NAMES)
def test_the_shipped_model_was_trained_for_the_rules_in_the_code(name):
    assert conditions(shipped_model(KINDS[name]).comparisons) == conditions(KINDS[name].comparisons)


@pytest.mark.parametrize("name", KIND_NAMES)
def test_agreement_speaks_for_a_match_and_difference_against(name):
    for comparison in shipped_model(KINDS[name]).comparisons:
        levels = [lv for lv in comparison["comparison_levels"] if not lv.get("is_null_level")]
        assert levels[0]["m_probability"] > levels[0]["u_probability"]
        assert levels[-1]["m_probability"] < levels[-1]["u_probability"]


def test_a_level_without_probabilities_is_named():
    model = shipped_model(KINDS["business"])
    spec = copy.deepcopy(model.spec)
    del spec["comparisons"][1]["comparison_levels"][1]["m_probability"]
    assert untrained_levels(Model(spec, "x")) == ["phone: same, but the phone of several places"]


def test_splink_reads_the_model_without_our_calibration():
    model = shipped_model(KINDS["business"])
    assert "calibration" in model.spec
    assert "calibration" not in model.settings
    assert model.calibration.slope > 0


def test_training_writes_a_model_that_loads(tmp_path, capsys):
    staged, out = tmp_path / "staged.parquet", tmp_path / "model.json"
    town(400).gather_every(2).write_parquet(staged)
    main(["--kind", "business", "--out", str(out), "--random-pairs", "20000", str(staged)])
    model = load_model(out)
    assert conditions(model.comparisons) == conditions(KINDS["business"].comparisons)
    # the little town has neither e-mails nor domains to learn from, and the job says so
    assert "email: same" in untrained_levels(model)
    assert "levels without probabilities: " in capsys.readouterr().out
    assert len(model.version) == 12

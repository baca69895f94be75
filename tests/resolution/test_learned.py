"""What a run learns from its own data: hubs, the prior, what providers keep apart, the threshold."""

import numpy as np
import pytest

from dagster_project.resolution import apart, prior
from dagster_project.resolution.comparable import connect, load
from dagster_project.resolution.kinds import KINDS
from dagster_project.resolution.threshold import Calibration, best_threshold, fit
from tests.resolution.conftest import staged


def hubs(*numbers: str) -> set[float]:
    rows = [{"key": str(n), "name_key": "cafe", "phone_key": "5", "house_number": h} for n, h in enumerate(numbers)]
    with connect("1GB", 1, None) as con:
        load(con, staged("business", *rows).lazy(), KINDS["business"])
        return set(con.execute("select tf_phone_hub from records where phone_hub is not null").fetchall())


def test_a_phone_at_three_places_is_a_hub():
    assert hubs("1", "20", "300")


def test_typing_errors_in_a_house_number_make_no_hub_of_a_phone():
    assert not hubs("214", "214", "214", "214", "241")


def test_a_hub_is_worth_less_the_more_places_it_has():
    ((few,), (many,)) = (next(iter(hubs(*map(str, range(n))))) for n in (3, 30))
    assert many == pytest.approx(10 * few)


def test_the_prior_is_found_whatever_it_was():
    rng = np.random.default_rng(0)
    for matches in (300, 3_000):
        evidence = np.concatenate([rng.normal(30, 2, matches), rng.normal(-5, 2, 20_000)])
        learned = prior.learn_prior(evidence, 5_000)
        assert 2**learned * (5_000 * 4_999 / 2 + prior.WORLD_PAIRS) == pytest.approx(matches, rel=0.05)


def test_two_records_alone_do_not_make_matching_likely():
    assert prior.learn_prior(np.array([40.0]), 2) < -15


def test_a_provider_that_lists_nobody_twice_says_something_by_it():
    bits = apart.bits_by_provider({"a": 500, "b": 500}, {"a": 0.0, "b": 60.0}, all_matches=240.0)
    assert bits["a"] == pytest.approx(-np.log2(61))
    assert "b" not in bits


def test_a_single_provider_says_nothing():
    assert apart.bits_by_provider({"a": 500}, {}, 100.0) == {}


def test_however_much_was_seen_a_provider_never_has_a_veto():
    assert min(apart.bits_by_provider({"a": 9, "b": 9}, {}, 1e9).values()) == -apart.MOST_BITS


def test_the_threshold_leaves_out_what_is_likelier_wrong():
    weights = np.array([9.0] * 100 + [-3.0] * 100)
    assert best_threshold(weights, Calibration()) == 9.0


def test_a_costly_mistake_raises_the_threshold():
    weights = np.linspace(-6, 12, 400)
    assert best_threshold(weights, Calibration(), recall_weight=1 / 3) > best_threshold(weights, Calibration())


def test_no_pair_is_taken_that_is_less_sure_than_the_least():
    assert best_threshold(np.array([-1.0]), Calibration(), least=0.8) == pytest.approx(2.0)
    assert best_threshold(np.array([]), Calibration()) == 0.0


def test_calibration_finds_the_line_that_made_the_labels():
    rng = np.random.default_rng(0)
    weights = rng.uniform(-10, 10, 20_000)
    labels = rng.random(20_000) < Calibration(1.0, 0.5).probability(weights)
    found = fit(weights, labels)
    assert (found.offset, found.slope) == (pytest.approx(1.0, abs=0.1), pytest.approx(0.5, abs=0.03))


def test_calibration_needs_both_matches_and_others():
    with pytest.raises(ValueError, match="pairs that match and pairs that do not"):
        fit(np.array([1.0, 2.0]), np.array([True, True]))

"""The learned order: exact where the chances are known, careful where they are not, the same for the same subject."""

import itertools
from collections import Counter

import numpy as np
import pytest

from dagster_project.enrichment.learned_order import (
    Cell,
    Learned,
    Nothing,
    Price,
    Rates,
    best_order,
    outlook,
    providers_for,
)
from dagster_project.enrichment.waterfall import FieldSettings, FieldWaterfall

NOBODY = frozenset()
A_MISSED = frozenset({"a"})


def independent(**rates: float) -> Nothing:
    """Providers that do not know of each other."""
    return lambda providers: float(np.prod([1 - rates[name] for name in providers]))


def cell(provider: str, asked: float, filled: float, missed: frozenset[str] = NOBODY, segment: str = "s") -> Cell:
    return Cell("email", segment, provider, missed, asked, filled)


def waterfall(order: str = "learned", field: str = "email", **options) -> FieldWaterfall:
    return FieldWaterfall(field, "default", order, FieldSettings(providers=("a", "b", "c"), **options))


def test_misses_that_are_free_have_the_cheapest_asked_first():
    prices = {"a": Price(0.3), "b": Price(0.1), "c": Price(0.2)}
    assert best_order("abc", independent(a=0.9, b=0.2, c=0.5), prices, 10, 3) == ("b", "c", "a")


def test_misses_that_are_charged_have_the_most_hits_per_dollar_asked_first():
    prices = {"a": Price(0.2, 0.2), "b": Price(0.1, 0.1)}
    assert best_order("ab", independent(a=0.9, b=0.3), prices, 10, 2) == ("a", "b")
    assert best_order("ab", independent(a=0.5, b=0.3), prices, 10, 2) == ("b", "a")


def test_few_attempts_go_to_those_who_fill_most():
    prices = {"a": Price(0.3), "b": Price(0.1), "c": Price(0.2)}
    assert best_order("abc", independent(a=0.9, b=0.2, c=0.5), prices, 10, 1) == ("a",)
    assert best_order("abc", independent(a=0.9, b=0.2, c=0.5), prices, 10, 2) == ("c", "a")


def test_a_provider_that_is_not_worth_its_price_is_left_out():
    prices = {"a": Price(0.1), "b": Price(0.5)}
    assert best_order("ab", independent(a=0.5, b=0.5), prices, 0.4, 3) == ("a",)
    assert best_order("ab", independent(a=0.5, b=0.0), {"a": Price(0.1), "b": Price(0.5, 0.5)}, 10, 3) == ("a",)


def test_of_equal_orders_the_given_one_stays():
    assert best_order("cab", independent(a=0.5, b=0.5, c=0.5), dict.fromkeys("abc", Price(0.1)), 10, 3) == tuple("cab")


@pytest.mark.parametrize("seed", range(20))
def test_the_best_order_is_the_best_of_all_orders(seed: int):
    random = np.random.default_rng(seed)
    has = random.random((6, 4)) < 0.5  # six kinds of subjects, and which providers have them
    share = random.dirichlet(np.ones(6))
    prices = {name: Price(*random.uniform(0, 0.5, 2).tolist()) for name in "abcd"}

    def nothing(providers: frozenset[str]) -> float:
        asked = ["abcd".index(name) for name in providers]
        return float(share[~has[:, asked].any(axis=1)].sum())

    def net(order: tuple[str, ...]) -> float:
        found = outlook(order, nothing, prices)
        return found.filled * 2 - found.usd

    for most in (1, 2, 3, 4):
        every = [order for n in range(most + 1) for order in itertools.permutations("abcd", n)]
        assert net(best_order("abcd", nothing, prices, 2, most)) == pytest.approx(max(map(net, every)))


def test_an_outlook_adds_hits_and_misses_until_the_first_hit():
    found = outlook("ab", independent(a=0.6, b=0.5), {"a": Price(1, 0.5), "b": Price(2, 1)})
    assert found.filled == pytest.approx(0.8)
    assert found.usd == pytest.approx(0.6 * 1 + 0.4 * 0.5 + 0.2 * 2 + 0.2 * 1)


def test_a_rate_leans_on_more_general_ones_until_it_has_its_own_attempts():
    rates = Rates([cell("a", 1_000, 800), cell("b", 1_000, 200), cell("a", 10, 0, segment="small")])

    def mean(segment: str, provider: str) -> float:
        return 1 - rates.expected("email", segment)(frozenset({provider}))

    assert mean("s", "a") == pytest.approx(0.8, abs=0.02)
    assert mean("new", "a") == pytest.approx(800 / 1_010, abs=0.02)
    assert mean("small", "a") == pytest.approx(0.8 * 20 / 30, abs=0.01)  # ten misses against twenty of the provider's
    assert mean("s", "unknown") == pytest.approx(1_000 / 2_010, abs=0.01)
    assert rates.expected("phone", "s")(frozenset({"a"})) == 0.5


def test_the_same_providers_fill_the_same_in_every_order():
    rates = Rates(
        [cell("a", 500, 300), cell("b", 200, 80, A_MISSED), cell("b", 30, 20), cell("a", 10, 9, frozenset("b"))]
    )
    for nothing in (rates.expected("email", "s"), rates.drawn("email", "s", "x")):
        filled = {outlook(order, nothing, dict.fromkeys("ab", Price(1))).filled for order in ("ab", "ba")}
        assert len(filled) == 1
        assert 0 <= nothing(frozenset("ab")) <= min(nothing(frozenset("a")), nothing(frozenset("b"))) <= 1


def test_what_was_seen_in_one_order_says_what_both_providers_fill_together():
    rates = Rates([cell("a", 10_000, 6_000), cell("b", 4_000, 1_000, A_MISSED)])
    assert rates.expected("email", "s")(frozenset("ab")) == pytest.approx(0.3, abs=0.01)


def test_a_subject_is_asked_in_the_same_order_again_and_others_in_other_orders():
    rates = Rates([cell("a", 30, 15), cell("b", 15, 7, A_MISSED), cell("c", 8, 4, frozenset("ab"))])
    prices = {"email": {"a": Price(0.2, 0.05), "b": Price(0.2, 0.05), "c": Price(0.2, 0.05)}}
    learned = Learned(rates, prices, frozenset({"email"}))
    orders = [providers_for(waterfall(), "abc", "s", str(number), learned) for number in range(200)]
    assert orders == [providers_for(waterfall(), "abc", "s", str(number), learned) for number in range(200)]
    assert len(set(orders)) > 3
    assert {frozenset(order) for order in orders} == {frozenset("abc")}


def test_what_is_known_well_is_hardly_explored():
    rates = Rates([cell(name, 50_000, filled) for name, filled in {"a": 10_000, "b": 40_000, "c": 20_000}.items()])
    prices = {"email": {"a": Price(0.2, 0.2), "b": Price(0.2, 0.2), "c": Price(0.2, 0.2)}}
    learned = Learned(rates, prices, frozenset({"email"}))
    first = Counter(providers_for(waterfall(), "abc", "s", str(number), learned)[0] for number in range(200))
    assert first == {"b": 200}


def test_a_fixed_waterfall_and_a_field_that_has_not_won_keep_their_order():
    rates = Rates([cell("a", 100, 10), cell("b", 100, 10), cell("c", 100, 90)])
    prices = {"email": dict.fromkeys("abc", Price(0.1, 0.1))}
    won, lost = Learned(rates, prices, frozenset({"email"})), Learned(rates, prices)
    assert providers_for(waterfall("fixed"), "abc", "s", "x", won) == ("a", "b", "c")
    assert providers_for(waterfall(), "abc", "s", "x", lost) == ("a", "b", "c")
    assert providers_for(waterfall(), "abc", "s", "x", None) == ("a", "b", "c")
    assert providers_for(waterfall(), "abc", "s", "x", won)[0] == "c"


def test_only_usable_providers_are_asked_and_no_more_than_the_attempts_allow():
    learned = Learned(Rates([]), {"email": dict.fromkeys("abc", Price(0.1))}, frozenset({"email"}))
    assert providers_for(waterfall(max_attempts=2), "abc", "s", "x", None) == ("a", "b")
    assert providers_for(waterfall(), "cb", "s", "x", None) == ("b", "c")
    assert len(providers_for(waterfall(max_attempts=2), "abc", "s", "x", learned)) == 2
    assert set(providers_for(waterfall(), "cb", "s", "x", learned)) == {"b", "c"}

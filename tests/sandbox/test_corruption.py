"""Each way of going wrong goes wrong as often as asked, and in no other way."""

import numpy as np
import polars as pl
import pytest

from dagster_project.sandbox.corruption import blank, mixed, nonsense, phone_spellings, shout, typos, url_spellings

NAMES = pl.Series("name", ["Halvorsen Plumbing", "Øst & Vest Bakery", "abc", None] * 5000)


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def differs(before: pl.Series, after: pl.Series) -> pl.Series:
    return before.ne_missing(after)


def test_typos_touch_the_asked_share_of_long_enough_values():
    long_enough = NAMES.str.len_chars() >= 4
    touched = differs(NAMES, typos(NAMES, rng(), 0.1)).filter(long_enough)
    # a swap or loss of equal letters changes nothing, so a little less than asked
    assert touched.mean() == pytest.approx(0.1, abs=0.012)


def test_a_typo_is_one_letter_lost_doubled_or_swapped_and_never_the_first():
    wrong = typos(NAMES, rng(), 1.0)
    growth = wrong.str.len_chars().cast(pl.Int64) - NAMES.str.len_chars().cast(pl.Int64)
    assert set(growth.drop_nulls()) == {-1, 0, 1}
    assert (wrong.str.head(1) == NAMES.str.head(1)).drop_nulls().all()
    assert wrong.is_null().sum() == NAMES.is_null().sum()
    assert not differs(NAMES, wrong).filter((NAMES == "abc").fill_null(value=False)).any()


def test_a_column_keeps_its_name_and_its_original():
    before = NAMES.clone()
    for after in (typos(NAMES, rng(), 0.5), blank(NAMES, rng(), 0.5), shout(NAMES, rng(), 0.5)):
        assert after.name == "name"
    assert NAMES.equals(before)


def test_blank_and_shout_hit_the_asked_share():
    filled = NAMES.is_not_null()
    assert blank(NAMES, rng(), 0.3).filter(filled).is_null().mean() == pytest.approx(0.3, abs=0.02)
    assert differs(NAMES, shout(NAMES, rng(), 0.3)).filter(filled).mean() == pytest.approx(0.3, abs=0.02)


def test_nonsense_replaces_filled_values_only():
    bad = nonsense(NAMES, rng(), 0.2, ["n/a"])
    assert (bad == "n/a").drop_nulls().mean() == pytest.approx(0.2, abs=0.02)
    assert bad.is_null().sum() == NAMES.is_null().sum()


def test_mixed_takes_each_column_by_its_weight():
    ones, twos = (pl.Series([n] * 10_000) for n in (1, 2))
    assert (mixed(rng(), [ones, twos], [3, 1]) == 1).mean() == pytest.approx(0.75, abs=0.02)


def test_phones_keep_their_digits_in_every_spelling():
    digits = pl.Series(["3125550142"] * 200)
    spelled = phone_spellings(digits, rng())
    assert spelled.n_unique() == 6
    assert spelled.str.replace_all(r"\D", "").str.tail(10).eq(digits).all()


def test_websites_keep_their_domain_in_every_spelling():
    spelled = url_spellings(pl.Series(["a-demo.com", None] * 100), rng())
    assert spelled.drop_nulls().str.contains("a-demo.com", literal=True).all()
    assert spelled.is_null().sum() == 100

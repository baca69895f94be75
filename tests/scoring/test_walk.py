"""Forecasts know only what came before; windows, folds and groups."""

import numpy as np
import polars as pl
import pytest

from dagster_project.scoring.models import LOGISTIC
from dagster_project.scoring.table import ROW, BadTable, labelled
from dagster_project.scoring.walk import walk
from dagster_project.scoring.windows import BY_GROUP, FORWARD, REPEATED, recurring, windows
from tests.scoring.tables import leads

HOURS = 3_600


def test_a_window_trains_only_on_rows_whose_outcome_was_known_when_it_began():
    table = labelled(leads(), "won", time="at", horizon_days=5)
    scheme, parts = windows(table)
    assert scheme == FORWARD
    for part in parts:
        assert (table.at[part.train] + 5 * 24 * HOURS <= part.since).all()
        assert (table.at[part.test] >= part.since).all()


def test_windows_forecast_each_later_row_once_and_in_order():
    _, parts = windows(labelled(leads(), "won", time="at"))
    tested = np.concatenate([part.test for part in parts])
    assert (np.diff(tested) == 1).all()
    assert tested[-1] == 1_499


def test_rows_of_the_same_time_are_never_parted():
    raw = leads().with_columns(at=pl.col("at").str.head(10))
    table = labelled(raw, "won", time="at")
    _, parts = windows(table)
    for part in parts:
        assert not np.isin(table.at[part.train], table.at[part.test]).any()


def test_a_group_is_never_on_both_sides():
    group = (pl.int_range(pl.len()) // 25).cast(pl.String)
    for time in (None, "at"):
        table = labelled(leads().with_columns(account=group), "won", group="account", time=time)
        scheme, parts = windows(table)
        assert scheme == (FORWARD if time else BY_GROUP)
        assert not any(np.isin(table.group[part.test], table.group[part.train]).any() for part in parts)


def test_groups_that_come_again_in_every_window_do_train():
    raw = leads().with_columns(account=(pl.int_range(pl.len()) % 20).cast(pl.String))
    table = labelled(raw, "won", group="account", time="at")
    assert recurring(table)
    assert len(windows(table)[1]) >= 2


def test_without_time_or_group_every_row_is_forecast_once_a_repeat():
    scheme, parts = windows(labelled(leads(), "won"))
    assert scheme == REPEATED
    assert set(np.bincount(np.concatenate([part.test for part in parts]))) == {3}


def test_what_happens_later_changes_no_earlier_forecast():
    raw = leads()
    turned = (
        pl.when(pl.int_range(pl.len()) >= 1_300).then(1 - pl.col("won").cast(int)).otherwise(pl.col("won").cast(int))
    )
    before, after = (
        walk(labelled(each, "won", time="at"), candidates=(LOGISTIC,))
        for each in (raw, raw.with_columns(won=turned.cast(pl.String)))
    )
    early = before.row < 1_300
    assert np.array_equal(before.p[LOGISTIC][early], after.p[LOGISTIC][early])
    assert not np.array_equal(before.p[LOGISTIC][~early], after.p[LOGISTIC][~early])


def test_a_horizon_longer_than_the_file_leaves_nothing_to_learn_from():
    with pytest.raises(BadTable, match="is the horizon longer than the file"):
        walk(labelled(leads(), "won", time="at", horizon_days=900))


def test_calibration_follows_a_base_rate_that_moves():
    random = np.random.default_rng(2)
    rate = np.linspace(0.05, 0.6, 6_000)
    raw = pl.DataFrame({"x": random.normal(size=6_000), "y": (random.random(6_000) < rate).astype(int)})
    found = walk(labelled(raw.with_columns(pl.all().cast(pl.String)), "y", time=ROW), candidates=(LOGISTIC,))
    late = found.row > 4_500
    assert abs(found.p[LOGISTIC][late].mean() - found.y[late].mean()) < 0.04

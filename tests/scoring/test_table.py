"""What is made of an unknown file: its label, its times, its columns."""

import numpy as np
import polars as pl
import pytest

from dagster_project.scoring.label import BadLabel, labels
from dagster_project.scoring.table import ROW, BadTable, labelled
from dagster_project.scoring.values import as_numbers, as_times, without_missing
from tests.scoring.tables import leads, text

ROWS = 60


def uses(columns: dict[str, object], **options: object) -> dict[str, tuple[str, str]]:
    """What became of each column of a table with a label of its own."""
    raw = text({"y": [row % 2 for row in range(ROWS)], **columns})
    return {use.column: (use.use, use.why) for use in labelled(raw, "y", **options).uses}


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        (["1", "0"], "1"),
        (["1.0", "0.0"], "1"),
        (["1", "-1"], "1"),
        (["yes", "no"], "yes"),
        (["Closed Won", "Closed Lost"], "Closed Won"),
        (["TRUE", "FALSE"], "TRUE"),
        (["renewed", "lost"], "renewed"),
        (["won", "still trying"], "won"),
    ],
)
def test_the_outcome_is_told_from_its_opposite(values: list[str], positive: str):
    y, meant = labels(pl.Series("y", [*values, "N/A"]))
    assert meant == positive
    assert y[:2].tolist() == [1.0, 0.0]
    assert np.isnan(y[2])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["1", "1"], "only the value '1'"),
        (["", "n/a"], "no value"),
        (["a", "b", "c"], "3 values"),
        (["gold", "silver"], "--positive"),
    ],
)
def test_a_label_that_cannot_be_one_is_refused_in_a_sentence(values: list[str], told: str):
    with pytest.raises(BadLabel, match=told):
        labels(pl.Series("y", values))


def test_an_outcome_may_be_named_whatever_its_case():
    y, meant = labels(pl.Series("y", ["Gold", "silver"]), "gold")
    assert (meant, y.tolist()) == ("Gold", [1.0, 0.0])


def test_numbers_are_read_as_people_write_them():
    found = as_numbers(pl.Series(["1,234.5", "$12", "7%", "1e3", "-.5", "12 kg", "inf", None]))
    assert found.to_list() == [1234.5, 12.0, 7.0, 1000.0, -0.5, None, None, None]


@pytest.mark.parametrize(
    "written", ["2025-03-31", "31-03-2025", "31-03-25", "03/31/2025", "31.03.2025", "2025-03-31 00:00:00", "20250331"]
)
def test_days_are_read_in_the_format_that_fits_them(written: str):
    found = as_times(pl.Series([written]))
    assert found.seconds[0] == np.datetime64("2025-03-31").astype("datetime64[s]").astype(float)


def test_a_time_with_a_zone_is_a_time_in_utc():
    found = as_times(pl.Series(["2025-03-31T02:00:00.5+02:00"]))
    assert found.seconds[0] == np.datetime64("2025-03-31").astype("datetime64[s]").astype(float) + 0.5


def test_words_for_nothing_are_nothing():
    assert without_missing(pl.Series([" N/A ", "None", "?", "", "x"])).to_list() == [None] * 4 + ["x"]


def test_columns_that_say_nothing_or_who_a_row_is_are_left_out_and_said():
    found = uses({
        "empty": [None] * ROWS,
        "same": ["a"] * ROWS,
        "lead_id": list(range(900, 900 + ROWS))[::-1],
        "mail": [f"m{row}@x.example" for row in range(ROWS)],
    } | {"size": [row % 7 for row in range(ROWS)]})  # fmt: skip
    assert {name for name, (use, _) in found.items() if use == "left out"} == {"empty", "same", "lead_id", "mail"}
    assert "identifier" in found["lead_id"][1]
    assert "60 values in 60 rows" in found["mail"][1]


def test_numbers_with_text_count_by_their_first_number_but_codes_do_not():
    found = uses({"years": [f"{row}+ years" for row in range(ROWS)], "code": [f"v{row % 25}" for row in range(ROWS)]})
    assert found["years"] == ("number", "the first number of its texts")
    assert found["code"][0] == "category"


def test_a_few_words_among_numbers_are_missing_numbers():
    raw = text({"y": [0, 1] * 30, "n": [*(str(row * 7 % 50) for row in range(50)), *["unknown"] * 10]})
    table = labelled(raw, "y")
    assert table.features["n"].null_count() == 10
    assert "16.7% of its values are no numbers" in table.uses[0].why


def test_prose_gives_its_length_and_frequent_words():
    told = ["please call me about the price"] * 20 + [f"we will not go on with number {row} now" for row in range(40)]
    table = labelled(text({"y": [0, 1] * 30, "note": told}), "y")
    assert {"note: words", "note: 'price'"} <= set(table.features.columns)


def test_a_time_that_lies_after_the_rows_own_was_not_known_then():
    days = [f"2025-01-{1 + row % 28:02d}" for row in range(ROWS)]
    later = [f"2025-02-{1 + row % 28:02d}" for row in range(ROWS)]
    before = [f"2024-12-{1 + row % 7:02d}" for row in range(ROWS)]
    found = uses({"at": days, "closed": later, "founded": before}, time="at")
    assert found["closed"] == ("left out", "100% of its times lie after the row's own: it was not known then")
    assert found["founded"][0] == "time"


def test_rows_are_put_in_order_of_time_and_those_without_label_or_time_are_left_out():
    raw = leads(200)
    raw = raw.with_columns(
        won=pl.when(pl.int_range(200) == 5).then(None).otherwise("won"),
        at=pl.when(pl.int_range(200) == 9).then(None).otherwise("at"),
    )
    table = labelled(raw.reverse(), "won", time="at")
    assert len(table) == 198
    assert (np.diff(table.at) > 0).all()
    assert table.notes[1:] == ("1 rows without a label are left out", "1 rows without a time are left out")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"time": "then"}, "no column 'then'"),
        ({"drop": ["sise"]}, "no column 'sise'"),
        ({"time": "origin"}, "the times in 'origin' cannot be read"),
        ({"time": ROW, "horizon_days": 3}, "needs --time with a column of dates"),
        ({"drop": ["at", "size", "noise", "origin"]}, "no column is left"),
    ],
)
def test_options_that_cannot_hold_are_refused_in_a_sentence(options: dict[str, object], told: str):
    with pytest.raises(BadTable, match=told):
        labelled(leads(200), "won", **options)


def test_too_few_outcomes_are_refused_with_their_number():
    with pytest.raises(BadTable, match="30 usable rows with 15 positives are too few"):
        labelled(text({"y": [0, 1] * 15, "x": range(30)}), "y")

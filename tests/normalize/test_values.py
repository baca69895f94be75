from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from dagster_project.normalize import firmographics, values
from tests.normalize.frames import texts


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("4.5", 4.5),
        ("-1", -1.0),
        ("1,234.5", 1234.5),
        ("1.234,50", 1234.5),
        ("4,5", 4.5),
        ("1,234", 1234.0),
        ("$12", 12.0),
        ("1e3", 1000.0),
        ("inf", None),
        ("NaN", None),
        ("abc", None),
        ("", None),
        ("1 2", 12.0),
        (None, None),
    ],
)
def test_numbers_are_read_as_people_write_them(given, number):
    assert values.number(texts(given)).item() == number


def test_a_whole_number_has_no_fraction():
    assert values.whole(texts("1,204", "12.0", "3.5", "many", None)).to_list() == [1204, 12, None, None, None]


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ("0.1", "0.1"),
        ("1,234.50", "1234.50"),
        ("(12.50)", "-12.50"),
        ("USD 12", "12"),
        ("€1.200,50", "1200.50"),
        ("1234.123456", "1234.1234"),
        ("99999999999999.9999", "99999999999999.9999"),
        ("999999999999999", None),
        ("free", None),
    ],
)
def test_money_is_exact(given, amount):
    assert values.money(texts(given)).item() == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    "given",
    [
        "2024-01-05T10:00:00Z",
        "2024-01-05 10:00:00",
        "2024-01-05T10:00",
        "2024-01-05T12:00:00+02:00",
        "2024-01-05T04:30:00-0530",
        "2024-01-05T10:00:00.000Z",
        "1704448800",
        "1704448800000",
        "1704448800000000",
        "1/5/2024 10:00",
        "01/05/2024 10:00 AM",
        "Jan 5, 2024 10:00:00",
        "Fri, 05 Jan 2024 10:00:00 GMT",
        "2024/01/05 10:00:00",
    ],
)
def test_a_time_in_any_known_format_is_utc(given):
    assert values.timestamp(texts(given)).item() == datetime(2024, 1, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    [
        "2024-01-05",
        "20240105",
        "2024/01/05",
        "1/5/2024",
        "01/05/24",
        "05.01.2024",
        "Jan 5, 2024",
        "January 5th, 2024",
        "5 January 2024",
        "5th Jan 2024",
        "5-Jan-2024",
        "2024-01-05T23:59:00Z",
    ],
)
def test_a_date_in_any_known_format_is_read(given):
    assert values.date(texts(given, None)).to_list() == [date(2024, 1, 5), None]


def test_a_month_over_twelve_must_be_a_day():
    assert values.date(texts("25/12/2024", "12/25/2024")).to_list() == [date(2024, 12, 25)] * 2


@pytest.mark.parametrize("given", ["2024-02-30", "19081309", "0", "soon", "9999-99-99", "2024-01-05T25:00:00Z", "24"])
def test_what_is_no_time_is_null(given):
    assert values.timestamp(texts(given)).item() is None


def test_lists_come_from_bars_commas_or_json():
    given = texts("a| B|a|", '["x", "y", 1]', "[broken", "a, b", "", None)
    assert values.text_list(given, commas=True, lower=True).to_list() == [
        ["a", "b"],
        ["x", "y", "1"],
        ["broken"],
        ["a", "b"],
        None,
        None,
    ]
    assert values.text_list(texts("Smith, Jones|Lee")).to_list() == [["Smith, Jones", "Lee"]]


def test_booleans_have_many_words_and_no_guesses():
    assert values.boolean(texts("Yes", "f", "1", "Verified", "maybe", None)).to_list() == [
        True,
        False,
        True,
        True,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("given", "band"),
    [
        ("7", "1-10"),
        ("10", "1-10"),
        ("11", "11-50"),
        ("11-50", "11-50"),
        ("11 to 50", "11-50"),
        ("51-200 employees", "51-200"),
        ("1,001-5,000", "1001-5000"),
        ("1K-5K", "1001-5000"),
        ("10,001+", "10001+"),
        ("500+", "501-1000"),
        ("250.0", "201-500"),
        ("0", None),
        ("-5", None),
        ("many", None),
        ("1/2/3", None),
    ],
)
def test_employees_fall_in_a_band(given, band):
    assert firmographics.employees_band(given) == band


def test_a_founding_year_comes_from_a_year_or_a_date():
    given = texts("1998", "2012-06-01", "06/01/2012", "20120601", "1998.0", "1492", "soon", None)
    assert firmographics.founded_year(given).to_list() == [1998, 2012, 2012, 2012, 1998, None, None, None]


def test_a_rating_is_from_0_to_5():
    given = texts("4.5", "4,5", "4.5/5", "0", "5.1", "-1", "good", None)
    assert firmographics.rating(given).to_list() == [4.5, 4.5, 4.5, 0.0, None, None, None, None]


def test_hours_are_a_list_of_objects():
    given = texts('[{"dow": 1, "open": "09:00"}]', '{"dow": 1}', "[]", "9 to 5", None)
    assert firmographics.hours(given).to_list() == ['[{"dow":1,"open":"09:00"}]', None, None, None, None]

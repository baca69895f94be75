import random

import phonenumbers
import polars as pl
import pytest

from dagster_project.normalize import phones
from tests.normalize.frames import texts


def e164(number: str | None, country: str | None = None) -> str | None:
    return phones.read(texts(number), texts(country))["e164"].item()


@pytest.mark.parametrize(
    ("number", "country", "expected"),
    [
        ("(415) 555-2671", "US", "+14155552671"),
        ("1-415-555-2671", "US", "+14155552671"),
        ("415.555.2671", None, "+14155552671"),
        ("310/246-1501", "US", "+13102461501"),
        ("(847)\n245-6715", "US", "+18472456715"),
        ("9053128978.0", "CA", "+19053128978"),
        ("+1 415 555 2671", "DE", "+14155552671"),
        ("415-555-2671 ext. 12", "US", "+14155552671"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("415-555-2671 or 415-555-2672", "US", "+14155552671"),
        ("+49 9261 628000", None, "+499261628000"),
        ("09261 628000", "DE", "+499261628000"),
        ("0049 9261 628000", None, "+499261628000"),
        ("+44 (0)20 7946 0958", None, "+442079460958"),
        ("020 7946 0958", "GB", "+442079460958"),
    ],
)
def test_a_number_is_read_in_the_context_of_its_country(number, country, expected):
    assert e164(number, country) == expected


@pytest.mark.parametrize(
    ("number", "country"),
    [
        (None, "US"),
        ("", "US"),
        ("call us", "US"),
        ("226-2649", "US"),
        ("115-555-2671", "US"),  # no area code begins with 1
        ("415-155-2671", "US"),  # no exchange begins with 1
        ("1445980000000", "US"),
        ("09261 628000", None),  # a national number of nobody knows where
        ("338-492-9987", None),  # no such area code, so it need not be American at all
        ("+49 1", "DE"),
    ],
)
def test_what_is_no_whole_number_has_no_e164(number, country):
    assert e164(number, country) is None


def test_an_area_code_that_no_list_has_is_accepted_in_the_us_but_marked_as_unlisted():
    read = phones.read(texts("338-492-9987", "415-492-9987"), texts("US", "US"))
    assert read["e164"].to_list() == ["+13384929987", "+14154929987"]
    assert read["is_listed"].to_list() == [False, True]


def test_seven_digits_keep_a_key_for_comparison_only():
    read = phones.read(texts("226-2649", "2262649", "2262649"), texts("US", "CA", None))
    assert read["e164"].to_list() == [None, None, None]
    assert read["key"].to_list() == ["2262649", "2262649", None]


def test_the_key_is_the_national_number():
    assert phones.read(texts("+49 9261 628000", "(415) 555-2671"), texts(None, None))["key"].to_list() == [
        "9261628000",
        "4155552671",
    ]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("800-555-0100", "toll_free"),
        ("+44 800 400 100", "toll_free"),
        ("+49 151 23456789", "mobile"),
        ("312-226-2649", None),
    ],
)
def test_toll_free_and_mobile_numbers_are_told_apart(number, kind):
    assert phones.read(texts(number), texts("US"))["number_type"].item() == kind


def written_at_random(count: int) -> list[str]:
    r = random.Random(11)
    forms = [
        "{}{}{}",
        "({}) {}-{}",
        "+1 {} {} {}",
        "1{}{}{}",
        "{}.{}.{}",
        "{}/{}-{}",
        "-{} {} {}",
        "{} {} {}-",
        "+1({}){}-{}",
    ]
    return [
        r.choice(forms).format(r.randint(100, 999), r.randint(100, 999), f"{r.randint(0, 9999):04d}")
        for _ in range(count)
    ]


@pytest.mark.parametrize("country", ["US", "CA", "JM", "DE", None])
def test_the_fast_path_says_what_the_slow_one_says(country):
    numbers = written_at_random(2000)
    fast = phones.read(pl.Series(numbers), pl.Series([country] * len(numbers), dtype=pl.String)).rows()
    assert fast == [tuple(phones.parsed(number, country)) for number in numbers]


def test_the_library_agrees_on_listed_american_numbers():
    numbers = written_at_random(2000)
    read = phones.read(pl.Series(numbers), pl.Series(["US"] * len(numbers)))
    for number, answer in zip(numbers, read["e164"], strict=True):
        theirs = phonenumbers.parse(number, "US")
        if phonenumbers.is_valid_number(theirs):
            assert answer == phonenumbers.format_number(theirs, phonenumbers.PhoneNumberFormat.E164)
        if answer is not None:
            assert phonenumbers.is_possible_number(theirs)


def test_each_distinct_number_is_parsed_once():
    phones.parsed.cache_clear()
    phones.read(texts(*["+49 9261 628000"] * 50), texts(*["DE"] * 50))
    assert phones.parsed.cache_info().misses == 1

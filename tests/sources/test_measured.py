"""Counting what a provider has per km², in the journal of what it answered."""

from pathlib import Path
from typing import Any

import pytest

from dagster_project import user_yaml
from dagster_project.sources.adapter import Ask
from dagster_project.sources.area import Circle, Point, cells
from dagster_project.sources.campaign import Campaign
from dagster_project.sources.geo import Geo
from dagster_project.sources.measured import density, measured
from dagster_project.sources.pages.journal import Journal, journal_folder
from dagster_project.sources.split import split

AUSTIN = Circle(Point(30.27, -97.74), 10)
CITY = Geo(city="Austin", radius_km=10)
WHOLE = AUSTIN.bounds


def asked(*asks: Ask) -> list[dict[str, Any]]:
    return [{"type": "ask", "ask": ask.text} for ask in asks]


def page(ask: Ask, results: int, ended: str | None = "complete") -> dict[str, Any]:
    return {"type": "page", "ask": ask.id, "results": results, "records": 0, "ended": ended}


def miss(ask: Ask, ended: str | None) -> dict[str, Any]:
    return {"type": "miss", "ask": ask.id, "ended": ended}


def test_records_are_counted_over_the_part_of_the_cell_that_lies_in_the_area():
    ask = Ask("search", {}, WHOLE)
    found = density([*asked(ask), page(ask, 100, None), page(ask, 57)], CITY)
    assert found == pytest.approx(157 / AUSTIN.area_km2, rel=0.05)


def test_a_question_that_was_split_is_known_by_its_parts():
    ask = Ask("search", {}, WHOLE)
    parts = split(ask, AUSTIN)
    entries = [*asked(ask), page(ask, 60, "split"), *asked(*parts), *(page(part, 40) for part in parts)]
    assert density(entries, CITY) == pytest.approx(160 / AUSTIN.area_km2, rel=0.05)


def test_questions_of_different_words_look_for_different_records():
    asks = [Ask("search", {"type": kind}, WHOLE) for kind in ("dentist", "doctor")]
    found = density([*asked(*asks), page(asks[0], 30), page(asks[1], 12)], CITY)
    assert found == pytest.approx(42 / AUSTIN.area_km2, rel=0.05)


def test_a_cell_in_which_nothing_was_found_counts_and_one_that_was_refused_or_cut_off_does_not():
    quarters = [Ask("search", {}, cell) for cell in WHOLE.quarters()]
    rest = [page(quarters[1], 60, "capped"), miss(quarters[2], "bad_request"), miss(quarters[3], "unreadable")]
    half = density([*asked(*quarters), page(quarters[0], 40), miss(quarters[1], "no_match"), *rest[1:]], CITY)
    alone = density([*asked(*quarters), page(quarters[0], 40), *rest], CITY)
    assert alone == pytest.approx(2 * half, rel=0.01)


def test_nothing_is_counted_before_every_question_was_answered():
    quarters = [Ask("search", {}, cell) for cell in WHOLE.quarters()]
    assert density([*asked(*quarters), *(page(ask, 9) for ask in quarters[:3])], CITY) is None
    assert density([*asked(*quarters), *(page(ask, 9) for ask in quarters[:3]), miss(quarters[3], None)], CITY) is None


def test_questions_about_no_place_tell_of_no_density():
    ask = Ask("search", {"tags": ["dental"]})
    assert density([*asked(ask), page(ask, 25)], CITY) is None
    assert density([], CITY) is None


def test_a_region_without_a_shape_is_as_large_as_its_cells():
    ask = Ask("search", {}, WHOLE)
    assert density([*asked(ask), page(ask, 100)], Geo(region="TX")) == pytest.approx(100 / WHOLE.area_km2, rel=0.01)


def test_a_plan_made_with_what_was_counted_expects_as_much():
    grid = cells(AUSTIN, 5)
    asks = [Ask("search", {}, cell) for cell in grid]
    found = density([*asked(*asks), *(page(ask, 10) for ask in asks)], CITY)
    assert found * AUSTIN.area_km2 == pytest.approx(10 * len(grid), rel=0.05)


@pytest.fixture
def campaign() -> Campaign:
    content = {"vertical": "dentists", "sources": ["yelp", "google_places"], "geo": {"city": "Austin", "radius_km": 10}}
    return user_yaml.parse(Campaign, content, "austin", "austin.yaml")


def write(lake: Path, day: str, entries: list[dict[str, Any]]) -> None:
    journal = Journal(journal_folder(lake, "default", "austin.yelp", day))
    for entry in entries:
        journal.append(entry, b"{}" if entry["type"] == "page" else None)
    journal.close()


def test_the_newest_day_that_was_answered_to_its_end_counts(tmp_path: Path, campaign: Campaign):
    ask = Ask("business_search", {}, WHOLE)
    write(tmp_path, "2026-11-20", [*asked(ask), page(ask, 10)])
    write(tmp_path, "2026-11-21", [*asked(ask), page(ask, 20)])
    write(tmp_path, "2026-11-22", [*asked(ask), page(ask, 99, None)])
    assert measured(tmp_path, "default", campaign) == {"yelp": pytest.approx(20 / AUSTIN.area_km2, rel=0.05)}
    assert measured(tmp_path, "other", campaign) == {}

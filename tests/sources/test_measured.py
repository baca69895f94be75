"""Counting what a provider has per km², in the journal of what it answered."""

from datetime import date
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
from dagster_project.sources.pages.progress import Track
from dagster_project.sources.providers import adapters
from dagster_project.sources.split import split

AUSTIN = Circle(Point(30.27, -97.74), 10)
CITY = Geo(city="Austin", radius_km=10)
WHOLE = AUSTIN.bounds


def answer(ask: Ask, results: int, ended: str | None = "complete") -> Track:
    return Track(ask, ask.id, results=results, ended=ended)


def page(ask: Ask, results: int, ended: str | None = "complete") -> dict[str, Any]:
    told = {"call": None, "ask": ask.id, "page": 0, "next": None, "records": 0, "total": None, "asks": []}
    return {"type": "page", **told, "results": results, "ended": ended}


def test_records_are_counted_over_the_part_of_the_cell_that_lies_in_the_area():
    ask = Ask("search", {}, WHOLE)
    found = density([answer(ask, 157)], CITY)
    assert found == pytest.approx(157 / AUSTIN.area_km2, rel=0.05)


def test_a_question_that_was_split_is_known_by_its_parts():
    ask = Ask("search", {}, WHOLE)
    parts = split(ask, AUSTIN)
    tracks = [answer(ask, 60, "split"), *(answer(part, 40) for part in parts)]
    assert density(tracks, CITY) == pytest.approx(160 / AUSTIN.area_km2, rel=0.05)


def test_questions_of_different_words_look_for_different_records():
    asks = [Ask("search", {"type": kind}, WHOLE) for kind in ("dentist", "doctor")]
    found = density([answer(asks[0], 30), answer(asks[1], 12)], CITY)
    assert found == pytest.approx(42 / AUSTIN.area_km2, rel=0.05)


def test_a_cell_in_which_nothing_was_found_counts_and_one_that_was_refused_or_cut_off_does_not():
    quarters = [Ask("search", {}, cell) for cell in WHOLE.quarters()]
    rest = [
        answer(quarters[1], 60, "capped"),
        answer(quarters[2], 0, "bad_request"),
        answer(quarters[3], 0, "unreadable"),
    ]
    half = density([answer(quarters[0], 40), answer(quarters[1], 0, "no_match"), *rest[1:]], CITY)
    alone = density([answer(quarters[0], 40), *rest], CITY)
    assert alone == pytest.approx(2 * half, rel=0.01)


def test_nothing_is_counted_before_every_question_was_answered():
    *answered, last = (Ask("search", {}, cell) for cell in WHOLE.quarters())
    tracks = [answer(ask, 9) for ask in answered]
    assert density(tracks, CITY) is not None
    assert density([*tracks, answer(last, 0, None)], CITY) is None


def test_questions_about_no_place_tell_of_no_density():
    ask = Ask("search", {"tags": ["dental"]})
    assert density([answer(ask, 25)], CITY) is None
    assert density([], CITY) is None


def test_a_region_without_a_shape_is_as_large_as_its_cells():
    ask = Ask("search", {}, WHOLE)
    assert density([answer(ask, 100)], Geo(region="TX")) == pytest.approx(100 / WHOLE.area_km2, rel=0.01)


def test_a_plan_made_with_what_was_counted_expects_as_much():
    grid = cells(AUSTIN, 5)
    asks = [Ask("search", {}, cell) for cell in grid]
    found = density([answer(ask, 10) for ask in asks], CITY)
    assert found * AUSTIN.area_km2 == pytest.approx(10 * len(grid), rel=0.05)


@pytest.fixture
def campaign() -> Campaign:
    content = {"vertical": "dentists", "sources": ["yelp", "google_places"], "geo": {"city": "Austin", "radius_km": 10}}
    return user_yaml.parse(Campaign, content, "austin", "austin.yaml")


def asked(ask: Ask) -> dict[str, Any]:
    return {"type": "ask", "ask": ask.text}


def write(lake: Path, day: str, entries: list[dict[str, Any]]) -> None:
    journal = Journal(journal_folder(lake, "default", "austin.yelp", day))
    for entry in entries:
        journal.append(entry, b"{}" if entry["type"] == "page" else None)
    journal.close()


def counted(lake: Path, org_id: str, campaign: Campaign) -> dict[str, float]:
    return measured(lake, org_id, campaign, adapters(), date(2026, 11, 23))


def test_the_newest_day_that_was_answered_to_its_end_counts_and_today_does_not(tmp_path: Path, campaign: Campaign):
    ask = Ask("business_search", {}, WHOLE)
    write(tmp_path, "2026-11-20", [asked(ask), page(ask, 10)])
    write(tmp_path, "2026-11-21", [asked(ask), page(ask, 20)])
    write(tmp_path, "2026-11-22", [asked(ask), page(ask, 99, None)])
    write(tmp_path, "2026-11-23", [asked(ask), page(ask, 99)])
    assert counted(tmp_path, "default", campaign) == {"yelp": pytest.approx(20 / AUSTIN.area_km2, rel=0.05)}
    assert counted(tmp_path, "other", campaign) == {}

"""Cutting questions up: whatever the area, nothing of it is lost, nothing is asked for twice, and every part fits."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.sources.adapter import Ask
from dagster_project.sources.area import Area, Box, Circle, Point, cells
from dagster_project.sources.split import fits, is_divisible, leaves, share_inside, split
from tests.sources.test_area import areas, circles, shares, within

densities = st.floats(0.001, 3)
caps = st.integers(5, 240)


def cut(area: Area, density: float, cap: int) -> list[tuple[Box, float]]:
    """The leaves of an area, cut as finely as keeps them few enough for a test."""
    return leaves(area.bounds, area, min(density, 60 * cap / max(area.area_km2, 1)), cap)


@settings(max_examples=60, deadline=None)
@given(area=areas, density=densities, cap=caps, up=shares, right=shares)
def test_every_point_of_an_area_is_in_a_leaf(area: Area, density: float, cap: int, up: float, right: float):
    point = within(area.bounds, up, right)
    if area.contains(point):
        assert any(leaf.contains(point) for leaf, _ in cut(area, density, cap))


@settings(max_examples=60, deadline=None)
@given(area=areas, density=densities, cap=caps)
def test_every_leaf_fits_the_cap_or_cannot_be_cut(area: Area, density: float, cap: int):
    found = cut(area, density, cap)
    assert found
    assert all(fits(expected, cap) or not is_divisible(leaf) for leaf, expected in found)
    assert all(area.intersects(leaf) for leaf, _ in found)


@settings(max_examples=40, deadline=None)
@given(area=areas, density=densities, cap=caps)
def test_no_two_leaves_ask_about_the_same_place(area: Area, density: float, cap: int):
    found = [leaf for leaf, _ in cut(area, density, cap)]
    assert not any(one.intersects(other) for one, other in combinations(found, 2))


@settings(max_examples=40, deadline=None)
@given(circle=circles, cap=caps)
def test_the_leaves_of_an_area_expect_together_what_it_holds(circle: Circle, cap: int):
    total = 40 * cap
    found = leaves(circle.bounds, circle, total / circle.area_km2, cap)
    assert sum(expected for _, expected in found) == pytest.approx(total, rel=0.06)


@settings(max_examples=40, deadline=None)
@given(area=areas, steps=st.lists(st.integers(0, 3), max_size=6), up=shares, right=shares)
def test_a_question_and_its_parts_ask_for_the_same_points(area: Area, steps: list[int], up: float, right: float):
    ask = Ask("search", {"q": "bars"}, area.bounds)
    for step in steps:
        parts = split(ask, area)
        point = within(ask.cell, up, right)
        if parts and area.contains(point):
            assert any(part.cell.contains(point) for part in parts)
        assert all(part.params == ask.params and part.id != ask.id for part in parts)
        if not parts:
            break
        ask = parts[step % len(parts)]


def test_parts_of_parts_are_the_leaves_that_the_plan_has():
    area = Circle(Point(30.27, -97.74), 20)
    planned = {leaf for leaf, _ in leaves(area.bounds, area, 2.0, 60)}
    open_asks, ended = [Ask("search", {}, area.bounds)], set()
    while open_asks:
        ask = open_asks.pop()
        expected = 2.0 * ask.cell.area_km2 * share_inside(ask.cell, area)
        parts = [] if fits(expected, 60) else split(ask, area)
        open_asks += parts
        ended |= set() if parts else {ask.cell}
    assert ended == planned
    assert len(planned) > 30


def test_cutting_ends_at_the_smallest_cell_however_dense_it_is():
    cell = cells(Circle(Point(30.27, -97.74), 1), None)[0]
    found = leaves(cell, cell, 1e9, 60)
    assert 4 <= len(found) <= 64
    assert all(not is_divisible(leaf) for leaf, _ in found)

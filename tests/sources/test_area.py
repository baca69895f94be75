"""Areas and the cells they are cut into: nothing wanted is left out, and no cell is larger than a provider takes."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.sources.area import Area, Box, Circle, Point, Polygon, cells, distance_km
from dagster_project.sources.split import MIN_CELL_KM, leaves, share_inside

latitudes = st.floats(-70, 70)
longitudes = st.floats(-170, 170)
points = st.builds(Point, latitudes, longitudes)
circles = st.builds(Circle, points, st.floats(0.5, 150))
shares = st.floats(0, 1)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    corner = draw(points)
    return Box(corner.lat, corner.lon, corner.lat + draw(st.floats(0.01, 3)), corner.lon + draw(st.floats(0.01, 3)))


@st.composite
def polygons(draw: st.DrawFn) -> Polygon:
    """Star-shaped rings of up to a degree around a centre; most are not convex."""
    centre, count = draw(points), draw(st.integers(3, 9))
    reaches = draw(st.lists(st.floats(0.1, 1), min_size=count, max_size=count))
    turns = [2 * math.pi * i / count for i in range(count)]
    corners = (
        Point(centre.lat + reach * math.sin(turn), centre.lon + reach * math.cos(turn))
        for reach, turn in zip(reaches, turns, strict=True)
    )
    return Polygon(tuple(corners))


areas = st.one_of(circles, boxes(), polygons())


def within(box: Box, up: float, right: float) -> Point:
    return Point(box.south + (box.north - box.south) * up, box.west + (box.east - box.west) * right)


@settings(max_examples=60, deadline=None)
@given(area=areas, limit=st.floats(20, 200), up=shares, right=shares)
def test_every_point_of_an_area_is_in_a_cell(area: Area, limit: float, up: float, right: float):
    point = within(area.bounds, up, right)
    if area.contains(point):
        assert any(cell.contains(point) for cell in cells(area, limit))


@settings(max_examples=60, deadline=None)
@given(area=areas, limit=st.floats(20, 200))
def test_no_cell_is_wider_than_the_provider_takes_and_none_lies_beside_the_area(area: Area, limit: float):
    found = cells(area, limit)
    assert found
    assert all(cell.radius_km <= limit and area.intersects(cell) for cell in found)


@given(area=areas)
def test_without_a_limit_there_is_one_cell(area: Area):
    (cell,) = cells(area, None)
    assert list(cell.as_dict().values()) == pytest.approx(list(area.bounds.as_dict().values()))


@given(box=boxes(), up=shares, right=shares)
def test_the_circle_around_a_cell_holds_all_of_it(box: Box, up: float, right: float):
    assert distance_km(box.centre, within(box, up, right)) <= box.radius_km * (1 + 1e-9) + 1e-9


@given(box=boxes(), up=shares, right=shares)
def test_quarters_tile_their_box(box: Box, up: float, right: float):
    quarters = box.quarters()
    assert sum(quarter.area_km2 for quarter in quarters) == pytest.approx(box.area_km2)
    assert any(quarter.contains(within(box, up, right)) for quarter in quarters)
    assert not any(a.intersects(b) for a in quarters for b in quarters if a is not b)


@given(circle=circles, turn=st.floats(0, 2 * math.pi), share=shares)
def test_a_circle_lies_within_its_bounds(circle: Circle, turn: float, share: float):
    reach = circle.radius_km * share * 0.99 / 111.2
    lat = circle.centre.lat + reach * math.sin(turn)
    lon = circle.centre.lon + reach * math.cos(turn) / math.cos(math.radians(circle.centre.lat))
    if circle.contains(Point(lat, lon)):
        # a circle is a little wider than its bounds on the side of the pole: 1% is far less than cells overlap
        wide = (circle.bounds.east - circle.bounds.west) * 0.01
        assert circle.bounds.west - wide <= lon <= circle.bounds.east + wide
        assert circle.bounds.south <= lat <= circle.bounds.north


@settings(max_examples=50)
@given(centre=st.builds(Point, st.floats(-60, 60), longitudes), radius=st.floats(1, 100), up=shares, right=shares)
def test_a_polygon_of_many_corners_agrees_with_the_circle_it_follows(
    centre: Point, radius: float, up: float, right: float
):
    circle, narrow = Circle(centre, radius), math.cos(math.radians(centre.lat))
    turns = [2 * math.pi * i / 72 for i in range(72)]
    reach = radius / 111.195
    ring = Polygon(
        tuple(Point(centre.lat + reach * math.sin(t), centre.lon + reach * math.cos(t) / narrow) for t in turns)
    )
    assert ring.area_km2 == pytest.approx(circle.area_km2, rel=0.02)
    point = within(circle.bounds, up, right)
    distance = distance_km(centre, point)
    if not 0.95 < distance / radius < 1.05:
        assert ring.contains(point) == circle.contains(point)


@given(box=boxes(), up=st.floats(-0.5, 1.5), right=st.floats(-0.5, 1.5))
def test_a_polygon_of_four_corners_is_the_box(box: Box, up: float, right: float):
    ring = Polygon(
        (
            Point(box.south, box.west),
            Point(box.south, box.east),
            Point(box.north, box.east),
            Point(box.north, box.west),
        )
    )
    point = within(box, up, right)
    is_at_edge = any(math.isclose(value, edge, abs_tol=1e-9) for value in (up, right) for edge in (0, 1))
    if not is_at_edge:
        assert ring.contains(point) == box.contains(point)
    assert ring.area_km2 == pytest.approx(box.area_km2, rel=0.02)


@settings(max_examples=40, deadline=None)
@given(circle=st.builds(Circle, points, st.floats(0.5, 40)), cap=st.integers(20, 300), density=st.floats(0.1, 20))
def test_leaves_fit_the_cap_or_cannot_be_cut_and_cover_the_area(circle: Circle, cap: int, density: float):
    found = leaves(circle.bounds, circle, density, cap)
    for cell, expected in found:
        assert expected < cap or min(quarter.radius_km for quarter in cell.quarters()) < MIN_CELL_KM
        assert cell == circle.bounds or cell.radius_km >= MIN_CELL_KM
    assert any(cell.contains(circle.centre) for cell, _ in found)
    assert sum(expected for _, expected in found) == pytest.approx(density * circle.area_km2, rel=0.15)


def test_the_share_of_a_cell_inside_an_area_is_sampled():
    box = Box(30, -98, 31, -97)
    assert share_inside(box, box) == 1
    assert share_inside(Box(31, -98, 32, -97), box) == 0
    assert share_inside(Box(30, -98, 31, -96), box) == 0.5


@pytest.mark.parametrize(
    ("lat", "lon", "is_inside"),
    [(0.5, 0.5, True), (1.5, 0.5, True), (1.5, 1.5, False), (0.5, 1.5, True), (2.5, 0.5, False)],
)
def test_the_notch_of_a_polygon_is_outside(lat: float, lon: float, is_inside: bool):
    corners = [(0, 0), (0, 2), (1, 2), (1, 1), (2, 1), (2, 0)]
    assert Polygon(tuple(Point(*corner) for corner in corners)).contains(Point(lat, lon)) is is_inside


def test_a_ring_that_passes_through_a_cell_without_a_corner_in_it_reaches_it():
    sliver = Polygon((Point(-1, 0.4), Point(5, 0.5), Point(-1, 0.6)))
    assert sliver.intersects(Box(0, 0, 1, 1))
    assert not sliver.intersects(Box(0, 2, 1, 3))

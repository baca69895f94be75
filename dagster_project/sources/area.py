"""Where a campaign looks: areas on the globe, and the cells they are cut into.

Distances are great-circle kilometres on a sphere of 6,371 km, exact to half a percent: enough for cells that overlap
their neighbours anyway. Cells are boxes; a provider that takes circles is asked for the circle around the box.
"""

import math
from dataclasses import asdict, dataclass
from typing import Protocol

EARTH_KM = 6_371.0
KM_PER_DEGREE = math.pi * EARTH_KM / 180


@dataclass(frozen=True)
class Point:
    """Degrees WGS 84."""

    lat: float
    lon: float


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance (haversine)."""
    half_lat, half_lon = math.radians(b.lat - a.lat) / 2, math.radians(b.lon - a.lon) / 2
    h = (
        math.sin(half_lat) ** 2
        + math.cos(math.radians(a.lat)) * math.cos(math.radians(b.lat)) * math.sin(half_lon) ** 2
    )
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, h)))


@dataclass(frozen=True)
class Box:
    """A box of degrees that does not cross the date line; also the shape of every cell."""

    south: float
    west: float
    north: float
    east: float

    @property
    def bounds(self) -> "Box":
        return self

    @property
    def centre(self) -> Point:
        return Point((self.south + self.north) / 2, (self.west + self.east) / 2)

    @property
    def radius_km(self) -> float:
        """Radius of the circle around the box: the distance to its farthest corner, the one nearer the equator."""
        corner = Point(min(self.south, self.north, key=abs), self.east)
        return distance_km(self.centre, corner)

    @property
    def area_km2(self) -> float:
        """Surface of the box."""
        belt = math.sin(math.radians(self.north)) - math.sin(math.radians(self.south))
        return EARTH_KM**2 * belt * math.radians(self.east - self.west)

    def contains(self, point: Point) -> bool:
        return self.south <= point.lat <= self.north and self.west <= point.lon <= self.east

    def intersects(self, cell: "Box") -> bool:
        return self.south < cell.north and cell.south < self.north and self.west < cell.east and cell.west < self.east

    def quarters(self) -> tuple["Box", ...]:
        """The four boxes it is split into, south-west first."""
        middle = self.centre
        return (
            Box(self.south, self.west, middle.lat, middle.lon),
            Box(self.south, middle.lon, middle.lat, self.east),
            Box(middle.lat, self.west, self.north, middle.lon),
            Box(middle.lat, middle.lon, self.north, self.east),
        )

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Circle:
    """All points within a distance of a centre."""

    centre: Point
    radius_km: float

    @property
    def bounds(self) -> Box:
        lat = self.radius_km / KM_PER_DEGREE
        lon = lat / max(0.01, math.cos(math.radians(self.centre.lat)))
        return Box(self.centre.lat - lat, self.centre.lon - lon, self.centre.lat + lat, self.centre.lon + lon)

    @property
    def area_km2(self) -> float:
        return math.pi * self.radius_km**2

    def contains(self, point: Point) -> bool:
        return distance_km(self.centre, point) <= self.radius_km

    def intersects(self, cell: Box) -> bool:
        nearest = Point(
            min(max(self.centre.lat, cell.south), cell.north), min(max(self.centre.lon, cell.west), cell.east)
        )
        return distance_km(self.centre, nearest) <= self.radius_km


@dataclass(frozen=True)
class Polygon:
    """A closed ring of at least three corners; the last one is joined to the first."""

    corners: tuple[Point, ...]

    @property
    def bounds(self) -> Box:
        lats, lons = [p.lat for p in self.corners], [p.lon for p in self.corners]
        return Box(min(lats), min(lons), max(lats), max(lons))

    @property
    def centre(self) -> Point:
        return self.bounds.centre

    @property
    def area_km2(self) -> float:
        """Surface by the shoelace formula, with longitudes narrowed to the middle latitude."""
        narrow = math.cos(math.radians(self.centre.lat))
        twice = sum(a.lon * b.lat - b.lon * a.lat for a, b in self._edges())
        return abs(twice) / 2 * KM_PER_DEGREE**2 * narrow

    def contains(self, point: Point) -> bool:
        """Whether a ray to the east crosses the ring an odd number of times."""
        inside = False
        for a, b in self._edges():
            crosses = (a.lat > point.lat) != (b.lat > point.lat)
            if crosses and point.lon < (b.lon - a.lon) * (point.lat - a.lat) / (b.lat - a.lat) + a.lon:
                inside = not inside
        return inside

    def intersects(self, cell: Box) -> bool:
        corners = (Point(lat, lon) for lat in (cell.south, cell.north) for lon in (cell.west, cell.east))
        return (
            any(self.contains(corner) for corner in corners)
            or any(cell.contains(corner) for corner in self.corners)
            or any(_crosses(a, b, cell) for a, b in self._edges())
        )

    def _edges(self) -> list[tuple[Point, Point]]:
        return list(zip(self.corners, [*self.corners[1:], self.corners[0]], strict=True))


class Area(Protocol):
    """What the three shapes share."""

    @property
    def bounds(self) -> Box: ...
    @property
    def centre(self) -> Point: ...
    @property
    def area_km2(self) -> float: ...
    def contains(self, point: Point) -> bool: ...
    def intersects(self, cell: Box) -> bool: ...


def cells(area: Area, max_radius_km: float | None) -> list[Box]:
    """Boxes that cover an area, each in a circle of at most `max_radius_km`; those beside the area are left out.

    The coarsest even grid over the area's bounds that does it; one box when there is no limit.
    """
    bounds, count = area.bounds, 1
    while max_radius_km and max(box.radius_km for box in _grid(bounds, count)) > max_radius_km:
        count += 1
    return [box for box in _grid(bounds, count) if area.intersects(box)]


def _grid(bounds: Box, count: int) -> list[Box]:
    """The bounds in boxes as square as may be, `count` of them along the longer side."""
    middle = math.cos(math.radians(bounds.centre.lat))
    height, width = bounds.north - bounds.south, (bounds.east - bounds.west) * middle
    side = max(height, width) / count
    rows, columns = max(1, math.ceil(height / side - 1e-9)), max(1, math.ceil(width / side - 1e-9))
    lats = [bounds.south + (bounds.north - bounds.south) * i / rows for i in range(rows + 1)]
    lons = [bounds.west + (bounds.east - bounds.west) * i / columns for i in range(columns + 1)]
    return [Box(lats[i], lons[j], lats[i + 1], lons[j + 1]) for i in range(rows) for j in range(columns)]


def _crosses(a: Point, b: Point, cell: Box) -> bool:
    """Whether the line from a to b passes through a box (Liang-Barsky clipping)."""
    start, end = 0.0, 1.0
    for origin, step, low, high in (
        (a.lon, b.lon - a.lon, cell.west, cell.east),
        (a.lat, b.lat - a.lat, cell.south, cell.north),
    ):
        if step == 0:
            if not low <= origin <= high:
                return False
            continue
        enter, leave = sorted(((low - origin) / step, (high - origin) / step))
        start, end = max(start, enter), min(end, leave)
    return start <= end

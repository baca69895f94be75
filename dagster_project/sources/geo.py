"""Where a campaign looks, as its YAML says it: around a city or point, in a box or polygon, or a country by name.

Pure: a city is placed on the map by whoever may call a geocoder; until then `area` is None and `must_be_placed` true.
"""

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from dagster_project.sources.area import Area, Box, Circle, Point, Polygon
from dagster_project.user_yaml import Strict

RADIUS_KM = 25.0
MAX_RADIUS_KM = 500.0
DATE_LINE = "it crosses the date line; make one campaign for each side"

Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class BoundingBox(Strict):
    """Degrees WGS 84."""

    south: Latitude
    west: Longitude
    north: Latitude
    east: Longitude

    @model_validator(mode="after")
    def _edges_are_in_order(self) -> "BoundingBox":
        if self.south >= self.north:
            raise ValueError(f"south ({self.south}) must be less than north ({self.north})")
        if self.west >= self.east:
            raise ValueError(f"west ({self.west}) must be less than east ({self.east}), or {DATE_LINE}")
        return self


class Geo(Strict):
    """At most one shape: a circle (`city`, or `lat` and `lon`), a `bounding_box` or a `polygon`.

    Region and country may stand beside any of them, or alone: providers that search by name are asked for them.
    """

    city: str | None = None
    region: str | None = None
    country: str | None = None
    radius_km: float = Field(RADIUS_KM, gt=0, le=MAX_RADIUS_KM)
    lat: Latitude | None = None
    lon: Longitude | None = None
    bounding_box: BoundingBox | None = None
    polygon: tuple[tuple[float, float], ...] | None = Field(None, description="Corners as [lat, lon].")

    @field_validator("polygon")
    @classmethod
    def _polygon_is_one(cls, corners: tuple[tuple[float, float], ...] | None) -> tuple[tuple[float, float], ...] | None:
        if corners is None:
            return None
        if len(corners) > 1 and corners[0] == corners[-1]:  # closed, as GeoJSON writes it
            corners = corners[:-1]
        if any(abs(lat) > 90 or abs(lon) > 180 for lat, lon in corners):
            raise ValueError("a corner is not on the globe; write [lat, lon], latitude first")
        if any(abs(a[1] - b[1]) > 180 for a, b in zip(corners, [*corners[1:], *corners[:1]], strict=True)):
            raise ValueError(DATE_LINE)
        if len(corners) < 3 or not Polygon(tuple(Point(*c) for c in corners)).area_km2:
            raise ValueError("a polygon needs at least three corners that are not on one line")
        return corners

    @model_validator(mode="after")
    def _shape_is_one(self) -> "Geo":
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat and lon belong together")
        is_circle = self.city is not None or self.lat is not None
        given = {"a circle": is_circle, "a bounding_box": self.bounding_box, "a polygon": self.polygon}
        if len(shapes := [name for name, value in given.items() if value]) > 1:
            raise ValueError(f"one shape, not {' and '.join(shapes)}")
        if "radius_km" in self.model_fields_set and not is_circle:
            raise ValueError("radius_km needs a city, or lat and lon")
        if self.lat is not None:
            self._check_circle(Circle(Point(self.lat, self.lon), self.radius_km).bounds)
        return self

    def _check_circle(self, bounds: Box) -> None:
        if bounds.west < -180 or bounds.east > 180:
            raise ValueError(DATE_LINE)
        if bounds.south < -90 or bounds.north > 90:
            raise ValueError("it reaches over a pole")

    @property
    def must_be_placed(self) -> bool:
        """Whether only a geocoder can say where it is: a city without point, box or polygon."""
        return self.city is not None and self.lat is None

    @property
    def place(self) -> str:
        """What a geocoder is asked, such as `Austin, TX, US`."""
        return ", ".join(part for part in (self.city, self.region, self.country) if part)

    def area(self, placed: Point | None = None) -> Area | None:
        """The area; `placed` is where the city is. None for a city that is not placed, and for no shape."""
        if self.bounding_box:
            return Box(**self.bounding_box.model_dump())
        if self.polygon:
            return Polygon(tuple(Point(*corner) for corner in self.polygon))
        point = placed if self.must_be_placed else self.point
        return Circle(point, self.radius_km) if point else None

    @property
    def point(self) -> Point | None:
        """The centre that the file gives."""
        return None if self.lat is None or self.lon is None else Point(self.lat, self.lon)

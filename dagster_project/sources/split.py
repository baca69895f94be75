"""How a question about a place is cut up until every part stays under what the provider gives for one question.

Cells are quartered, before the run by what is expected and during it by what the provider answered.
"""

from dataclasses import replace

from dagster_project.sources.adapter import Ask
from dagster_project.sources.area import Area, Box, Point

# A cell is never cut into cells of a smaller circle: what is denser than the cap allows there stays incomplete.
MIN_CELL_KM = 0.25
SAMPLES = 8


def fits(expected: float, cap: int | None) -> bool:
    """Whether an answer of so many results is whole: one that reaches the cap may have been cut off."""
    return cap is None or expected < cap


def split(ask: Ask, area: Area) -> list[Ask]:
    """The same question about the quarters of its cell that the area reaches; none when it cannot be cut further."""
    if ask.cell is None or not is_divisible(ask.cell):
        return []
    return [replace(ask, cell=quarter) for quarter in ask.cell.quarters() if area.intersects(quarter)]


def is_divisible(cell: Box) -> bool:
    """Whether every quarter of a cell is still large enough."""
    return all(quarter.radius_km >= MIN_CELL_KM for quarter in cell.quarters())


def leaves(cell: Box, area: Area, density_per_km2: float, cap: int | None) -> list[tuple[Box, float]]:
    """The cells that a cell must be cut into for every expected answer to fit, each with the results expected."""
    expected = density_per_km2 * cell.area_km2 * share_inside(cell, area)
    if fits(expected, cap) or not is_divisible(cell):
        return [(cell, expected)]
    quarters = [quarter for quarter in cell.quarters() if area.intersects(quarter)]
    return [leaf for quarter in quarters for leaf in leaves(quarter, area, density_per_km2, cap)]


def share_inside(cell: Box, area: Area) -> float:
    """Share of a cell that lies in the area, by 8 × 8 points spread evenly over it."""
    steps = [(i + 0.5) / SAMPLES for i in range(SAMPLES)]
    points = (
        Point(cell.south + (cell.north - cell.south) * up, cell.west + (cell.east - cell.west) * right)
        for up in steps
        for right in steps
    )
    return sum(area.contains(point) for point in points) / SAMPLES**2

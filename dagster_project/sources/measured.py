"""How many records a provider has per km², counted in what it answered to a campaign before.

Read from the journals of the campaign's provider partitions: the newest day on which every question about a place was
answered to its end. What a plan makes of it is said in `estimate.py`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from dagster_project.sources.adapter import Adapter, Ask
from dagster_project.sources.area import Area, Box
from dagster_project.sources.campaign import Campaign, source_name
from dagster_project.sources.geo import Geo
from dagster_project.sources.pages.journal import Journal, journal_folder, journaled
from dagster_project.sources.pages.progress import State, Track
from dagster_project.sources.split import share_inside

# Endings of a question whose cell is known in full; one that was split is known by its parts.
COUNTED = ("complete", "no_match")


def measured(
    lake_root: Path, org_id: str, campaign: Campaign, adapters: Mapping[str, Adapter], before: date
) -> dict[str, float]:
    """Records per km² of each of the campaign's providers for which they were counted on a day before `before`.

    Today's own answers are left out: a plan that changed with them would ask today's questions anew.
    """
    found: dict[str, float] = {}
    for provider in campaign.providers:
        source = source_name(campaign.name, provider)
        days = [day for day in journaled(lake_root, org_id, source) if day < before.isoformat()]
        for day in reversed(days):
            entries = Journal(journal_folder(lake_root, org_id, source, day)).entries()
            state = State.of(adapters[provider], (entry.content for entry in entries))
            if (counted := density(state.tracks.values(), campaign.geo or Geo())) is not None:
                found[provider] = counted
                break
    return found


def density(tracks: Iterable[Track], geo: Geo) -> float | None:
    """Records per km² of `geo` by the questions of a day; None when none was about a place, or not answered to its end.

    Questions that differ in more than their cell (one per category) look for different records: theirs add up.
    """
    answers = [track for track in tracks if track.ask.cell]
    if not answers or any(answer.ended is None for answer in answers):
        return None
    area = _area(geo, [answer.ask.cell for answer in answers])
    results: dict[str, int] = defaultdict(int)
    km2: dict[str, float] = defaultdict(float)
    for answer in answers:
        if answer.ended in COUNTED:
            family = Ask(answer.ask.endpoint, answer.ask.params).text
            results[family] += answer.results
            km2[family] += answer.ask.cell.area_km2 * share_inside(answer.ask.cell, area)
    return round(sum(results[family] / km2[family] for family in km2 if km2[family]), 6) if any(km2.values()) else None


def _area(geo: Geo, cells: list[Box]) -> Area:
    """Where the campaign looked: a city's centre is that of all cells, which together just hold its circle."""
    whole = Box(
        min(cell.south for cell in cells),
        min(cell.west for cell in cells),
        max(cell.north for cell in cells),
        max(cell.east for cell in cells),
    )
    return geo.area(whole.centre) or whole

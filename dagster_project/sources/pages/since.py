"""Asking only for what changed: when a provider can be asked so, and since which day.

What a source was asked, and whether every question was answered to its end, is kept with its sightings of the day
(`Asked`). Only days on which the same was asked are compared: a narrower campaign makes no record disappear.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from dagster_project.sources.adapter import Adapter, Ask
from dagster_project.sources.area import Area
from dagster_project.sources.pages.progress import State

# After so many days everything is asked for again: what vanished at the provider shows only then.
FULL_EVERY_DAYS = 7
# In the manifest of a day's sightings: what was asked, where all of it was answered, or only what changed.
COMPLETE, CHANGES = "complete", "changes"


@dataclass(frozen=True)
class Asked:
    """The questions of a day. `since` is the day from which changes were asked for; None when all was."""

    asks: tuple[Ask, ...]
    identity: str
    since: date | None = None

    def manifest(self, state: State) -> dict[str, str]:
        """What to keep with the day's sightings; nothing when a question was not answered to its end."""
        ends = state.ends(ask.id for ask in self.asks)
        if not ends or any(end not in ("complete", "no_match", "split") for end in ends):
            return {}
        return {CHANGES if self.since else COMPLETE: self.identity}


def asked_on(
    day: date, asks: Iterable[Ask], adapter: Adapter, area: Area | None, known: Mapping[date, Mapping[str, str]]
) -> Asked:
    """What to ask on a day, given the manifests of the days before: only changes, where every question can be asked so.

    Since the last day that was answered to its end: that day again, because it was not over when it was asked.
    """
    planned = tuple(asks)
    identity = identity_of(planned, area)
    days = sorted((d for d in known if d < day and identity in known[d].values()), reverse=True)
    full = next((d for d in days if known[d].get(COMPLETE) == identity), None)
    changing = [adapter.endpoint(ask.endpoint).changed_since for ask in planned]
    if full is None or day - full >= timedelta(days=FULL_EVERY_DAYS) or not all(changing):
        return Asked(planned, identity)
    since = days[0]
    return Asked(tuple(change(ask, since) for change, ask in zip(changing, planned, strict=True)), identity, since)


def identity_of(asks: Iterable[Ask], area: Area | None) -> str:
    """Hash of what is asked where, however its cells are cut."""
    questions = sorted({Ask(ask.endpoint, ask.params).text for ask in asks})
    return hashlib.sha256("\n".join([*questions, repr(area)]).encode()).hexdigest()[:16]

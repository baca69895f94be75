"""One question of a round, before it is anybody's call."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from dagster_project.enrichment.job_state import JobState
from dagster_project.enrichment.lookup import cache_key
from dagster_project.enrichment.steps import Step


@dataclass(frozen=True)
class Ask:
    """One question of a round: whose, for which fields, by which step."""

    state: JobState
    names: tuple[str, ...]
    step: Step

    @cached_property
    def key(self) -> str:
        """What its answer is remembered by."""
        return cache_key(self.step.provider.name, self.step.lookup.name, self.step.inputs)


def kept(ask: Ask) -> tuple[timedelta, timedelta]:
    """How long an answer, and that there is none, may be remembered: as long as any field would take it."""
    rules = [ask.state.fields[name].progress.rules for name in ask.names]
    keep, nothing = max(r.cache_days for r in rules), max(r.negative_cache_days for r in rules)
    return timedelta(days=keep), timedelta(days=nothing)

"""What an automation is: when something happens to a lead, and it is such a lead, this is said there.

Read from `data/automations/NAME.yaml`. What has happened is found in `automation_run`; sending is `delivery`'s.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dagster_project import user_yaml
from dagster_project.user_yaml import Strict, YamlMistake, nearest

# What a text may name of its lead; a person who is a lead is called by the lead's id.
PLACES = (
    *("name", "lead_id", "city", "lead_score", "grade", "priority_tier", "intent_tier", "engagement_stage"),
    *("engagement_points", "velocity", "risk", "next_action", "because"),
)
PLACE = re.compile(r"{([^{}]*)}")
ENGAGEMENT_STAGES = ("cold", "warm", "hot", "qualified")
DEAL_STAGES = (
    *("prospecting", "qualification", "discovery", "demo", "proposal", "negotiation", "closed_won", "closed_lost"),
)


class OnThreshold(Strict):
    """A score crosses a minimum of a seed: a grade, priority tier or intent tier, upwards or downwards."""

    when: Literal["threshold"]
    kind: Literal["grade", "priority_tier", "intent_tier"]
    name: str = Field(description="Grade or tier whose minimum is crossed, such as HOT.")
    direction: Literal["up", "down"] = "up"


class OnSignal(Strict):
    """A lead gives a signal of one of some types."""

    when: Literal["signal"]
    types: tuple[str, ...] = Field(min_length=1)


class OnStageChange(Strict):
    """A lead reaches an engagement stage, or one of its deals a stage of the pipeline."""

    when: Literal["stage_change"]
    of: Literal["engagement", "deal"] = "engagement"
    to: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _stages_are_known(self) -> "OnStageChange":
        known = ENGAGEMENT_STAGES if self.of == "engagement" else DEAL_STAGES
        for stage in self.to:
            if stage not in known:
                raise ValueError(f'no {self.of} stage "{stage}"{nearest(stage, known)}. Known: {", ".join(known)}')
        return self


class OnInactivity(Strict):
    """Nothing has been heard of a lead for so many days; once for each time that it goes quiet."""

    when: Literal["inactivity"]
    days: int = Field(ge=1, le=365)


Trigger = Annotated[OnThreshold | OnSignal | OnStageChange | OnInactivity, Field(discriminator="when")]


class Conditions(Strict):
    """What else has to be true of the lead; all of it, and nothing that is not said."""

    min_score: float | None = Field(None, ge=0, le=100)
    max_score: float | None = Field(None, ge=0, le=100)
    grades: tuple[str, ...] | None = None
    stages: tuple[Literal["cold", "warm", "hot", "qualified"], ...] | None = None
    risks: tuple[Literal["low", "medium", "high"], ...] | None = None
    verticals: tuple[str, ...] | None = None
    countries: tuple[str, ...] | None = None


class Action(Strict):
    """A notice on a channel; the text may name what is known of the lead, in braces."""

    channel: Literal["slack", "email"]
    text: str = Field(min_length=1, max_length=2_000)

    @model_validator(mode="after")
    def _places_are_known(self) -> "Action":
        for place in PLACE.findall(self.text):
            if place not in PLACES:
                raise ValueError(f'no "{{{place}}}" is known of a lead{nearest(place, PLACES)}')
        return self


class Automation(Strict):
    """One automation. The file's name is its name, and its key in the log."""

    name: str
    description: str
    is_on: bool = True
    trigger: Trigger
    conditions: Conditions = Conditions()
    actions: tuple[Action, ...] = Field(min_length=1)
    once_in_days: int = Field(1, ge=1, le=365, description="A lead is answered once in so many days.")


def automations(folders: Iterable[Path]) -> tuple[dict[str, Automation], dict[str, YamlMistake]]:
    """All automations by name, and what is wrong with those that cannot be used: one mistake stops no other."""
    good: dict[str, Automation] = {}
    mistakes: dict[str, YamlMistake] = {}
    for name, path in user_yaml.available(folders).items():
        try:
            good[name] = user_yaml.load(Automation, path)
        except YamlMistake as mistake:
            mistakes[name] = mistake
    return good, mistakes


def unknown_words(automation: Automation, signal_types: Sequence[str], names: Sequence[str]) -> list[str]:
    """Warnings about words that no seed has: signal types, and grades or tiers. Such a trigger never fires."""
    trigger = automation.trigger
    if isinstance(trigger, OnSignal):
        unknown = [t for t in trigger.types if t not in signal_types]
        return [f'trigger.types: no signal type "{t}"{nearest(t, signal_types)}; it never fires' for t in unknown]
    if isinstance(trigger, OnThreshold) and trigger.name not in names:
        return [f'trigger.name: no {trigger.kind} "{trigger.name}"{nearest(trigger.name, names)}; it never fires']
    return []


def filled(text: str, known: dict[str, object]) -> str:
    """The text with its places filled; what is not known is a dash."""
    return PLACE.sub(lambda place: "–" if known[place[1]] is None else str(known[place[1]]), text)

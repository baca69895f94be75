"""What a waterfall is: who is asked for each missing field, in which order and for how much, from
`data/waterfalls/NAME.yaml`.

Only the declaration lives here, and which file holds for which leads. Which providers there are, and what each fills,
is told by the caller as a mapping; who is asked in the end is decided where the waterfall runs.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from dagster_project import user_yaml
from dagster_project.enrichment.lookup import Provider
from dagster_project.enrichment.subject import FIELDS
from dagster_project.user_yaml import Strict, YamlMistake, nearest

Order = Literal["fixed", "learned"]
# Provider to the waterfall fields that its lookups fill.
Fills = Mapping[str, Collection[str]]


def _between(least: float, most: float) -> AfterValidator:
    """A number within both ends, which the sentence names."""

    def check(number: Any) -> Any:
        if not least <= number <= most:
            raise ValueError(f"{number} is not between {least:,} and {most:,}")
        return number

    return AfterValidator(check)


Usd = Annotated[Decimal, _between(0, 1_000_000), AfterValidator(lambda usd: usd.quantize(Decimal("0.0001")))]


class FieldSettings(Strict):
    """How one field is filled."""

    providers: tuple[str, ...] = Field(description="Who is asked, in this order.")
    max_attempts: Annotated[int, _between(1, 10)] = Field(3, description="Providers asked for one lead at most.")
    timeout_ms: Annotated[int, _between(100, 30_000)] = 5_000
    min_confidence: Annotated[float, _between(0, 1)] = Field(0.5, description="Below it the field counts as missing.")
    cache_days: Annotated[int, _between(0, 365)] = Field(7, description="How long an answer stands.")
    negative_cache_days: Annotated[int, _between(0, 365)] = Field(7, description="How long no match stands.")
    max_cost_usd: Usd | None = Field(None, description="The most that this field may cost for one lead.")
    stop_at_first_hit: bool = True
    # The default is far above the price of any match: a learned order then saves by asking in another order, and not
    # by leaving a field empty.
    value_usd: Usd = Field(Decimal("10.0000"), description="What a filled field is worth to a learned order.")

    @field_validator("providers")
    @classmethod
    def _each_provider_is_asked_once(cls, providers: tuple[str, ...]) -> tuple[str, ...]:
        if not providers:
            raise ValueError("name at least one provider")
        if twice := sorted({name for name in providers if providers.count(name) > 1}):
            raise ValueError(f"written twice: {', '.join(twice)}")
        return providers


class Budget(Strict):
    """Hard caps in USD, surcharges included; None is no cap of its own."""

    max_cost_per_lead_usd: Usd | None = Field(Decimal("2.0000"), description="One lead, in one request.")
    max_cost_per_job_usd: Usd | None = Field(Decimal("100.0000"), description="One request, of any number of leads.")
    max_cost_per_day_usd: Usd | None = Field(Decimal("250.0000"), description="All requests of a UTC day.")
    max_cost_per_provider_day_usd: dict[str, Usd] = Field({}, description="Single providers, in a UTC day.")
    max_cost_per_campaign_usd: Usd | None = Field(None, description="One campaign's leads, in a UTC day.")

    def __or__(self, other: "Budget") -> "Budget":
        """These caps, with those that the other states in their place."""
        stated = {name: getattr(other, name) for name in other.model_fields_set}
        if "max_cost_per_provider_day_usd" in stated:
            own = self.max_cost_per_provider_day_usd
            stated["max_cost_per_provider_day_usd"] = own | other.max_cost_per_provider_day_usd
        return self.model_copy(update=stated)


class Waterfall(Strict):
    """One file. Its fields hold for the leads of its `vertical`; a file without one is the default for all others."""

    name: str
    description: str
    vertical: str | None = Field(None, description="Vertical of the leads it holds for; none: all.")
    order: Order = Field("fixed", description="learned: by what the history shows, once that has won its replay.")
    batch_size: Annotated[int, _between(1, 100)] = Field(100, description="Leads in one call, where a provider can.")
    budget: Budget = Budget()
    fields: dict[str, FieldSettings]

    @field_validator("fields")
    @classmethod
    def _fields_are_known(cls, fields: dict[str, FieldSettings]) -> dict[str, FieldSettings]:
        if not fields:
            raise ValueError("name at least one field")
        for name in fields:
            if name not in FIELDS:
                raise ValueError(f'no field "{name}"{nearest(name, FIELDS)}. Known: {", ".join(FIELDS)}')
        return fields

    @model_validator(mode="after")
    def _caps_are_of_its_providers(self) -> "Waterfall":
        asked = sorted({name for settings in self.fields.values() for name in settings.providers})
        for name in self.budget.max_cost_per_provider_day_usd:
            if name not in asked:
                place = "budget.max_cost_per_provider_day_usd"
                raise ValueError(f'{place}: "{name}" is not among the providers{nearest(name, asked)}')
        return self


@dataclass(frozen=True)
class FieldWaterfall:
    """One field's settings for some lead, with the file that they come from."""

    field: str
    waterfall: str
    order: Order
    settings: FieldSettings


@dataclass(frozen=True)
class Chosen:
    """All that holds for the leads of one vertical. `vertical` is None where only the default does."""

    vertical: str | None = None
    fields: Mapping[str, FieldWaterfall] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    batch_size: int = 100


def fills_of(providers: Mapping[str, Provider]) -> dict[str, frozenset[str]]:
    """What each provider fills, by all its lookups."""
    return {
        name: frozenset(field_name for lookup in provider.endpoints for field_name in lookup.fills)
        for name, provider in providers.items()
    }


def load_waterfall(name: str, folders: Sequence[Path], fills: Fills) -> Waterfall:
    """The waterfall of a name. Raises `UnknownName`, which lists those there are, or `YamlMistake`."""
    return _load(user_yaml.find(name, folders, "waterfall"), fills)


def waterfalls(folders: Iterable[Path], fills: Fills) -> tuple[dict[str, Waterfall], dict[str, YamlMistake]]:
    """All waterfalls by name, and what is wrong with those that cannot be used: one mistake stops no other.

    Of two that hold for the same leads the first by name is used, and the other is a mistake.
    """
    good: dict[str, Waterfall] = {}
    mistakes: dict[str, YamlMistake] = {}
    for name, path in user_yaml.available(folders).items():
        try:
            found = _load(path, fills)
        except YamlMistake as mistake:
            mistakes[name] = mistake
            continue
        if other := next((w.name for w in good.values() if w.vertical == found.vertical), None):
            leads = f'the leads of vertical "{found.vertical}"' if found.vertical else "leads of any vertical"
            mistakes[name] = YamlMistake(f'{path.name}: the waterfall "{other}" holds for {leads} already')
        else:
            good[name] = found
    return good, mistakes


def waterfall_for(vertical: str | None, found: Mapping[str, Waterfall]) -> Chosen:
    """What holds for the leads of a vertical.

    A field that the vertical's own file does not name is filled as in the default, and so are caps that it does not
    state. Without any file nothing is filled.
    """
    by_vertical = {waterfall.vertical: waterfall for waterfall in found.values()}
    default, own = by_vertical.get(None), by_vertical.get(vertical) if vertical else None
    files = [waterfall for waterfall in (default, own) if waterfall]
    fields: dict[str, FieldWaterfall] = {}
    budget = Budget()
    for file in files:
        fields |= {name: FieldWaterfall(name, file.name, file.order, s) for name, s in file.fields.items()}
        budget |= file.budget
    return Chosen(own and own.vertical, fields, budget, files[-1].batch_size if files else 100)


def warnings(waterfall: Waterfall, verticals: Collection[str]) -> list[str]:
    """What a person should know of a waterfall that can be used; `verticals` are those that leads carry."""
    told = []
    if waterfall.vertical and waterfall.vertical not in verticals:
        known = f"{nearest(waterfall.vertical, verticals)}. Leads carry: {', '.join(verticals)}"
        told.append(f'vertical: no lead carries "{waterfall.vertical}"{known}')
    for name, settings in waterfall.fields.items():
        if last := settings.providers[settings.max_attempts :]:
            place = f"fields.{name}: {', '.join(last)}"
            told.append(f"{place} can be asked only where others are skipped (max_attempts is {settings.max_attempts})")
    return told


def _load(path: Path, fills: Fills) -> Waterfall:
    found = user_yaml.load(Waterfall, path)
    if mistakes := [told for name, settings in found.fields.items() for told in _unfit(name, settings, fills)]:
        raise YamlMistake(f"{path.name}: {mistakes[0]}", *mistakes[1:])
    return found


def _unfit(name: str, settings: FieldSettings, fills: Fills) -> Iterable[str]:
    """What is wrong with a field's providers, each in a sentence."""
    able = sorted(provider for provider, fields in fills.items() if name in fields)
    for provider in settings.providers:
        place = f"fields.{name}.providers"
        if provider not in fills:
            yield f'{place}: no provider "{provider}"{nearest(provider, fills)}. Known: {", ".join(sorted(fills))}'
        elif provider not in able:
            yield f"{place}: {provider} has no lookup that fills {name}. Those that do: {', '.join(able) or 'none'}"

"""What a campaign is: which businesses to find, where, from whom and for how much, from `data/campaigns/NAME.yaml`.

Only the declaration lives here. What it costs is said in `plan.py`, what may be spent is kept to in `budget.py`. Money
and records are limited per run, and the runs of one UTC day share the limit.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from dagster_project import user_yaml
from dagster_project.sources.cron import check_cron
from dagster_project.sources.geo import Geo
from dagster_project.sources.vertical import Word, Words, as_list, check_provider
from dagster_project.user_yaml import Strict, YamlMistake, nearest

# What a campaign may spend that does not say: the sum of the documentation's example.
DEFAULT_USD = Decimal("50.0000")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
# It places addresses on the map and finds nobody.
PLACES_ONLY = "google_geocoding"
# What enrichment's answers are filed under, as a campaign's records are under its name.
RESERVED = "enrichment"

Usd = Annotated[Decimal, Field(ge=0, le=1_000_000), AfterValidator(lambda usd: usd.quantize(Decimal("0.0001")))]


class Limit(Strict):
    """The most that may be spent and received; None is no limit of its own."""

    max_cost_usd: Usd | None = None
    max_records: int | None = Field(None, ge=1)

    def __and__(self, other: "Limit") -> "Limit":
        """The tighter of two limits."""
        return Limit(
            max_cost_usd=_least(self.max_cost_usd, other.max_cost_usd),
            max_records=_least(self.max_records, other.max_records),
        )


class Source(Limit):
    """One provider that is asked, with limits of its own."""

    provider: str

    @field_validator("provider")
    @classmethod
    def _provider_finds_leads(cls, provider: str) -> str:
        if check_provider(provider) == PLACES_ONLY:
            raise ValueError(f"{provider} places addresses on the map and finds no leads")
        return provider


class Budget(Strict):
    """Limits of a run, and of a day's runs together."""

    max_cost_usd: Usd = DEFAULT_USD
    max_records: int | None = Field(None, ge=1)
    per_provider: dict[str, Limit] = Field({}, description="Limits of single sources.")


class Employees(Strict):
    """How many employees the businesses have."""

    min: int | None = Field(None, ge=0)
    max: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _ends_are_in_order(self) -> "Employees":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min ({self.min}) must not be more than max ({self.max})")
        return self


class Filters(Strict):
    """Which of the businesses found are wanted. Lists are alternatives; different filters must all hold."""

    min_rating: float | None = Field(None, ge=0, le=5)
    review_count_min: int | None = Field(None, ge=0)
    employees: Employees = Employees()
    tech: Words = ()
    keywords: Words = Field((), description="Instead of the vertical's.")
    domains: Words = ()
    titles: Words = Field((), description="Of people, at providers that know people.")

    @field_validator("domains")
    @classmethod
    def _domains_are_bare(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        for domain in domains:
            if not DOMAIN.fullmatch(domain.lower()):
                raise ValueError(f'"{domain}" is no domain; write such as example.com')
        return tuple(domain.lower() for domain in domains)


class Schedule(Strict):
    """When it runs by itself."""

    cron: Annotated[str, AfterValidator(check_cron)]
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _timezone_is_known(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f'no timezone "{timezone}"; write such as America/Chicago') from None
        return timezone


class Destination(Strict):
    """A sync that receives the leads; a campaign that names none sends them to all. `config_id` is its name; `type` is
    kept for the reader."""

    type: str | None = None
    config_id: Word


def _keyed(key: str) -> BeforeValidator:
    """A list whose items may be the bare value of one key; a single item may stand without the list."""
    return BeforeValidator(lambda given: [{key: i} if isinstance(i, str) else i for i in as_list(given)])


class Campaign(Strict):
    """One campaign. The file's name is the campaign's name; a key `name` in the file is its title."""

    name: str
    title: str | None = None
    description: str = ""
    vertical: Word
    geo: Geo | None = None
    filters: Filters = Filters()
    sources: Annotated[tuple[Source, ...], _keyed("provider")]
    enrichment: Any = Field(
        False, description="Whether its leads are enriched, or by which providers alone; `fields` says what is filled."
    )
    budget: Budget = Budget()
    schedule: Schedule | None = None
    destinations: Annotated[tuple[Destination, ...], _keyed("config_id")] = ()
    approval: Literal["manual", "auto", "auto_if_checks_pass"] = "auto_if_checks_pass"
    density_per_km2: float | None = Field(
        None, gt=0, le=10_000, description="Businesses assumed per km² here, instead of the vertical's."
    )

    @field_validator("name")
    @classmethod
    def _name_is_a_partitions(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError(f'"{name}" cannot name a campaign; use lower-case letters, digits, _ and -')
        if name == RESERVED:
            raise ValueError(f'"{name}" cannot name a campaign: the answers of enrichment are filed under it')
        return name

    @field_validator("enrichment")
    @classmethod
    def _enrichment_is_names_or_settings(cls, given: Any) -> Any:
        if not (_are_names(given) or isinstance(given, bool | dict)):
            raise ValueError("write true, false, a list of names, or keys and values")
        for key, names in given.items() if isinstance(given, dict) else ():
            if key not in ("providers", "fields") or not _are_names(names):
                raise ValueError("its keys are providers and fields, each a list of names")
        return given

    @property
    def enriching_providers(self) -> tuple[str, ...] | None:
        """The providers that may be asked about its leads; None for all."""
        said = self.enrichment.get("providers") if isinstance(self.enrichment, dict) else self.enrichment
        return tuple(said) if isinstance(said, list) else None

    @property
    def enriched_fields(self) -> tuple[str, ...] | None:
        """The fields that are filled; None for all."""
        said = self.enrichment.get("fields") if isinstance(self.enrichment, dict) else None
        return tuple(said) if said else None

    @model_validator(mode="after")
    def _limits_are_of_sources(self) -> "Campaign":
        names = self.providers
        if not names:
            raise ValueError("sources: name at least one provider")
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"sources: written twice: {', '.join(repeated)}")
        for name in self.budget.per_provider:
            if name not in names:
                raise ValueError(f'budget.per_provider: "{name}" is not among the sources{nearest(name, names)}')
        return self

    @property
    def providers(self) -> list[str]:
        """Names of the providers, in the order they are asked."""
        return [source.provider for source in self.sources]

    def limit(self, provider: str) -> Limit:
        """What one provider may cost and bring: its own limits, wherever the file says them, within the campaign's."""
        own = next(source for source in self.sources if source.provider == provider)
        whole = Limit(max_cost_usd=self.budget.max_cost_usd, max_records=self.budget.max_records)
        return own & self.budget.per_provider.get(provider, Limit()) & whole

    @property
    def version(self) -> str:
        """Short hash of what the file says: comments, the order of keys and defaults spelled out change nothing."""
        content = self.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]


def load_campaign(name: str, folders: Sequence[Path]) -> Campaign:
    """The campaign of a name. Raises `UnknownName`, which lists those there are, or `YamlMistake`."""
    return _load(user_yaml.find(name, folders, "campaign"))


def campaigns(folders: Iterable[Path]) -> tuple[dict[str, Campaign], dict[str, str]]:
    """All campaigns by name, and what is wrong with those that cannot be used: one mistake stops no other campaign."""
    good: dict[str, Campaign] = {}
    mistakes: dict[str, str] = {}
    for name, path in user_yaml.available(folders).items():
        try:
            good[name] = _load(path)
        except YamlMistake as mistake:
            mistakes[name] = str(mistake)
    return good, mistakes


def source_name(campaign: str, provider: str) -> str:
    """The `source` of the raw records that a campaign gets from a provider; no file source has a dot."""
    return f"{campaign}.{provider}"


def campaign_of(source: str) -> tuple[str, str] | None:
    """Campaign and provider of a `source`; None for that of a file."""
    campaign, dot, provider = source.partition(".")
    return (campaign, provider) if dot and NAME.fullmatch(campaign) and NAME.fullmatch(provider) else None


def _are_names(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(item, str) for item in given)


def _load(path: Path) -> Campaign:
    content = user_yaml.read(path)
    if isinstance(content, Mapping) and "name" in content:
        if "title" in content:
            raise YamlMistake(f'{path.name}: "name" and "title" both say what it is called; keep one')
        content = {("title" if key == "name" else key): value for key, value in content.items()}
    return user_yaml.parse(Campaign, content, path.stem, path.name)


def _least(*values: Any) -> Any:
    return min((value for value in values if value is not None), default=None)

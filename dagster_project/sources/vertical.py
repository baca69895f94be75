"""What a vertical is: the kind of business a campaign looks for, read from `data/verticals/NAME.yaml`.

Only the declaration lives here: what each provider calls these businesses, what a lead must have, how it is scored.
Adding a vertical is adding a file; which lead is held back for want of a field is decided where leads are delivered.
"""

import csv
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator

from dagster_project import user_yaml
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.providers import adapters
from dagster_project.user_yaml import Strict, nearest

Canonical = Literal["local_services", "b2b_saas", "ecommerce", "healthcare", "real_estate", "other"]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def as_list(given: Any) -> Any:
    """What YAML has where a list is meant: a single item may stand alone. Raises ValueError for a number."""
    if isinstance(given, str | dict):
        return [given]
    if not isinstance(given, list | tuple):
        raise ValueError("write a list")  # noqa: TRY004 - pydantic tells ValueErrors as sentences
    return given


Words = Annotated[tuple[Word, ...], BeforeValidator(as_list)]

# Columns of `marts.dim_lead` that a lead can be required to have.
LEAD_FIELDS = (
    *("name", "category", "website", "domain", "email", "phone", "registration_id"),
    *("address_line1", "city", "region", "postal", "country", "lat", "lon"),
    *("employees_range", "revenue_range", "founded_year", "tech_signals", "linkedin"),
    *("rating", "review_count", "hours"),
)
SEEDS = ("scoring_profiles.csv", "scoring_rules.csv")


class Vertical(Strict):
    """One kind of business. The file's name is the vertical's name; `canonical` is what its leads carry."""

    name: str
    description: str
    canonical: Canonical = Field("other", description="Vertical of the leads, one of the six that scores know.")
    categories: dict[str, Words] = Field({}, description="Provider to its own names for these businesses.")
    keywords: Words = Field((), description="Words to search for, where a campaign names none.")
    required: tuple[str, ...] = Field((), description="Fields without which a lead is held back.")
    scoring_profile: str = Field("baseline", description="Set of rules in dbt/seeds/scoring_rules.csv.")
    density_per_km2: float = Field(gt=0, le=10_000, description="Businesses assumed per km² until some were counted.")

    @field_validator("categories")
    @classmethod
    def _providers_are_known(cls, categories: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for provider in categories:
            check_provider(provider)
        return categories

    @field_validator("required")
    @classmethod
    def _required_fields_are_a_leads(cls, required: tuple[str, ...]) -> tuple[str, ...]:
        for field in required:
            if field not in LEAD_FIELDS:
                raise ValueError(
                    f'"{field}" is not a field a lead can be required to have{nearest(field, LEAD_FIELDS)}'
                )
        return required

    @field_validator("scoring_profile")
    @classmethod
    def _profile_is_known(cls, profile: str) -> str:
        if profile not in scoring_profiles():
            known = ", ".join(scoring_profiles())
            raise ValueError(f'no profile "{profile}"{nearest(profile, scoring_profiles())}. Known: {known}')
        return profile


def check_provider(name: str) -> str:
    """The name itself. Raises ValueError with the nearest one when no adapter has it."""
    if name not in adapters():
        raise ValueError(f'no provider "{name}"{nearest(name, adapters())}. Known: {", ".join(adapters())}')
    return name


@cache
def scoring_profiles() -> tuple[str, ...]:
    """Names of the scoring profiles that the seeds know, in their order."""
    found: dict[str, None] = {}
    for seed in SEEDS:
        with (PROJECT_ROOT / "dbt" / "seeds" / seed).open(encoding="utf-8", newline="") as file:
            found |= dict.fromkeys(row["profile"] for row in csv.DictReader(file))
    return tuple(found)


def load_vertical(name: str, folders: Sequence[Path]) -> Vertical:
    """The vertical of a name. Raises `UnknownName`, which lists those there are, or `YamlMistake`."""
    return user_yaml.load(Vertical, user_yaml.find(name, folders, "vertical"))


def load_verticals(folders: Iterable[Path]) -> dict[str, Vertical]:
    """All verticals by name, in order of name. Raises `YamlMistake` for the first file that cannot be used."""
    return {name: user_yaml.load(Vertical, path) for name, path in user_yaml.available(folders).items()}

"""The kinds of entity that can be resolved, each with its matching rules as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.contracts import STAGED_CONTACTS, STAGED_RECORDS, Table
from dagster_project.resolution import business, person

MODELS = Path(__file__).parent / "models"


@dataclass(frozen=True)
class Kind:
    """One kind of entity: what its records are compared by, and how sure a merge must be."""

    name: str
    table: Table
    features: Mapping[str, str]
    derived: Mapping[str, str]
    shared_values: Mapping[str, tuple[str, str, int]]
    blocking_rules: Mapping[str, Sequence[str]]
    max_block: int
    comparisons: Sequence[dict[str, Any]]
    training_rules: Sequence[Sequence[str]]
    threshold: float
    matches_per_record: float

    @property
    def model_path(self) -> Path:
        """The shipped model."""
        return MODELS / f"{self.name}.json"

    @property
    def rarity_columns(self) -> list[str]:
        """Features whose frequency a comparison level looks up."""
        levels = [lv for c in self.comparisons for lv in c["comparison_levels"]]
        return sorted({lv["tf_adjustment_column"] for lv in levels if "tf_adjustment_column" in lv})

    def prior(self, records: int) -> float:
        """Probability that two random records match, in a world of `records` records."""
        return self.matches_per_record / records


def _kind(name: str, table: Table, rules: Any) -> Kind:
    return Kind(
        name,
        table,
        rules.FEATURES,
        rules.DERIVED,
        rules.SHARED_VALUES,
        rules.BLOCKING_RULES,
        rules.MAX_BLOCK,
        rules.COMPARISONS,
        rules.TRAINING_RULES,
        rules.THRESHOLD,
        rules.MATCHES_PER_RECORD,
    )


KINDS: dict[str, Kind] = {
    "business": _kind("business", STAGED_RECORDS, business),
    "person": _kind("person", STAGED_CONTACTS, person),
}


def kind_named(name: str) -> Kind:
    """The kind called `name`. Raises ValueError naming the kinds there are."""
    try:
        return KINDS[name]
    except KeyError:
        raise ValueError(f"no such kind: {name!r}; kinds are {', '.join(KINDS)}") from None

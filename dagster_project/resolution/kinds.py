"""The kinds of entity that can be resolved, each with its matching rules as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.contracts import STAGED_CONTACTS, STAGED_RECORDS, Table
from dagster_project.resolution import business, person
from dagster_project.resolution.levels import Block, Hub

MODELS = Path(__file__).parent / "models"


@dataclass(frozen=True)
class Kind:
    """One kind of entity: what its records are compared by. Each field is said in `business` and `person`."""

    name: str
    table: Table
    features: Mapping[str, str]
    derived: Mapping[str, str]
    hubs: Mapping[str, Hub]
    words: Mapping[str, str]
    blocking_rules: Mapping[str, Block]
    comparisons: Sequence[dict[str, Any]]
    recall_weight: float
    least_sure: float
    contradiction: float

    @property
    def model_path(self) -> Path:
        """The shipped model."""
        return MODELS / f"{self.name}.json"

    @property
    def words_path(self) -> Path:
        """The shipped frequencies of the words of names."""
        return MODELS / f"{self.name}_words.csv"

    @property
    def rarity_columns(self) -> list[str]:
        """Features whose frequency a comparison level looks up, hubs aside."""
        levels = [lv for c in self.comparisons for lv in c["comparison_levels"]]
        columns = {lv["tf_adjustment_column"] for lv in levels if "tf_adjustment_column" in lv}
        return sorted(columns - set(self.hubs))


def _kind(name: str, table: Table, rules: Any) -> Kind:
    return Kind(
        name,
        table,
        rules.FEATURES,
        rules.DERIVED,
        rules.HUBS,
        rules.WORDS,
        rules.BLOCKING_RULES,
        rules.COMPARISONS,
        rules.RECALL_WEIGHT,
        rules.LEAST_SURE,
        rules.CONTRADICTION,
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

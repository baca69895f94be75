"""A trained model: Splink's settings with their probabilities, as shipped in `models/*.json`.

The file is the model: its version is a hash of its bytes. Making one is the job of `training`.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.resolution.comparable import WORLD
from dagster_project.resolution.kinds import Kind


@dataclass(frozen=True)
class Model:
    """Splink settings with probabilities; `version` is the first 12 digits of the file's SHA-256."""

    spec: dict[str, Any]
    version: str

    @property
    def comparisons(self) -> list[dict[str, Any]]:
        """The comparisons, each with its levels."""
        return self.spec["comparisons"]

    def prior(self, world: int) -> float:
        """Probability that two random records match in a world of that many records. The file's is for `WORLD`; in a
        world ten times the size it is a tenth, because a record does not get more duplicates."""
        return self.spec["probability_two_random_records_match"] * WORLD / world

    def prior_weight(self, world: int) -> float:
        """The prior as a match weight, log2 odds."""
        prior = self.prior(world)
        return math.log2(prior / (1 - prior))

    def settings(self, world: int) -> dict[str, Any]:
        """Splink settings for a run over a world of that many records."""
        return self.spec | {"probability_two_random_records_match": self.prior(world)}


def load_model(path: Path) -> Model:
    """Read a model file. Raises FileNotFoundError when it is not there."""
    text = path.read_bytes()
    return Model(json.loads(text), hashlib.sha256(text).hexdigest()[:12])


def shipped_model(kind: Kind) -> Model:
    """The model that ships with the package."""
    return load_model(kind.model_path)


def untrained_levels(model: Model) -> list[str]:
    """Levels whose m or u probability is missing or 0, as "comparison: level"; empty when the model is fit for use."""
    return [
        f"{comparison['output_column_name']}: {level['label_for_charts']}"
        for comparison in model.comparisons
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level") and not (level.get("m_probability") and level.get("u_probability"))
    ]

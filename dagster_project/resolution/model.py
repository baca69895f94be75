"""A trained model: Splink's settings with their probabilities and a calibration, as shipped in `models/*.json`.

The file is the model: its version is a hash of its bytes. Making one is the job of `training`.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.threshold import Calibration


@dataclass(frozen=True)
class Model:
    """Splink settings with probabilities; `version` is the first 12 digits of the file's SHA-256."""

    spec: dict[str, Any]
    version: str

    @property
    def comparisons(self) -> list[dict[str, Any]]:
        """The comparisons, each with its levels."""
        return self.spec["comparisons"]

    @property
    def calibration(self) -> Calibration:
        """What a match weight of this model is worth as a probability."""
        return Calibration(**self.spec.get("calibration", {}))

    @property
    def settings(self) -> dict[str, Any]:
        """The file as Splink reads it: without our own calibration."""
        return {key: value for key, value in self.spec.items() if key != "calibration"}


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

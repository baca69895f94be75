"""Train a model: `python -m dagster_project.resolution.training --kind business --out MODEL.json FILE.parquet`.

Unsupervised: u (how often records that do not match agree) from random pairs, m (how often records that match agree)
by expectation maximisation under several blocking rules. The files have the columns of staged_records or
staged_contacts. Training is not part of a run; a run reads the saved model.

The shipped models were trained on no labelled data; `models/README.md` says on what.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import polars as pl

from dagster_project.resolution.comparable import WORLD, connect, count_rarities, load
from dagster_project.resolution.kinds import KINDS, Kind, kind_named
from dagster_project.resolution.model import load_model, untrained_levels
from dagster_project.resolution.roughen import roughen

SEED = 1

# Random pairs for u: levels as rare as one in a million pairs still get some 30 of them.
RANDOM_PAIRS = 3e7


def train(staged: pl.LazyFrame, kind: Kind, *, memory_limit: str = "4GB", random_pairs: float = RANDOM_PAIRS) -> dict:
    """Splink settings with trained probabilities, and a prior for a world of `WORLD` records."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    con = connect(memory_limit, threads=None, temp_dir=None)
    records = load(con, staged, kind)
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        probability_two_random_records_match=kind.prior(records),
        comparisons=kind.comparisons,
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in kind.blocking_rules.values()],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
    )
    api = DuckDBAPI(con)
    linker = Linker(api.register("records"), settings, log_level="ERROR")
    for column, table in count_rarities(con, kind, records).items():
        linker.table_management.register_term_frequency_lookup(api.register(table), column)
    linker.training.estimate_u_using_random_sampling(max_pairs=random_pairs, seed=SEED)
    for columns in kind.training_rules:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*columns), max_pairs=2e6)
    return _shippable(linker.misc.save_model_to_json()) | {"probability_two_random_records_match": kind.prior(WORLD)}


def _shippable(spec: Any) -> Any:
    """The spec without the linker's random id, and with probabilities at the six digits that mean something."""
    if isinstance(spec, dict):
        return {key: _shippable(value) for key, value in spec.items() if key != "linker_uid"}
    if isinstance(spec, list):
        return [_shippable(value) for value in spec]
    return float(f"{spec:.6g}") if isinstance(spec, float) else spec


def main(arguments: list[str] | None = None) -> None:
    """Train and write a model; see the module's docstring for the call."""
    parser = argparse.ArgumentParser(prog="training", description="Train a matching model on staged records.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="Parquet with the staged table's columns")
    parser.add_argument("--kind", choices=sorted(KINDS), required=True)
    parser.add_argument("--out", type=Path, required=True, help="model file to write")
    parser.add_argument("--roughen", action="store_true", help="add copies with the errors of real life")
    parser.add_argument("--memory-limit", default="4GB")
    chosen = parser.parse_args(arguments)
    staged: pl.LazyFrame = pl.concat([pl.scan_parquet(file) for file in chosen.files], how="diagonal_relaxed")
    if chosen.roughen:
        staged = roughen(staged.collect(), chosen.kind, SEED).lazy()
    model = train(staged, kind_named(chosen.kind), memory_limit=chosen.memory_limit)
    chosen.out.write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")
    left = untrained_levels(load_model(chosen.out))
    print(f"{chosen.out}: " + (f"levels without probabilities: {'; '.join(left)}" if left else "fully trained"))


if __name__ == "__main__":
    main()

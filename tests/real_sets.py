"""The team's real data sets: which file belongs to which mapping, what is walked together, and what truth is known."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import polars as pl

# Mapping to file and its records.
FILES = {
    "openbrewerydb_2018": ("openbrewerydb/breweries_2018.csv", 8_028),
    "openbrewerydb_2026": ("openbrewerydb/breweries.csv", 11_822),
    "chicago_sites": ("chicago_early_childhood/csv_example_input_with_true_ids.csv", 3_337),
    "fodors": ("fodors_zagats/fodors.csv", 533),
    "zagats": ("fodors_zagats/zagats.csv", 331),
    "restaurants_a": ("restaurants_mag_test/restA.csv", 3_013),
    "restaurants_b": ("restaurants_mag_test/restB.csv", 5_882),
    "crunchbase_2013": ("crunchbase_2013/crunchbase-companies.csv", 17_727),
}
WALKS = {
    "Open Brewery DB 2018 and 2026": ("openbrewerydb_2018", "openbrewerydb_2026"),
    "Chicago early childhood sites": ("chicago_sites",),
    "Fodor's and Zagat's": ("fodors", "zagats"),
    "Restaurant lists A and B": ("restaurants_a", "restaurants_b"),
    "Crunchbase 2013": ("crunchbase_2013",),
}


def file_of(shared: Path, mapping: str) -> Path:
    return shared / "data" / "er" / FILES[mapping][0]


def chicago_truth(shared: Path) -> pl.DataFrame:
    """(source, provider_key, entity): the true ids that came with the list."""
    rows = pl.read_csv(file_of(shared, "chicago_sites"), infer_schema=False)
    return rows.select(pl.lit("chicago_sites").alias("source"), provider_key="Id", entity="True Id")


def fodors_zagats_truth(shared: Path) -> pl.DataFrame:
    """(source, provider_key, entity): a pair of the gold file is one entity, every other restaurant its own."""
    gold = pl.read_csv(shared / "data/er/fodors_zagats/matches_fodors_zagats.csv", infer_schema=False)
    frames = []
    for name in ("fodors", "zagats"):
        alone = pl.read_csv(file_of(shared, name), infer_schema=False)
        labels = pl.concat(
            [
                gold.select(provider_key=f"{name}_id", entity="fodors_id"),
                alone.select(provider_key="id", entity=pl.lit(f"{name} ") + pl.col("id")),
            ]
        ).unique("provider_key", keep="first", maintain_order=True)
        frames.append(labels.select(pl.lit(name).alias("source"), "provider_key", "entity"))
    return pl.concat(frames)


TRUTH = {"Chicago early childhood sites": chicago_truth, "Fodor's and Zagat's": fodors_zagats_truth}


def er_metrics(shared: Path) -> Callable[[dict, dict], dict[str, float]]:
    """`evaluate(truth, predicted)` of the team's own er_metrics.py."""
    spec = importlib.util.spec_from_file_location("er_metrics", shared / "tools" / "er_metrics.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.evaluate

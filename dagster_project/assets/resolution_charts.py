"""What resolution shows in the UI: histograms, the model's parameters and a waterfall as Splink draws them, questions.

No values of records are drawn: metadata is kept for ever, people's data is not.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg
import polars as pl

from dagster_project.assets import metadata
from dagster_project.contracts import LEAD_MAP, MERGE_GRAPH, REVIEW_PAIRS, Table
from dagster_project.resolution.evidence import kept_edge
from dagster_project.resolution.explain import waterfall
from dagster_project.resolution.kinds import kind_named
from dagster_project.resolution.model import Model, shipped_model
from dagster_project.resources.lake import Lake

# Clusters and weights beyond these share one bar.
LARGEST_BAR = 12
WEIGHT_STEP, HEAVIEST = 2, 40

START, END = "Starting match weight (prior)", "Final score"


def charts(lake: Lake, table: Table, stats: Iterable[Mapping[str, Any]]) -> dict[str, dg.MetadataValue]:
    """Charts and tables of one of resolution's tables; the model's parameters only where a kind was resolved anew,
    because drawing them takes two seconds."""
    stats = list(stats)
    if table == LEAD_MAP:
        return {"records per lead": sizes(stats)}
    if table == MERGE_GRAPH:
        fresh = {s["kind"] for s in stats if not s["skipped"]}
        drawn = {f"parameters of the {kind} model": parameters(shipped_model(kind_named(kind))) for kind in fresh}
        return {"match weights": weights(stats), **drawn, **weakest_edge(lake.scan(table))}
    if table == REVIEW_PAIRS:
        return {"pairs worth a question": questions(lake.scan(table))}
    return {}


def sizes(stats: Iterable[Mapping[str, Any]]) -> dg.MetadataValue:
    """Histogram of how many records leads have."""
    counted = _summed(stats, "cluster_sizes", lambda size: min(size, LARGEST_BAR))
    labels = [f"{size}{' or more' if size == LARGEST_BAR else ''}" for size in counted]
    return metadata.bars(labels, counted.values(), "leads by number of records")


def weights(stats: Iterable[Mapping[str, Any]]) -> dg.MetadataValue:
    """Histogram of the match weights of kept edges."""
    counted = _summed(stats, "match_weights", lambda bits: min(bits // WEIGHT_STEP * WEIGHT_STEP, HEAVIEST))
    labels = [f"{bits} bits{' or more' if bits == HEAVIEST else ''}" for bits in counted]
    return metadata.bars(labels, counted.values(), "kept edges by match weight")


def parameters(model: Model) -> dg.MetadataValue:
    """Splink's chart of a model: the weight of every comparison level."""
    import duckdb
    from splink import DuckDBAPI, Linker

    with duckdb.connect() as con:
        con.execute("create table nothing (id int)")
        api = DuckDBAPI(con)
        linker = Linker(api.register("nothing"), model.settings, log_level="ERROR")
        spec = linker.visualisations.match_weights_chart().chart_dict
    return metadata.chart_image(json.dumps(spec), "match weights of the comparison levels")


def weakest_edge(graph: pl.LazyFrame) -> dict[str, dg.MetadataValue]:
    """The kept edge that was nearest to being left out, as Splink's waterfall chart and in words."""
    from splink.internals.charts import WaterfallChart

    edges = graph.sort("match_weight", "record_id_l", "record_id_r").head(1).collect()
    if edges.is_empty():
        return {}
    evidence = kept_edge(edges.row(0, named=True))
    steps = [("Prior", START, evidence.prior)]
    steps += [(step.comparison, step.level, step.weight) for step in evidence.steps]
    steps += [("Final score", END, evidence.match_weight)]
    spec = WaterfallChart([_bar(n, *step) for n, step in enumerate(steps)]).chart_dict
    return {
        "weakest kept edge": metadata.chart_image(json.dumps(spec), "waterfall of the weakest kept edge"),
        "weakest kept edge in words": dg.MetadataValue.md("```\n" + "\n".join(waterfall(evidence)) + "\n```"),
    }


def questions(pairs: pl.LazyFrame) -> dg.MetadataValue:
    """The first of the pairs that `leadhouse review export` writes."""
    columns = ("rank", "org_id", "kind", "reason", "match_probability", "rule", "record_id_l", "record_id_r")
    return metadata.table(pairs.sort("rank", "org_id", "kind").select(columns).collect())


def _summed(stats: Iterable[Mapping[str, Any]], name: str, bar: Any) -> dict[int, int]:
    """Histograms of all tenants and kinds in one, by bar; a manifest's keys are texts."""
    counted: Counter[int] = Counter()
    for stat in stats:
        for value, count in stat[name].items():
            counted[bar(int(value))] += count
    return dict(sorted(counted.items()))


def _bar(place: int, column: str, label: str, weight: float) -> dict[str, Any]:
    """One bar of Splink's waterfall chart, in the columns that its specification reads."""
    return {
        "column_name": column,
        "label_for_charts": label,
        "log2_bayes_factor": weight,
        "bayes_factor": 2**weight,
        "bar_sort_order": place,
        "record_number": 0,
        "term_frequency_adjustment": False,
        "value_l": "",
        "value_r": "",
    }

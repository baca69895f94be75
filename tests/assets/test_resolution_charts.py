"""What resolution shows in the UI: images and tables, and nobody's data in them."""

from pathlib import Path

import polars as pl
import pytest

from dagster_project.assets.resolution_charts import charts, parameters, sizes, weights
from dagster_project.contracts import LEAD_ALIASES, LEAD_MAP, MERGE_GRAPH, REVIEW_PAIRS
from dagster_project.resolution.kinds import KINDS
from dagster_project.resolution.model import shipped_model
from dagster_project.resources.lake import Lake

A, B = "00000000-0000-5000-8000-00000000000a", "00000000-0000-5000-8000-00000000000b"
# as a manifest gives them, and as a run does
STATS = [
    {"kind": "business", "skipped": True, "cluster_sizes": {"1": 7, "40": 1}, "match_weights": {"3": 4}},
    {"kind": "person", "skipped": True, "cluster_sizes": {1: 2, 2: 5}, "match_weights": {2: 1, 60: 1}},
]
EDGE = {"org_id": "acme", "kind": "business", "record_id_l": A, "record_id_r": B, "match_weight": 3.5}
EDGE |= {"match_probability": 0.92, "rule": "phone", "model_version": "1"}
EDGE |= {"weights": '{"prior": -12.0, "name": 16.0, "phone": 0.0, "location": -0.5}'}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with one kept edge, which is also a question."""
    found = Lake(tmp_path)
    found.write(MERGE_GRAPH, pl.DataFrame([EDGE]), "acme", "business")
    found.write(REVIEW_PAIRS, pl.DataFrame([EDGE | {"rank": 1, "reason": "near_threshold"}]), "acme", "business")
    return found


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], list[float]]]:
    """Labels and counts of each bar chart that is drawn."""
    seen: list[tuple[list[str], list[float]]] = []
    monkeypatch.setattr(
        "dagster_project.assets.metadata.bars", lambda labels, counts, _: seen.append((labels, [*counts]))
    )
    return seen


def test_sizes_of_all_tenants_are_one_histogram_whose_last_bar_takes_the_rest(drawn):
    sizes(STATS)
    assert drawn == [(["1", "2", "12 or more"], [9, 5, 1])]


def test_match_weights_are_counted_in_steps(drawn):
    weights(STATS)
    assert drawn == [(["2 bits", "40 bits or more"], [5, 1])]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_splink_draws_the_parameters_of_a_shipped_model(kind):
    assert parameters(shipped_model(kind)).md_str.startswith("![match weights of the comparison levels](data:image/png")


def test_each_table_has_its_charts(lake: Lake):
    assert set(charts(lake, LEAD_MAP, STATS)) == {"records per lead"}
    graph = charts(lake, MERGE_GRAPH, STATS)
    assert set(graph) == {"match weights", "weakest kept edge", "weakest kept edge in words"}
    assert "name            +16.0" in graph["weakest kept edge in words"].md_str
    assert (
        "| 1 | acme | business | near_threshold |" in charts(lake, REVIEW_PAIRS, STATS)["pairs worth a question"].md_str
    )
    assert charts(lake, LEAD_ALIASES, STATS) == {}


def test_a_graph_without_edges_has_no_weakest(tmp_path: Path):
    assert set(charts(Lake(tmp_path), MERGE_GRAPH, STATS)) == {"match weights"}

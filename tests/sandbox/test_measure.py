"""Counting pairs by group sizes gives what listing every pair would give."""

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.contracts.identity import record_ids
from dagster_project.sandbox.measure import measure, truth_of


def frames(labels: list[tuple[int, int]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Truth and lead map of records whose (entity, lead) are given in order."""
    ids = [f"r{i}" for i in range(len(labels))]
    truth = pl.DataFrame({"record_id": ids, "entity_id": [f"e{e}" for e, _ in labels]})
    return truth, pl.DataFrame({"record_id": ids, "lead_id": [f"l{lead}" for _, lead in labels]})


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_pairs_are_counted_as_if_each_was_listed(labels: list[tuple[int, int]]):
    quality = measure(*frames(labels))
    pairs = list(combinations(labels, 2))
    assert quality.true_pairs == sum(a[0] == b[0] for a, b in pairs)
    assert quality.found_pairs == sum(a[1] == b[1] for a, b in pairs)
    assert quality.shared_pairs == sum(a == b for a, b in pairs)
    assert quality.leads == len({lead for _, lead in labels})
    assert quality.largest_cluster == max(sum(lead == other for _, other in labels) for _, lead in labels)


def test_precision_recall_and_f1_of_a_small_example():
    # entity 0 has three records, one of which was put with entity 1's
    quality = measure(*frames([(0, 0), (0, 0), (0, 1), (1, 1)]))
    assert (quality.precision, quality.recall) == (1 / 2, 1 / 3)
    assert quality.f1 == pytest.approx(0.4)
    assert (quality.duplicates, quality.merged) == (2, 2)


def test_a_record_missing_from_the_map_is_a_lead_of_its_own():
    truth, leads = frames([(0, 0), (0, 0), (1, 1)])
    quality = measure(truth, leads.filter(pl.col("record_id") != "r1"))
    assert (quality.records, quality.leads, quality.recall) == (3, 3, 0.0)


def test_a_record_unknown_to_the_truth_is_left_out():
    truth, leads = frames([(0, 0), (0, 0), (1, 0)])
    quality = measure(truth.filter(pl.col("record_id") != "r2"), leads)
    assert (quality.precision, quality.recall, quality.largest_cluster) == (1.0, 1.0, 2)


def test_nothing_to_merge_and_nothing_merged_is_perfect():
    assert measure(*frames([(0, 0), (1, 1)])).f1 == 1.0
    empty = pl.DataFrame(schema={"record_id": pl.String, "entity_id": pl.String, "lead_id": pl.String})
    assert measure(empty, empty).largest_cluster == 0


def test_the_truth_of_a_kind_carries_the_tenants_record_ids():
    truth = pl.DataFrame(
        {
            "provider": ["demo_crm", "demo_people"],
            "provider_key": ["ACC-1", "per-1"],
            "kind": ["business", "person"],
            "entity_id": ["business-0", "person-0"],
        }
    )
    expected = {"record_id": record_ids("demo", ["demo_people"], ["per-1"]), "entity_id": ["person-0"]}
    assert truth_of(truth, "demo", "person").to_dict(as_series=False) == expected

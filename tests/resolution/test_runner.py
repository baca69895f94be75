"""What a run returns, whatever the evidence: contracts, sums, sizes, repeatability."""

import json
from datetime import timedelta

import polars as pl
import pytest

from dagster_project.contracts import LEAD_ALIASES, LEAD_MAP, MERGE_GRAPH, STAGED_RECORDS
from dagster_project.resolution.identity import lead_id
from dagster_project.resolution.kinds import kind_named
from dagster_project.resolution.model import shipped_model
from tests.resolution.conftest import START, record_id, run, staged

STREETS = ["alder", "birch", "cedar", "dogwood", "elm", "fir", "gum", "hazel"]


def town(records: int = 40) -> pl.DataFrame:
    """Businesses two by two: each even record has a duplicate with a typing error, an extra word or another phone."""
    rows = []
    for n in range(records):
        one = n // 2
        name = f"{STREETS[one % 8]} {STREETS[(3 * one + one // 8) % 8]} works {one}"
        rows.append(
            {
                "key": f"{n}",
                "name_key": name if n % 2 == 0 else f"{name} services",
                "phone_key": f"50355{one:05d}" if n % 4 != 1 else None,
                "house_number": str(100 + one),
                "street": f"{STREETS[one % 8]} st",
                "city": "Portland",
                "postal": f"97{one % 50:03d}",
            }
        )
    return staged("business", *rows)


@pytest.fixture(scope="module")
def resolution():
    return run(town())


def test_the_frames_keep_their_contracts(resolution):
    assert list(LEAD_MAP.violations(resolution.lead_map.lazy())) == []
    assert list(MERGE_GRAPH.violations(resolution.merge_graph.lazy())) == []
    assert list(LEAD_ALIASES.violations(resolution.aliases.lazy())) == []


def test_duplicates_are_found(resolution):
    assert resolution.stats["records"] == 40
    assert resolution.stats["clusters"] == 20
    assert resolution.stats["cluster_sizes"] == {2: 20}


def test_the_weights_of_an_edge_sum_to_its_match_weight(resolution):
    calibration = shipped_model(kind_named("business")).calibration
    for edge in resolution.merge_graph.iter_rows(named=True):
        weights = json.loads(edge["weights"])
        assert sum(weights.values()) == pytest.approx(edge["match_weight"], abs=1e-4)
        sure = calibration.probability(edge["match_weight"])
        assert edge["match_probability"] == pytest.approx(sure)
        assert edge["match_probability"] >= resolution.stats["threshold"] - 1e-4
        assert edge["record_id_l"] < edge["record_id_r"]


def test_a_lead_is_named_after_its_founding_record(resolution):
    founders = resolution.current.group_by("lead_id").agg(pl.col("record_id").min())
    assert founders["lead_id"].to_list() == [lead_id(r) for r in founders["record_id"]]


def test_records_with_edges_say_which_rule_placed_them_and_the_others_are_founders():
    frame = pl.concat([town(4), staged("business", {"key": "alone", "name_key": "hermit"})])
    rows = {row["record_id"]: row for row in run(frame).lead_map.iter_rows(named=True)}
    assert rows[record_id("alone")]["matched_by"] == "founder"
    assert rows[record_id("alone")]["match_weight"] is None
    assert rows[record_id("0")]["matched_by"] == "address"
    assert rows[record_id("0")]["match_weight"] > 6


def test_a_second_run_appends_nothing(resolution):
    again = run(town(), previous=resolution.lead_map, now=START + timedelta(days=2))
    assert again.lead_map.height == 0
    assert again.aliases.height == 0
    assert again.merge_graph.equals(resolution.merge_graph)


def test_the_order_of_the_rows_does_not_matter(resolution):
    shuffled = run(town().sample(fraction=1, shuffle=True, seed=3), threads=2)
    assert shuffled.lead_map.equals(resolution.lead_map)
    assert shuffled.merge_graph.equals(resolution.merge_graph)


def test_new_records_join_the_leads_there_are(resolution):
    first = run(town().head(31))
    grown = run(town(), previous=first.lead_map, now=START + timedelta(days=2))
    assert set(grown.lead_map["record_id"]) == {record_id(str(n)) for n in range(31, 40)}
    joined = grown.lead_map.filter(pl.col("record_id") == record_id("31"))["lead_id"].item()
    assert joined == first.current.filter(pl.col("record_id") == record_id("30"))["lead_id"].item()


@pytest.mark.parametrize("records", [0, 1])
def test_nothing_and_next_to_nothing_can_be_resolved(records):
    resolution = run(town(2).head(records))
    assert resolution.lead_map.height == records
    assert resolution.merge_graph.height == 0
    assert resolution.stats["clusters"] == records


def test_files_are_read_like_frames(resolution, tmp_path):
    halves = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    town().head(15).write_parquet(halves[0])
    town().tail(25).write_parquet(halves[1])
    assert _resolve_files(halves).lead_map.equals(resolution.lead_map)
    assert _resolve_files([]).lead_map.height == 0


def _resolve_files(files):
    from dagster_project.resolution.runner import resolve

    return resolve(
        files, "business", org_id="acme", previous=LEAD_MAP.empty(), now=START + timedelta(days=1), threads=1
    )


def test_of_two_versions_fetched_at_once_one_counts_and_always_the_same():
    first, second = town(2), town(2).with_columns(pl.lit("f").alias("payload_hash"), pl.lit("hermit").alias("name_key"))
    apart = run(pl.concat([first, second.head(1)]))
    assert apart.stats["records"] == 2
    assert apart.stats["clusters"] == 2
    assert run(pl.concat([second.head(1), first])).current.equals(apart.current)
    assert run(pl.concat([first, first])).current.equals(run(first).current)


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="no such kind: 'robot'; kinds are business, person"):
        run(STAGED_RECORDS.empty(), "robot")

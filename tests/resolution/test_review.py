"""Which pairs are worth a question, and what the answers mean."""

from contextlib import closing
from itertools import combinations

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.contracts import REVIEW_PAIRS
from dagster_project.resolution.comparable import connect, load
from dagster_project.resolution.grouping import group
from dagster_project.resolution.kinds import kind_named
from dagster_project.resolution.model import Model, shipped_model
from dagster_project.resolution.overrides import Verdict
from dagster_project.resolution.pairs import block
from dagster_project.resolution.review import PER_RECORD, answer, bridges, questions
from dagster_project.resolution.scoring import Scoring, score
from tests.resolution.test_runner import town


def asked(threshold: float) -> pl.DataFrame:
    """Questions about the town at a threshold."""
    kind = kind_named("business")
    model = shipped_model(kind)
    with closing(connect("1GB", 1, None)) as con:
        count = load(con, town().lazy(), kind, "acme")
        block(con, kind)
        scoring = score(con, model, count)
        clusters = group(con, kind, model, scoring, count, threshold).clusters
        grouped = pl.DataFrame({"id": range(count), "cluster": clusters})
        return questions(con, kind, model, scoring, threshold, grouped)


@pytest.fixture(scope="module")
def weights() -> pl.Series:
    """Match weights of the town's pairs that are worth a question, lowest first."""
    return asked(0.0)["match_weight"].sort()


def test_questions_keep_their_contract_and_are_ranked():
    found = asked(0.0).with_columns(org_id=pl.lit("acme"))
    assert found.height
    assert list(REVIEW_PAIRS.violations(REVIEW_PAIRS.conform(found).lazy())) == []
    assert found["rank"].to_list() == list(range(1, found.height + 1))


def test_no_record_is_asked_about_more_often_than_allowed():
    found = asked(0.0)
    assert pl.concat([found["record_id_l"], found["record_id_r"]]).value_counts()["count"].max() <= PER_RECORD


def test_pairs_close_to_the_threshold_are_asked_first_on_either_side(weights: pl.Series):
    middle = weights[len(weights) // 2]
    near = asked(middle + 0.01).filter(reason="near_threshold")
    far = (near["match_weight"] - middle - 0.01).abs()
    assert far.is_sorted()
    assert far.max() <= 3.0


def test_the_same_run_asks_the_same():
    assert asked(0.0).equals(asked(0.0))


def test_each_reason_to_ask_is_found():
    name, phone = 1.0, 9.0  # weights of the two comparisons, unless said otherwise
    triangles = [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (2, 3)]
    rows = [(a, b, name, phone) for a, b in triangles] + [(6, 7, 1.0, 19.0), (8, 9, 1.0, 1.5), (10, 11, -12.0, 20.0)]
    clusters = pl.DataFrame({"id": range(12), "cluster": [0, 0, 0, 0, 0, 0, 6, 7, 8, 9, 10, 10]})
    model = Model({"comparisons": [{"output_column_name": "name"}, {"output_column_name": "phone"}]}, "version")
    with duckdb.connect() as con:
        con.execute("create table records as select n::int as id, uuid()::varchar as record_id from range(12) t (n)")
        con.execute("create table scored (id_l int, id_r int, mw_name double, mw_phone double)")
        con.executemany("insert into scored values (?, ?, ?, ?)", rows)
        con.execute(
            """create or replace table scored as
               select *, 0 as rule, 0 as mw_provider, mw_name + mw_phone as match_weight from scored"""
        )
        con.execute("create table edges as select * from scored where id_r < 6")
        found = questions(con, kind_named("business"), model, Scoring(-9.0), 2.0, clusters)
        numbers = dict(con.execute("select record_id, id from records").fetchall())
    told = {(numbers[a], numbers[b]): r for a, b, r in found.select("record_id_l", "record_id_r", "reason").iter_rows()}
    assert told == {(6, 7): "cut", (2, 3): "bridge", (8, 9): "near_threshold", (10, 11): "contradiction"}


def test_a_bridge_has_the_number_of_nodes_on_its_smaller_side():
    triangles = [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5)]
    assert bridges([*triangles, (2, 3)]) == [(2, 3, 3)]
    assert bridges(triangles[:3]) == []
    assert sorted(bridges([(0, 1), (1, 2), (2, 3)])) == [(0, 1, 1), (1, 2, 2), (2, 3, 1)]


def reached(edges: list[tuple[int, int]], start: int) -> set[int]:
    found, size = {start}, 0
    while len(found) > size:
        size = len(found)
        found |= {n for edge in edges if found & set(edge) for n in edge}
    return found


@given(st.sets(st.sampled_from(list(combinations(range(7), 2))), min_size=1))
def test_whatever_the_graph_bridges_are_the_edges_that_part_it(edges):
    within = [edge for edge in sorted(edges) if edge[0] in reached(sorted(edges), min(min(e) for e in edges))]
    found = {(a, b): side for a, b, side in bridges(within)}
    for a, b in within:
        side = reached([edge for edge in within if edge != (a, b)], a)
        other = reached([edge for edge in within if edge != (a, b)], b)
        assert ((a, b) in found) == (b not in side)
        assert b in side or found[a, b] == min(len(side), len(other))


def test_answers_are_read_as_people_write_them():
    assert {answer(text) for text in ("yes", " Y", "same", "1", "TRUE")} == {Verdict.MUST_LINK}
    assert {answer(text) for text in ("no", "N ", "different", "0")} == {Verdict.CANNOT_LINK}
    assert {answer(text) for text in ("", None, " ", "?", "unsure")} == {None}
    with pytest.raises(ValueError, match="'perhaps' is neither yes nor no"):
        answer("perhaps")

"""Why two records are one lead or are not, as a person reads it."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from dagster_project.contracts import LEAD_ALIASES, LEAD_MAP
from dagster_project.resolution.evidence import Block, Evidence, Step, kept_edge, opened
from dagster_project.resolution.explain import Explanation, Link, explain, strongest_path, waterfall
from dagster_project.resolution.identity import lead_id
from dagster_project.resolution.overrides import Verdict
from dagster_project.resolution.references import Reference, UnknownReference, as_it_was, find, sides
from tests.resolution.conftest import START, record_id, run, staged
from tests.resolution.decisions import cannot, must
from tests.resolution.test_runner import town

A, B = Reference("a", "business", "L", ("a",)), Reference("b", "business", "L", ("b",))
LIKELY = Evidence("a", "b", -16.0, [Step("name", "same words", 22.0), Step("phone", "different", -2.0)], 0.94)
PHONE = Block("phone", 2, 30)


def records() -> pl.DataFrame:
    """The town, and somebody who has nothing to do with it."""
    hermit = {"key": "hermit", "name_key": "cave of the hermit", "city": "Reno", "phone_key": "7755550199"}
    return pl.concat([town(), staged("business", hermit)])


@pytest.fixture(scope="module")
def resolution():
    return run(records())


@pytest.fixture(scope="module")
def world():
    with opened(records().lazy(), "business", "acme") as found:
        yield found


def explained(left=A, right=B, evidence=LIKELY, blocks=(PHONE,), path=(), decided=None, **options) -> str:
    return Explanation("business", left, right, 2.0, 0.8, evidence, blocks, path, (), decided, **options).verdict


def apart(reference: Reference) -> Reference:
    return Reference(reference.id, reference.kind, "other", reference.records)


def test_every_kept_edge_is_explained_with_the_weight_the_run_gave_it(resolution, world):
    edges = resolution.merge_graph
    found = world.evidence(list(edges.select("record_id_l", "record_id_r").iter_rows()))
    assert [f.match_weight for f in found] == pytest.approx(edges["match_weight"].to_list(), abs=1e-3)
    kept = [kept_edge(edge) for edge in edges.iter_rows(named=True)]
    assert [k.match_weight for k in kept] == pytest.approx(edges["match_weight"].to_list(), abs=1e-3)
    assert all(
        {s.comparison for s in f.steps} == {s.comparison for s in k.steps} for f, k in zip(found, kept, strict=True)
    )


def test_each_step_names_the_level_it_reached(world):
    (found,) = world.evidence([(record_id("0"), record_id("1"))])
    assert {step.comparison: step.level for step in found.steps}["location"] == "same address"


def test_a_pair_that_no_run_compared_is_weighed_too(world):
    (found,) = world.evidence([(record_id("0"), record_id("hermit"))])
    assert found.match_weight < found.prior
    assert world.blocks(record_id("0"), record_id("hermit")) == []
    assert world.evidence([(record_id("0"), record_id("absent"))]) == []


def test_the_rules_that_compare_two_records_say_how_many_share_the_values(world):
    found = {block.rule: block for block in world.blocks(record_id("2"), record_id("3"))}
    assert found["phone"] == Block("phone", 2, found["phone"].most)
    assert found["phone"].compares


def test_the_waterfall_begins_at_the_prior_lists_the_strongest_first_and_ends_at_the_sum():
    assert waterfall(LIKELY, 0.8) == [
        "start           -16.0  two records taken at random",
        "name            +22.0  ++++++++++++++++++++++ same words: 4,194,304 times likelier the same",
        "phone            -2.0  -- different: 4.0 times less likely the same",
        "sum              +4.0  94.00% sure; the threshold is 80.00%",
    ]


def test_the_verdict_is_one_sentence_whatever_decided():
    direct, chain = [Link("a", "b", 4.0, "phone")], [Link("a", "c", 9.0, "name"), Link("c", "b", 8.0, "name")]
    weak = Evidence("a", "b", -16.0, [Step("name", "same words", 10.0)], 0.02)
    crowded = [Block("name", 80, 30)]
    assert explained(path=direct) == "One lead, 94.00% sure by their own evidence; the threshold is 80.00%."
    assert "held together through 1 other record; 2.00% sure" in explained(path=chain, evidence=weak)
    assert "because a person decided so" in explained(decided=Verdict.MUST_LINK)
    assert "until the next walk, which parts them" in explained(decided=Verdict.CANNOT_LINK)
    assert "a record that is absent keeps its lead" in explained(evidence=None)
    two = {"right": apart(B)}
    assert explained(evidence=weak, **two) == "Two leads, 2.00% sure that they are one, under the threshold of 80.00%."
    assert explained(evidence=weak, blocks=crowded, **two).endswith("and no rule compares them.")
    assert "because no rule compares them" in explained(blocks=[], **two)
    assert "the records around them speak against it" in explained(**two)
    assert "until the next walk, which joins them" in explained(decided=Verdict.MUST_LINK, **two)
    assert explained(decided=Verdict.CANNOT_LINK, **two) == "Two leads, because a person decided so."


def test_the_strongest_chain_avoids_the_weakest_edge():
    rows = [
        ("a", "b", 1.0, "x"),
        ("a", "c", 5.0, "x"),
        ("b", "d", 6.0, "x"),
        ("c", "d", 7.0, "x"),
        ("d", "e", 9.0, "x"),
    ]
    edges = pl.DataFrame(rows, schema=["record_id_l", "record_id_r", "match_weight", "rule"], orient="row")
    path = strongest_path(edges, [], "a", "b")
    assert [(link.left_record, link.right_record) for link in path] == [("a", "c"), ("c", "d"), ("b", "d")]
    assert strongest_path(edges, [], "a", "z") == []
    decided = strongest_path(edges, [must("a", "b"), cannot("a", "e")], "a", "b")
    assert [(link.rule, link.match_weight) for link in decided] == [("must_link", None)]


def test_two_leads_are_explained_by_the_two_records_most_alike(resolution, world):
    lead = lead_id(min(record_id("0"), record_id("1")))
    left = find(lead, resolution.lead_map.lazy(), LEAD_ALIASES.empty())
    assert (left.is_lead, set(left.records)) == (True, {record_id("0"), record_id("1")})
    right = find(record_id("hermit"), resolution.lead_map.lazy(), LEAD_ALIASES.empty())
    graph = resolution.merge_graph.lazy()
    found = explain(world, left, right, threshold=4.0, graph=graph, overrides=[])
    assert found.verdict.endswith("and no rule compares them.")
    one, other = sides(left, find(record_id("1"), resolution.lead_map.lazy(), LEAD_ALIASES.empty()))
    found = explain(world, one, other, threshold=4.0, graph=graph, overrides=[])
    assert found.verdict.startswith("One lead,")
    assert [link.rule for link in found.path] == [resolution.merge_graph["rule"][0]] or len(found.path) == 1
    assert found.as_dict()["same_lead"]
    assert any(line.startswith("Rule ") for line in found.lines())


def test_a_decision_that_names_both_sides_is_shown(resolution, world):
    left, right = (find(record_id(k), resolution.lead_map.lazy(), LEAD_ALIASES.empty()) for k in ("0", "hermit"))
    said = replace(must("a", "b"), left_records=left.records, right_records=right.records)
    found = explain(world, left, right, threshold=4.0, graph=resolution.merge_graph.lazy(), overrides=[said])
    assert list(found.lines())[:2] == [
        "Two leads, until the next walk, which joins them because a person decided so.",
        "Decided: must_link must_link-a-b (ann, 2026-02-01: seen).",
    ]


def lead_map(*rows: tuple[str, str, int]) -> pl.LazyFrame:
    """Rows of (record, lead, day)."""
    full = [("acme", "business", record, lead, None, "test", START + timedelta(days=n)) for record, lead, n in rows]
    return pl.DataFrame(full, schema=LEAD_MAP.polars_schema, orient="row").lazy()


def test_an_alias_means_the_lead_it_was_merged_into_and_is_known_as_it_was():
    rows = lead_map(("a", "A", 1), ("b", "B", 1), ("c", "B", 1), ("b", "A", 2), ("c", "A", 2), ("d", "A", 3))
    alias = [("acme", "business", "B", "A", START + timedelta(days=2))]
    aliases = pl.DataFrame(alias, schema=LEAD_ALIASES.polars_schema, orient="row")
    living = find("B", rows, aliases)
    assert (living.id, living.records) == ("A", ("a", "b", "c", "d"))
    former = as_it_was("B", living, rows)
    assert (former.id, former.lead_id, former.records) == ("B", "A", ("b", "c"))
    assert [side.records for side in sides(living, former)] == [("a", "d"), ("b", "c")]
    with pytest.raises(UnknownReference):
        find("Z", rows, aliases)


def test_two_sides_that_cannot_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="a is a business and p a person"):
        sides(A, Reference("p", "person", "P", ("p",)))
    with pytest.raises(ValueError, match="both mean a"):
        sides(A, A)
    with pytest.raises(ValueError, match="are the same record"):
        sides(A, Reference("L", "business", "L", ("a",)))

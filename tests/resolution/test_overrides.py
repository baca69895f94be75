"""What people decide, as pairs that clustering must and cannot join."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.resolution.overrides import Verdict, constraints, contradicted, numbered, verdicts
from tests.resolution.decisions import cannot, must

ALL = {letter: letter for letter in "abcdefgh"}


def joined(pairs) -> set[frozenset[str]]:
    """Groups that pairs make."""
    groups: list[set[str]] = []
    for pair in pairs:
        touched = [g for g in groups if g & set(pair)]
        groups = [g for g in groups if g not in touched] + [set(pair).union(*touched)]
    return {frozenset(g) for g in groups}


def test_two_records_that_must_link_are_one_pair():
    assert constraints([must("a", "b")], ALL).must_link == [("a", "b")]


def test_two_leads_that_must_link_are_linked_with_all_the_records_they_had():
    found = constraints([must("ab", "cd")], ALL)
    assert joined(found.must_link) == {frozenset("abcd")}
    assert len(found.must_link) == 3


def test_a_lead_that_cannot_link_with_another_shares_none_of_its_records_with_it():
    found = constraints([cannot("ab", "cd")], ALL)
    assert set(found.cannot_link) == {("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")}
    assert found.must_link == []


def test_an_absent_record_still_connects_those_it_was_linked_with():
    present = {letter: letter for letter in "acd"}
    found = constraints([must("a", "b"), must("b", "c"), cannot("b", "d")], present)
    assert found.must_link == [("a", "c")]
    assert found.cannot_link == [("a", "d")]


def test_groups_that_are_kept_apart_are_one_pair_however_large():
    found = constraints([must("a", "b"), must("c", "d"), cannot("b", "d"), cannot("a", "c")], ALL)
    assert found.cannot_link == [("a", "c")]


def test_of_two_decisions_that_contradict_each_other_the_later_holds_and_a_sentence_says_so():
    found = constraints([must("a", "b", 1), cannot("a", "b", 2)], ALL)
    assert (found.must_link, found.cannot_link) == ([], [("a", "b")])
    assert found.contradictions == [
        "must_link must_link-a-b (ann, 2026-02-01: seen) does not hold, because "
        "cannot_link cannot_link-a-b (ann, 2026-02-01: seen) was decided later"
    ]
    assert constraints([cannot("a", "b", 1), must("a", "b", 2)], ALL).must_link == [("a", "b")]


def test_a_contradiction_through_others_is_found():
    taken = [must("a", "b"), must("b", "c")]
    assert contradicted(taken, cannot("a", "c", 9)) in taken
    assert contradicted([*taken, cannot("c", "d", 1)], must("a", "d", 9)).verdict == Verdict.CANNOT_LINK
    assert contradicted(taken, must("a", "c", 9)) is None
    assert contradicted(taken, cannot("a", "d", 9)) is None


def test_what_was_decided_about_a_pair_is_known_through_others_too():
    taken = [must("a", "b"), must("b", "c"), cannot("c", "d")]
    found = verdicts(taken, [("a", "c"), ("a", "d"), ("a", "e"), ("e", "e")])
    assert found == [Verdict.MUST_LINK, Verdict.CANNOT_LINK, None, None]


def test_a_run_gets_the_pairs_as_numbers_of_its_records():
    with duckdb.connect() as con:
        con.execute("create table records as select * from (values (0, 'a'), (1, 'c'), (2, 'd')) t (id, record_id)")
        found = numbered(con, [must("ab", "c"), cannot("a", "d")])
        assert (found.must_link, found.cannot_link) == ([(0, 1)], [(0, 2)])
        assert numbered(con, []).must_link == ()


sides = st.tuples(st.sets(st.sampled_from("abcdef"), min_size=1, max_size=3), st.sampled_from("abcdef")).filter(
    lambda pair: pair[1] not in pair[0]
)
decisions = st.lists(st.tuples(st.sampled_from([must, cannot]), sides), max_size=8)


@given(decisions)
def test_whatever_is_decided_the_pairs_never_contradict_and_all_that_holds_is_kept(made):
    overrides = [make("".join(sorted(left)), right, n) for n, (make, (left, right)) in enumerate(made)]
    found = constraints(overrides, ALL)
    groups = joined(found.must_link) | {frozenset(letter) for letter in ALL}
    group_of = {letter: g for g in sorted(groups, key=len) for letter in g}
    apart = {frozenset((group_of[a], group_of[b])) for a, b in found.cannot_link}
    assert all(len(pair) == 2 for pair in apart)
    dropped = {sentence.split()[1] for sentence in found.contradictions}
    for override in overrides:
        pairs = [(a, b) for a in override.left_records for b in override.right_records]
        if override.override_id in dropped:
            continue
        if override.verdict == Verdict.MUST_LINK:
            assert all(group_of[a] == group_of[b] for a, b in pairs)
        else:
            assert all(frozenset((group_of[a], group_of[b])) in apart for a, b in pairs)


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_in_which_overrides_are_read_does_not_matter(order):
    overrides = [must("a", "b", 1), cannot("a", "c", 2), must("b", "c", 3), cannot("d", "ab", 4)]
    assert constraints(overrides[::order], ALL) == constraints(overrides, ALL)

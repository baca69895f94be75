"""Clusters: components, the parts they are taken into, and what a person has said."""

import numpy as np
import pytest

from dagster_project.resolution import clustering
from dagster_project.resolution.clustering import bounded, components, take_apart, whole


def test_chains_of_edges_make_components_named_after_their_smallest_record():
    labels = components(6, np.array([4, 2, 5]), np.array([2, 1, 3]))
    assert labels.tolist() == [0, 1, 1, 3, 1, 3]


def test_records_without_edges_stand_alone():
    assert components(3, np.array([], dtype=int), np.array([], dtype=int)).tolist() == [0, 1, 2]


def test_no_records_make_no_components():
    assert components(0, np.array([], dtype=int), np.array([], dtype=int)).tolist() == []


def test_a_component_is_whole_when_every_two_of_its_records_are_joined():
    labels = np.array([0, 0, 0, 3, 3, 3])
    assert whole(labels, np.array([0, 0, 1, 3, 4])).tolist() == [True] * 3 + [False] * 3


def parts(pairs: dict[tuple[int, int], float], records: int, **constraints) -> list[int]:
    left, right = (np.array(side) for side in zip(*pairs, strict=True))
    affinity = np.array(list(pairs.values()))
    one = np.zeros(records, dtype=np.int64)
    return take_apart(one, left, right, affinity, -0.25, **constraints).tolist()


def test_a_chain_is_cut_where_its_ends_contradict():
    # 0 and 2 are two branches; 1 is their switchboard, a little closer to the first
    assert parts({(0, 1): 4.0, (1, 2): 3.0, (0, 2): -10.0}, 3) == [0, 0, 2]


def test_a_weak_bridge_between_two_groups_is_cut():
    groups = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]
    assert parts(dict.fromkeys(groups, 8.0) | {(2, 3): 1.0}, 6) == [0, 0, 0, 3, 3, 3]
    assert parts(dict.fromkeys(groups, 8.0) | {(2, 3): 9.0}, 6) == [0] * 6


def test_one_moved_record_stays_with_those_it_agrees_with():
    assert parts({(0, 1): 9.0, (0, 2): 9.0, (1, 2): -2.0}, 3) == [0, 0, 0]


def test_must_linked_records_are_one_whatever_their_affinity():
    assert parts({(0, 1): -10.0, (0, 2): -10.0, (1, 2): 5.0}, 3, must_link=[(0, 2)])[2] == 0


def test_cannot_linked_records_are_two_whatever_their_affinity():
    found = parts({(0, 1): 9.0, (0, 2): 9.0, (1, 2): 9.0}, 3, cannot_link=[(0, 2)])
    assert found[0] != found[2]


def test_a_giant_component_is_cut_along_its_weakest_edges(monkeypatch):
    monkeypatch.setattr(clustering, "LARGEST", 3)
    left, right = np.arange(5), np.arange(1, 6)
    labels = bounded(components(6, left, right), left, right, np.array([9.0, 9.0, 1.0, 9.0, 9.0]))
    assert labels.tolist() == [0, 0, 0, 3, 3, 3]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_pairs_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    left, right = np.triu_indices(12, 1)
    affinity = rng.integers(-6, 7, len(left)).astype(float)
    shuffled = rng.permutation(len(left))
    one = np.zeros(12, dtype=np.int64)
    first = take_apart(one, left, right, affinity, -0.25)
    assert take_apart(one, left[shuffled], right[shuffled], affinity[shuffled], -0.25).tolist() == first.tolist()

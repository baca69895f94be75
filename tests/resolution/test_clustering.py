"""Connected components."""

import numpy as np

from dagster_project.resolution.clustering import components


def test_chains_of_edges_make_clusters_numbered_by_their_smallest_record():
    labels = components(6, np.array([4, 2, 5]), np.array([2, 1, 3]))
    assert labels.tolist() == [0, 1, 1, 3, 1, 3]


def test_records_without_edges_stand_alone():
    assert components(3, np.array([], dtype=int), np.array([], dtype=int)).tolist() == [0, 1, 2]


def test_no_records_make_no_clusters():
    assert components(0, np.array([], dtype=int), np.array([], dtype=int)).tolist() == []

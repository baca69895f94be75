"""Clusters from kept edges: connected components.

A component joins everything that a chain of edges joins; what keeps chains short is the evidence in the comparisons
(another address, a far point) and not this module.
"""

import numpy as np


def components(records: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Cluster number of each of `records` records, given the edges as two arrays of record numbers.

    Clusters are numbered by their smallest record, so the result does not depend on the order of the edges.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(left), dtype=np.int8)
    graph = coo_array((ones, (left, right)), shape=(records, records))
    _, labels = connected_components(graph, directed=False)
    _, first_seen, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return first_seen[inverse].astype(np.int64)

"""Clusters from weighed pairs, without chains.

Connected components join whatever a chain of edges joins: a branch, the switchboard it shares with another branch,
that branch. Here each component is taken apart again wherever its pairs, taken together, speak against it:

* every two records of a component have an affinity: above 0 for an edge, below 0 where the evidence contradicts, a
  little below 0 where it says nothing;
* average linkage joins the two groups with the highest mean affinity while one is above 0. So one weak edge does not
  join two groups of many records (a weak bridge), and no chain joins what contradicts itself;
* what a person has said comes first: must-linked records begin as one group, cannot-linked ones never share one.

Components are small, so the work is nearly linear in the edges. What a giant one would cost is bounded: it is cut
along its weakest edges until no part has more than `LARGEST` records.
"""

from collections.abc import Iterable, Sequence

import numpy as np

# Twelve providers with twelve listings each; past that a component is a chain of mistakes.
LARGEST = 150

Pairs = Sequence[tuple[int, int]]


def components(records: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Connected components: for each of `records` records the smallest record it is connected with, given the edges
    as two arrays of record numbers."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(left))  # of the type scipy would turn any other into
    graph = coo_array((ones, (left, right)), shape=(records, records))
    count, labels = connected_components(graph, directed=False)
    # the last to write wins, so from the back the smallest does; sorting a million labels would take ten times as long
    smallest = np.empty(count, dtype=np.int64)
    smallest[labels[::-1]] = np.arange(records - 1, -1, -1)
    return smallest[labels]


def bounded(labels: np.ndarray, left: np.ndarray, right: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The same components, but none larger than `LARGEST`: larger ones are grown anew, strongest edges first, and an
    edge that would make too large a part is left out."""
    sizes = np.bincount(labels, minlength=len(labels))
    giant = sizes[labels[left]] > LARGEST
    if not giant.any():
        return labels
    order = np.lexsort((right[giant], left[giant], -weight[giant]))
    members = np.flatnonzero(sizes[labels] > LARGEST)
    forest = _Forest(members.tolist())
    for a, b in zip(left[giant][order].tolist(), right[giant][order].tolist(), strict=True):
        forest.join(a, b, LARGEST)
    parts = labels.copy()
    parts[members] = [forest.root(m) for m in members.tolist()]
    return parts


class _Forest:
    """Union-find whose roots are the smallest members."""

    def __init__(self, members: Iterable[int]) -> None:
        self.parent = {m: m for m in members}
        self.size = dict.fromkeys(self.parent, 1)

    def root(self, member: int) -> int:
        while self.parent[member] != member:
            self.parent[member] = self.parent[self.parent[member]]
            member = self.parent[member]
        return member

    def join(self, a: int, b: int, most: int) -> None:
        low, high = sorted((self.root(a), self.root(b)))
        if low != high and self.size[low] + self.size[high] <= most:
            self.parent[high] = low
            self.size[low] += self.size[high]


def whole(labels: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Whether each record's component is complete: every two of its records are joined by an edge of their own, so
    there is nothing to take apart. `left` is the left end of every edge, each pair once."""
    sizes = np.bincount(labels, minlength=len(labels))
    edges = np.bincount(labels[left], minlength=len(labels))
    return (edges == sizes * (sizes - 1) // 2)[labels]


def take_apart(
    labels: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    affinity: np.ndarray,
    silence: float,
    *,
    must_link: Pairs = (),
    cannot_link: Pairs = (),
) -> np.ndarray:
    """Clusters within components: for each record the smallest of its cluster.

    `left`, `right`, `affinity` are pairs within components, each once; a pair that is not given has the affinity
    `silence`. Constraints are pairs of records; a must-link outranks a cannot-link.
    """
    result = labels.copy()
    order = np.lexsort((right, left, labels[left]))
    left, right, affinity = left[order], right[order], affinity[order]
    starts = np.flatnonzero(np.diff(labels[left], prepend=-1))
    ends = np.append(starts, len(left))[1:]
    wanted, refused = _by_component(labels, must_link), _by_component(labels, cannot_link)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        component = int(labels[left[start]])
        a, b = left[start:end], right[start:end]
        members = np.union1d(a, b)
        table = np.full((len(members), len(members)), silence)
        i, j = np.searchsorted(members, a), np.searchsorted(members, b)
        table[i, j] = table[j, i] = affinity[start:end]
        for x, y in refused.get(component, ()):
            p, q = np.searchsorted(members, (x, y))
            table[p, q] = table[q, p] = -np.inf
        groups = [np.searchsorted(members, pair) for pair in wanted.get(component, ())]
        result[members] = members[average_linkage(table, groups)]
    return result


def _by_component(labels: np.ndarray, pairs: Pairs) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for a, b in pairs:
        if labels[a] == labels[b]:
            found.setdefault(int(labels[a]), []).append((a, b))
    return found


def average_linkage(affinity: np.ndarray, joined: Sequence[np.ndarray] = ()) -> np.ndarray:
    """For each row of a symmetric table of affinities the first row of its group.

    The two groups with the highest mean affinity are joined while that is above 0; among equals the first in order.
    `joined` are pairs of rows that are one record, because a person said so.
    """
    n = len(affinity)
    group, size, total = np.arange(n), np.ones(n), affinity.astype(float)
    np.fill_diagonal(total, -np.inf)
    for a, b in joined:
        _identify(group, total, *sorted((group[a], group[b])))
    while True:
        mean = total / np.outer(size, size)
        low, high = divmod(int(np.argmax(mean)), n)
        if not mean[low, high] > 0:
            return group
        _merge(group, size, total, *sorted((low, high)))


def _identify(group: np.ndarray, total: np.ndarray, low: int, high: int) -> None:
    """Make rows `low` and `high` one record, in place: as like any other as the liker of the two, and kept apart from
    whom either is kept apart from. Evidence between the rest and one of them is none against the other."""
    if low == high:
        return
    apart = np.isneginf(total[low]) | np.isneginf(total[high])
    total[low] = np.where(apart, -np.inf, np.maximum(total[low], total[high]))
    total[:, low] = total[low]
    total[low, low] = -np.inf
    total[high] = total[:, high] = -np.inf
    group[group == high] = low


def _merge(group: np.ndarray, size: np.ndarray, total: np.ndarray, low: int, high: int) -> None:
    """Join group `high` into `low`, in place."""
    if low == high:
        return
    total[low] += total[high]
    total[:, low] = total[low]
    total[low, low] = -np.inf
    total[high] = total[:, high] = -np.inf
    size[low] += size[high]
    group[group == high] = low

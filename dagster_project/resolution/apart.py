"""What it means that one provider keeps two records apart: learned per provider from the data, never a veto.

A provider that lists no business twice says something by listing two: its pairs weigh less, by how much rarer they are
among sure matches than chance would have them. A provider full of duplicates says nothing, and so does a file with a
single one. It never speaks for a match.
"""

import math
from collections.abc import Mapping

# However many matches show no duplicate within a provider, the next may: at most a factor of 250.
MOST_BITS = 8.0


def bits_by_provider(records: Mapping[str, int], matches: Mapping[str, float], all_matches: float) -> dict[str, float]:
    """Provider to the weight (0 or less) of a pair within it, leaving out those that say nothing.

    `records` counts records, `matches` sure matches within each provider, `all_matches` those of the whole data.
    """
    if len(records) < 2:
        return {}
    total = sum(records.values())
    bits = {}
    for provider, count in records.items():
        expected = all_matches * (count / total) ** 2
        ratio = (matches.get(provider, 0.0) + 1) / (expected + 1)
        if ratio < 1:
            bits[provider] = max(-MOST_BITS, math.log2(ratio))
    return bits

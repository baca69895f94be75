"""Why two records are one lead, in plain words: the waterfall of a kept edge."""

import json
from collections.abc import Mapping
from typing import Any

BAR = 24


def waterfall(edge: Mapping[str, Any]) -> list[str]:
    """Lines that explain a row of the merge graph: where the odds start, what each comparison adds, where they end.

    Comparisons without evidence are left out; the rest come strongest first. The numbers are bits (log2 odds): one
    more doubles the odds.
    """
    weights: dict[str, float] = json.loads(edge["weights"])
    start = weights.pop("prior")
    evidence = sorted(((n, w) for n, w in weights.items() if w), key=lambda item: -abs(item[1]))
    return [
        f"{'start':14s} {start:+6.1f}  two records taken at random",
        *(f"{name:14s} {weight:+6.1f}  {_bar(weight)} {_meaning(weight)}" for name, weight in evidence),
        f"{'sum':14s} {edge['match_weight']:+6.1f}  {_probability(edge['match_probability'])}, found by {edge['rule']}",
    ]


def _bar(weight: float) -> str:
    return ("+" if weight > 0 else "-") * min(BAR, max(1, round(abs(weight))))


def _meaning(weight: float) -> str:
    times = 2 ** abs(weight)
    factor = f"{times:,.0f}" if times >= 10 else f"{times:.1f}"
    return f"{factor} times {'likelier' if weight > 0 else 'less likely'} the same"


def _probability(probability: float) -> str:
    return "over 99.99% sure" if probability > 0.9999 else f"{probability:.2%} sure"

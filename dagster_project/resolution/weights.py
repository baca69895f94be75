"""A trained model as SQL: the evidence of a pair, comparison by comparison.

Splink trains the model and gives it its file format; a run needs only its arithmetic: for each comparison log2(m/u)
of the first level whose condition holds, where a level that counts rarity takes the value's own frequency for u.
Written as one query, DuckDB stops weighing a pair as soon as what is left could not lift it over a floor, which is
most pairs. `tests/resolution/test_weights.py` holds the result against Splink's own `predict`.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

from dagster_project.resolution.model import Model

# Comparisons are weighed in order of cost: numbers and short text first, the words of a name last.
CHEAP_FIRST = ("location", "birth", "national_id", "registration")
DEAR_LAST = ("name",)

# No value is rarer than one in ten million, however large the world.
RAREST = 1e-7

# What several levels of a comparison ask, worked out once per pair.
_COUNTS = re.compile(r"len\(list_intersect\((\w+)_l, \1_r\)\)")
SHARED = r"shared_\1"
_SIDES = re.compile(r"\b([a-z][a-z0-9_]*)_([lr])\b")


def weigh(model: Model, floor: float | None = None, pairs: str = "pairs") -> str:
    """Query of the pairs of a table (id_l, id_r, rule) with a column per comparison (`mw_name`, …) and their sum,
    `evidence`, the prior apart.

    With a `floor`, pairs below it are left out, as early as their best possible sum falls under it.
    """
    comparisons = _in_order(model)
    names = [c["output_column_name"] for c in comparisons]
    query = _sides(" ".join(_weight(c) for c in comparisons), pairs)
    for place, comparison in enumerate(comparisons):
        weight = _weight(comparison)
        for column in sorted(set(_COUNTS.findall(weight))):
            query = f"select *, len(list_intersect({column}_l, {column}_r)) as shared_{column} from ({query})"  # noqa: S608
        query = f"select *, {_COUNTS.sub(SHARED, weight)} as mw_{names[place]} from ({query})"  # noqa: S608
        if floor is not None:
            so_far = " + ".join(f"mw_{name}" for name in names[: place + 1])
            left = sum(_best(c) for c in comparisons[place + 1 :])
            query = f"select * from ({query}) where {so_far} + {left} >= {floor}"  # noqa: S608
    columns = [f"mw_{name}" for name in names]
    return f"select id_l, id_r, rule, {', '.join(columns)}, {' + '.join(columns)} as evidence from ({query})"  # noqa: S608


def levels(comparisons: Sequence[dict[str, Any]], pairs: str) -> str:
    """Query of the pairs of a table (id_l, id_r, rule) with the number of the level each comparison finds them in
    (`level_name`, …)."""
    cases = []
    for comparison in comparisons:
        branches = [
            f"when {'true' if lv['sql_condition'] == 'ELSE' else lv['sql_condition']} then {place}"
            for place, lv in enumerate(comparison["comparison_levels"])
        ]
        cases.append(f"case {' '.join(branches)} end as level_{comparison['output_column_name']}")
    conditions = " ".join(lv["sql_condition"] for c in comparisons for lv in c["comparison_levels"])
    return f"select id_l, id_r, {', '.join(cases)} from ({_sides(conditions, pairs)})"  # noqa: S608


def _in_order(model: Model) -> list[dict[str, Any]]:
    def cost(comparison: dict[str, Any]) -> int:
        name = comparison["output_column_name"]
        return 2 if name in DEAR_LAST else 0 if name in CHEAP_FIRST else 1

    return sorted(model.comparisons, key=cost)


def _sides(sql: str, pairs: str) -> str:
    """Both records' columns that the SQL mentions beside each pair."""
    columns = ", ".join(f"{side}.{name} as {name}_{side}" for name, side in sorted(set(_SIDES.findall(sql))))
    return (
        f"select p.id_l, p.id_r, p.rule, {columns} from {pairs} p "  # noqa: S608
        "join records l on l.id = p.id_l join records r on r.id = p.id_r"
    )


def _weight(comparison: dict[str, Any]) -> str:
    """SQL `case` over the levels; one without evidence, or without probabilities to tell it, weighs 0."""
    branches, otherwise = [], "0.0"
    for lv in comparison["comparison_levels"]:
        silent = lv.get("is_null_level") or not (lv.get("m_probability") and lv.get("u_probability"))
        value = "0.0" if silent else _level_weight(lv)
        if lv["sql_condition"] == "ELSE":
            otherwise = value
        else:
            branches.append(f"when {lv['sql_condition']} then {value}")
    return f"case {' '.join(branches)} else {otherwise} end"


def _level_weight(lv: dict[str, Any]) -> str:
    m, u, column = lv["m_probability"], lv["u_probability"], lv.get("tf_adjustment_column")
    if column is None:
        return f"{math.log2(m / u):.9f}"
    return f"{math.log2(m):.9f} - log2(coalesce(greatest(tf_{column}_l, tf_{column}_r), {u}))"


def _best(comparison: dict[str, Any]) -> float:
    """The most a comparison can add, in bits."""
    weights = [
        math.log2(lv["m_probability"] / (RAREST if "tf_adjustment_column" in lv else lv["u_probability"]))
        for lv in comparison["comparison_levels"]
        if lv.get("m_probability") and lv.get("u_probability")
    ]
    return max(weights, default=0.0)

"""A trained model as SQL: the evidence of a pair, comparison by comparison.

Splink trains the model and gives it its file format; a run needs only its arithmetic: for each comparison log2(m/u)
of the first level whose condition holds, where a level that counts rarity takes the value's own frequency for u.
Names, which cost most, are only compared where they could still lift a pair over the floor.
`tests/resolution/test_weights.py` holds the result against Splink's own `predict`.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

import duckdb

from dagster_project.resolution.hubs import LEAST_SHARE
from dagster_project.resolution.model import Model

# The comparisons that cost most: the words of a name.
DEAR = ("name",)

# What several levels of a comparison ask, worked out once per pair: the words two lists share, the squared distance
# of two points (a third of what the location costs, because many levels ask for it).
_COUNTS = re.compile(r"len\(list_intersect\((\w+)_l, \1_r\)\)")
SHARED = r"shared_\1"
_SQUARE = r"\({0}_l - {0}_r\) \* \({0}_l - {0}_r\)"
_DISTANCE = re.compile(r"\(" + r" \+ ".join(_SQUARE.format(axis) for axis in ("geo_x", "geo_y", "geo_z")) + r"\)")
# One edit without a swap is seen at a sixth of the cost.
_EDITS = re.compile(r"damerau_levenshtein\((name_\w+)_l, \1_r\)")
EDITS = (
    r"case when levenshtein(\1_l, \1_r) <= 1 then levenshtein(\1_l, \1_r) "
    r"else damerau_levenshtein(\1_l, \1_r) end"
)
# A text of seven or more with one edit has its first three or its last three as they were, which most numbers have not.
_ONE_EDIT = re.compile(
    r"(jaro_winkler_similarity\((\w+)_l, \2_r\) >= [\d.]+ and damerau_levenshtein\(\2_l, \2_r\) <= 1)"
)
ONE_EDIT = r"(starts_with(\2_l, left(\2_r, 3)) or ends_with(\2_l, right(\2_r, 3)) or length(\2_l) < 7) and \1"
_SIDES = re.compile(r"\b([a-z][a-z0-9_]*)_([lr])\b")


def weigh(model: Model, pairs: str = "pairs") -> str:
    """Query of the pairs of a table (id_l, id_r, rule) with a column per comparison (`mw_name`, …) and their sum,
    `evidence`, the prior apart."""
    names = [f"mw_{c['output_column_name']}" for c in model.comparisons]
    return (
        f"select id_l, id_r, rule, {', '.join(names)}, {' + '.join(names)} as evidence "  # noqa: S608
        f"from ({_weighed(model.comparisons, pairs)})"
    )


def weigh_above(con: duckdb.DuckDBPyConnection, model: Model, floor: float, rarest: float, into: str) -> None:
    """Create a table of what `weigh` says of `pairs`, of the pairs with at least `floor` bits of evidence.

    The dear comparisons are only worked out for pairs that could still reach it; `rarest` is the smallest share of the
    records that any value has, and bounds what sharing one can add, which only pairs that do share one can hope for.
    In two statements, because DuckDB would work out a filtered expression twice.
    """
    dear = [c for c in model.comparisons if c["output_column_name"] in DEAR]
    cheap = [c for c in model.comparisons if c not in dear]
    known = [f"mw_{c['output_column_name']}" for c in cheap]
    con.execute(
        f"create temp table cheap as select id_l, id_r, rule, {', '.join(known)} from ({_weighed(cheap, 'pairs')})"  # noqa: S608
    )
    promising = f"(select * from cheap where {' + '.join(known)} + {sum(_best(c, rarest) for c in dear)} >= {floor})"  # noqa: S608
    names = [f"mw_{c['output_column_name']}" for c in model.comparisons]
    columns = f"id_l, id_r, rule, {', '.join(names)}"
    weighed = _weighed(dear, promising, known, where=_may_reach(dear, known, floor))
    con.execute(f"create temp table dear as select {columns} from ({weighed})")  # noqa: S608
    total = " + ".join(names)
    con.execute(f"create temp table {into} as select *, {total} as evidence from dear where {total} >= {floor}")  # noqa: S608
    con.execute("drop table cheap; drop table dear")


def _may_reach(dear: Sequence[dict[str, Any]], known: Sequence[str], floor: float) -> str:
    """Condition of the pairs that reach the floor with a level that rarity does not lift, or have a rare value in
    common. It spares three in ten pairs the words of their names."""
    rare = [lv["sql_condition"] for c in dear for lv in c["comparison_levels"] if "tf_adjustment_column" in lv]
    plain = [
        {"comparison_levels": [lv for lv in c["comparison_levels"] if "tf_adjustment_column" not in lv]} for c in dear
    ]
    best = sum(_best(c, 1.0) for c in plain)
    return " or ".join([f"{' + '.join(known)} + {best} >= {floor}", *(f"({condition})" for condition in rare)])


def _weighed(
    comparisons: Sequence[dict[str, Any]], pairs: str, carried: Sequence[str] = (), *, where: str = "true"
) -> str:
    """Query of pairs with the weight of each comparison, and columns of theirs carried over."""
    weights = {c["output_column_name"]: _weight(c) for c in comparisons}
    everything = " ".join(weights.values())
    once = [f"{_count(c)} as shared_{c}" for c in sorted(set(_COUNTS.findall(everything)))]
    once += [f"{found} as distance" for found in sorted(set(_DISTANCE.findall(everything)))]
    query = f"select {', '.join(['*', *once])} from ({_sides(everything, pairs, carried)}) where {where}"  # noqa: S608
    columns = ", ".join(
        f"{_DISTANCE.sub('distance', _COUNTS.sub(SHARED, weight))} as mw_{name}" for name, weight in weights.items()
    )
    return f"select *, {columns} from ({query})"  # noqa: S608


def _count(column: str) -> str:
    """How many values two lists share. Half of the pairs have the same one, which is cheaper seen."""
    left, right = f"{column}_l", f"{column}_r"
    return f"case when {left} = {right} then len({left}) else len(list_intersect({left}, {right})) end"


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


def _sides(sql: str, pairs: str, carried: Sequence[str] = ()) -> str:
    """Both records' columns that the SQL mentions beside each pair."""
    columns = ", ".join(f"{side}.{name} as {name}_{side}" for name, side in sorted(set(_SIDES.findall(sql))))
    own = ", ".join(f"p.{name}" for name in ("id_l", "id_r", "rule", *carried))
    return (
        f"select {own}, {columns} from {pairs} p "  # noqa: S608
        "join records l on l.id = p.id_l join records r on r.id = p.id_r"
    )


def _weight(comparison: dict[str, Any]) -> str:
    """SQL `case` over the levels; one without evidence, or without probabilities to tell it, weighs 0."""
    branches, otherwise = [], "0e0"
    for lv in comparison["comparison_levels"]:
        silent = lv.get("is_null_level") or not (lv.get("m_probability") and lv.get("u_probability"))
        value = "0e0" if silent else _level_weight(lv)
        if lv["sql_condition"] == "ELSE":
            otherwise = value
        else:
            condition = _ONE_EDIT.sub(ONE_EDIT, _EDITS.sub(EDITS, lv["sql_condition"]))
            branches.append(f"when {condition} then {value}")
    return f"case {' '.join(branches)} else {otherwise} end"


def _level_weight(lv: dict[str, Any]) -> str:
    m, u, column = lv["m_probability"], lv["u_probability"], lv.get("tf_adjustment_column")
    if column is None:
        return f"{math.log2(m / u):.9f}e0"
    return f"{math.log2(m):.9f}e0 - log2(coalesce(greatest(tf_{column}_l, tf_{column}_r), {u}))"


def _best(comparison: dict[str, Any], rarest: float) -> float:
    """The most a comparison can add, in bits."""
    weights = [
        math.log2(lv["m_probability"] / (_least_share(lv, rarest)))
        for lv in comparison["comparison_levels"]
        if lv.get("m_probability") and lv.get("u_probability")
    ]
    return max(weights, default=0.0)


def _least_share(lv: dict[str, Any], rarest: float) -> float:
    """The smallest u a level can have: its own, or that of the rarest value or the smallest hub."""
    column = lv.get("tf_adjustment_column")
    if column is None:
        return lv["u_probability"]
    return LEAST_SHARE if column.endswith("_hub") else min(rarest, lv["u_probability"])

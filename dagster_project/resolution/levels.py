"""Words for writing comparisons as data: a level is a label, a SQL condition and how rare values count.

The dictionaries made here are what Splink reads and what the model files hold, so a model file is this data plus
probabilities. What is compared is said by `business` and `person`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Level = dict[str, Any]


@dataclass(frozen=True)
class Block:
    """Who is compared: records with the same values of `columns`, in groups of at most `most`.

    A group of n records is n²/2 pairs, so a rule that does not say where must keep its groups small: at a million
    records half of the streets and names of a country are everywhere.
    """

    columns: Sequence[str]
    most: int = 30


@dataclass(frozen=True)
class Hub:
    """A value that belongs to many: an agency's domain, a franchise's phone, a shared mailbox.

    `value` is the feature; it is a hub when the records that have it are spread over at least `least` different
    values (effectively; see `hubs`) of one of the features in `over`. The number beside each says how many of its
    values make one place: names vary within one business, house numbers do not.
    """

    value: str
    over: Mapping[str, float]
    least: float = 2.2


def level(
    label: str, condition: str, *, rarity_of: str | None = None, m: float | None = None, u: float | None = None
) -> Level:
    """One comparison level. `rarity_of` names the column whose frequency replaces u, so that sharing a rare value
    weighs more than sharing a common one. `m` and `u` fix a probability as policy, out of training's reach."""
    spec: Level = {"label_for_charts": label, "sql_condition": condition}
    if rarity_of:
        spec |= {"tf_adjustment_column": rarity_of, "disable_tf_exact_match_detection": True}
    if m is not None:
        spec |= {"m_probability": m, "fix_m_probability": True}
    if u is not None:
        spec |= {"u_probability": u, "fix_u_probability": True}
    return spec


def comparison(name: str, *levels: Level, missing: str) -> dict[str, Any]:
    """A comparison: the first level whose condition holds speaks; none of them means they differ; `missing` is the
    condition under which there is nothing to compare and so no evidence."""
    nothing = {"label_for_charts": "unknown", "sql_condition": missing, "is_null_level": True}
    return {"output_column_name": name, "comparison_levels": [nothing, *levels]}


def differs(label: str = "different", *, m: float | None = None) -> Level:
    """The last level of a comparison: comparable, and nothing above holds."""
    return level(label, "ELSE", m=m)


def missing(*columns: str) -> str:
    """Condition: one side lacks one of the columns."""
    return " or ".join(f"{c}_l is null or {c}_r is null" for c in columns)


def same(column: str) -> str:
    """Condition: both sides have the same value."""
    return f"{column}_l = {column}_r"


def alike(column: str, threshold: float) -> str:
    """Condition: Jaro-Winkler similarity of at least `threshold`."""
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {threshold}"


def shared(column: str) -> str:
    """Number of elements that two sorted lists of distinct values share."""
    return f"len(list_intersect({column}_l, {column}_r))"


def number_of(*expressions: str) -> str:
    """One number for one or more values, null where one is missing: 63 bits of their hash, because not every engine has
    unsigned ones. Pairs are only asked whether two are the same, and a number travels faster than a text."""
    known = " and ".join(f"({e}) is not null" for e in expressions)
    return f"case when {known} then (hash({', '.join(expressions)}) >> 1)::bigint end"


def numbers_of(words: str) -> str:
    """Number of each word of a list."""
    return f"list_transform({words}, lambda w: (hash(w) >> 1)::bigint)"


def in_order(words: str) -> str:
    """The distinct words of a list in order. Six in ten names have at most two words; sorting lists and looking for
    repetitions in them costs more than all else that is done to a name. The list of one list gives the words a name."""
    ordered = "case when len(w) < 2 or (len(w) = 2 and w[1] < w[2]) then w when len(w) = 2 and w[1] > w[2]"
    return f"list_transform([{words}], lambda w: {ordered} then [w[2], w[1]] else list_sort(list_distinct(w)) end)[1]"

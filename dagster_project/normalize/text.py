"""Steps on columns of text that every field shares: work only where needed, fold, look up, replace words.

Functions take and give a Series. The costly ones first ask a cheap question of the whole column, because most values of
most columns are already clean. What a field means is said in its own module.
"""

import re
from collections.abc import Callable, Iterable, Mapping

import polars as pl

# Letters that Unicode does not decompose into a base letter and an accent.
LETTERS = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ł": "l",
    "ħ": "h",
    "ı": "i",
    "ŋ": "n",
}


def rewritten(values: pl.Series, where: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`values` with `change` applied where `where` is true; the rest is neither copied through it nor computed."""
    rows = where.fill_null(False).arg_true()
    if rows.is_empty():
        return values
    if len(rows) == len(values):
        return change(values)
    return values.clone().scatter(rows, change(values.gather(rows)))


def per_unique(values: pl.Series, answer: Callable[[str], object], dtype: pl.DataType) -> pl.Series:
    """`answer` of each value, asked once per distinct one; null stays null. For what only Python can do."""
    unique = values.drop_nulls().unique()
    if unique.is_empty():
        return pl.Series(values.name, [None] * len(values), dtype=dtype)
    answers = pl.Series([answer(value) for value in unique], dtype=dtype)
    return values.replace_strict(unique, answers, default=None, return_dtype=dtype)


def per_distinct(values: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`change` of a column of few distinct values (countries, cities), made once for each of them."""
    distinct = values.unique()
    if len(distinct) * 2 > len(values):
        return change(values)
    changed = change(distinct)
    return values.replace_strict(distinct, changed, return_dtype=changed.dtype)


def lookup(values: pl.Series, table: Mapping[str, str]) -> pl.Series:
    """The table's value of each key; null for keys it lacks."""
    return values.replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.String)


def tidy(values: pl.Series) -> pl.Series:
    """One space between words and none around them; null when nothing is left."""
    untidy = values.str.contains(r"^\s|\s$|\s\s|[^\S ]|^$")
    return rewritten(values, untidy, _tidied)


def _tidied(values: pl.Series) -> pl.Series:
    texts = values.str.replace_all(r"\s+", " ").str.strip_chars()
    return texts.set(texts == "", None)


def fold(values: pl.Series) -> pl.Series:
    """Lower case without accents, for comparison. Other scripts keep their letters."""
    lowered = values.str.to_lowercase()
    return rewritten(lowered, lowered.str.len_bytes() != lowered.str.len_chars(), _without_accents)


def _without_accents(values: pl.Series) -> pl.Series:
    # only the block of combining accents: the marks of Thai or Hindi are letters to their readers
    bare = values.str.normalize("NFKD").str.replace_all(r"[\u0300-\u036f]+", "").str.normalize("NFKC")
    return bare.str.to_lowercase().str.replace_many(LETTERS)


def code(values: pl.Series) -> pl.Series:
    """Folded, words joined by `_`: how closed lists are looked up ("Closed Won" and "closed-won" are closed_won)."""
    return fold(values).str.replace_all(r"[^\p{L}\p{N}.]+", "_").str.strip_chars("_")


def replace_words(values: pl.Series, table: Mapping[str, str]) -> pl.Series:
    """Whole words, parted by single spaces, replaced by the table's."""
    # every word gets its own two spaces, so that neighbours can both match: 3 times faster than split and join
    padded = " " + values.str.replace_all(" ", "  ", literal=True) + " "
    replaced = padded.str.replace_many([f" {w} " for w in table], [f" {w} " for w in table.values()])
    return replaced.str.replace_all("  ", " ", literal=True).str.strip_chars(" ")


def one_of(words: Iterable[str]) -> str:
    """A regular expression that matches any of the words, longest first."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=lambda w: (-len(w), w))) + ")"

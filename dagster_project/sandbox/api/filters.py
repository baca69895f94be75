"""Filters that several providers have: each takes some of a book's records and gives those that pass, in order."""

from collections.abc import Iterable

import numpy as np
import polars as pl

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Book

# Words of a question that say nothing of what is looked for.
LITTLE = {"a", "an", "and", "for", "in", "near", "of", "the"}


def containing(book: Book, rows: np.ndarray, text: str) -> np.ndarray:
    """Records that every word of a text is about: it stands in their name or city, or in a name of their trade."""
    for word in text.lower().replace(",", " ").split():
        if word in LITTLE or not len(rows):
            continue
        hit = np.isin(book.column("category_code")[rows], list(trades.by_word(word)))
        for column in ("name", "city"):
            found = book.texts(column, rows).str.to_lowercase().str.contains(word, literal=True)
            hit |= found.fill_null(value=False).to_numpy()
        rows = rows[hit]
    return rows


def matching(values: pl.Series, wanted: Iterable[str]) -> np.ndarray:
    """Whether each value is one of some, whatever the case."""
    return values.str.to_lowercase().is_in([w.lower() for w in wanted]).fill_null(value=False).to_numpy()


def between(values: np.ndarray, low: float | None, high: float | None) -> np.ndarray:
    return (values >= (low or 0)) & (values <= (np.inf if high is None else high))


def by_size(book: Book, rows: np.ndarray, ranges: list[str]) -> np.ndarray:
    """Records with any of the numbers of employees: `11,50`, or `501,` for any more."""
    employees, hit = book.column("employees")[rows], np.zeros(len(rows), bool)
    for text_range in ranges:
        low, _, high = text_range.partition(",")
        hit |= between(employees, float(low or 0), float(high) if high else None)
    return rows[hit]


def by_technology(book: Book, rows: np.ndarray, uids: list[str]) -> np.ndarray:
    used = book.texts("technologies", rows).str.replace_all(" ", "_").str.split("|")
    wanted = [uid.lower().replace(" ", "_") for uid in uids]
    return rows[used.list.eval(pl.element().is_in(wanted)).list.any().fill_null(value=False).to_numpy()]


def by_title(book: Book, rows: np.ndarray, titles: list[str]) -> np.ndarray:
    """People in whose title all words of any of the titles stand."""
    own = book.texts("title", rows).str.to_lowercase()
    hit = np.zeros(len(rows), bool)
    for title in titles:
        words = [own.str.contains(word, literal=True).to_numpy() for word in title.lower().split()]
        hit |= np.logical_and.reduce(words) if words else False
    return rows[hit]

"""Whom a question is about: the one record of a book that an e-mail, a profile, a name or a website leads to.

A people's book has the columns of `spelled`, a business's book is kept under its domains. Case, marks and spaces of
names are overlooked, spelling mistakes are not.
"""

from typing import Any

import polars as pl

from dagster_project.sandbox.api.book import Book
from dagster_project.sandbox.entities import slug, slugs

HAS_DOMAIN = pl.col("domain").is_not_null() & pl.col("chain").is_null()


def is_batch(asked: Any, most: int) -> bool:
    """Whether it is a list of one to `most` objects."""
    return isinstance(asked, list) and 1 <= len(asked) <= most and all(isinstance(one, dict) for one in asked)


def spelled(people: pl.DataFrame) -> dict[str, pl.Series]:
    """Columns by which `person_at` finds people."""
    person = slugs(people["first"]) + slugs(people["last"])
    return {
        "work_email": people["work_email"],
        "profile": slugs(people["first"]) + "-" + slugs(people["last"]) + "-" + people["mobile"].str.slice(6),
        "at_company": person + "@" + slugs(people["name"]),
        "at_domain": person + "@" + people["domain"],
    }


def person_at(
    book: Book,
    *,
    email: str | None = None,
    linkedin: str | None = None,
    name: str = "",
    company: str | None = None,
    domain: str | None = None,
) -> int | None:
    """The record of a person, by the first of these that is given; None when nobody is known by it."""
    if email:
        return book.first("work_email", email.lower())
    if linkedin:
        return book.first("profile", linkedin.rstrip("/").rpartition("/")[2].removeprefix("demo-"))
    if domain:
        return book.first("at_domain", f"{slug(name)}@{domain.lower()}")
    return book.first("at_company", f"{slug(name)}@{slug(company)}") if company else None


def known_of(book: Book, row: int) -> dict[str, Any]:
    """All that the world has of a record today, with what its book spells in its own way."""
    own = book.frame.row(row, named=True)
    return {**book.world.now.row(own["row"], named=True), **own}

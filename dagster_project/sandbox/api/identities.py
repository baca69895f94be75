"""Whom a question is about: the record of a book that an e-mail, a profile, a name or a website leads to.

All questions are answered from what is true of the world, however the provider spells it, and the same way every time.
Case and the spaces around a name are overlooked, spelling mistakes are not.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import polars as pl

from dagster_project.sandbox.api.book import Book

HAS_DOMAIN = pl.col("domain").is_not_null() & pl.col("chain").is_null()
# Columns of the world's people that name one of them, the surest first.
PERSON_WAYS = (
    ("work_email",),
    ("profile",),
    ("first", "last", "domain"),
    ("short", "last", "domain"),
    ("first", "last", "name"),
    ("short", "last", "name"),
)


def chance(*parts: str) -> float:
    """A number from 0 to 1 that the parts determine: who is refused, and whose answer takes a while."""
    return int.from_bytes(hashlib.blake2b("\n".join(parts).lower().encode(), digest_size=7).digest()) / 2**56


def person(
    book: Book,
    *,
    email: str = "",
    profile: str = "",
    first: str = "",
    last: str = "",
    domain: str = "",
    company: str = "",
) -> int | None:
    """The record of the person whom the first of the told ways finds; None when nobody is found. `profile` is an
    address on LinkedIn, `company` a name or a domain."""
    told = {"work_email": email, "profile": profile_of(profile), "first": first, "short": first, "last": last}
    told |= {"domain": bare(domain or company), "name": company}
    return _first(book, PERSON_WAYS, told)


def business(book: Book, *, domain: str = "", name: str = "") -> int | None:
    """The record of the company with a website or, that failing, a name; None when there is none."""
    return _first(book, (("domain",), ("name",)), {"domain": bare(domain), "name": name})


def bare(domain: str) -> str:
    """The domain of a website's address."""
    return domain.lower().removeprefix("https://").removeprefix("http://").removeprefix("www.").partition("/")[0]


def profile_of(address: str) -> str:
    """The last part of a profile's address, as everybody writes it who is not the demo's sales tool."""
    return address.rstrip("/").rpartition("/")[2].removeprefix("demo-")


def _first(book: Book, ways: tuple[tuple[str, ...], ...], told: Mapping[str, str]) -> int | None:
    for way in ways:
        if all(told[column] for column in way):
            place = book.known_as(way, [told[column].strip() for column in way])
            if place is not None:
                return place
    return None


def is_batch(asked: Any, most: int) -> bool:
    """Whether it is a list of one to `most` objects."""
    return isinstance(asked, list) and 1 <= len(asked) <= most and all(isinstance(one, dict) for one in asked)


def known_of(book: Book, row: int) -> dict[str, Any]:
    """All that the world has of a record today, with what its book spells in its own way."""
    own = book.frame.row(row, named=True)
    return {**book.world.now.row(own["row"], named=True), **own}

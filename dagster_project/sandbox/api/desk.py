"""What the providers' modules are given to answer with: the books, the lists of results, page tokens, the clock."""

import base64
import hashlib
import struct
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import question_id
from dagster_project.sandbox.api.live import LiveWorld
from dagster_project.sandbox.api.promises import Promises

# Places of records that lists of results may hold together: 32 MB.
MOST_LISTED = 8_000_000
TOKEN = struct.Struct(">4sIQ")


@dataclass(frozen=True)
class Listing:
    """All results of one question, in order: places in the provider's book."""

    question: str
    rows: np.ndarray

    def page(self, start: int, size: int) -> np.ndarray:
        return self.rows[start : start + size]


class Desk:
    """One sandbox's state that answers depend on. `disorder` may disturb the order of a new list."""

    def __init__(
        self,
        world: LiveWorld,
        complete: bool = False,
        token_seconds: float = 2.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.world, self.complete, self.token_seconds, self.clock = world, complete, token_seconds, clock
        self.disorder: Callable[[str, str, np.ndarray, int], np.ndarray] = lambda provider, question, rows, size: rows
        self.promises = Promises(clock)
        self._books: dict[str, Book] = {}
        self._lists: OrderedDict[str, Listing] = OrderedDict()
        self._held = 0

    def book(self, catalogue: Catalogue) -> Book:
        """A provider's book as it is today, opened when it is first asked for."""
        if catalogue.name not in self._books:
            self._books[catalogue.name] = Book(catalogue, self.world, self.complete)
        book = self._books[catalogue.name]
        if book.day < self.world.day:
            book.catch_up()
        return book

    def listing(self, provider: str, asked: Any, size: int, find: Callable[[], np.ndarray]) -> Listing:
        """The results of a question, found once and then remembered while there is room."""
        question = question_id([provider, asked])
        if question in self._lists:
            self._lists.move_to_end(question)
            return self._lists[question]
        listing = Listing(question, self.disorder(provider, question, find(), size))
        self._lists[question] = listing
        self._held += len(listing.rows)
        while self._held > MOST_LISTED and len(self._lists) > 1:
            self._held -= len(self._lists.popitem(last=False)[1].rows)
        return listing

    def forget(self) -> None:
        """Find every list anew: the world or its disorder has changed."""
        self._lists.clear()
        self._held = 0

    def token(self, subject: str, start: int) -> str:
        """An opaque token for the rest of a list, with what it is about and the moment it is made at."""
        content = struct.pack(">IQ", start, int(self.clock() * 1000)) + subject.encode()
        return base64.urlsafe_b64encode(_check(content) + content).decode()

    def read_token(self, token: str) -> tuple[str, int, bool] | None:
        """Subject, place in its list, and whether it is valid already; None for one that was never given."""
        try:
            raw = base64.urlsafe_b64decode(token)
        except ValueError:
            return None
        if len(raw) < TOKEN.size or raw[:4] != _check(raw[4:]):
            return None
        _, start, made = TOKEN.unpack(raw[: TOKEN.size])
        return raw[TOKEN.size :].decode(), start, self.clock() * 1000 >= made + self.token_seconds * 1000


def _check(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=4, key=b"sandbox").digest()

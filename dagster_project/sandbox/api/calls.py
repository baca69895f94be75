"""A call as a provider sees it, its answer, and what providers declare of themselves."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import orjson

from dagster_project.sandbox.api.book import Catalogue


@dataclass(frozen=True)
class Call:
    """One request; header names are lower case, `path` is without the provider's prefix."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body as an object; empty when it is anything else."""
        try:
            found = orjson.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass
class Reply:
    """One answer. `question` is what was asked, without where in the answer, and `cursor` that place.

    `price` is what it costs once it is handed over, for a refusal nothing; `per_record` what each record in it costs.
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    question: str = ""
    cursor: str = ""
    records: int = 0
    price: Decimal = Decimal(0)
    per_record: Decimal = Decimal(0)
    # Whether the provider counts it as an answer: there is something, or the documented way to say that there is not.
    is_answer: bool = False

    @property
    def charge(self) -> Decimal:
        return self.price + self.per_record * self.records

    @classmethod
    def of(cls, status: int, content: Any, **more: Any) -> "Reply":
        return cls(status, content if isinstance(content, bytes) else orjson.dumps(content), **more)

    @classmethod
    def page(cls, body: str, question: str, cursor: str, records: int, **price: Decimal) -> "Reply":
        """A page of a list that is answered as it should be."""
        return cls(200, body.encode(), {}, question, cursor, records, is_answer=True, **price)


@dataclass(frozen=True)
class Limit:
    """At most `calls` in `seconds`; `is_fixed` windows begin at multiples of their length, others slide."""

    calls: int
    seconds: float
    is_fixed: bool = False


def question_id(content: Any) -> str:
    """Short hash of what is asked."""
    return hashlib.blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


Handler = Callable[[Call, Any], Reply]


@dataclass(frozen=True)
class Route:
    """One endpoint: its name, and what answers it (`desk` is the sandbox's `Desk`).

    `listed` is where a page's list stands (nowhere: the body is the record, or the list), `named` the field of a record
    whose renaming or loss is a drift. A route that `is_apart` does not count in the provider's own windows.
    """

    endpoint: str
    answer: Handler
    listed: tuple[str, ...]
    named: str
    limits: tuple[Limit, ...] = ()
    is_apart: bool = False


@dataclass(frozen=True, kw_only=True)
class Service:
    """One provider. Its refusals are functions to an answer:

    `denied()` wrong key · `too_fast(limit, wait, endpoint)` · `used_up()` the allowance is gone · `failed()` 5xx ·
    `early()` a page token that is not valid yet · `unknown()` no such address. `usage(limit, used, reset)` are headers
    that tell of a window, on every answer. `catalogues` are the books that it answers from. A route's path may end in
    `*`, which stands for its last part.
    """

    name: str
    key: Callable[[Call], str | None]
    routes: Mapping[tuple[str, str], Route]
    limits: tuple[Limit, ...] = ()
    denied: Callable[[], Reply]
    too_fast: Callable[[Limit, float, str], Reply]
    used_up: Callable[[], Reply]
    failed: Callable[[], Reply]
    unknown: Callable[[], Reply]
    early: Callable[[], Reply] | None = None
    catalogues: tuple[Catalogue, ...] = ()
    usage: Callable[[Limit, int, float], Mapping[str, str]] = lambda limit, used, reset: {}

    def route(self, call: Call) -> Route | None:
        """What answers a call; None for an address that the provider does not have."""
        any_last = call.path.rpartition("/")[0] + "/*"
        return self.routes.get((call.method, call.path)) or self.routes.get((call.method, any_last))

"""What goes wrong on purpose, how often, and to which call: drawn by the seed alone.

Whether a call is hit depends on the seed, the provider, the question, its page and how often that page was asked for,
not on which of several workers came first. Two faults are about a question's whole list: `duplicated` repeats the end
of a page at the start of the next, `reordered` exchanges pages and shuffles records; no record is lost by either.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import orjson

from dagster_project.sandbox.api.calls import Reply, Route, Service

FAULTS = {
    "rate_limited": "refused as too fast, with Retry-After",
    "rate_limited_silent": "refused as too fast, without Retry-After",
    "quota": "refused because the plan's allowance is used up",
    "server_error": "5xx, several in a row",
    "stall": "answered only after a long while",
    "cut": "the connection is reset before the answer",
    "cut_charged": "carried out and charged, but the connection is reset before the answer",
    "cut_within": "the connection is reset in the middle of the body",
    "truncated": "half the JSON, as if it were whole",
    "drip": "the body comes in small pieces, slowly",
    "field_renamed": "a field of every record has another name",
    "field_missing": "a field is gone from every record",
    "field_extra": "every record has a field that nobody knows",
    "list_missing": "a page without its list",
    "token_early": "the page's token is not valid yet (older Google)",
    "duplicated": "a question's pages repeat the last records of the page before",
    "reordered": "a question's pages and their records stand in another order",
}
OF_LISTS = ("duplicated", "reordered")
TIMES = {"stall": 45.0, "drip": 0.05, "retry_after": 1.0, "burst": 3.0}


@dataclass
class Faults:
    """`rates` is provider (or "*") to fault to probability, `times` seconds and counts (see TIMES)."""

    seed: int = 0
    rates: dict[str, dict[str, float]] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=lambda: dict(TIMES))
    asked: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    bursts: Counter[str] = field(default_factory=Counter)

    def set(self, said: Mapping[str, Any], providers: set[str]) -> None:
        """Replace all faults: {provider: {fault: rate}, "seed": 7, "times": {"stall": 2}}. Raises ValueError."""
        rates = {name: dict(value) for name, value in said.items() if name not in ("seed", "times")}
        if unknown := set(rates) - providers - {"*"}:
            raise ValueError(f'no provider "{sorted(unknown)[0]}"')
        if unknown := {fault for several in rates.values() for fault in several} - FAULTS.keys():
            raise ValueError(f'no fault "{sorted(unknown)[0]}". Known: {", ".join(FAULTS)}')
        if unknown := set(said.get("times", ())) - TIMES.keys():
            raise ValueError(f'no time "{sorted(unknown)[0]}". Known: {", ".join(TIMES)}')
        self.seed, self.rates = int(said.get("seed", 0)), rates
        self.times = TIMES | {name: float(value) for name, value in said.get("times", {}).items()}
        self.asked.clear()
        self.bursts.clear()

    def draw(self, provider: str, question: str, page: str) -> str | None:
        """The fault of this call, if any."""
        rates = {name: rate for name, rate in self._rates(provider).items() if name not in OF_LISTS}
        if not rates:
            return None
        if self.bursts[provider] > 0:
            self.bursts[provider] -= 1
            return "server_error"
        self.asked[provider, question, page] += 1
        chance = self._chance(provider, question, page, self.asked[provider, question, page])
        for name, rate in rates.items():
            if chance < rate:
                if name == "server_error":
                    self.bursts[provider] = int(self.times["burst"]) - 1
                return name
            chance -= rate
        return None

    def disorder(self, provider: str, question: str, rows: np.ndarray, size: int) -> np.ndarray:
        """A list as this question's pages give it."""
        rates = self._rates(provider.split()[0])
        if len(rows) > 1 and self._chance("reordered", provider, question) < rates.get("reordered", 0):
            rows = reordered(rows, size, np.random.default_rng([self.seed, int(question, 16) % 2**32]))
        if self._chance("duplicated", provider, question) < rates.get("duplicated", 0):
            rows = duplicated(rows, size)
        return rows

    def _rates(self, provider: str) -> dict[str, float]:
        return {**self.rates.get("*", {}), **self.rates.get(provider, {})}

    def _chance(self, *parts: object) -> float:
        """A number from 0 to 1 that the seed and the parts determine."""
        text = orjson.dumps([self.seed, *map(str, parts)])
        return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest()) / 2**56


def reordered(rows: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Pages of a list exchanged, and the records within each; a last page that is not full stays last."""
    full = len(rows) // size
    pages = [rows[i * size : (i + 1) * size] for i in rng.permutation(full)] + [rows[full * size :]]
    return np.concatenate([rng.permutation(page) for page in pages])


def duplicated(rows: np.ndarray, size: int) -> np.ndarray:
    """A list in which every page but the first begins with the last records of the one before, a tenth of a page."""
    again = max(1, size // 10)
    if size < 2 or len(rows) <= size:
        return rows
    pages, at = [rows[:size]], size
    while at < len(rows):
        pages.append(np.concatenate([pages[-1][-again:], rows[at : at + size - again]]))
        at += size - again
    return np.concatenate(pages)


def refused(fault: str, service: Service, route: Route, reply: Reply, times: Mapping[str, float]) -> Reply:
    """The answer to a call that a fault has hit, as far as its content goes."""
    if fault in ("rate_limited", "rate_limited_silent"):
        found = service.too_fast((*service.limits, *route.limits)[0], times["retry_after"], route.endpoint)
        kept = {name: value for name, value in found.headers.items() if name != "retry-after"}
        wait = {} if fault == "rate_limited_silent" else {"retry-after": f"{times['retry_after']:g}"}
        return _instead(reply, Reply(found.status, found.body, kept | wait))
    if fault == "quota":
        return _instead(reply, service.used_up())
    if fault == "server_error":
        return _instead(reply, service.failed())
    if fault == "token_early":
        return _instead(reply, service.early()) if service.early and reply.cursor not in ("", "0") else reply
    if fault == "truncated":
        return _instead(reply, Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers))
    if fault in ("field_renamed", "field_missing", "field_extra", "list_missing") and reply.status == 200:
        return drifted(fault, route, reply)
    return reply


def drifted(fault: str, route: Route, reply: Reply) -> Reply:
    """The same page, not shaped as documented."""
    whole = {"": orjson.loads(reply.body)}
    holder, (*steps, last) = whole, ("", *route.listed)
    for step in steps:
        holder = holder[step]
    if fault == "list_missing":
        holder.pop(last, None)
        return replace(reply, body=orjson.dumps(whole.get("", {})), records=0)
    listed = holder.get(last, [])
    for record in listed if isinstance(listed, list) else [listed]:
        _drift(fault, record or {}, route.named)
    return replace(reply, body=orjson.dumps(whole[""]))


def _drift(fault: str, record: dict[str, Any], named: str) -> None:
    for part in (record, *(inner for inner in record.values() if isinstance(inner, dict))):
        if named in part:
            if fault == "field_extra":
                part["sandbox_extra"] = {"of": ["nobody", None]}
            elif fault == "field_renamed":
                part[f"{named}_v2"] = part.pop(named)
            else:
                part.pop(named)
            return


def _instead(reply: Reply, other: Reply) -> Reply:
    """Another answer to the same question, which costs nothing."""
    return Reply(other.status, other.body, dict(other.headers), reply.question, reply.cursor)

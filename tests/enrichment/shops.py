"""Providers for tests of the waterfall: they answer in process, keep their own bill, and fail on demand."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
from pydantic import SecretStr

from dagster_project.enrichment import offers
from dagster_project.enrichment.lookup import Inputs, Lookup, Provider, Reading
from dagster_project.enrichment.offers import Offer
from dagster_project.transport.credentials import ProviderConfig
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.shapes import Terms

TERMS = Terms("none", {"*": None}, True, "test", "test")
# What each field is answered as: the canonical field and a value made of the key.
VALUES: dict[str, tuple[str, Callable[[str], str]]] = {
    "email": ("email", lambda key: f"person@{key}"),
    "phone": ("phone", lambda key: "+13125550100"),
    "title": ("title", lambda key: "Owner"),
    "company": ("employees", lambda key: "25"),
    "tech": ("tech_signals", lambda key: '["shopify"]'),
    "domain": ("website", lambda key: f"{key}.example"),
    "social": ("linkedin", lambda key: f"https://www.linkedin.com/company/{key}"),
}


@dataclass
class Shop:
    """One provider. `knows(key)` says whether it has the subject with that key; `status` answers everything so;
    `later` promises every answer, to be polled for or, unless `is_polled`, asked for again; `breaks` are keys at which
    the connection is lost once the answer is paid for; `price` is charged for each match that is handed over. It is
    asked by what it `needs`, else by `or_by`, and answers after so many `seconds`."""

    name: str
    fills: tuple[str, ...]
    knows: Callable[[str], bool] = lambda key: True
    price: Decimal = Decimal("0.10")
    batch: int = 1
    confidence: float = 0.8
    status: int | None = None
    later: bool = False
    is_polled: bool = True
    pause: float = 0.05
    breaks: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    needs: str = "domain"
    or_by: str = ""
    seconds: float = 0.0
    asked: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    promised: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    polls: int = 0

    @property
    def bill(self) -> Decimal:
        return self.price * sum(self.paid.values())

    def provider(self) -> Provider:
        """Its adapter."""
        lookup = Lookup(
            name="find",
            kind="person" if set(self.fills) & {"email", "phone", "title"} else "business",
            fills=self.fills,
            identify=self._identify,
            request=lambda inputs: Request("POST", "/find", json={"keys": [next(iter(i.values())) for i in inputs]}),
            read=self._read,
            batch=self.batch,
            key="key",
            fields={VALUES[name][0]: VALUES[name][0] for name in self.fills},
            poll=(lambda request_id: Request("GET", f"/later/{request_id}")) if self.is_polled else None,
            read_poll=(lambda answer: self._reading(answer.json)) if self.is_polled else None,
            read_delivery=lambda body: [(body["id"], self._reading(body["found"]))],
        )
        return Provider(
            name=self.name,
            title=self.name.title(),
            base_url=f"https://{self.name}.example",
            auth=Auth.header("x-key"),
            endpoints=(lookup,),
            terms=TERMS,
            verdict=_verdict,
            health=lambda: Request("GET", "/account"),
        )

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one call."""
        if request.url.path == "/account":
            return httpx.Response(self.status or 200, json={"ok": True})
        if request.url.path.startswith("/later/"):
            self.polls += 1
            return self._later(request.url.path.removeprefix("/later/"))
        self.calls += 1
        if self.status:
            return httpx.Response(self.status, json={})
        keys = json.loads(request.content)["keys"]
        self.asked.update(keys)
        if len(keys) == 1 and keys[0] in self.forbidden:
            return httpx.Response(451, json={})
        found = [self._found(key) for key in keys]
        if self.breaks & set(keys):
            raise httpx.ReadTimeout("no answer")
        return httpx.Response(200, json={"found": found})

    def _found(self, key: str) -> dict[str, Any]:
        if not self.knows(key):
            return {"state": "none"}
        if self.later and (self.is_polled or self.asked[key] == 1):
            request_id = f"{self.name}-{len(self.promised)}"
            self.promised[request_id] = key
            return {"state": "later", "id": request_id}
        self.paid[key] += 1
        return {"state": "ok", "record": self.record(key)}

    def _later(self, request_id: str) -> httpx.Response:
        key = self.promised[request_id]
        self.paid[key] = 1
        return httpx.Response(200, json={"state": "ok", "record": self.record(key)})

    def record(self, key: str) -> dict[str, Any]:
        """What it knows of a subject."""
        return {"key": key, **{VALUES[name][0]: VALUES[name][1](key) for name in self.fills}}

    def _identify(self, identity: Inputs) -> Inputs | None:
        return next(({name: identity[name]} for name in (self.needs, self.or_by) if name in identity), None)

    def _read(self, answer: Answer, inputs: Sequence[Inputs]) -> list[Reading]:
        return [self._reading(found) for found in answer.json["found"]]

    def _reading(self, found: Mapping[str, Any]) -> Reading:
        if found["state"] == "later":
            return Reading(Outcome.PENDING, request_id=found["id"], retry_after=self.pause)
        if found["state"] == "ok":
            return Reading(Outcome.OK, found["record"])
        return Reading(Outcome.NO_MATCH)


def _verdict(answer: Answer) -> Verdict:
    return by_status(answer, {404: Outcome.NO_MATCH})


class Street(httpx.AsyncBaseTransport):
    """The shops by their addresses."""

    def __init__(self, shops: Iterable[Shop]) -> None:
        self.shops = {f"{shop.name}.example": shop for shop in shops}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        shop = self.shops[request.url.host]
        await asyncio.sleep(shop.seconds)
        return shop.handle(request)


def offered(monkeypatch: Any, shops: Iterable[Shop]) -> None:
    """Put the shops' prices in place of the table."""
    table = {(s.name, "find"): Offer(s.name, "find", s.price, "match", s.confidence, {}, "test") for s in shops}
    monkeypatch.setattr(offers, "offers", lambda: table)


def configs(shops: Iterable[Shop]) -> dict[str, ProviderConfig]:
    """Each with a key."""
    return {s.name: ProviderConfig(s.name, f"https://{s.name}.example", SecretStr("k")) for s in shops}

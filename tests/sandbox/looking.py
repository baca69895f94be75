"""Asking a sandbox within this process as an enrichment adapter does, on a clock that the test moves."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import httpx
import orjson

from dagster_project.enrichment.lookup import Inputs, Lookup, Provider, Reading
from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.providers import provider
from dagster_project.sandbox.api.app import App
from dagster_project.sandbox.api.stage import Stage
from dagster_project.transport.messages import Answer, Request
from dagster_project.transport.outcomes import Outcome

KEY = "sandbox"
# Those whom enrichment alone asks, and each of their lookups.
PROVIDERS = ("builtwith", "lusha", "rocketreach", "wappalyzer", "zoominfo")
LOOKUPS = [(name, lookup.name) for name in PROVIDERS for lookup in provider(name).endpoints]
# What those who are known must be like to be answered at once.
AT_ONCE = {"rocketreach": {"is_slow": False}, "wappalyzer": {"is_slow": False}, "lusha": {"is_refused": False}}
# How long a later answer takes.
SECONDS = 5.0
# Somebody whom nobody knows, and a website that nobody has.
STRANGERS = {
    "person": {"email": "nobody@unknown.example", "first_name": "No", "last_name": "Body", "company_name": "Unknown"},
    "business": {"domain": "unknown.example", "name": "Unknown"},
}


class Looking:
    """One provider of a sandbox; a provider with a login is logged in to."""

    def __init__(self, stage: Stage, name: str, key: str = KEY) -> None:
        self.stage, self.provider, self.credential = stage, provider(name), key
        self._app = httpx.ASGITransport(App(stage))
        if login := self.provider.login:
            answer = self.send(login.request(key))
            self.credential = login.read(answer)[0] if answer.status == 200 else key

    def send(self, request: Request) -> Answer:
        """One call; its answer."""
        return asyncio.run(self._send(request))

    async def _send(self, request: Request) -> Answer:
        auth = self.provider.auth
        async with httpx.AsyncClient(transport=self._app, base_url=f"http://sandbox/{self.provider.name}") as http:
            response = await http.request(
                request.method,
                request.path,
                params={**request.params, **auth.params(self.credential)},
                json=request.json,
                headers={**request.headers, **auth.headers(self.credential)},
            )
        return Answer(response.status_code, dict(response.headers), response.content)

    def control(self, method: str, path: str, content: Any = None) -> Any:
        """A call to the sandbox itself."""

        async def call() -> Any:
            async with httpx.AsyncClient(transport=self._app, base_url="http://sandbox/sandbox") as http:
                return (await http.request(method, path, content=orjson.dumps(content))).json()

        return asyncio.run(call())

    def read(self, lookup: Lookup, inputs: Sequence[Inputs]) -> list[Reading]:
        """The readings of some subjects in one call, as the waterfall makes them."""
        answer = self.send(lookup.request(inputs))
        said = self.provider.verdict(answer)
        if said.outcome is not Outcome.OK:
            return [Reading(said.outcome, retry_after=said.retry_after, reason=said.reason) for _ in inputs]
        return lookup.read(answer, inputs)

    def again(self, lookup: Lookup, inputs: Inputs, pending: Reading) -> Reading:
        """What a promise has become: by a poll, or by the same call where it is not polled for."""
        if lookup.poll is None:
            return self.read(lookup, [inputs])[0]
        return lookup.read_poll(self.send(lookup.poll(pending.request_id)))

    @property
    def charged(self) -> Decimal:
        """What the sandbox has charged for the provider."""
        return Decimal(self.stage.ledger.bill()[self.provider.name]["charged"])


def cost(name: str, lookup: Lookup, readings: Sequence[Reading]) -> Decimal:
    """What the readings cost by the table of offers."""
    return sum((offer(name, lookup.name).cost(reading) for reading in readings), Decimal(0))


def identities(stage: Stage, found: Provider, lookup: Lookup, **where: bool) -> list[dict[str, Any]]:
    """Whom a provider knows in the sandbox's world; `where` are columns of its book that must be so."""
    catalogues = [c for c in stage.services[found.name].catalogues if c.kind == lookup.kind]
    book = stage.desk.book(catalogues[0])
    frame = book.frame.filter(**where) if where else book.frame
    if lookup.kind == "business":
        return [{"domain": domain} for domain in stage.world.now["domain"].gather(frame["row"])]
    people = stage.world.people[frame["who"].to_list()].rename(
        {"first": "first_name", "last": "last_name", "name": "company_name", "work_email": "email"}
    )
    return people.select("first_name", "last_name", "company_name", "email").rows(named=True)


def known(stage: Stage, name: str, lookup: Lookup, count: int, **where: bool) -> list[Inputs]:
    """Inputs of those who are known and answered at once, or as `where` says."""
    found = identities(stage, provider(name), lookup, **(where or AT_ONCE.get(name, {})))
    return [lookup.identify(identity) for identity in found[:count]]


def stranger(lookup: Lookup) -> Inputs:
    """Inputs of somebody whom nobody knows."""
    return lookup.identify(STRANGERS[lookup.kind])

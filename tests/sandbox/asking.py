"""Asking a sandbox, in process, as enrichment does: one lookup about some subjects, and what was promised later."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import httpx
import polars as pl

from dagster_project.enrichment.lookup import Inputs, Lookup, Provider, Reading
from dagster_project.enrichment.offers import offer
from dagster_project.enrichment.providers import provider
from dagster_project.enrichment.questions import question_of
from dagster_project.sandbox.api.app import App
from dagster_project.sandbox.api.stage import Stage
from dagster_project.transport.messages import Answer, Request
from dagster_project.transport.outcomes import Outcome

Identity = Mapping[str, str]
HAS_OWN_SITE = pl.col("domain").is_not_null() & pl.col("chain").is_null()
PEOPLE_COLUMNS = {
    "first": "first_name",
    "last": "last_name",
    "work_email": "email",
    "domain": "company_domain",
    "name": "company_name",
}
NOBODY = {
    "person": {
        "first_name": "Zebulon",
        "last_name": "Nemo",
        "email": "zebulon@nowhere.example",
        "company_domain": "nowhere.example",
        "company_name": "Nowhere",
    },
    "business": {"name": "Nowhere and Sons", "domain": "nowhere.example"},
}


class Asker:
    """A client of a stage. `cost` is what the readings came to by our own price list."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.cost = stage, Decimal(0)

    def send(self, found: Provider, request: Request, key: str | None = None) -> Answer:
        """The answer to one request; with the stage's own key unless another is given."""
        return asyncio.run(self._send(found, request, key or self.stage.key))

    def ask(self, name: str, lookup: str, *identities: Identity) -> list[Reading]:
        """The readings of one call about some subjects; a refusal of the whole call is everybody's."""
        found, own = self._lookup(name, lookup)
        inputs: Sequence[Inputs] = [own.identify(identity) for identity in identities]
        answer = self.send(found, own.request(inputs))
        said = found.verdict(answer)
        if said.outcome is not Outcome.OK:
            return self._paid(name, lookup, [Reading(said.outcome, reason=said.reason)] * len(inputs))
        return self._paid(name, lookup, own.read(answer, inputs))

    def poll(self, name: str, lookup: str, request_id: str) -> Reading:
        """What a poll for a promise says; what is not polled for is asked once more."""
        found, own = self._lookup(name, lookup)
        if own.poll is None:
            return self.ask(name, lookup, question_of(request_id)[1])[0]
        return self._paid(name, lookup, [own.read_poll(self.send(found, own.poll(request_id)))])[0]

    def deliveries(self, name: str, lookup: str) -> list[tuple[str, Reading]]:
        """What the provider's webhook would have got since the last time, as far as it is of this lookup."""
        _, own = self._lookup(name, lookup)
        collected = [entry for entry in self.stage.desk.promises.collect() if entry["provider"] == name]
        return [reading for entry in collected for reading in own.read_delivery(entry["body"])]

    def bill(self, name: str) -> Decimal:
        """What the provider has charged."""
        return self.stage.ledger.accounts[name].charged

    def identities(self, kind: str) -> list[dict[str, str]]:
        """People, or companies that are no chain's, with what can be known of them."""
        if kind == "business":
            return self.stage.world.now.filter(HAS_OWN_SITE).select("name", "domain").to_dicts()
        people = self.stage.world.people.rename(PEOPLE_COLUMNS)
        return people.select(PEOPLE_COLUMNS.values()).to_dicts()

    def _lookup(self, name: str, lookup: str) -> tuple[Provider, Lookup]:
        found = provider(name)
        return found, found.endpoint(lookup)

    def _paid(self, name: str, lookup: str, readings: list[Reading]) -> list[Reading]:
        own = offer(name, lookup)
        self.cost += sum((own.cost(reading) for reading in readings), Decimal(0))
        return readings

    async def _send(self, found: Provider, request: Request, key: str) -> Answer:
        async with httpx.AsyncClient(
            base_url=f"http://sandbox/{found.name}",
            transport=httpx.ASGITransport(App(self.stage)),
            headers=found.auth.headers(key),
        ) as http:
            params: dict[str, Any] = dict(request.params)
            response = await http.request(request.method, request.path, params=params, json=request.json)
        return Answer(response.status_code, dict(response.headers), response.content)

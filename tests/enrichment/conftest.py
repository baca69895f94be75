"""A bench for waterfalls: shops, a database, and runs of requests about made-up leads and contacts."""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from psycopg.rows import dict_row

from dagster_project.enrichment.asking import Asker
from dagster_project.enrichment.money import Caps
from dagster_project.enrichment.requests import Requests
from dagster_project.enrichment.rounds import Plan, Report
from dagster_project.enrichment.run import Run
from dagster_project.enrichment.subject import FIELDS, Known, Subject
from dagster_project.resources.warehouse import Warehouse
from dagster_project.transport.breaker import Breaker
from dagster_project.transport.shared import SharedBreaker, SharedLimiter
from tests.enrichment.shops import Shop, Street, configs, offered

ORG = "a"


@dataclass(frozen=True)
class Rules:
    """One field's waterfall, as a file would say it."""

    providers: Sequence[str]
    max_attempts: int = 3
    timeout_ms: int = 60_000  # a busy machine is no slow provider
    min_confidence: float = 0.5
    cache_days: int = 7
    negative_cache_days: int = 7
    max_cost_usd: Decimal | None = None
    stop_at_first_hit: bool = True


def subject(key: str, kind: str = "person", known: Mapping[str, Known] | None = None, **identity: str) -> Subject:
    """A lead or contact that is looked up by a domain."""
    number = str(uuid.uuid5(uuid.NAMESPACE_DNS, key))
    return Subject(kind, number, number, {"domain": key, **identity}, known or {})


@dataclass
class Bench:
    """Shops and a database. `run` makes a request of subjects and works on it; call it again to go on."""

    warehouse: Warehouse
    shops: list[Shop]
    rules: dict[str, Rules]
    caps: Caps = field(default_factory=Caps)
    clock: Callable[[], float] = lambda: 0.0
    options: dict[str, Any] = field(default_factory=dict)
    breakers: dict[str, Breaker] = field(default_factory=dict)

    def ask(self, subjects: Sequence[Subject], request_id: str = "r1", **more: Any) -> str:
        """Store a request."""
        requests = Requests(self.warehouse.app, ORG)
        more = {"by": "test", "estimate": Decimal(0), **more}
        requests.create(request_id, subjects, list(self.rules), **more)
        return request_id

    def run(self, request_id: str = "r1", **options: Any) -> Report:
        """Work on a request."""
        return asyncio.run(self.work(request_id, **options))

    async def work(self, request_id: str, **options: Any) -> Report:
        request = Requests(self.warehouse.app, ORG).get(request_id)
        plan = Plan(lambda subject: self.rules, lambda subject: self.caps, **options.pop("plan", {}))
        async with self.asker() as asker:
            return await Run(self.warehouse.app, ORG, asker, plan, request, **{**self.options, **options}).run()

    def asker(self) -> Asker:
        """The shops, as a worker of its own meets them."""
        return Asker(
            {shop.name: shop.provider() for shop in self.shops},
            configs(self.shops),
            SharedLimiter(self.warehouse.app, ORG),
            self.breaker,
            transport=Street(self.shops),
        )

    def breaker(self, provider: str) -> Breaker:
        return SharedBreaker(self.warehouse.app, ORG, provider, self.clock)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What a query gives."""
        with self.warehouse.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query).fetchall()

    def due(self) -> None:
        """Let the time pass until promised answers are asked for again."""
        with self.warehouse.connect() as connection:
            connection.execute(
                "update ops.enrichment_pending set poll_at = now(), "
                "expires_at = case when reservation = '{}' then now() else expires_at end"
            )
            connection.execute("update ops.enrichment_jobs set next_at = now() where state = 'pending'")

    def results(self, request_id: str = "r1") -> dict[str, tuple[str, str | None]]:
        """State and provider of each field, where there is one subject."""
        query = f"""select field, r.state, provider from ops.enrichment_results r
                    join ops.enrichment_jobs using (job_id) where request_id = '{request_id}'"""
        return {row["field"]: (row["state"], row["provider"]) for row in self.rows(query)}

    @property
    def spent(self) -> Decimal:
        """What the ledger says was paid."""
        return self.rows("select coalesce(sum(cost_usd), 0) as usd from ops.enrichment_answers")[0]["usd"]

    @property
    def bill(self) -> Decimal:
        """What the shops say was paid."""
        return sum((shop.bill for shop in self.shops), Decimal(0))


@pytest.fixture
def bench(clean_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Bench]:
    """Makes a bench of shops; every field that a shop fills asks the shops that fill it, in order."""

    def make(*shops: Shop, **rules: Any) -> Bench:
        offered(monkeypatch, shops)
        names = [name for name in FIELDS if any(name in shop.fills for shop in shops)]
        each = {n: Rules([s.name for s in shops if n in s.fills], **rules) for n in names}
        return Bench(clean_warehouse, list(shops), each)

    return make

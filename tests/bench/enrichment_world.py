"""Whom the enrichment benches ask about, and the asker they ask with: people and companies of the sandbox's world."""

import uuid
from collections.abc import Mapping
from pathlib import Path

import httpx
from pydantic import SecretStr

from dagster_project.enrichment.lookup import Provider
from dagster_project.enrichment.providers import providers
from dagster_project.enrichment.subject import Subject
from dagster_project.enrichment.waterfall import Chosen, fills_of, waterfall_for, waterfalls
from dagster_project.resources.warehouse import Warehouse
from dagster_project.sandbox.api.app import App, ConnectionCut
from dagster_project.sandbox.api.live import LiveWorld
from dagster_project.sandbox.api.stage import Stage
from dagster_project.settings import Settings
from dagster_project.transport.credentials import ProviderConfig

NAMES = {"first": "first_name", "last": "last_name", "name": "company_name", "domain": "company_domain"}


def settings(folder: Path) -> Settings:
    """Settings of an embedded database in a folder that the server's account can reach."""
    folder.chmod(0o711)
    return Settings(_env_file=None, DATABASE_URL=None, data_dir=folder, pg_bin=None, pg_tcp=False)


def warehouse(folder: Path) -> Warehouse:
    """An embedded database; the caller removes it."""
    return Warehouse(settings(folder)).ensure()


def default_waterfall(folder: Path, found: Mapping[str, Provider]) -> Chosen:
    """The waterfall that ships with the project."""
    good, _ = waterfalls(settings(folder).yaml_dirs("waterfalls"), fills_of(found))
    return waterfall_for(None, good)


def companies(world: LiveWorld, most: int | None = None) -> list[Subject]:
    """Businesses with a website of their own as leads, of which nothing else is known."""
    own = world.now.filter(world.now["domain"].is_not_null() & world.now["chain"].is_null())
    rows = own.unique("domain", maintain_order=True).select("name", "domain")[:most].rows(named=True)
    return [Subject("business", number(row["domain"]), number(row["domain"]), row) for row in rows]


def people(world: LiveWorld, most: int | None = None) -> list[Subject]:
    """People as contacts of their companies, known by name and employer."""
    frame = world.people.filter(world.people["domain"].is_not_null())[:most]
    named = frame.with_row_index("number").select("number", *NAMES).rename(NAMES)
    return [_person(row.pop("number"), row) for row in named.iter_rows(named=True)]


def _person(place: int, identity: dict[str, str]) -> Subject:
    return Subject("person", number(f"person {place}"), number(identity["company_domain"]), identity)


def number(text: str) -> str:
    """The id of a lead or contact."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


def configs(url: str, key: str) -> dict[str, ProviderConfig]:
    """Every provider with a key, at a sandbox, without limits."""
    return {name: ProviderConfig(name, f"{url}/{name}", SecretStr(key)) for name in providers()}


class InProcess(httpx.AsyncBaseTransport):
    """A sandbox within this process; a connection that it cuts is a read error, as on a wire."""

    def __init__(self, stage: Stage) -> None:
        self._app = httpx.ASGITransport(App(stage))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._app.handle_async_request(request)
        except ConnectionCut as error:
            raise httpx.ReadError("the connection was reset") from error

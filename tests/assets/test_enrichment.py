"""Enrichment as Dagster runs it, against the sandbox over HTTP: asked, landed, gone on with, watched."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from dagster_project.assets import enriching
from dagster_project.contracts import ENRICHMENT_ANSWERS, ENRICHMENT_ATTEMPTS, PROVIDER_HEALTH, RAW_RECORDS
from dagster_project.definitions import build_definitions
from dagster_project.enrichment.providers import providers
from dagster_project.enrichment.requests import Requests
from dagster_project.enrichment.subject import Subject
from dagster_project.enrichment.switches import Switches
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.sandbox.api.server import Sandbox
from dagster_project.settings import ProviderSettings, Settings, provider_variable

pytestmark = pytest.mark.integration

TODAY = datetime.now(UTC).date()
KEY = "canary-key-4711"
ASKED = ("apollo", "hunter")
WATERFALL = "description: Ours.\nbudget: {%s}\nfields: {email: {providers: [apollo, hunter]}}\n"
PEOPLE = {"first": "first_name", "last": "last_name", "domain": "company_domain", "name": "company_name"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(3_000, 7, key=KEY, limits={"*": "off"}, complete=True) as found:
        yield found


@pytest.fixture
def office(
    sandbox: Sandbox, clean_warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator["Office"]:
    sandbox.reset()
    sandbox.limits({"*": "off"})
    monkeypatch.setitem(ProviderSettings.model_config, "env_file", None)
    for name in providers():
        for field in ProviderSettings.model_fields:
            monkeypatch.delenv(provider_variable(name, field), raising=False)
    for name in ASKED:
        monkeypatch.setenv(provider_variable(name, "API_KEY"), KEY)
        monkeypatch.setenv(provider_variable(name, "BASE_URL"), sandbox.base_url(name))
        monkeypatch.setenv(provider_variable(name, "LIMITS"), "off")
    with dg.DagsterInstance.ephemeral() as instance:
        yield Office(clean_warehouse, tmp_path, sandbox, instance)


class Office:
    """A data folder with one waterfall, on a database of its own, and people that the sandbox knows."""

    def __init__(self, warehouse: Warehouse, folder: Path, sandbox: Sandbox, instance: dg.DagsterInstance) -> None:
        self.warehouse, self.sandbox, self.instance = warehouse, sandbox, instance
        self.lake = Lake(folder / "lake")
        self.settings = Settings(_env_file=None, DATABASE_URL=None, data_dir=folder)
        self.requests = Requests(warehouse.app, self.settings.org_id)
        self.waterfall()

    def waterfall(self, budget: str = "max_cost_per_day_usd: 10") -> None:
        """Write what holds from the next run on."""
        (self.settings.data_dir / "waterfalls").mkdir(exist_ok=True)
        (self.settings.data_dir / "waterfalls" / "default.yaml").write_text(WATERFALL % budget)

    def people(self, count: int) -> list[Subject]:
        """Contacts of whom name and employer are known."""
        rows = self.sandbox.stage.world.people.drop_nulls(list(PEOPLE)).head(count)
        found = []
        for row in rows.rename(PEOPLE).select(PEOPLE.values()).to_dicts():
            number = str(uuid.uuid5(uuid.NAMESPACE_OID, str(row)))
            found.append(Subject("person", number, number, row))
        return found

    def ask(self, count: int, request_id: str = "r1") -> None:
        self.requests.create(request_id, self.people(count), ["email"], by="test", estimate=Decimal(0))

    def materialise(
        self, name: str = "enrich", day: date | None = TODAY, config: dict[str, Any] | None = None
    ) -> dg.ExecuteInProcessResult:
        resources = {"lake": self.lake, "warehouse": self.warehouse, "settings": self.settings}
        return (
            build_definitions(resources)
            .resolve_job_def(name)
            .execute_in_process(
                instance=self.instance,
                partition_key=day and day.isoformat(),
                run_config={"ops": {"enrichment_answers": {"config": config}}} if config else None,
                raise_on_error=False,
            )
        )

    def spent(self) -> Decimal:
        """What the ledger says was paid."""
        with self.warehouse.connect() as connection:
            return connection.execute("select coalesce(sum(cost_usd), 0) from ops.enrichment_answers").fetchone()[0]

    def bill(self) -> Decimal:
        """What the providers say was paid."""
        return sum((Decimal(account["charged"]) for account in self.sandbox.bill().values()), Decimal(0))


def metadata(result: dg.ExecuteInProcessResult, table: str = "enrichment_answers") -> dict[str, Any]:
    assert result.success
    (event,) = (e for e in result.get_asset_materialization_events() if e.asset_key.path[-1] == table)
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_open_requests_are_worked_on_and_what_was_answered_is_landed_and_billed_to_the_cent(office: Office):
    office.ask(8)
    shown = metadata(office.materialise())
    assert office.requests.get("r1").state == "completed"
    answers = office.lake.scan(ENRICHMENT_ANSWERS).collect()
    assert answers.height == shown["dagster/row_count"] >= 8
    assert answers["cost_usd"].sum() == office.spent() == office.bill() > 0
    assert office.lake.scan(RAW_RECORDS).collect().height > 0
    attempts = office.lake.scan(ENRICHMENT_ATTEMPTS).collect()
    assert set(attempts["provider"]) <= set(ASKED)


def test_the_run_shows_figures_by_provider_and_charts_by_field(office: Office):
    office.ask(8)
    shown = metadata(office.materialise())
    assert (shown["ended"], shown["jobs"], shown["lost in flight"]) == ("completed", 8, 0)
    assert shown["cost of this run, USD"] == pytest.approx(float(office.bill()))
    for chart in ("fill rate by field", "cost per filled field", "latency by field"):
        assert "data:image/png" in shown[chart]
    assert "apollo" in shown["per provider"]


def test_a_wish_of_the_launchpad_is_stored_as_a_request_and_carried_out(office: Office, monkeypatch):
    monkeypatch.setattr(enriching, "subjects", lambda *_, **__: office.people(3))
    config = {"fields": ["email"], "priority": "high", "max_usd": 5.0, "request_id": "wish"}
    metadata(office.materialise(config=config))
    request = office.requests.get("wish")
    assert (request.state, request.priority, request.fields, request.subjects) == ("completed", "high", ("email",), 3)
    assert (request.requested_by, request.max_usd) == ("dagster", Decimal(5))
    assert office.spent() <= request.estimate_usd
    # the same wish again goes on with it, and pays for nothing
    metadata(office.materialise(config=config))
    assert office.spent() == office.bill()


def test_a_run_without_a_request_asks_nobody(office: Office):
    assert metadata(office.materialise())["ended"] == "nothing was asked"
    assert office.bill() == 0


def test_a_past_day_asks_nobody_and_is_landed_from_what_is_kept(office: Office):
    office.ask(4)
    metadata(office.materialise())
    yesterday = TODAY - timedelta(days=1)
    with office.warehouse.connect() as connection:
        for table, column in (("answers", "answered_at"), ("attempts", "attempted_at")):
            connection.execute(f"update ops.enrichment_{table} set {column} = {column} - interval '1 day'")
    office.ask(8, "r2")
    bill = office.bill()
    shown = metadata(office.materialise(day=yesterday))
    assert (shown["ended"], shown["dagster/row_count"] >= 4) == ("nothing was asked", True)
    assert (office.bill(), office.requests.get("r2").state) == (bill, "pending")
    assert set(office.lake.scan(ENRICHMENT_ANSWERS).collect()["partition_date"]) == {TODAY, yesterday}


def test_a_cap_stops_the_request_with_an_alert_and_what_was_answered_is_landed(office: Office):
    office.waterfall("max_cost_per_day_usd: 0.05")
    office.ask(8)
    shown = metadata(office.materialise())
    assert shown["ended"].startswith("stopped: ")
    assert 0 < office.bill() == office.spent() <= Decimal("0.05")
    alerts = office.warehouse.query("select alert_type, subject from ops.alerts").rows()
    assert alerts == [("enrichment_stopped", "r1")]


def test_a_waterfall_that_cannot_be_used_fails_the_run_in_a_sentence(office: Office):
    (office.settings.data_dir / "waterfalls" / "broken.yaml").write_text("description: Broken.\n")
    result = office.materialise()
    (failure,) = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert failure.user_failure_data.description == 'broken.yaml: missing key "fields"'


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"leads": ["7"]}, '"7" is not the id of a lead or contact'),
        ({"fields": ["emial"]}, 'no field "emial" (did you mean "email"?)'),
    ],
    ids=["lead", "field"],
)
def test_a_slip_in_the_launchpad_is_told_before_anybody_is_asked(office: Office, wrong: dict[str, Any], sentence: str):
    result = office.materialise(config={"fields": ["email"], **wrong})
    (failure,) = (e.step_failure_data for e in result.all_events if e.is_step_failure)
    assert failure.user_failure_data.description == sentence
    assert office.requests.open() == []


def test_the_health_of_every_provider_is_noted_and_only_those_with_a_key_that_are_on_are_called(office: Office):
    Switches(office.warehouse.app, office.settings.org_id).disable("hunter", "ann", None)
    shown = metadata(office.materialise("check_providers", day=None), "provider_health")
    assert shown["dagster/row_count"] == len(providers())
    found = {row["provider"]: row for row in office.lake.scan(PROVIDER_HEALTH).collect().rows(named=True)}
    assert found.keys() == providers().keys()
    assert {name for name, row in found.items() if row["is_configured"]} == set(ASKED)
    assert {name for name, row in found.items() if row["outcome"]} == {"apollo"}
    assert (found["apollo"]["outcome"], found["apollo"]["breaker"], found["apollo"]["failures"]) == ("ok", "closed", 0)
    assert (found["hunter"]["is_enabled"], found["lusha"]["latency_ms"]) == (False, None)
    assert office.bill() == 0


def test_a_key_that_is_refused_is_noted_without_the_key(office: Office, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEADHOUSE_APOLLO_API_KEY", "wrong-key-4711")
    metadata(office.materialise("check_providers", day=None), "provider_health")
    row = office.lake.scan(PROVIDER_HEALTH).filter(pl.col("provider") == "apollo").collect().row(0, named=True)
    assert row["outcome"] not in ("ok", None)
    assert "wrong-key-4711" not in str(row)

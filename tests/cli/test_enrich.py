"""`leadhouse enrich`: what is refused before anybody is asked, and what a request may cost."""

import json
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dagster_project.cli import app, enrich_run
from dagster_project.cli.walk import WalkFailed
from dagster_project.enrichment.providers import providers
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import ProviderSettings, provider_variable

pytestmark = pytest.mark.integration

LEAD, CONTACT = (str(uuid.uuid5(uuid.NAMESPACE_DNS, name)) for name in ("lead", "contact"))
# What the command reads of the marts; dbt's own columns are the tests' of dbt.
MARTS = """
create schema if not exists marts;
create table marts.dim_lead as select 'default'::text as org_id, '{lead}'::uuid as lead_id, 'company' as lead_kind,
  'Acme' as name, 'acme.example' as domain, 'https://acme.example' as website, null::text as email,
  null::text as phone, null::text as linkedin, null::text as twitter, null::text as facebook, null::text as instagram,
  'Austin' as city, 'TX' as region, 'US' as country, 'b2b_saas' as vertical, null::text as employees_range,
  null::text as revenue_range, null::int as founded_year, null::jsonb as tech_signals, '[]'::jsonb as provenance,
  array['austin_dentists'] as campaigns, 50 as lead_score;
create table marts.dim_contact as select 'default'::text as org_id, '{contact}'::uuid as contact_id,
  '{lead}'::uuid as lead_id, 'Ann' as first_name, 'Ode' as last_name, 'Ann Ode' as full_name, null::text as title,
  null::text as email, null::jsonb as emails, null::text as phone, null::text as mobile, null::text as linkedin,
  'Acme' as company_name, 'Austin' as city, 'TX' as region, 'US' as country, '[]'::jsonb as provenance,
  'unknown' as consent, false as is_suppressed;
grant usage on schema marts to app;
grant select on all tables in schema marts to app;
"""


@pytest.fixture
def house(tmp_path: Path, clean_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Environment of a house without leads, in which Hunter and Apollo alone have a key."""
    monkeypatch.setitem(ProviderSettings.model_config, "env_file", None)
    for name in providers():
        for field in ProviderSettings.model_fields:
            monkeypatch.delenv(provider_variable(name, field), raising=False)
    keys = {"LEADHOUSE_APOLLO_API_KEY": "k", "LEADHOUSE_HUNTER_API_KEY": "k"}
    url = clean_warehouse.owner_url()
    return {"LEADHOUSE_DATA_DIR": str(tmp_path), "DATABASE_URL": url, "LEADHOUSE_ORG_ID": "", "COLUMNS": "100", **keys}


@pytest.fixture
def inhabited(house: dict[str, str], clean_warehouse: Warehouse) -> dict[str, str]:
    """The house with one lead and one contact, of whom nothing is known but names."""
    with clean_warehouse.connect() as connection:
        connection.execute(MARTS.format(lead=LEAD, contact=CONTACT))
    return house


def enrich(house: dict[str, str], *arguments: str) -> Result:
    return CliRunner(env=house).invoke(app, ["enrich", *arguments])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--field", "emial"], 'no field "emial" (did you mean "email"?). Known: email, phone, title, company'),
        (["--priority", "urgent"], '"urgent" is no priority: low, normal or high'),
        (["--lead", "7"], '"7" is not the id of a lead or contact'),
    ],
    ids=["field", "priority", "lead"],
)
def test_a_slip_is_refused_in_a_sentence(house: dict[str, str], arguments: list[str], sentence: str):
    result = enrich(house, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"leadhouse enrich: {sentence}")


def test_a_house_that_was_never_walked_has_nobody_to_enrich(house: dict[str, str]):
    result = enrich(house, "--dry-run")
    assert result.exit_code == 2
    assert "no lead or contact is meant; `leadhouse run` makes leads" in result.stderr


@pytest.mark.parametrize("whom", [("--campaign", "demo_texas"), ("--lead", str(uuid.uuid4())), ("--org", "other")])
def test_whoever_is_not_there_is_not_enriched(inhabited: dict[str, str], whom: tuple[str, str]):
    result = enrich(inhabited, "--dry-run", *whom)
    assert result.exit_code == 2
    assert "no lead or contact is meant" in result.stderr


def test_a_waterfall_that_cannot_be_used_is_told(inhabited: dict[str, str], tmp_path: Path):
    (tmp_path / "waterfalls").mkdir()
    (tmp_path / "waterfalls" / "broken.yaml").write_text("description: Broken.\n")
    result = enrich(inhabited, "--dry-run")
    assert result.exit_code == 2
    assert 'leadhouse enrich: broken.yaml: missing key "fields"' in result.stderr


def test_a_dry_run_says_what_it_may_cost_and_stores_nothing(inhabited: dict[str, str], clean_warehouse: Warehouse):
    result = enrich(inhabited, "--campaign", "austin_dentists", "--field", "email", "--dry-run")
    assert result.exit_code == 0
    # the campaign says `enrichment: [clearbit, hunter]`, and Clearbit has no key
    assert "hunter" in result.stdout
    assert "apollo" not in result.stdout
    assert "1 lead or contact, 1 question and" in result.stdout
    assert clean_warehouse.query("select * from ops.enrichment_requests").is_empty()


def test_a_dry_run_can_be_read_by_a_program(inhabited: dict[str, str]):
    found = json.loads(enrich(inhabited, "--lead", CONTACT, "--field", "email", "--dry-run", "--json").stdout)
    assert (found["subjects"], found["questions"], set(found["by_provider"])) == (1, 2, {"apollo", "hunter"})
    assert float(found["most_usd"]) == pytest.approx(sum(map(float, found["by_provider"].values())))


def test_nothing_is_asked_where_no_provider_has_a_key(inhabited: dict[str, str], clean_warehouse: Warehouse):
    keyless = inhabited | {"LEADHOUSE_APOLLO_API_KEY": "", "LEADHOUSE_HUNTER_API_KEY": ""}
    result = enrich(keyless, "--field", "email")
    assert result.exit_code == 0
    assert "Nothing is missing that a provider with a key could fill." in result.stdout
    assert clean_warehouse.query("select * from ops.enrichment_requests").is_empty()


def test_a_campaign_that_is_not_there_is_told_with_those_that_are(inhabited: dict[str, str]):
    result = enrich(inhabited, "--campaign", "austin_dentist", "--field", "email", "--dry-run")
    assert result.exit_code == 2
    assert 'no campaign "austin_dentist" (did you mean "austin_dentists"?)' in result.stderr


@pytest.mark.parametrize(("state", "code"), [("completed", 0), ("pending", 0), ("stopped", 1)])
def test_what_came_of_a_request_is_shown_field_by_field(
    inhabited: dict[str, str], monkeypatch: pytest.MonkeyPatch, state: str, code: int
):
    fields = {"email": {"filled": 3, "empty": 1, "cost_usd": Decimal("0.2800")}}
    done = {"request_id": "r1", "state": state, "reason": None, "fields": fields}
    monkeypatch.setattr(enrich_run, "enriched", lambda *_: done)
    result = enrich(inhabited, "--field", "email")
    assert result.exit_code == code
    (row,) = (line.split() for line in result.stdout.splitlines() if line.startswith("email"))
    assert row == ["email", "3", "0", "1", "0", "0", "0", "0.28"]
    assert f"request r1: {state}\n" in result.stdout
    as_json = enrich(inhabited, "--field", "email", "--json")
    assert json.loads(as_json.stdout)["fields"]["email"] == {"filled": 3, "empty": 1, "cost_usd": "0.2800"}


def test_a_step_that_fails_is_told_in_a_sentence(inhabited: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise WalkFailed("enrichment_answers failed")

    monkeypatch.setattr(enrich_run, "enriched", fail)
    result = enrich(inhabited, "--field", "email")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "enrichment_answers failed; what was answered is kept" in " ".join(result.stderr.split())

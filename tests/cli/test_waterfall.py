"""`leadhouse waterfall …`: who is asked, mistakes in sentences, and what a learned order would have saved."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dagster_project.cli import app, waterfall
from dagster_project.contracts import ENRICHMENT_ATTEMPTS
from dagster_project.enrichment import providers as rooms
from dagster_project.resources.lake import Lake
from dagster_project.settings import ProviderSettings, provider_variable
from tests.enrichment.fakes import FILLS, fake_providers
from tests.enrichment.order_world import World, fixed

KEY = "k3y-that-nobody-may-see"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder beside which only the shipped waterfalls are, with fake providers and no keys."""
    monkeypatch.setitem(ProviderSettings.model_config, "env_file", None)
    for name in FILLS:
        for field in ProviderSettings.model_fields:
            monkeypatch.delenv(provider_variable(name, field), raising=False)
    for module in (rooms, waterfall):
        monkeypatch.setattr(module, "providers", fake_providers)
    (tmp_path / "waterfalls").mkdir()
    return tmp_path


def write(data: Path, name: str, text: str) -> None:
    (data / "waterfalls" / f"{name}.yaml").write_text(text)


def leadhouse(data: Path, *arguments: str, **env: str) -> Result:
    given = {"COLUMNS": "100", "LEADHOUSE_DATA_DIR": str(data), "LEADHOUSE_ORG_ID": None, **env}
    return CliRunner(env=given).invoke(app, ["waterfall", *arguments])


def test_the_shipped_waterfalls_are_listed_in_order_and_those_without_a_key_in_brackets(data: Path):
    result = leadhouse(data, "list", LEADHOUSE_APOLLO_API_KEY=KEY)
    assert result.exit_code == 0
    assert "default: all leads, fixed order\n" in result.stdout
    assert "b2b_saas: leads of b2b_saas, fixed order\n" in result.stdout
    assert "(clearbit) → apollo → (hunter)" in result.stdout
    assert "At most $2.00 for a lead, $100.00 for a request, $250.00 for a day" in result.stdout
    # what a vertical's file does not state holds for it as in the default
    assert "At most $3.00 for a lead, $100.00 for a request, $250.00 for a day, $150.00 for a campaign" in result.stdout
    assert KEY not in result.output
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_waterfalls_can_be_read_by_a_program(data: Path):
    found = {each["name"]: each for each in json.loads(leadhouse(data, "list", "--json").stdout)}
    assert found["default"]["fields"]["company"]["providers"] == ["clearbit", "zoominfo", "apollo", "pdl"]
    assert found["default"]["budget"]["max_cost_per_lead_usd"] == "2.0000"


def test_a_wrong_waterfall_hides_no_other_in_the_list(data: Path):
    write(data, "broken", "description: Broken.\n")
    result = leadhouse(data, "list")
    assert result.exit_code == 2
    assert "default: all leads" in result.stdout
    assert result.stderr == 'broken.yaml: missing key "fields"\n'


def test_all_waterfalls_are_checked_and_each_mistake_is_a_sentence(data: Path):
    write(data, "broken", "description: Broken.\nfields: {email: {providers: [apolo, builtwith], max_attempts: 3}}\n")
    result = leadhouse(data, "validate")
    assert result.exit_code == 2
    lines = result.stdout.splitlines()
    assert lines[:2] == ["b2b_saas: good", "broken: wrong"]
    assert lines[2].startswith('  - broken.yaml: fields.email.providers: no provider "apolo" (did you mean "apollo"?)')
    assert lines[3].startswith("  - fields.email.providers: builtwith has no lookup that fills email. Those that do: ")
    assert lines[4:] == ["default: good"]


def test_warnings_are_told_and_leave_the_exit_code(data: Path):
    write(data, "mine", "description: M.\nvertical: dentists\nfields: {email: {providers: [apollo]}}\n")
    result = leadhouse(data, "validate", "mine")
    assert result.exit_code == 0
    assert '  - vertical: no lead carries "dentists". Leads carry: local_services, ' in result.stdout


def test_a_waterfall_that_is_not_there_is_told_with_the_nearest(data: Path):
    result = leadhouse(data, "validate", "defualt", "--json")
    assert result.exit_code == 2
    (found,) = json.loads(result.stdout)
    assert found["mistakes"][0].startswith('no waterfall "defualt" (did you mean "default"?)')


def test_a_tenant_without_attempts_has_nothing_to_replay(data: Path):
    for options in ((), ("--json",)):
        result = leadhouse(data, "replay", *options)
        assert result.exit_code == 1
        assert "There are no attempts to replay yet" in result.stderr


def test_a_replay_tells_what_the_learned_order_would_have_saved(data: Path):
    history = World(1_200, seed=2).attempts(fixed, range(1_200), ["email"])
    Lake(data / "lake").write(ENRICHMENT_ATTEMPTS, history, "default", "enrichment", "2026-01-01")
    result = leadhouse(data, "replay")
    assert result.exit_code == 0
    assert "email: the learned order saves $" in result.stdout
    assert max(map(len, result.stdout.splitlines()[:3])) <= 100
    (found,) = json.loads(leadhouse(data, "replay", "--json").stdout)
    assert (found["field"], found["is_won"], found["jobs"]) == ("email", True, 600)
    # the shipped waterfall of software companies begins with another provider than the default
    fixed_orders = {order["segment"]: order["fixed"][0] for order in found["orders"]}
    assert (fixed_orders["b2b_saas/smb"], fixed_orders["healthcare/smb"]) == ("apollo", "clearbit")
    assert leadhouse(data, "replay", "--org", "other").exit_code == 1

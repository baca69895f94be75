"""`leadhouse campaign …`: mistakes in sentences, plans with and without keys, and what runs left behind."""

import json
import re
import uuid
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb
from typer.testing import CliRunner, Result

from dagster_project.cli import app
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import ProviderSettings, provider_variable
from dagster_project.sources.planned import Plan
from dagster_project.sources.providers import adapters

KEY = "k3y-that-nobody-may-see"
SPEC = """
name: "Austin Dentists"
vertical: "healthcare"
geo: {city: "Austin", region: "TX", country: "US", radius_km: 25}
filters: {min_rating: 4.0, review_count_min: 20}
sources: ["google_places", "yelp"]
enrichment: ["clearbit", "hunter"]
budget: {max_cost_usd: 50}
schedule: {cron: "0 6 * * *"}
destinations: [{type: "hubspot", config_id: "hs_main"}]
"""
BOX = "geo: {bounding_box: {south: 30.2, west: -97.8, north: 30.3, east: -97.7}}"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the specification's campaign, in an environment and beside a `.env` without providers."""
    monkeypatch.setitem(ProviderSettings.model_config, "env_file", None)
    for name in adapters():
        for field in ProviderSettings.model_fields:
            monkeypatch.delenv(provider_variable(name, field), raising=False)
    write(tmp_path, "austin", SPEC)
    return tmp_path


def write(data: Path, name: str, text: str, kind: str = "campaigns") -> None:
    (data / kind).mkdir(exist_ok=True)
    (data / kind / f"{name}.yaml").write_text(text)


def campaign(*arguments: str, data: Path, columns: int = 100, **env: str) -> Result:
    """Run `leadhouse campaign …` in this process; `env` says what providers have."""
    given = {"COLUMNS": str(columns), "LEADHOUSE_DATA_DIR": str(data), "LEADHOUSE_ORG_ID": None, **env}
    return CliRunner(env=given).invoke(app, ["campaign", *arguments])


def test_the_example_of_the_specification_is_valid_and_its_warnings_are_told(data: Path):
    result = campaign("validate", "austin", data=data)
    assert result.exit_code == 0
    first, *rest = result.stdout.splitlines()
    assert re.fullmatch(r"austin: good, version [0-9a-f]{12}", first)
    assert '  - there is no sync "hs_main": nothing is delivered to it' in rest
    assert any("the terms of yelp say no lead generation" in line for line in rest)


def test_without_a_name_all_campaigns_are_checked_and_one_mistake_hides_no_other(data: Path):
    write(data, "broken", "vertical: healthcare\nsources: [yelp]\nfilters: {min_raiting: 4}\nbudgte: {}\n")
    result = campaign("validate", data=data)
    assert result.exit_code == 2
    assert "broken: wrong\n" in result.stdout
    assert '  - broken.yaml: unknown key "filters.min_raiting" (did you mean "min_rating"?)' in result.stdout
    assert '\n  - unknown key "budgte" (did you mean "budget"?)' in result.stdout
    assert all(f"{name}: good" in result.stdout for name in ("austin", "austin_dentists", "demo_texas"))


def test_a_mistake_in_a_campaigns_vertical_is_the_campaigns(data: Path):
    write(data, "florists", "description: Flowers.\n", "verticals")
    write(data, "flowers", "vertical: florists\nsources: [yelp]\n")
    result = campaign("validate", "flowers", "austin", data=data)
    assert result.exit_code == 2
    assert '  - florists.yaml: missing key "density_per_km2"' in result.stdout
    assert "austin: good" in result.stdout


def test_a_campaign_that_is_not_there_is_told_with_the_nearest(data: Path):
    for command in ("validate", "plan"):
        result = campaign(command, "austni", data=data)
        assert result.exit_code == 2
        assert 'no campaign "austni" (did you mean "austin"?)' in result.output


def test_what_was_checked_can_be_read_by_a_program(data: Path):
    write(data, "broken", "vertical: healthcare\n")
    result = campaign("validate", "austin", "broken", "--json", data=data)
    good, wrong = json.loads(result.stdout)
    assert (result.exit_code, good["mistakes"], wrong["version"]) == (2, [], None)
    assert wrong["mistakes"] == ['broken.yaml: missing key "sources"']


def test_a_plan_without_any_key_is_refused_and_names_the_variables(data: Path):
    result = campaign("plan", "austin", data=data)
    assert result.exit_code == 1
    assert "Refused: no source is left" in result.stdout
    assert "Not set: LEADHOUSE_GOOGLE_PLACES_API_KEY, LEADHOUSE_YELP_API_KEY" in result.stderr


def test_a_plan_asks_the_providers_that_have_a_key(data: Path):
    result = campaign("plan", "austin", data=data, LEADHOUSE_YELP_API_KEY=KEY)
    assert result.exit_code == 0
    assert "google_places is skipped: no key is configured" in result.stdout
    assert "google_geocoding has no key to place it" in result.stdout
    assert re.search(r"^Accepted: [\d,]+ records expected for \$[\d.]+ of \$50\.00", result.stdout, re.MULTILINE)
    assert KEY not in result.output
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_a_plan_can_be_seen_before_there_are_keys(data: Path):
    result = campaign("plan", "austin", "--assume-keys", "--questions", data=data)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "business_search" in result.stdout
    assert "± " in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_a_plan_over_its_budget_is_refused_with_exit_code_1(data: Path):
    write(data, "dear", f"vertical: dentists\nsources: [google_places]\n{BOX}\nbudget: {{max_cost_usd: 0.01}}\n")
    result = campaign("plan", "dear", data=data, LEADHOUSE_GOOGLE_PLACES_API_KEY=KEY)
    assert result.exit_code == 1
    assert "and the budget is $0.01" in result.stdout


def test_a_plan_as_json_can_be_read_back(data: Path):
    result = campaign("plan", "austin", "--json", data=data, LEADHOUSE_YELP_API_KEY=KEY)
    found = Plan.parse(json.loads(result.stdout))
    assert (found.campaign, [bool(part.skipped) for part in found.parts]) == ("austin", [True, False])


def test_a_cap_of_the_environment_cuts_the_plan_finer(data: Path):
    def questions(**env: str) -> int:
        printed = campaign("plan", "austin", "--json", data=data, LEADHOUSE_YELP_API_KEY=KEY, **env).stdout
        return len(Plan.parse(json.loads(printed)).parts[1].queries)

    assert questions(LEADHOUSE_YELP_RESULT_CAP="20") > questions()


def test_a_vertical_that_is_not_there_stops_the_plan(data: Path):
    write(data, "lost", "vertical: dentits\nsources: [yelp]\n")
    result = campaign("plan", "lost", data=data)
    assert result.exit_code == 2
    assert 'no vertical "dentits" (did you mean "dentists"?)' in result.stderr


RUN = """
insert into ops.campaign_runs
  (org_id, campaign_run_id, campaign, campaign_version, day, provider, run_id, plan, state, reason, started_at, figures)
values (%s, %s, 'austin', 'abc', '2026-11-23', %s, 'run-1', '{}', %s, %s, %s, %s)
"""


@pytest.fixture
def served(data: Path, clean_warehouse: Warehouse) -> dict[str, str]:
    """The environment of a database with three runs, one of them another tenant's."""
    figures = {"records": 1234, "new": 1200, "changed": 30, "cost": "1.6800"}
    reason = "the budget of $50.00 is used up: $49.99 spent or reserved"
    with clean_warehouse.connect() as connection:
        for row in (
            ("default", "yelp", "complete", None, "2026-11-23 06:00:01Z", Jsonb(figures)),
            ("default", "google_places", "stopped", reason, "2026-11-23 06:05:00Z", None),
            ("other", "yelp", "failed", "theirs", "2026-11-23 07:00:00Z", None),
        ):
            connection.execute(RUN, [row[0], uuid.uuid4(), *row[1:]])
    return {"DATABASE_URL": clean_warehouse.owner_url()}


@pytest.mark.integration
def test_runs_are_shown_latest_first_and_only_the_tenants(data: Path, served: dict[str, str]):
    result = campaign("runs", "austin", data=data, **served)
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[2].split()[:4] == ["2026-11-23", "06:05", "google_places", "stopped"]
    assert "2026-11-23 06:00   yelp            complete     1,234   1,200        30   $1.68" in result.stdout
    assert "theirs" not in result.stdout
    assert max(map(len, lines)) <= 100
    assert "theirs" in campaign("runs", "austin", "--org", "other", data=data, **served).stdout


@pytest.mark.integration
def test_runs_can_be_read_by_a_program(data: Path, served: dict[str, str]):
    stopped, complete = json.loads(campaign("runs", "austin", "--json", data=data, **served).stdout)
    assert (stopped["state"], stopped["records"], stopped["reason"][:10]) == ("stopped", None, "the budget")
    assert (complete["records"], complete["cost"], complete["day"]) == (1234, "1.6800", "2026-11-23")
    latest = json.loads(campaign("runs", "austin", "--json", "--limit", "1", data=data, **served).stdout)
    assert [row["provider"] for row in latest] == ["google_places"]


@pytest.mark.integration
def test_a_campaign_that_never_ran_says_so_and_one_that_is_not_there_is_wrong_usage(data: Path, served: dict[str, str]):
    result = campaign("runs", "demo_texas", data=data, **served)
    assert (result.exit_code, result.stdout) == (0, "demo_texas has not run yet.\n")
    result = campaign("runs", "nowhere", data=data, **served)
    assert (result.exit_code, result.stdout) == (2, "")
    assert 'no campaign "nowhere"' in result.stderr
    assert campaign("runs", "nowhere", "--json", data=data, **served).exit_code == 2


def test_a_database_that_does_not_answer_is_one_sentence(data: Path):
    result = campaign("runs", "austin", data=data, DATABASE_URL="postgresql://ann:hidden@127.0.0.1:1/crm")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "ann@127.0.0.1:1/crm" in result.stderr
    assert "hidden" not in result.output

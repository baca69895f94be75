"""`leadhouse adapter …`: what there is, a new one that is green at once, and what an adapter makes of a payload."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from dagster_project.cli import app, scaffold
from dagster_project.cli.scaffold import NotWritten, check_name, write_adapter
from dagster_project.settings import PROJECT_ROOT, ProviderSettings, provider_variable
from dagster_project.sources.providers import adapters
from tests.adapters.cases import case_of

KEY = "k3y-that-nobody-may-see"
LONG = "acme_places_of_the_united_states_of_acme"


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment and a `.env` that say nothing of any provider."""
    monkeypatch.setitem(ProviderSettings.model_config, "env_file", None)
    for name in adapters():
        for field in ProviderSettings.model_fields:
            monkeypatch.delenv(provider_variable(name, field), raising=False)


def adapter(*arguments: str, payload: object = None, text: bytes | None = None, **env: str) -> Result:
    """Run `leadhouse adapter …` in this process, with a payload on standard input."""
    body = orjson.dumps(payload) if text is None else text
    return CliRunner(env={"COLUMNS": "100", **env}).invoke(app, ["adapter", *arguments], input=body)


def page(name: str, endpoint: str) -> dict:
    """The first page of an adapter's fixture at an endpoint."""
    exchanges = case_of(name).content["exchanges"]
    return next(e for e in exchanges if e["endpoint"] == endpoint)["answers"][0]["body"]


def test_every_adapter_is_listed_with_its_limits_terms_and_whether_it_has_a_key():
    result = adapter("list", LEADHOUSE_HUNTER_API_KEY=KEY, LEADHOUSE_YELP_LIMITS="9/second")
    assert result.exit_code == 0
    assert all(f"\n{name} " in result.stdout for name in adapters())
    assert "discover 5/second" in result.stdout
    assert "9/second" in result.stdout
    assert "no lead generation" in result.stdout
    first_lines = [line for line in result.stdout.splitlines() if line.startswith(("Hunter", "Yelp"))]
    assert [line.split()[-1] for line in first_lines] == ["yes", "no"]
    assert KEY not in result.output
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_the_list_can_be_read_by_a_program():
    found = {row["provider"]: row for row in json.loads(adapter("list", "--json", LEADHOUSE_YELP_API_KEY=KEY).stdout)}
    assert list(found) == list(adapters())
    yelp = found["yelp"]
    assert (yelp["is_configured"], yelp["limits"], yelp["endpoints"]) == (
        True,
        ["5/second 300/day"],
        {"business_search": "business"},
    )
    assert yelp["terms"]["storage_days"] == {"*": 1, "provider_key": None}
    assert "LEADHOUSE_YELP_RESULT_CAP" in yelp["variables"]


@pytest.mark.parametrize("given", ["page", "list", "record"])
def test_a_page_a_list_and_a_record_become_the_same_rows(given: str):
    whole = page("yelp", "business_search")
    payload = {"page": whole, "list": whole["businesses"], "record": whole["businesses"][0]}[given]
    found = json.loads(adapter("normalize", "yelp", "--json", payload=payload).stdout)
    row = found["rows"][0]
    assert (row["provider_key"], row["name"], row["phone"]) == ("yq1-invented-0001", "Larkspur Bakery", "+16125550101")
    assert row["provenance"]["phone"] == 0.95
    assert (len(found["rows"]), found["unread"]) == (1 if given == "record" else 2, [])


def test_rows_are_shown_with_the_confidence_of_each_field_and_the_page_to_see_them_at():
    result = adapter("normalize", "yelp", payload=page("yelp", "business_search"))
    assert result.exit_code == 0
    assert "yq1-invented-0001  https://www.yelp.com/biz/larkspur-bakery-minneapolis" in result.stdout
    assert any(line.split() == ["phone", "+16125550101", "0.95"] for line in result.stdout.splitlines())
    assert "Bakeries, Coffee & Tea" in result.stdout


@pytest.mark.parametrize("endpoint", ["discover", "domain_search"])
def test_the_endpoint_is_the_one_that_reads_most(endpoint: str):
    payload = page("hunter", endpoint)
    assert json.loads(adapter("normalize", "hunter", "--json", payload=payload).stdout)["endpoint"] == endpoint


def test_what_the_pipeline_would_refuse_leave_out_or_not_land_is_told():
    record = {"id": "y1", "name": "Ann's", "phone": "12", "new_part": {"deep": 1}}
    result = adapter("normalize", "yelp", payload=[record, {"name": "Bob's"}])
    assert result.exit_code == 0
    assert "refused: phone of record 1 (invalid_phone): 12" in result.stdout
    assert "Neither read nor ignored: new_part.deep" in result.stderr
    assert "1 without a key (id) would not be landed" in result.stderr


def test_many_rows_are_cut_short_and_the_rest_counted():
    result = adapter("normalize", "yelp", payload=[{"id": f"y{n}", "name": f"Shop {n}"} for n in range(8)])
    assert result.stdout.count("confidence") == 5
    assert "3 more; --json prints them all" in result.stdout


@pytest.mark.parametrize("payload", [[], {}, {"error": {"code": "NOT_FOUND"}}, 5, None, {"businesses": [], "total": 0}])
def test_a_payload_without_a_record_is_told(payload: object):
    result = adapter("normalize", "yelp", payload=payload)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "No record of yelp business_search in it" in result.stderr


def test_wrong_usage_names_the_nearest_word():
    assert '(did you mean "yelp"?)' in adapter("normalize", "yepl").stderr
    assert '(did you mean "discover"?)' in adapter("normalize", "hunter", "--endpoint", "discovr", payload=[]).stderr
    assert "is no JSON" in adapter("normalize", "yelp", text=b"{cut").stderr
    codes = [adapter(*words, text=b"{cut").exit_code for words in (["normalize", "yelp"], ["check", "yepl"])]
    assert codes == [2, 2]


@pytest.mark.parametrize(
    "name", ["yelp", "Acme", "1acme", "acme-places", "class", "acme__places", "_acme", "../acme", ""]
)
def test_a_name_that_is_taken_or_no_modules_is_refused(name: str):
    with pytest.raises(NotWritten):
        check_name(name)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the contract suite needs of the project."""
    skip = shutil.ignore_patterns("__pycache__")
    for folder in ("dagster_project", "tests", "dbt/seeds"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder, ignore=skip)
    shutil.copy(PROJECT_ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def in_checkout(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from dagster_project.cli import main; main()"
    environment = os.environ | {"PYTHONPATH": str(checkout), "LEADHOUSE_SHARED_DIR": str(checkout), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, "adapter", *arguments],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("kind", ["business", "person"])
def test_a_new_adapter_is_green_tidy_and_short_as_it_is_written(checkout: Path, kind: str):
    written = in_checkout(checkout, "new", LONG, "--kind", kind)
    module, fixture = (Path(line) for line in written.stdout.splitlines()[:2])
    assert (written.returncode, module.parents[3], fixture.stem) == (0, checkout, LONG)
    checked = in_checkout(checkout, "check", LONG)
    assert (checked.returncode, " passed" in checked.stdout, " failed" in checked.stdout) == (0, True, False)
    ruff = [sys.executable, "-m", "ruff"]
    for tidy in (["check", module], ["format", "--check", module]):
        assert subprocess.run([*ruff, *tidy], cwd=checkout, capture_output=True).returncode == 0
    assert sum(len(path.read_text().splitlines()) for path in (module, fixture)) < 120
    assert in_checkout(checkout, "new", LONG).returncode == 1


def test_an_adapter_that_breaks_its_contract_is_red(checkout: Path):
    module, _ = write_adapter("acme", "business", checkout)
    module.write_text(module.read_text().replace('"name": "name"', '"name": "title"'))
    checked = in_checkout(checkout, "check", "acme")
    assert checked.returncode == 1
    assert "test_records_give_the_expected_fields_key_and_url" in checked.stdout


def test_nothing_is_written_over_nor_beside_a_checkout(tmp_path: Path):
    with pytest.raises(NotWritten, match="in a checkout of the project"):
        write_adapter("acme", "business", tmp_path)
    (tmp_path / scaffold.MODULES).mkdir(parents=True)
    fixture = tmp_path / scaffold.FIXTURES / "acme.json"
    fixture.parent.mkdir(parents=True)
    fixture.write_text("mine")
    with pytest.raises(NotWritten, match="is there already"):
        write_adapter("acme", "business", tmp_path)
    assert (fixture.read_text(), list((tmp_path / scaffold.MODULES).iterdir())) == ("mine", [])


def test_a_suite_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dagster_project.cli.adapter.SUITE", tmp_path / "absent")
    result = adapter("check", "yelp")
    assert (result.exit_code, "the suite runs in a checkout of the project" in result.stderr) == (2, True)


def test_a_missing_pytest_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = adapter("check", "yelp")
    assert (result.exit_code, "pytest is not installed" in result.stderr) == (2, True)

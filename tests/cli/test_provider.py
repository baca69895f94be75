"""`leadhouse provider …` and `cache invalidate`: what there is, turned off and on, and answers forgotten."""

import json
import re
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dagster_project.cli import app, cache, provider
from dagster_project.enrichment import providers as rooms
from dagster_project.enrichment.offers import Offer
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import ProviderSettings, provider_variable
from tests.enrichment.fakes import FILLS, fake_providers

pytestmark = pytest.mark.integration

KEY = "k3y-that-nobody-may-see"
LEAD = str(uuid.uuid5(uuid.NAMESPACE_OID, "lead"))
OFFERS = {
    ("apollo", "person_lookup"): Offer(
        "apollo", "person_lookup", Decimal("0.1"), "match", 0.85, {"mobile": Decimal("0.8")}
    ),
    ("builtwith", "business_lookup"): Offer("builtwith", "business_lookup", Decimal("0.005"), "call", 0.9),
}
ENTRY = """
insert into ops.enrichment_cache values
  ('default', %s, gen_random_uuid(), 'ok', now(), now() + interval '1 day')
"""


@pytest.fixture
def house(tmp_path: Path, clean_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Environment of a house with fake providers, of which Apollo alone has a key and PDL's breaker is open."""
    monkeypatch.setitem(ProviderSettings.model_config, "env_file", None)
    for name in FILLS:
        for field in ProviderSettings.model_fields:
            monkeypatch.delenv(provider_variable(name, field), raising=False)
    for module in (rooms, provider, cache):
        monkeypatch.setattr(module, "providers", fake_providers)
    monkeypatch.setattr(provider, "offers", lambda: OFFERS)
    with clean_warehouse.connect() as connection:
        connection.execute("insert into ops.provider_health values ('default', 'pdl', 'open', 5)")
        for key in ("apollo.person_lookup.1", "apollo.business_lookup.2", "pdl.person_lookup.3"):
            connection.execute(ENTRY, [key])
    url = clean_warehouse.owner_url()
    keys = {"LEADHOUSE_APOLLO_API_KEY": KEY, "LEADHOUSE_PDL_API_KEY": KEY}
    return {"LEADHOUSE_DATA_DIR": str(tmp_path), "DATABASE_URL": url, "LEADHOUSE_ORG_ID": "", "COLUMNS": "100", **keys}


def leadhouse(house: dict[str, str], *arguments: str) -> Result:
    return CliRunner(env=house).invoke(app, list(arguments))


def listed(house: dict[str, str]) -> dict[str, dict]:
    return {row["provider"]: row for row in json.loads(leadhouse(house, "provider", "list", "--json").stdout)}


def test_every_provider_is_listed_with_its_state_prices_and_what_it_fills(house: dict[str, str]):
    result = leadhouse(house, "provider", "list")
    assert result.exit_code == 0
    assert "$0.10 a match" in result.stdout
    assert "+ $0.80 mobile" in result.stdout
    assert "not configured" in result.stdout
    assert "breaker open" in result.stdout
    assert "no price" in result.stdout
    assert KEY not in result.output
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_the_list_can_be_read_by_a_program(house: dict[str, str]):
    found = listed(house)
    assert list(found) == sorted(FILLS)
    assert [name for name, row in found.items() if row["is_configured"]] == ["apollo", "pdl"]
    assert all(row["is_enabled"] for row in found.values())
    assert (found["pdl"]["breaker"], found["pdl"]["failures"], found["apollo"]["breaker"]) == ("open", 5, "closed")
    (lookup,) = found["builtwith"]["lookups"]
    assert (lookup["fills"], lookup["usd"], lookup["charged_for"], lookup["confidence"]) == (
        *(["tech"], "0.005", "call", 0.9),
    )


def test_a_provider_is_turned_off_with_a_reason_and_on_again(house: dict[str, str]):
    off = leadhouse(house, "provider", "disable", "apollo", "--reason", "wrong titles", "--who", "ann")
    assert (off.exit_code, off.stdout) == (0, "Apollo is off.\n")
    row = listed(house)["apollo"]
    assert (row["is_enabled"], row["changed_by"], row["reason"]) == (False, "ann", "wrong titles")
    last = leadhouse(house, "provider", "list").stdout.splitlines()[-1]
    assert re.fullmatch(r"Apollo was turned off by ann on \d{4}-\d\d-\d\d: wrong titles", last)
    assert leadhouse(house, "provider", "disable", "apollo").stdout == "Apollo was off already.\n"
    assert leadhouse(house, "provider", "enable", "apollo").stdout == "Apollo is on.\n"
    assert leadhouse(house, "provider", "enable", "apollo").stdout == "Apollo was on already.\n"
    assert listed(house)["apollo"]["is_enabled"]


def test_a_provider_that_is_on_without_a_key_says_which_variable_it_lacks(house: dict[str, str]):
    result = leadhouse(house, "provider", "enable", "lusha")
    assert (result.exit_code, result.stdout) == (0, "Lusha was on already.\n")
    assert "set LEADHOUSE_LUSHA_API_KEY" in result.stderr


@pytest.mark.parametrize("command", ["enable", "disable"])
def test_an_unknown_provider_is_told_with_the_nearest(house: dict[str, str], command: str):
    result = leadhouse(house, "provider", command, "apolo")
    assert result.exit_code == 2
    assert 'no enrichment provider "apolo" (did you mean "apollo"?)' in " ".join(result.stderr.split())


def test_answers_are_counted_before_they_are_forgotten(house: dict[str, str]):
    for words, many in (
        (("--provider", "apollo", "--dry-run"), "2 cached answers would be forgotten.\n"),
        (("--provider", "apollo", "--lookup", "person_lookup"), "1 cached answer forgotten.\n"),
        (("--lead", LEAD), "0 cached answers forgotten.\n"),
        (("--all", "--json"), '{"answers": 2, "dry_run": false}\n'),
    ):
        result = leadhouse(house, "cache", "invalidate", *words)
        assert (result.exit_code, result.stdout) == (0, many)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "say whose: --provider, --lookup or --lead, or else --all"),
        (("--all", "--provider", "apollo"), "say whose"),
        (("--provider", "apolo"), '(did you mean "apollo"?)'),
        (("--provider", "hunter", "--lookup", "persn_lookup"), '(did you mean "person_lookup"?)'),
        (("--lead", "7"), "'7' is not the id of a lead"),
    ],
)
def test_nothing_is_forgotten_by_a_slip(house: dict[str, str], words: tuple[str, ...], sentence: str):
    result = leadhouse({**house, "COLUMNS": "300"}, "cache", "invalidate", *words)
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())
    assert '"answers": 3' in leadhouse(house, "cache", "invalidate", "--all", "--dry-run", "--json").stdout

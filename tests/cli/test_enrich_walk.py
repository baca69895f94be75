"""`leadhouse enrich` as a person runs it: a file's leads are resolved, asked about, and answered in the marts."""

import json
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dagster_project.sandbox.api.live import LiveWorld
from dagster_project.sandbox.api.server import Sandbox
from dagster_project.settings import PROJECT_ROOT
from tests.house import LEADHOUSE, House, open_house

# One worker for the file: the house is walked once for all its tests.
pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("enrich")]
RECORDS, SEED, LEADS = 3_000, 7, 5
MAPPING = """
description: Companies of which name and website are known
kind: business
key: domain
required: [name]
fields: {name: name, website: domain, city: city, region: state}
constants: {country: US}
"""
# One provider for both fields: a question of each lead is one call.
WATERFALL = """
description: Ours.
budget: {max_cost_per_day_usd: 5}
fields: {company: {providers: [pdl]}, social: {providers: [pdl]}}
"""
ASKED = ("enrich", "--field", "company", "--field", "social", "--json")
DIM_LEADS = "select domain, employees_range, linkedin, provenance::text as provenance from marts.dim_lead"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(RECORDS, SEED, process=True, limits={"*": "off"}, complete=True) as found:
        yield found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[House]:
    """A house whose leads have been resolved, and in which every provider has a key."""
    folder = tmp_path_factory.mktemp("enriched")
    with open_house(folder, [f"{companies(folder)}=ours"]) as found:
        found.environment |= sandbox.environment() | {"LEADHOUSE_PDL_LIMITS": "off"}
        for kind, name, text in (("mappings", "ours", MAPPING), ("waterfalls", "default", WATERFALL)):
            (found.data_dir / kind).mkdir()
            (found.data_dir / kind / f"{name}.yaml").write_text(text)
        found.walk()
        yield found


@pytest.fixture(scope="module")
def before(house: House) -> pl.DataFrame:
    return house.warehouse.query(DIM_LEADS)


@pytest.fixture(scope="module")
def enriched(house: House, before: pl.DataFrame) -> dict[str, Any]:
    return leadhouse(house, *ASKED)


def companies(folder: Path) -> Path:
    """A file of companies that the sandbox knows."""
    world = LiveWorld.make(RECORDS, SEED).now
    own = world.filter(pl.col("domain").is_not_null() & pl.col("chain").is_null()).unique("domain", maintain_order=True)
    own.head(LEADS).select("name", "domain", "city", "state").write_csv(folder / "ours.csv")
    return folder / "ours.csv"


def leadhouse(house: House, *arguments: str) -> dict[str, Any]:
    """A command's JSON."""
    done = subprocess.run(
        [LEADHOUSE, *arguments], env=house.environment, cwd=PROJECT_ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_what_was_missing_is_in_the_marts_with_who_said_it(
    before: pl.DataFrame, enriched: dict[str, Any], house: House
):
    assert before.height == LEADS
    assert before["employees_range"].null_count() == LEADS
    after = house.warehouse.query(DIM_LEADS)
    assert set(after["domain"]) == set(before["domain"])
    filled = after.filter(pl.col("employees_range").is_not_null())
    assert filled.height == enriched["fields"]["company"]["filled"] > 0
    assert all("pdl" in provenance for provenance in filled["provenance"])


def test_the_bill_is_the_ledger_to_the_cent(enriched: dict[str, Any], house: House, sandbox: Sandbox):
    assert enriched["state"] == "completed"
    bill = sum((Decimal(account["charged"]) for account in sandbox.bill().values()), Decimal(0))
    assert bill == sum(Decimal(field["cost_usd"]) for field in enriched["fields"].values()) > 0
    with house.warehouse.connect() as connection:
        (spent,) = connection.execute("select sum(cost_usd) from ops.enrichment_answers").fetchone()
    assert spent == bill
    assert {call["request_id"] for call in sandbox.calls("pdl")} == {
        call_id for (call_id,) in house.warehouse.query("select call_id::text as id from ops.enrichment_calls").rows()
    }

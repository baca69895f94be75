"""A campaign of a vertical nobody knew before, from two YAML files to delivered leads, as a person runs it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from dagster_project.resources.warehouse import Warehouse
from dagster_project.sandbox.api.server import Sandbox
from dagster_project.settings import PROJECT_ROOT, Settings
from tests.house import LEADHOUSE

pytestmark = pytest.mark.integration

VERTICAL = """
description: Bakeries.
canonical: local_services
required: [name, phone]
density_per_km2: 0.05
categories: {google_places: [bakery], yelp: [bakeries]}
"""
CAMPAIGN = """
name: Bakeries of Texas
vertical: bakeries
geo: {bounding_box: {south: 29.2, west: -98.8, north: 33.2, east: -94.9}, country: US}
filters: {min_rating: 3.5}
sources: [google_places, yelp]
budget: {max_cost_usd: 30}
destinations: [{type: csv, config_id: csv_export}]
"""


def test_a_new_vertical_is_one_file_and_its_leads_arrive(folder: Path):
    data = folder / "data"
    for kind, name, text in (("verticals", "bakeries", VERTICAL), ("campaigns", "texan_bakeries", CAMPAIGN)):
        (data / kind).mkdir(parents=True)
        (data / kind / f"{name}.yaml").write_text(text)
    try:
        with Sandbox(20_000, 7, process=True, limits={"*": "off"}) as sandbox:
            environment = os.environ | sandbox.environment() | {"LEADHOUSE_DATA_DIR": str(data)}
            environment |= {"LEADHOUSE_YELP_LIMITS": "off", "LEADHOUSE_GOOGLE_PLACES_LIMITS": "off"}
            environment.pop("DATABASE_URL", None)
            first = leadhouse(environment, "campaign", "run", "texan_bakeries", "--json")
            again = leadhouse(environment, "campaign", "run", "texan_bakeries", "--json")
            called = {provider: account["repeated"] for provider, account in sandbox.bill().items()}
            runs = leadhouse(environment, "campaign", "runs", "texan_bakeries", "--json")
    finally:
        Warehouse(Settings(_env_file=None, DATABASE_URL=None, data_dir=data)).embedded.remove()
    assert {s["source"] for s in first["sources"]} == {"texan_bakeries.google_places", "texan_bakeries.yelp"}
    assert all(s["received"] == s["accepted"] + s["quarantined"] + s["duplicate"] for s in first["sources"])
    sent = {d["destination"]: d["acknowledged"] for d in first["delivered"]}
    held = sum(reason["leads"] for reason in first["held"])
    assert sent["csv_export"] > 10
    assert first["leads"] - held <= sent["csv_export"] <= first["leads"]
    assert any("below" in reason["reason"] or "phone" in reason["reason"] for reason in first["held"])
    assert [d["acknowledged"] for d in again["delivered"] if d["destination"] == "csv_export"] == [0]
    assert set(called.values()) == {0}
    assert [run["state"] for run in runs] == ["complete"] * 4


def leadhouse(environment: dict[str, str], *arguments: str) -> dict:
    """A command's JSON."""
    done = subprocess.run([LEADHOUSE, *arguments], env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)

"""The mappings we ship, on the real data sets they are for."""

from pathlib import Path

import polars as pl
import pytest
import yaml

from dagster_project import user_yaml
from dagster_project.contracts import RAW_RECORDS
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.files.extract import extract
from dagster_project.sources.files.inbox import deposit, received
from dagster_project.sources.files.landing import check_file, land
from dagster_project.sources.files.mapping import Mapping, load_mapping
from dagster_project.sources.files.suggest import suggest_mapping, to_yaml
from tests import real_sets
from tests.sources.conftest import NOW, ORG, assert_balanced

MAPPINGS = [PROJECT_ROOT / "data" / "mappings"]
ALMOST_ALWAYS_THERE = {
    "openbrewerydb_2018": {"name", "city", "region", "postal"},
    "openbrewerydb_2026": {"name", "city", "region", "postal", "country"},
    "chicago_sites": {"name", "address_line1", "phone"},
    "fodors": {"name", "address_line1", "city", "phone"},
    "zagats": {"name", "address_line1", "city", "phone"},
    "restaurants_a": {"name", "address_line1", "phone"},
    "restaurants_b": {"name", "address_line1", "city", "region", "postal"},
    "crunchbase_2013": {"name", "city", "region", "category"},
}
pytestmark = pytest.mark.shared


@pytest.mark.parametrize("name", real_sets.FILES)
def test_a_real_set_lands_whole_and_a_second_time_changes_nothing(name: str, shared_dir: Path, tmp_path: Path):
    path, expected = real_sets.file_of(shared_dir, name), real_sets.FILES[name][1]
    mapping = load_mapping(name, MAPPINGS)
    check_file(path, mapping)
    deposit(path, name, tmp_path, ORG, NOW)
    files = received(tmp_path, ORG, name, NOW.date())
    landing = land(files, mapping, org_id=ORG, day=NOW.date(), known={})
    assert_balanced(landing)
    print(landing.receipts.select("file", "received", "accepted", "quarantined", "duplicate").row(0))
    raw = pl.concat(landing.raw)
    assert list(RAW_RECORDS.violations(raw.lazy())) == []
    assert landing.receipts.select("received", "accepted").row(0) == (expected, expected)
    extracted = extract(raw, mapping)
    shares = {t: 1 - extracted[t].null_count() / expected for t in ALMOST_ALWAYS_THERE[name]}
    assert min(shares.values()) > 0.93, shares
    again = land(files, mapping, org_id=ORG, day=NOW.date(), known=raw.select("record_id", "payload_hash"))
    assert again.receipts.select("accepted", "duplicate").row(0) == (0, expected)


@pytest.mark.parametrize("name", real_sets.FILES)
def test_a_suggested_mapping_of_a_real_set_loads_and_lands(name: str, shared_dir: Path, tmp_path: Path):
    path, expected = real_sets.file_of(shared_dir, name), real_sets.FILES[name][1]
    suggestion = suggest_mapping(path, name=name)
    mapping = user_yaml.parse(Mapping, yaml.safe_load(to_yaml(suggestion)), name, f"{name}.yaml")
    assert mapping == suggestion.mapping
    assert {"name", "address_line1"} & set(mapping.targets)
    deposit(path, name, tmp_path, ORG, NOW)
    landing = land(received(tmp_path, ORG, name, NOW.date()), mapping, org_id=ORG, day=NOW.date(), known={})
    assert landing.receipts["accepted"].sum() == expected

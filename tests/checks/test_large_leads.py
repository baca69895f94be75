"""The alarm for leads of too many records."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from dagster_project.checks.contracts import MOST_RECORDS, no_lead_is_suspiciously_large
from dagster_project.contracts import LEAD_MAP
from dagster_project.resources.lake import Lake


def lake_with(folder: Path, records: int) -> Lake:
    """A lake whose one lead has so many records."""
    rows = [
        ("acme", "business", f"{n}", "lead", None, "test", datetime(2026, 1, 1, tzinfo=UTC)) for n in range(records)
    ]
    lake = Lake(folder)
    lake.write(LEAD_MAP, pl.DataFrame(rows, schema=LEAD_MAP.polars_schema, orient="row"), "acme", "business", "v1")
    return lake


def test_a_lead_of_very_many_records_is_named_in_a_warning(tmp_path: Path):
    assert no_lead_is_suspiciously_large(lake_with(tmp_path / "few", MOST_RECORDS)).passed
    found = no_lead_is_suspiciously_large(lake_with(tmp_path / "many", MOST_RECORDS + 1))
    assert (found.passed, found.severity.value) == (False, "WARN")
    assert found.metadata["large leads"].value == [
        {"org_id": "acme", "kind": "business", "lead_id": "lead", "records": MOST_RECORDS + 1}
    ]

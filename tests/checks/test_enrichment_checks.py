"""The alarms of enrichment: fields that are asked for in vain, and money that is nearly gone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from dagster_project.checks.enrichment import DAYS, FEWEST_JOBS, fields_are_filled, spend_is_within_budget
from dagster_project.contracts import ENRICHMENT_ANSWERS, ENRICHMENT_ATTEMPTS, Table, Type
from dagster_project.resources.lake import Lake
from dagster_project.settings import Settings

NOW = datetime.now(UTC)
TODAY = NOW.date()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def write(lake: Lake, table: Table, rows: pl.DataFrame, provider: str, day: date) -> None:
    """A day's partition of the rows, with something in every other required column."""
    something = {Type.TEXT: "x", Type.UUID: "x", Type.JSON: "{}", Type.MONEY: Decimal(0), Type.TIMESTAMP: NOW}
    something |= {Type.INT: 1, Type.BOOL: False, Type.DATE: day}
    rest = [c for c in table.columns if c.required and c.name not in rows.columns]
    full = rows.with_columns(pl.lit(something[c.type]).alias(c.name) for c in rest)
    lake.write(table, table.conform(full), "acme", f"enrichment.{provider}", day.isoformat())


def attempted(lake: Lake, field: str, jobs: int, filled: int, day: date = TODAY) -> None:
    """As many jobs that asked two providers for a field, of which so many filled it at the second."""
    rows = [
        {"job_id": f"{field} {job}", "field": field, "attempt": attempt, "is_filled": attempt == 2 and job < filled}
        for job in range(jobs)
        for attempt in (1, 2)
    ]
    write(lake, ENRICHMENT_ATTEMPTS, pl.DataFrame(rows), field, day)


def spent(lake: Lake, usd: str, day: date = TODAY) -> None:
    write(lake, ENRICHMENT_ANSWERS, pl.DataFrame({"cost_usd": [Decimal(usd)]}), "apollo", day)


def with_cap(folder: Path, cap: str) -> Settings:
    """Settings of a house whose own default waterfall has this cap for a day."""
    (folder / "waterfalls").mkdir(exist_ok=True)
    text = f"description: Ours.\nbudget: {{{cap}}}\nfields: {{email: {{providers: [apollo]}}}}\n"
    (folder / "waterfalls" / "default.yaml").write_text(text)
    return Settings(_env_file=None, DATABASE_URL=None, data_dir=folder, org_id="acme")


def test_a_field_that_is_asked_for_in_vain_is_named_in_a_warning(lake: Lake):
    attempted(lake, "email", FEWEST_JOBS, FEWEST_JOBS // 2)
    assert fields_are_filled(lake).passed
    attempted(lake, "phone", FEWEST_JOBS, 5)
    found = fields_are_filled(lake)
    assert (found.passed, found.severity.value) == (False, "WARN")
    assert found.metadata["fill rate"].value == {"email": 0.5, "phone": 0.1}


def test_few_questions_and_those_of_last_week_say_nothing(lake: Lake):
    attempted(lake, "tech", FEWEST_JOBS - 1, 0)
    attempted(lake, "title", FEWEST_JOBS, 0, TODAY - timedelta(days=DAYS))
    found = fields_are_filled(lake)
    assert found.passed
    assert found.metadata["fill rate"].value == {"tech": 0.0}


def test_nothing_asked_is_no_alarm(lake: Lake, tmp_path: Path):
    assert fields_are_filled(lake).passed
    assert spend_is_within_budget(lake, with_cap(tmp_path, "max_cost_per_day_usd: 10")).passed


def test_a_budget_that_is_nearly_spent_is_told(lake: Lake, tmp_path: Path):
    conf = with_cap(tmp_path, "max_cost_per_day_usd: 10")
    spent(lake, "8.99")
    assert spend_is_within_budget(lake, conf).passed
    spent(lake, "9.00")
    found = spend_is_within_budget(lake, conf)
    assert (found.passed, found.severity.value) == (False, "WARN")
    assert (found.metadata["spent, USD"].value, found.metadata["budget, USD"].value) == (9, 10)


def test_yesterdays_money_and_a_day_without_a_cap_are_no_alarm(lake: Lake, tmp_path: Path):
    spent(lake, "9.99", TODAY - timedelta(days=1))
    assert spend_is_within_budget(lake, with_cap(tmp_path, "max_cost_per_day_usd: 10")).passed
    spent(lake, "1000")
    assert spend_is_within_budget(lake, with_cap(tmp_path, "max_cost_per_day_usd: null")).passed

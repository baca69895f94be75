"""Changes as Dagster finds them: over days, for files and campaigns alike, without reading what did not change."""

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import orjson
import polars as pl
import pytest

from dagster_project.assets.changes import find_changes
from dagster_project.assets.reading import VERTICAL
from dagster_project.assets.staging import normalize_records
from dagster_project.contracts import RAW_RECORDS, RECORD_SIGHTINGS, SOURCE_CHANGES, STAGED_CONTACTS, STAGED_RECORDS
from dagster_project.contracts.identity import record_ids
from dagster_project.resources.lake import Lake
from dagster_project.settings import Settings
from dagster_project.sources.adapter import Ask

DAYS = [date(2026, 11, day) for day in (1, 2, 3)]
COMPANIES, PEOPLE = Ask("company_search", {"x": 1}).text, Ask("people_search", {"x": 1}).text


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "mappings").mkdir()
    mapping = "kind: business\nkey: id\nfields: {name: name, status: status}\n"
    (tmp_path / "mappings" / "shops.yaml").write_text(mapping)
    return Settings(_env_file=None, DATABASE_URL=None, data_dir=tmp_path)


def land(settings: Settings, source: str, day: date, *rows: dict, query: str = "", complete: str | None = None) -> None:
    """Raw records and sightings of a day: new and changed `rows`, each with a key `id`; `at` is the hour."""
    lake, provider = Lake(settings.data_dir / "lake"), source.rpartition(".")[2]
    ids = record_ids("default", [provider] * len(rows), [row["id"] for row in rows])
    common = {"org_id": "default", "source": source, "partition_date": day}
    raw = [
        {
            **common,
            "provider": provider,
            "provider_key": row["id"],
            "record_id": record_id,
            "kind": "person" if row.get("query", query) == PEOPLE else "business",
            "fetched_at": datetime(day.year, day.month, day.day, row.pop("at", 6), tzinfo=UTC),
            "query": row.pop("query", query),
            "payload": orjson.dumps(row).decode(),
            "payload_hash": str(row),
            "request_cost_usd": 0,
        }
        for row, record_id in zip(rows, ids, strict=True)
    ]
    frame = RAW_RECORDS.conform(pl.DataFrame(raw)) if raw else RAW_RECORDS.empty()
    lake.write(RAW_RECORDS, frame, "default", source, day.isoformat(), manifest={VERTICAL: "healthcare"})
    seen = frame.select(*common, "record_id", "payload_hash", last_seen_at="fetched_at").unique("record_id")
    manifest = {"complete": complete} if complete else None
    lake.write(RECORD_SIGHTINGS, RECORD_SIGHTINGS.conform(seen), "default", source, day.isoformat(), manifest=manifest)


def found(settings: Settings, day: date) -> list[tuple]:
    """change_type, field, old and new value of each row of the day."""
    lake = Lake(settings.data_dir / "lake")
    done = dg.materialize(
        [find_changes],
        partition_key=day.isoformat(),
        instance=dg.DagsterInstance.ephemeral(),
        resources={"lake": lake, "settings": settings},
    )
    assert done.success
    rows = lake.scan(SOURCE_CHANGES).filter(pl.col("partition_date") == day).collect()
    assert list(SOURCE_CHANGES.violations(rows.lazy())) == []
    return rows.select("change_type", "field", "old_value", "new_value").rows()


def test_a_version_is_compared_with_the_last_one_before_it(settings: Settings) -> None:
    land(settings, "shops", DAYS[0], {"id": "1", "name": "Oak"}, {"id": "2", "name": "Elm"})
    land(settings, "shops", DAYS[1], {"id": "1", "name": "Ash"}, {"id": "3", "name": "Fir"})
    land(settings, "shops", DAYS[2], {"id": "1", "name": "Oak", "status": "Permanently closed"})
    assert found(settings, DAYS[0]) == []
    assert found(settings, DAYS[1]) == [("updated", "name", "Oak", "Ash")]
    assert found(settings, DAYS[2]) == [("updated", "name", "Ash", "Oak"), ("closed", "status", None, "closed")]


def test_several_versions_of_a_day_are_compared_in_their_order(settings: Settings) -> None:
    land(settings, "shops", DAYS[0], {"id": "1", "name": "Oak"})
    land(settings, "shops", DAYS[1], {"id": "1", "name": "Ash", "at": 9}, {"id": "1", "name": "Elm", "at": 7})
    assert found(settings, DAYS[1]) == [("updated", "name", "Elm", "Ash"), ("updated", "name", "Oak", "Elm")]


def test_a_day_without_changes_has_none(settings: Settings) -> None:
    land(settings, "shops", DAYS[0], {"id": "1", "name": "Oak"})
    land(settings, "shops", DAYS[1])
    assert found(settings, DAYS[1]) == []


def test_a_campaign_finds_companies_and_people_by_the_question_that_was_asked(settings: Settings) -> None:
    land(settings, "texas.apollo", DAYS[0], {"id": "1", "name": "Oak"}, query=COMPANIES)
    person = {"id": "p", "first_name": "Ann", "query": PEOPLE}
    land(settings, "texas.apollo", DAYS[1], {"id": "1", "name": "Ash"}, person, query=COMPANIES)
    land(settings, "texas.apollo", DAYS[2], {**person, "title": "CEO", "query": PEOPLE}, query=COMPANIES)
    assert found(settings, DAYS[1]) == [("updated", "name", "Oak", "Ash")]
    assert found(settings, DAYS[2]) == [("updated", "title", None, "CEO")]


def test_each_kind_of_a_campaign_is_staged_into_its_table(settings: Settings) -> None:
    person = {"id": "p", "first_name": "Ann", "query": PEOPLE}
    land(settings, "texas.apollo", DAYS[0], {"id": "1", "name": "Oak"}, person, query=COMPANIES)
    lake = Lake(settings.data_dir / "lake")
    dg.materialize([normalize_records], partition_key="2026-11-01", resources={"lake": lake, "settings": settings})
    assert lake.scan(STAGED_RECORDS).select("name", "vertical").collect().rows() == [("Oak", "healthcare")]
    assert lake.scan(STAGED_CONTACTS).select("first_name").collect().rows() == [("Ann",)]


def test_what_a_complete_search_finds_no_more_is_removed_and_may_return(settings: Settings) -> None:
    one, two = {"id": "1", "name": "Oak"}, {"id": "2", "name": "Elm"}
    land(settings, "texas.apollo", DAYS[0], dict(one), dict(two), query=COMPANIES, complete="v1")
    land(settings, "texas.apollo", DAYS[1], dict(two), query=COMPANIES, complete="v1")
    land(settings, "texas.apollo", DAYS[2], dict(one), dict(two), query=COMPANIES, complete="v1")
    assert found(settings, DAYS[1]) == [("removed", "record", None, None)]
    assert found(settings, DAYS[2]) == [("returned", "record", None, None)]


@pytest.mark.parametrize("complete", [None, "v2"])
def test_a_search_that_stopped_or_asked_something_else_removes_nothing(
    settings: Settings, complete: str | None
) -> None:
    land(settings, "texas.apollo", DAYS[0], {"id": "1", "name": "Oak"}, query=COMPANIES, complete="v1")
    land(settings, "texas.apollo", DAYS[1], query=COMPANIES, complete=complete)
    assert found(settings, DAYS[1]) == []

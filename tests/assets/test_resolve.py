"""Resolution of a tenant's lake: what is skipped, what is gone on from, and what is done anew after a kill."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from dagster_project.assets import resolve as asset
from dagster_project.assets.resolve import resolve_org, resolved_files
from dagster_project.contracts import LEAD_MAP, MERGE_GRAPH, STAGED_RECORDS
from dagster_project.resolution import increment
from dagster_project.resolution.kept import Kept
from dagster_project.resources.lake import Lake
from tests.resolution.test_runner import town


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Thirty records, resolved; a day's changes are few enough to go on."""
    monkeypatch.setattr(asset, "Kept", partial(Kept, least=0))
    monkeypatch.setattr(increment, "MOST_CHANGED", 1)
    made = Lake(tmp_path)
    stage(made, town().head(30), "2026-01-01")
    resolve_org(made, "acme", "business")
    return made


def stage(lake: Lake, rows: pl.DataFrame, day: str) -> None:
    lake.write(STAGED_RECORDS, rows, "acme", "test", day)


def leads(lake: Lake) -> set[tuple[str, str]]:
    """Each record with its lead."""
    rows = lake.scan(LEAD_MAP).sort("valid_from").unique("record_id", keep="last").collect()
    return set(rows.select("record_id", "lead_id").iter_rows())


def test_a_day_goes_on_from_the_last_one(lake: Lake):
    stage(lake, town().tail(10), "2026-01-02")
    done = resolve_org(lake, "acme", "business")
    assert (done["changed_records"], done["records"], done["clusters"]) == (10, 40, 20)
    assert len({lead for _, lead in leads(lake)}) == 20
    assert resolve_org(lake, "acme", "business")["skipped"]


def test_all_records_are_resolved_anew_when_a_person_asks_for_it(lake: Lake):
    was = leads(lake)
    done = resolve_org(lake, "acme", "business", rebuild=True)
    assert (done["skipped"], done["changed_records"]) == (False, 30)
    assert leads(lake) == was


def test_a_run_that_was_killed_before_it_published_is_not_gone_on_from(lake: Lake, monkeypatch: pytest.MonkeyPatch):
    stage(lake, town().tail(10), "2026-01-02")
    with monkeypatch.context() as killed:
        killed.setattr(asset, "publish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            resolve_org(lake, "acme", "business")
    stage(lake, town().tail(9).with_columns(pl.col("fetched_at") + timedelta(days=1)), "2026-01-03")
    done = resolve_org(lake, "acme", "business")
    assert done["changed_records"] == 40
    assert lake.scan(MERGE_GRAPH).collect().height == 20
    stage(lake, town().head(1).with_columns(pl.col("fetched_at") + timedelta(days=2)), "2026-01-04")
    assert resolve_org(lake, "acme", "business")["changed_records"] == 1


def test_answers_of_enrichment_are_resolved_from_the_next_day_on(lake: Lake):
    today = datetime.now(UTC).date()
    yesterday = today - timedelta(days=1)
    for source, day in (("test", today), ("enrichment.hunter", today), ("enrichment.hunter", yesterday)):
        lake.write(STAGED_RECORDS, town().tail(1), "acme", source, day.isoformat())
    read = {(file.parent.name, file.stem) for file in resolved_files(lake, STAGED_RECORDS, "acme")}
    assert read == {
        ("test", "2026-01-01"),
        ("test", today.isoformat()),
        ("enrichment.hunter", yesterday.isoformat()),
    }


def test_the_file_of_the_last_run_is_a_cache(lake: Lake):
    asset.kept_path(lake, "acme", "business").unlink()
    stage(lake, town().tail(10), "2026-01-02")
    assert resolve_org(lake, "acme", "business")["changed_records"] == 40

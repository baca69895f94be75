"""Landing of provider pages: each received object in one heap, the same bytes every time, costs that add up."""

import asyncio
import uuid
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import orjson
import polars as pl
import pytest

from dagster_project.sources.adapter import Ask
from dagster_project.sources.files.versions import decide_versions, decided_in_parts
from dagster_project.sources.pages.journal import Journal
from dagster_project.sources.pages.landing import PageLanding, Partition, shares
from tests.sources.pages import CALL_USD, Shop, adapter, fetching, items

ASKS = [Ask("search", {"q": "bakery"}), Ask("search", {"q": "cafe"})]
NOTHING = pl.DataFrame(schema={"record_id": pl.String, "payload_hash": pl.String})
STOCK = {"bakery": items("a1", "a2", "a3"), "cafe": items("a3", "b1")}


def fetched(folder: Path, stock: dict[str, list[dict]], faults=()) -> Journal:
    fetch = fetching(folder, Shop(stock, faults), adapter(concurrency=1))
    assert asyncio.run(fetch.run(ASKS)) == ("complete", "")
    return Journal(folder)


def landing(journal: Journal, known: pl.DataFrame = NOTHING, day: date = date(2026, 11, 23)) -> PageLanding:
    return PageLanding(journal, adapter(), Partition("default", "town", "town.shops", day, "run"), known)


def versions(found: PageLanding) -> pl.DataFrame:
    return pl.concat(found.raw()).select("record_id", "payload_hash")


def test_each_object_is_landed_once_with_its_evidence(tmp_path: Path):
    found = landing(fetched(tmp_path, STOCK))
    raw = pl.concat(found.raw())
    assert raw["provider_key"].to_list() == ["a1", "a2", "a3", "b1"]
    assert set(raw["source"]) == {"town.shops"}
    assert set(raw["campaign_id"]) == {"town"}
    assert orjson.loads(raw["payload"][0]) == {"id": "a1", "name": "A1"}
    assert orjson.loads(raw["query"][0]) == {"endpoint": "search", "q": "bakery"}
    counts = found.counts
    assert (counts.received, counts.new, counts.changed, counts.duplicate, counts.quarantined) == (5, 4, 0, 1, 0)
    assert found.sightings().height == 4


def test_landing_again_gives_the_same_frames(tmp_path: Path):
    journal = fetched(tmp_path, STOCK)
    once, again = landing(journal), landing(journal)
    assert pl.concat(once.raw()).equals(pl.concat(again.raw()))
    assert once.sightings().equals(again.sightings())
    assert once.calls().equals(again.calls())


def test_a_day_without_changes_writes_nothing(tmp_path: Path):
    first = landing(fetched(tmp_path / "1", STOCK))
    seen = [{**item, "seen": "today"} for item in STOCK["bakery"]]
    second = landing(fetched(tmp_path / "2", {**STOCK, "bakery": seen}), versions(first), date(2026, 11, 24))
    # `seen` is volatile: it tells nothing new
    assert list(second.raw()) == []
    assert (second.counts.received, second.counts.duplicate, second.counts.unchanged_records) == (5, 5, 4)
    assert second.sightings().height == 4


def test_a_changed_object_is_a_new_version(tmp_path: Path):
    first = landing(fetched(tmp_path / "1", STOCK))
    changed = {**STOCK, "cafe": [*items("a3"), {"id": "b1", "name": "Bee One"}]}
    second = landing(fetched(tmp_path / "2", changed), versions(first), date(2026, 11, 24))
    assert pl.concat(second.raw())["provider_key"].to_list() == ["b1"]
    assert (second.counts.new, second.counts.changed) == (0, 1)


def test_an_object_without_a_key_is_quarantined_and_nothing_else_is_lost(tmp_path: Path):
    found = landing(fetched(tmp_path, {**STOCK, "cafe": [{"name": "Nameless"}, *items("b1")]}))
    refused = found.quarantined()
    assert refused["reason"].to_list() == ["no_key"]
    assert "Nameless" in refused["value"][0]
    counts = found.counts
    assert counts.received == counts.accepted + counts.duplicate + counts.quarantined == 5


def test_calls_and_records_cost_what_was_charged(tmp_path: Path):
    journal = fetched(tmp_path, STOCK, faults=[lambda request: httpx.Response(500)])
    found = landing(journal)
    calls = found.calls()
    assert calls["outcome"].to_list() == ["transient", "ok", "ok", "ok"]
    assert calls["cost_usd"].sum() == 3 * CALL_USD
    assert calls["attempt"].to_list() == [1, 2, 1, 1]
    assert calls["records"].sum() == 5
    assert calls["call_id"].n_unique() == 4


@pytest.mark.parametrize(("cost", "records"), [("0.035", 20), ("0.01", 3), ("0", 4), ("0.0001", 7)])
def test_shares_add_up_to_the_cost_of_the_page(cost: str, records: int):
    found = shares(Decimal(cost), records)
    assert (len(found), sum(found)) == (records, Decimal(cost))
    assert max(found) - min(found) <= Decimal("0.0001")


def test_deciding_in_parts_decides_the_same(monkeypatch: pytest.MonkeyPatch):
    rows = [(str(uuid.uuid5(uuid.NAMESPACE_OID, str(n % 97))), f"h{n % 5}") for n in range(600)]
    at = pl.datetime_range(datetime(2026, 11, 25), datetime(2026, 11, 26), "2m", time_zone="UTC", eager=True).head(600)
    seen = pl.DataFrame(rows, schema=["record_id", "payload_hash"], orient="row").with_columns(received_at=at)
    known = seen.head(40).select("record_id", "payload_hash").unique("record_id")
    monkeypatch.setattr("dagster_project.sources.files.versions.PART_ROWS", 10)
    assert decided_in_parts(seen, known).equals(decide_versions(seen, known))

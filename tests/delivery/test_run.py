"""A sync from mart to destination: the real file, the real receiver on loopback, and what happens when they fail."""

import csv
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dagster_project.delivery.guard import UrlRefused
from dagster_project.delivery.run import NotConfigured, run_sink, run_sync
from dagster_project.delivery.sync import Sync, load_syncs
from dagster_project.delivery.webhook import Webhook
from dagster_project.sandbox.receiver import WebhookReceiver
from dagster_project.settings import PROJECT_ROOT, Settings
from tests.delivery.conftest import ORG, Mart, World, counts

pytestmark = pytest.mark.integration


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as opened:
        yield opened


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    def make(receiver: WebhookReceiver | None = None) -> Settings:
        for name, value in (receiver.environment() if receiver else {}).items():
            monkeypatch.setenv(name, value)
        return Settings(_env_file=None, data_dir=tmp_path)

    for name in ("URL", "SECRET", "ALLOW_HOSTS"):
        monkeypatch.delenv(f"LEADHOUSE_WEBHOOK_{name}", raising=False)
    return make


def post(mart: Mart, sync: Sync, receiver: WebhookReceiver, world: World):
    webhook = Webhook(sync, ORG, receiver.url, receiver.secret, allow_hosts=[receiver.host])
    return run_sink(mart.connect, ORG, sync, "batch", webhook, world.surroundings())


def exported(folder: Path, name: str = "csv_export") -> list[dict[str, str]]:
    with (folder / "exports" / ORG / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_shipped_syncs_deliver_and_a_second_run_delivers_nothing(mart: Mart, receiver, settings, tmp_path: Path):
    ids = mart.put(30)
    found = settings(receiver)
    for sync in load_syncs([PROJECT_ROOT / "data" / "syncs"]).values():
        first = run_sync(mart.connect, ORG, sync, "one", found)
        second = run_sync(mart.connect, ORG, sync, "two", found)
        assert (first.acknowledged, second.acknowledged, second.unchanged) == (30, 0, 30)
    assert {row["lead_id"] for row in exported(tmp_path)} == set(ids) == set(receiver.records)
    assert exported(tmp_path)[0]["phone"] == "+13125550100"
    assert (len(receiver.calls), receiver.duplicates, receiver.refused) == (1, 0, 0)


def test_a_sync_without_url_is_not_configured_and_fills_no_outbox(mart: Mart, settings, hook_sync: Sync):
    mart.put(1)
    with pytest.raises(NotConfigured, match="webhook is not configured: LEADHOUSE_WEBHOOK_URL and"):
        run_sync(mart.connect, ORG, hook_sync, "batch", settings())
    assert counts(mart.connect, ORG, "webhook").enqueued == 0


def test_a_private_webhook_is_refused_unless_development_allows_it(
    mart: Mart, receiver, settings, hook_sync: Sync, monkeypatch: pytest.MonkeyPatch
):
    mart.put(1)
    settings(receiver)
    monkeypatch.setenv("LEADHOUSE_WEBHOOK_ALLOW_HOSTS", "")
    with pytest.raises(UrlRefused):
        run_sync(mart.connect, ORG, hook_sync, "batch", settings())
    assert receiver.calls == []


def test_a_lost_file_is_built_again_in_full(mart: Mart, settings, csv_sync: Sync, tmp_path: Path):
    mart.put(10)
    run_sync(mart.connect, ORG, csv_sync, "one", settings())
    once = (tmp_path / "exports" / ORG / "csv_export.csv").read_bytes()
    (tmp_path / "exports" / ORG / "csv_export.csv").unlink()
    report = run_sync(mart.connect, ORG, csv_sync, "two", settings())
    assert (report.acknowledged, report.counts["acknowledged"]) == (10, 20)
    assert (tmp_path / "exports" / ORG / "csv_export.csv").read_bytes() == once


def test_a_lead_that_left_the_mart_leaves_the_file_and_may_return(mart: Mart, settings, csv_sync: Sync, tmp_path: Path):
    gone, *others = mart.put(5)
    run_sync(mart.connect, ORG, csv_sync, "one", settings())
    mart.drop(gone)
    assert run_sync(mart.connect, ORG, csv_sync, "two", settings()).removed == 1
    assert {row["lead_id"] for row in exported(tmp_path)} == set(others)
    assert run_sync(mart.connect, ORG, csv_sync, "three", settings()).removed == 0
    mart.put(1)
    assert run_sync(mart.connect, ORG, csv_sync, "four", settings()).acknowledged == 1
    assert gone in {row["lead_id"] for row in exported(tmp_path)}


def test_each_tenant_has_its_own_file(mart: Mart, settings, csv_sync: Sync, tmp_path: Path):
    for org in (ORG, "other"):
        mart.put(2, org=org)
        run_sync(mart.connect, org, csv_sync, "batch", settings())
    names = {p.relative_to(tmp_path / "exports").as_posix() for p in tmp_path.rglob("*.csv")}
    assert names == {f"{ORG}/csv_export.csv", "other/csv_export.csv"}
    assert len(exported(tmp_path)) == 2


def test_a_to_b_to_a_reaches_the_receiver_three_times(mart: Mart, hook_sync: Sync, receiver, world: World):
    for name in ("A", "B", "A"):
        (lead,) = mart.put(1, name)
        post(mart, hook_sync, receiver, world)
    assert (receiver.records, receiver.duplicates) == ({lead: 3}, 0)
    assert len(receiver.keys) == 3
    assert receiver.payloads[lead]["name"] == "A"


@pytest.mark.parametrize("fault", ["drop", 500, 429])
def test_a_receiver_that_fails_first_has_each_change_once_in_the_end(
    mart: Mart, hook_sync: Sync, world: World, fault: str | int
):
    ids = mart.put(25)
    with WebhookReceiver(faults=["ok", fault]) as receiver:
        report = post(mart, hook_sync, receiver, world)
    assert report.counts["acknowledged"] == 25
    assert receiver.records == dict.fromkeys(ids, 1)
    assert len(receiver.keys) == 25
    # dropped after it was recorded: those ten come again, under the keys they had
    assert receiver.duplicates == (10 if fault == "drop" else 0)
    assert receiver.calls[1].idempotency_key in [call.idempotency_key for call in receiver.calls[2:]]


def test_records_that_the_receiver_rejects_die_alone(mart: Mart, hook_sync: Sync, world: World):
    bad, *good = mart.put(12)
    with WebhookReceiver(reject=[bad]) as receiver:
        report = post(mart, hook_sync, receiver, world)
    assert (report.acknowledged, report.dead) == (11, 1)
    assert set(receiver.records) == set(good)


def test_a_wrong_secret_stops_the_sync_without_losing_a_row(mart: Mart, hook_sync: Sync, receiver, world: World):
    mart.put(25)
    webhook = Webhook(hook_sync, ORG, receiver.url, "guess", allow_hosts=[receiver.host])
    report = run_sink(mart.connect, ORG, hook_sync, "batch", webhook, world.surroundings())
    assert report.stopped == "auth: HTTP 401"
    assert (receiver.refused, receiver.records, report.counts["dead"]) == (1, {}, 0)
    assert post(mart, hook_sync, receiver, world).counts["acknowledged"] == 25


def test_neither_url_nor_lead_is_logged(mart: Mart, hook_sync: Sync, world: World, caplog: pytest.LogCaptureFixture):
    mart.put(3)
    with WebhookReceiver(faults=[500]) as receiver, caplog.at_level(logging.INFO):
        post(mart, hook_sync, receiver, world)
    assert "/leads" not in caplog.text
    assert ".example" not in caplog.text

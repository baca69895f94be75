"""Runs one sync for one finished batch: the diff, the removals, the worker, the report.

`run_sync` opens the destination that the settings configure; `run_sink` takes one that is open, as tests do.
"""

import os
import time
from collections.abc import Mapping
from contextlib import closing

from dagster_project.delivery.diff import departed, enqueue
from dagster_project.delivery.outbox import Connect, Outbox
from dagster_project.delivery.report import DeliveryReport, make_report
from dagster_project.delivery.sink import Sink
from dagster_project.delivery.sync import Sync
from dagster_project.delivery.worker import Surroundings, deliver
from dagster_project.settings import Settings


class NotConfigured(Exception):
    """The sync lacks a URL or a secret; the message names the variables. Nothing was put in the outbox."""


def run_sync(connect: Connect, org_id: str, sync: Sync, batch_id: str, settings: Settings) -> DeliveryReport:
    """Bring one destination up to date with the mart. `connect` is `Warehouse.app`.

    Raises `NotConfigured`, or `UrlRefused` when the webhook must not be posted to.
    """
    with closing(open_sink(sync, org_id, settings)) as sink:
        return run_sink(connect, org_id, sync, batch_id, sink)


def run_sink(
    connect: Connect, org_id: str, sync: Sync, batch_id: str, sink: Sink, surroundings: Surroundings | None = None
) -> DeliveryReport:
    """The same with a destination that is already open."""
    started = time.perf_counter()
    outbox = Outbox(connect, org_id, sync.name)
    if sink.is_lost():
        outbox.forget()
    enqueued = enqueue(connect, org_id, sync, batch_id)
    removed = _remove_departed(connect, org_id, sync, sink)
    delivery = deliver(connect, org_id, sync, sink, surroundings)
    return make_report(
        org_id,
        sync.name,
        batch_id,
        enqueued=enqueued,
        delivery=delivery,
        removed=removed,
        seconds=time.perf_counter() - started,
        counts=outbox.counts(),
    )


def open_sink(sync: Sync, org_id: str, settings: Settings) -> Sink:
    """The sync's destination. Raises `NotConfigured` or `UrlRefused`."""
    environ = variables(settings)
    if reason := sync.unconfigured(environ):
        raise NotConfigured(f"{sync.name} is {reason}")
    if sync.destination.type == "csv":
        from dagster_project.delivery.csv_file import CsvFile

        return CsvFile(settings.data_dir / "exports" / org_id / f"{sync.name}.csv", sync)
    from dagster_project.delivery.webhook import Webhook

    url, secret = (environ[name] for name in sync.destination.variables())
    allowed = [host.strip() for host in settings.webhook_allow_hosts.split(",") if host.strip()]
    return Webhook(sync, org_id, url, secret, allow_hosts=allowed)


def variables(settings: Settings) -> Mapping[str, str]:
    """The variables that `url_env` and `secret_env` may name; those of the shipped sync may also stand in `.env`."""
    secret = settings.webhook_secret
    shipped = {
        "LEADHOUSE_WEBHOOK_URL": settings.webhook_url or "",
        "LEADHOUSE_WEBHOOK_SECRET": secret.get_secret_value() if secret else "",
    }
    return os.environ | shipped


def _remove_departed(connect: Connect, org_id: str, sync: Sync, sink: Sink) -> int:
    """Take leads that left the mart out of destinations that allow it; forgotten after, so a crash only repeats it."""
    keys = departed(connect, org_id, sync)
    if not keys or not sink.remove(keys):
        return 0
    return Outbox(connect, org_id, sync.name).forget(keys)

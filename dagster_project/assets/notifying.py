"""Notices put together: alerts queued for every configured channel, then each channel sent. Without Dagster."""

from contextlib import closing

from dagster_project.delivery.channels import channels, open_channel, send
from dagster_project.delivery.notices import queue_alerts
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings


def send_notices(warehouse: Warehouse, conf: Settings) -> dict[str, int]:
    """Queue and send; returns, by channel, what was queued and what became of what was sent.

    Raises `UrlRefused` when a webhook must not be posted to.
    """
    told: dict[str, int] = {}
    for channel in channels(conf):
        with warehouse.app(conf.org_id) as connection:
            told[f"{channel.kind} queued"] = queue_alerts(connection, conf.org_id, channel.name, conf.notice_priority)
        with closing(open_channel(channel, conf.org_id, conf)) as sink:
            sent = send(warehouse.app, conf.org_id, channel, sink)
        told |= {f"{channel.kind} {state}": count for state, count in sent.states.items()}
    return told

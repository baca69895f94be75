"""Notices in the outbox: what there is to say to people, queued once per channel.

A notice about an alert is keyed by the alert, one of an automation by the automation, lead and bucket of days, so that
queueing again adds nothing. Sending is the worker's affair, as for any other row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.types.json import Jsonb

# The revision is always 1: what was said is not said anew because a word of it changed.
QUEUE = """
insert into ops.delivery_outbox
  (org_id, destination, natural_key, revision, idempotency_key, batch_id, fingerprint, payload)
select %(org)s, destination, natural_key, 1,
  encode(sha256(convert_to(concat_ws('|', destination, natural_key, 1), 'UTF8')), 'hex'), 'notices', 'notice', payload
from unnest(%(destinations)s::text[], %(keys)s::text[], %(payloads)s::jsonb[]) as n (destination, natural_key, payload)
on conflict (org_id, destination, natural_key, revision) do nothing
"""

# Alerts with a time to answer in, of a priority that people are told of, that nobody has taken. A company is named, a
# person who is a lead is not: notices end up in chats.
UNTOLD = """
select alerts.alert_id::text, alerts.priority, alerts.message, alerts.lead_id::text,
  to_char(alerts.due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as due,
  case when leads.lead_kind = 'company' then leads.name end as name
from ops.alerts as alerts
left join marts.dim_lead as leads on leads.org_id = alerts.org_id and leads.lead_id = alerts.lead_id
where alerts.org_id = %(org)s and alerts.acknowledged_at is null and alerts.priority = any(%(priorities)s)
  and not exists (
    select 1 from ops.delivery_outbox as told
    where told.org_id = alerts.org_id and told.destination = %(channel)s
      and told.natural_key = 'alert:' || alerts.alert_id::text
  )
order by alerts.due_at, alerts.alert_id
"""

DUE = """
select destination, count(*)
from ops.delivery_outbox
where org_id = %(org)s and destination = any(%(channels)s)
  and (state = 'pending' or state = 'failed' and next_attempt_at <= now() or state = 'leased' and lease_until <= now())
group by destination
"""
ALERTS_DUE = """
select count(*)
from ops.alerts as alerts
where org_id = %(org)s and acknowledged_at is null and priority = any(%(priorities)s)
  and not exists (
    select 1 from ops.delivery_outbox as told
    where told.org_id = alerts.org_id and told.destination = any(%(channels)s)
      and told.natural_key = 'alert:' || alerts.alert_id::text
  )
"""

PRIORITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW")


@dataclass(frozen=True)
class Notice:
    """Something to say on a channel; `key` says it once."""

    channel: str
    key: str
    subject: str
    text: str


def queue(connection: psycopg.Connection, org_id: str, notices: Sequence[Notice]) -> int:
    """Put notices into the outbox; returns how many were not there."""
    values = {
        "org": org_id,
        "destinations": [n.channel for n in notices],
        "keys": [n.key for n in notices],
        "payloads": [Jsonb({"subject": n.subject, "text": n.text}) for n in notices],
    }
    return connection.execute(QUEUE, values).rowcount


def queue_alerts(connection: psycopg.Connection, org_id: str, channel: str, least: str) -> int:
    """Queue every open alert of at least a priority that the channel has not been told of; returns how many."""
    values = {"org": org_id, "channel": channel, "priorities": at_least(least)}
    untold = connection.execute(UNTOLD, values).fetchall()
    return queue(connection, org_id, [_about(channel, *row) for row in untold])


def due(connection: psycopg.Connection, org_id: str, channels: Sequence[str], least: str) -> Mapping[str, int]:
    """How much there is to send, by channel, and how many alerts (`alerts`) no channel knows yet; nothing: empty."""
    values = {"org": org_id, "channels": list(channels), "priorities": at_least(least)}
    waiting = dict(connection.execute(DUE, values).fetchall())
    if untold := connection.execute(ALERTS_DUE, values).fetchone()[0]:
        waiting["alerts"] = untold
    return waiting


def at_least(priority: str) -> list[str]:
    """The priorities from the highest down to this one."""
    return list(PRIORITIES[: PRIORITIES.index(priority) + 1])


def _about(
    channel: str, alert_id: str, priority: str, message: str, lead_id: str | None, due_at: str, name: str | None
) -> Notice:
    who = name or f"lead {lead_id}"
    text = f"{message}\n{who}, due {due_at} UTC\nleadhouse alert ack {alert_id}"
    return Notice(channel, f"alert:{alert_id}", f"{priority}: {message} ({who})", text)

"""Events on arrival: kept beside the walk's tables for a few days, so that alerts need not wait for a walk.

The lake has every event for good; nothing but alerts is made from these rows.
"""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl
import psycopg

# Longer than any alert is worth raising (`alerts.FRESH`), so that a late look still finds the event.
KEPT = timedelta(days=4)

COLUMNS = (
    *("event_id", "source", "event_type", "identity_email", "identity_domain", "identity_company_key"),
    *("identity_lead_id", "identity_crm_id", "properties", "occurred_at", "received_at"),
)

KEEP = """
insert into ops.arrived_events (org_id, event_id, source, event_type, identity_email, identity_domain,
  identity_company_key, identity_lead_id, identity_crm_id, properties, occurred_at, received_at)
select %(org)s, a.*
from unnest(%(event_id)s::text[], %(source)s::text[], %(event_type)s::text[], %(identity_email)s::text[],
  %(identity_domain)s::text[], %(identity_company_key)s::text[], %(identity_lead_id)s::uuid[],
  %(identity_crm_id)s::text[], %(properties)s::jsonb[], %(occurred_at)s::timestamptz[],
  %(received_at)s::timestamptz[]) as a
order by 1, 2
on conflict (org_id, event_id) do nothing
returning event_id
"""
FORGET = "delete from ops.arrived_events where received_at < now() - %(kept)s::interval"


def keep(connection: psycopg.Connection, org_id: str, events: pl.DataFrame) -> list[str]:
    """Keep events of the contract EVENTS, each id once; returns the ids that were not known.

    Rows are written in order of their ids, so that writers of the same events wait for each other instead of in a ring.
    """
    unique = events.unique("event_id", keep="first", maintain_order=True)
    values: dict[str, Sequence[object]] = {name: unique[name].to_list() for name in COLUMNS}
    return [row[0] for row in connection.execute(KEEP, values | {"org": org_id})]


def forget(connection: psycopg.Connection) -> int:
    """Drop what arrived more than `KEPT` ago; returns the rows dropped."""
    return connection.execute(FORGET, {"kept": KEPT}).rowcount

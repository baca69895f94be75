"""The SQL of `alerts.py`, which says when each is run."""

# Whoever raises for a tenant goes alone, so that two events of one window cannot both find it without an alert.
ALONE = "select pg_advisory_xact_lock(hashtextextended('alerts ' || %(org)s::text, 3))"

ARRIVED = "select * from intermediate.arriving_signals(%(org)s, %(event_ids)s)"
STANDING = """
select org_id, lead_id, event_id, signal_type, occurred_at, received_at
from intermediate.int_signals
where org_id = %(org)s and received_at > now() - %(fresh)s::interval
"""

RAISE = """
with signals as materialized ({signals}),
timed as (
  select signals.*, types.alert_priority,
    date_bin(make_interval(mins => types.dedup_minutes), signals.occurred_at, timestamptz '2000-01-01 00:00:00+00')
      as window_start,
    make_interval(mins => types.dedup_minutes) as window_length,
    least(scores.sla_hours, (select min(hours) from seeds.response_times as times
      where times.scale = 'alert_priority' and times.name = types.alert_priority
        or times.scale = 'signal_tier' and times.name = types.signal_tier)) as hours
  from signals
  inner join seeds.signal_types as types using (signal_type)
  left join marts.fct_lead_intelligence as scores on scores.org_id = %(org)s and scores.lead_id = signals.lead_id
  where signals.occurred_at > now() - %(fresh)s::interval and signals.received_at > now() - %(fresh)s::interval
),
firsts as (
  select distinct on (lead_id, signal_type, window_start) *
  from timed
  order by lead_id, signal_type, window_start, occurred_at, event_id
)
insert into ops.alerts (org_id, alert_id, created_at, severity, alert_type, subject, message, priority, lead_id,
  signal_type, event_id, occurred_at, due_at)
select %(org)s, gen_random_uuid(), clock_timestamp(),
  case alert_priority when 'CRITICAL' then 'critical' when 'LOW' then 'info' else 'warning' end,
  'signal', lead_id::text,
  upper(left(signal_type, 1)) || replace(substr(signal_type, 2), '_', ' ') || ', to be answered within '
    || hours || ' h',
  alert_priority, lead_id, signal_type, event_id, occurred_at, received_at + make_interval(hours => hours::int)
from firsts
where not exists (
  select 1 from ops.alerts as known
  where known.org_id = %(org)s and known.lead_id = firsts.lead_id and known.signal_type = firsts.signal_type
    and known.occurred_at >= firsts.window_start and known.occurred_at < firsts.window_start + firsts.window_length
)
on conflict (org_id, event_id, signal_type) do nothing
returning alert_id
"""

SWEEP = """
update ops.alerts set overdue_at = clock_timestamp()
where due_at < now() and acknowledged_at is null and overdue_at is null
returning org_id
"""

FIND = """
select alert_id::text, created_at, priority, severity, alert_type, subject, message, lead_id::text, signal_type,
  occurred_at, due_at, overdue_at, acknowledged_at, acknowledged_by
from ops.alerts
where org_id = %(org)s
  and (%(every)s or acknowledged_at is null)
  and (%(priority)s::text is null or priority = %(priority)s)
  and (%(lead)s::uuid is null or lead_id = %(lead)s)
  and (%(alert_type)s::text is null or alert_type = %(alert_type)s)
  and (not %(overdue)s or overdue_at is not null or due_at < now())
order by due_at nulls last, created_at desc
limit %(limit)s
"""

ACKNOWLEDGE = """
update ops.alerts set acknowledged_at = clock_timestamp(), acknowledged_by = %(who)s
where org_id = %(org)s and alert_id = any(%(ids)s::uuid[]) and acknowledged_at is null
returning alert_id::text
"""
KNOWN = "select alert_id::text from ops.alerts where org_id = %(org)s and alert_id = any(%(ids)s::uuid[])"

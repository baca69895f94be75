"""The SQL of `outbox.py`, which says when each is run.

`org_id` is written out although row-level security adds it, so that the indexes that begin with it are used.
"""

# Two kinds of advisory lock: 1 keeps workers out while a diff decides, 2 shows that the holder of a lease is alive.
ADMIT_WORKERS = (
    "select pg_advisory_xact_lock_shared(hashtextextended(concat_ws('|', %(org)s::text, %(destination)s::text), 1))"
)
HOLD = "select pg_advisory_xact_lock(hashtextextended(%(token)s, 2))"

# Three branches, because each has an order of its own that an index yields; a single scan would sort all waiting rows
# for every hundred taken. A killed worker's rows come first, so that they are sent again in the batches they were in.
LEASE = """
with tokens as materialized (
  select distinct lease_token
  from ops.delivery_outbox
  where org_id = %(org)s and destination = %(destination)s and state = 'leased' and lease_token <> %(token)s
),
abandoned as materialized (
  select lease_token from tokens where pg_try_advisory_xact_lock_shared(hashtextextended(lease_token::text, 2))
),
in_flight as materialized (
  select natural_key
  from ops.delivery_outbox
  where org_id = %(org)s and destination = %(destination)s and state = 'leased'
),
over as (
  select outbox_id
  from ops.delivery_outbox
  where org_id = %(org)s and destination = %(destination)s and state = 'leased'
    and (lease_until <= %(now)s or lease_token in (select lease_token from abandoned))
  order by outbox_id
  limit %(limit)s
  for update skip locked
),
retries as (
  select outbox_id
  from ops.delivery_outbox
  where org_id = %(org)s and destination = %(destination)s and state = 'failed' and next_attempt_at <= %(now)s
    and natural_key not in (select natural_key from in_flight)
  order by next_attempt_at
  limit %(limit)s - (select count(*) from over)
  for update skip locked
),
first_tries as (
  select outbox_id
  from ops.delivery_outbox
  where org_id = %(org)s and destination = %(destination)s and state = 'pending'
    and natural_key not in (select natural_key from in_flight)
  order by next_attempt_at
  limit %(limit)s - (select count(*) from over) - (select count(*) from retries)
  for update skip locked
),
due as (
  select outbox_id from over
  union all
  select outbox_id from retries
  union all
  select outbox_id from first_tries
)
update ops.delivery_outbox as o
set state = 'leased', lease_token = %(token)s, lease_until = %(until)s
from due
where o.outbox_id = due.outbox_id
returning o.outbox_id, o.natural_key, o.revision, o.idempotency_key, o.payload::text, o.attempts
"""

ACKNOWLEDGE = """
with answers as (
  select *
  from unnest(%(ids)s::uuid[], %(outcomes)s::text[], %(codes)s::int[], %(reasons)s::text[], %(crm_ids)s::text[])
    as a (outbox_id, outcome, status_code, reason, crm_id)
),
mine as (
  update ops.delivery_outbox as o
  set state = 'acknowledged', acknowledged_at = %(now)s, attempts = o.attempts + 1, reason = null,
    crm_id = coalesce(a.crm_id, o.crm_id), lease_token = null, lease_until = null
  from answers as a
  where o.outbox_id = a.outbox_id and o.org_id = %(org)s and o.destination = %(destination)s
    and o.state = 'leased' and o.lease_token = %(token)s
  returning o.outbox_id, o.natural_key, o.revision, o.fingerprint, a.outcome, a.status_code, a.reason
),
attempts as (
  insert into ops.delivery_attempts (org_id, outbox_id, attempted_at, outcome, status_code, reason, latency_ms)
  select %(org)s, outbox_id, %(now)s, outcome, status_code, reason, %(latency)s from mine
),
fingerprints as (
  insert into ops.delivery_fingerprints as f
    (org_id, destination, natural_key, fingerprint, revision, acknowledged_at)
  select %(org)s, %(destination)s, natural_key, fingerprint, revision, %(now)s from mine order by natural_key
  on conflict (org_id, destination, natural_key) do update
  set fingerprint = excluded.fingerprint, revision = excluded.revision, acknowledged_at = excluded.acknowledged_at
  where excluded.revision > f.revision
)
select count(*) from mine
"""

FAIL = """
with answers as (
  select *
  from unnest(
    %(ids)s::uuid[], %(outcomes)s::text[], %(codes)s::int[], %(reasons)s::text[], %(crm_ids)s::text[],
    %(states)s::text[], %(attempts)s::int[], %(next_attempts)s::timestamptz[]
  ) as a (outbox_id, outcome, status_code, reason, crm_id, state, attempts, next_attempt_at)
),
mine as (
  update ops.delivery_outbox as o
  set state = case when a.state = 'failed' and newer.revision is not null then 'suppressed' else a.state end,
    reason = case
      when a.state = 'failed' and newer.revision is not null then 'superseded by revision ' || newer.revision
      else concat_ws(': ', a.outcome, a.reason)
    end,
    attempts = a.attempts, next_attempt_at = a.next_attempt_at, crm_id = coalesce(a.crm_id, o.crm_id),
    lease_token = null, lease_until = null
  from answers as a
  left join lateral (
    select max(n.revision) as revision
    from ops.delivery_outbox as this
    inner join ops.delivery_outbox as n
      on n.org_id = this.org_id and n.destination = this.destination
      and n.natural_key = this.natural_key and n.revision > this.revision
    where this.outbox_id = a.outbox_id
  ) as newer on true
  where o.outbox_id = a.outbox_id and o.org_id = %(org)s and o.destination = %(destination)s
    and o.state = 'leased' and o.lease_token = %(token)s
  returning o.outbox_id, o.state, a.outcome, a.status_code, a.reason
),
attempts as (
  insert into ops.delivery_attempts (org_id, outbox_id, attempted_at, outcome, status_code, reason, latency_ms)
  select %(org)s, outbox_id, %(now)s, outcome, status_code, reason, %(latency)s from mine
)
select state, count(*) from mine group by state
"""

NEXT_DUE = """
select min(next_attempt_at)
from ops.delivery_outbox
where org_id = %(org)s and destination = %(destination)s and state = 'failed'
"""

COUNTS = """
select
  count(*),
  count(*) filter (where state = 'acknowledged'),
  count(*) filter (where state = 'pending'),
  count(*) filter (where state = 'leased'),
  count(*) filter (where state = 'failed'),
  count(*) filter (where state = 'dead'),
  count(*) filter (where state = 'suppressed')
from ops.delivery_outbox
where org_id = %(org)s and destination = %(destination)s
"""

# An empty fingerprint equals no content, and keeps the revision from which the next one counts.
FORGET = """
update ops.delivery_fingerprints
set fingerprint = ''
where org_id = %(org)s and destination = %(destination)s and fingerprint <> ''
  and (%(keys)s::text[] is null or natural_key = any(%(keys)s::text[]))
"""

REPLAY = """
update ops.delivery_outbox as o
set state = 'failed', attempts = 0, next_attempt_at = now()
where o.org_id = %(org)s and o.destination = %(destination)s and o.state = 'dead'
  and (%(keys)s::text[] is null or o.natural_key = any(%(keys)s::text[]))
  and not exists (
    select 1
    from ops.delivery_outbox as newer
    where newer.org_id = o.org_id and newer.destination = o.destination
      and newer.natural_key = o.natural_key and newer.revision > o.revision
  )
"""

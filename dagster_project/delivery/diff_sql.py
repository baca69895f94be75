"""The SQL of `diff.py`, which fills the names in braces and gives the rules behind it."""

# Waits for the workers that hold the shared form of this lock (`outbox_sql.ADMIT_WORKERS`).
EXCLUDE_WORKERS = (
    "select pg_advisory_xact_lock(hashtextextended(concat_ws('|', %(org)s::text, %(destination)s::text), 1))"
)

# Rows that were never sent and need not be.
WITHDRAW = """
with mart as ({mart})
delete from ops.delivery_outbox as o
using ops.delivery_outbox as waiting
left join mart as c on c.natural_key = waiting.natural_key
left join ops.delivery_outbox as prior
  on prior.org_id = waiting.org_id and prior.destination = waiting.destination
  and prior.natural_key = waiting.natural_key and prior.revision = waiting.revision - 1
left join ops.delivery_fingerprints as a
  on a.org_id = waiting.org_id and a.destination = waiting.destination and a.natural_key = waiting.natural_key
where o.outbox_id = waiting.outbox_id
  and waiting.org_id = %(org)s and waiting.destination = %(destination)s and waiting.state = 'pending'
  and (
    c.natural_key is null
    or prior.state = 'leased' and prior.fingerprint = c.content
    or a.revision = waiting.revision - 1 and a.fingerprint = c.content
  )
"""

REPLACE = """
with mart as ({mart})
update ops.delivery_outbox as o
set payload = {payload}, fingerprint = c.content, batch_id = %(batch)s
from mart as c
where o.org_id = %(org)s and o.destination = %(destination)s and o.state = 'pending'
  and o.natural_key = c.natural_key and o.fingerprint <> c.content
"""

# Rows that were perhaps sent and must not be sent again: newer content follows, or the lead left the mart (it was
# merged, erased, or asked for silence).
OVERTAKE = """
with mart as ({mart})
update ops.delivery_outbox as o
set state = 'suppressed',
  reason = case when c.natural_key is null then {left} else 'superseded by revision ' || o.revision + 1 end
from ops.delivery_outbox as undelivered
left join mart as c on c.natural_key = undelivered.natural_key
where o.outbox_id = undelivered.outbox_id
  and undelivered.org_id = %(org)s and undelivered.destination = %(destination)s
  and undelivered.state in ('failed', 'dead')
  and (c.natural_key is null or undelivered.state = 'failed' and undelivered.fingerprint <> c.content)
"""

INSERT = """
with mart as ({mart}),
undelivered as (
  select distinct on (natural_key) natural_key, revision, state, fingerprint, reason
  from ops.delivery_outbox
  where org_id = %(org)s and destination = %(destination)s and state <> 'acknowledged'
  order by natural_key, revision desc
),
changed as (
  select c.*, coalesce(o.revision, a.revision, 0) + 1 as revision
  from mart as c
  left join ops.delivery_fingerprints as a
    on a.org_id = %(org)s and a.destination = %(destination)s and a.natural_key = c.natural_key
  left join undelivered as o on o.natural_key = c.natural_key and o.revision > coalesce(a.revision, 0)
  where case
    when o.state is null then a.fingerprint is distinct from c.content
    when o.state = 'suppressed' and o.reason = {left} then true
    else o.state in ('leased', 'dead', 'suppressed') and o.fingerprint <> c.content
  end
)
insert into ops.delivery_outbox
  (org_id, destination, natural_key, revision, idempotency_key, batch_id, fingerprint, payload)
select %(org)s, %(destination)s, natural_key, revision,
  encode(sha256(convert_to(concat_ws('|', %(destination)s::text, natural_key, revision), 'UTF8')), 'hex'),
  %(batch)s, content, {payload}
from changed as c
order by natural_key
"""

DEPARTED = """
with mart as ({mart})
select a.natural_key
from ops.delivery_fingerprints as a
where a.org_id = %(org)s and a.destination = %(destination)s and a.fingerprint <> ''
  and not exists (select 1 from mart as c where c.natural_key = a.natural_key)
order by a.natural_key
"""

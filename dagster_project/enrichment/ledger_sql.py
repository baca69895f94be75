"""The statements of the ledger, over the tables of migration 0005."""

OPEN = """
insert into ops.enrichment_calls
  (org_id, call_id, request_id, provider, lookup, subjects, reserved_usd, reservation, lease_token)
select org_id, call_id, request_id, provider, lookup, subjects, reserved_usd, reservation, lease_token
from json_populate_recordset(null::ops.enrichment_calls, %(rows)s)
"""
CLOSE = """
update ops.enrichment_calls as c
set state = 'settled', outcome = r.outcome, status = r.status, reason = r.reason, attempts = r.attempts,
  cost_usd = r.cost_usd, latency_ms = r.latency_ms, settled_at = clock_timestamp()
from json_populate_recordset(null::ops.enrichment_calls, %(rows)s) as r
where c.org_id = r.org_id and c.call_id = r.call_id and c.state = 'sent'
"""
# Calls that were given up as lost, and whose answer came all the same: their worker was only slow.
CLOSE_LATE = CLOSE.replace("c.state = 'sent'", "c.state = 'lost'") + "returning c.call_id::text"
ANSWER = """
insert into ops.enrichment_answers
  (org_id, answer_id, call_id, provider, lookup, cache_key, kind, subject_id, lead_id, inputs, outcome, payload,
   payload_hash, provider_request, cost_usd, reason)
select org_id, answer_id, call_id, provider, lookup, cache_key, kind, subject_id, lead_id, inputs, outcome, payload,
  payload_hash, provider_request, cost_usd, reason
from json_populate_recordset(null::ops.enrichment_answers, %(rows)s)
"""
# In order of their keys, so that two callers cannot wait for each other.
REMEMBER = """
insert into ops.enrichment_cache (org_id, cache_key, answer_id, outcome, fetched_at, expires_at)
select org_id, cache_key, answer_id, outcome, clock_timestamp(), expires_at
from json_populate_recordset(null::ops.enrichment_cache, %(rows)s) order by cache_key
on conflict (org_id, cache_key) do update
set answer_id = excluded.answer_id, outcome = excluded.outcome, fetched_at = excluded.fetched_at,
  expires_at = excluded.expires_at
"""
PROMISE = """
insert into ops.enrichment_pending
  (org_id, provider, provider_request, answer_id, cache_key, poll_at, expires_at, reservation)
select org_id, provider, provider_request, answer_id, cache_key, poll_at, expires_at, reservation
from json_populate_recordset(null::ops.enrichment_pending, %(rows)s) order by provider, provider_request
-- a provider may name a later promise of the same question alike
on conflict (org_id, provider, provider_request) do update
set answer_id = excluded.answer_id, cache_key = excluded.cache_key, asked_at = clock_timestamp(),
  poll_at = excluded.poll_at, expires_at = excluded.expires_at, state = 'waiting', reservation = excluded.reservation
where enrichment_pending.state <> 'waiting'
"""
# A claim of a worker that is gone is anybody's. An answer that came since the memory was read needs no question.
CLAIM = """
with claimed as (
  insert into ops.enrichment_claims as k (org_id, cache_key, lease_token)
  select %(org_id)s, key, %(token)s from unnest(%(keys)s::text[]) as key order by key
  on conflict (org_id, cache_key) do update set lease_token = excluded.lease_token
  where k.lease_token = excluded.lease_token or not exists (
    select from ops.enrichment_jobs as j
    where j.org_id = k.org_id and j.lease_token = k.lease_token and j.lease_until > clock_timestamp())
  returning cache_key
)
select cache_key from claimed where not exists (
  select from ops.enrichment_cache as c
  where c.org_id = %(org_id)s and c.cache_key = claimed.cache_key and c.fetched_at >= %(since)s)
"""
UNCLAIM = "delete from ops.enrichment_claims where org_id = %(org_id)s and cache_key = any(%(keys)s)"
LOSE = """
update ops.enrichment_calls as c
set state = 'lost', outcome = 'lost', cost_usd = reserved_usd, settled_at = clock_timestamp(),
  reason = 'the process was killed while the call was in flight'
where c.org_id = %(org_id)s and c.state = 'sent' and not exists (
  select from ops.enrichment_jobs as j
  where j.org_id = c.org_id and j.lease_token = c.lease_token and j.lease_until > clock_timestamp())
returning c.reserved_usd, c.reservation
"""

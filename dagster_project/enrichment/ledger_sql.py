"""The statements of the ledger, over the tables of migration 0005."""

OPEN = """
insert into ops.enrichment_calls
  (org_id, call_id, request_id, provider, lookup, subjects, reserved_usd, reservation, lease_token)
select org_id, call_id, request_id, provider, lookup, subjects, reserved_usd, reservation, lease_token
from json_populate_recordset(null::ops.enrichment_calls, %(rows)s)
"""
CLOSE = """
update ops.enrichment_calls as c
set state = r.state, outcome = r.outcome, status = r.status, reason = r.reason, attempts = r.attempts,
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
# What is asked about again is promised anew, or answered.
CLOSE_PROMISES = """
update ops.enrichment_pending set state = 'answered'
where org_id = %(org_id)s and cache_key = any(%(keys)s) and state = 'waiting' and reservation = '{}'
"""
# A person who is asked about in several ways may be promised under one and the same id, as RocketReach does, and costs
# each time: the second promise of an id is kept as `id 2`, and so on, as often as there are ways to ask.
MOST_ALIKE = 6
PROMISE = """
insert into ops.enrichment_pending
  (org_id, provider, provider_request, answer_id, cache_key, poll_at, expires_at, reservation)
select r.org_id, r.provider, free.name, r.answer_id, r.cache_key, r.poll_at, r.expires_at, r.reservation
from (
  select *, row_number() over (partition by provider, provider_request order by cache_key) as place
  from json_populate_recordset(null::ops.enrichment_pending, %(rows)s)) as r
cross join lateral (
  select name from (
    select r.provider_request || case when n = 1 then '' else ' ' || n end as name, n
    from generate_series(1, %(most)s) as n) as names
  where not exists (
    select from ops.enrichment_pending as p
    where p.org_id = r.org_id and p.provider = r.provider and p.provider_request = name and p.state = 'waiting')
  order by n offset r.place - 1 limit 1) as free
order by r.provider, free.name
on conflict (org_id, provider, provider_request) do update
set answer_id = excluded.answer_id, cache_key = excluded.cache_key, asked_at = clock_timestamp(),
  poll_at = excluded.poll_at, expires_at = excluded.expires_at, state = 'waiting', reservation = excluded.reservation
where enrichment_pending.state <> 'waiting'
"""
# A claim of a worker that is gone is anybody's.
CLAIM = """
insert into ops.enrichment_claims as k (org_id, cache_key, lease_token)
select %(org_id)s, key, %(token)s from unnest(%(keys)s::text[]) as key order by key
on conflict (org_id, cache_key) do update set lease_token = excluded.lease_token
where k.lease_token = excluded.lease_token or not exists (
  select from ops.enrichment_jobs as j
  where j.org_id = k.org_id and j.lease_token = k.lease_token and j.lease_until > clock_timestamp())
returning cache_key
"""
# What was answered since the memory was read, or is promised, needs no question. This is looked at once the claims are
# held, because a claim may have waited for the very worker that was answered; and by the answer that was seen, because
# a time is written before it is committed.
UNANSWERED = """
select q.key from unnest(%(keys)s::text[], %(seen)s::uuid[]) as q (key, seen)
where not exists (
  select from ops.enrichment_cache as c
  where c.org_id = %(org_id)s and c.cache_key = q.key and c.expires_at > clock_timestamp()
    and c.answer_id is distinct from q.seen)
and not exists (
  select from ops.enrichment_pending as p
  where p.org_id = %(org_id)s and p.cache_key = q.key and p.state = 'waiting' and p.expires_at > clock_timestamp())
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

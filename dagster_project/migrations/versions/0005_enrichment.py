"""Enrichment: requests and jobs, calls and their answers, cache, pending results, spend, audit, switches.

A call is written before it is sent and settled with its answers in one transaction, before anybody uses them: what is
open after a kill was in flight, and is the only thing that can be lost.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
create table ops.enrichment_requests (
  org_id text not null,
  request_id text not null,
  requested_at timestamptz not null default clock_timestamp(),
  requested_by text not null,
  priority text not null default 'normal' check (priority in ('low', 'normal', 'high')),
  fields text[] not null,
  campaign text,
  subjects bigint not null,
  estimate_usd numeric(18, 4) not null,
  max_usd numeric(18, 4),
  state text not null default 'pending' check (state in ('pending', 'running', 'completed', 'stopped')),
  reason text,
  finished_at timestamptz,
  primary key (org_id, request_id)
);
comment on table ops.enrichment_requests is
  'What somebody asked to be enriched, with the estimate it was allowed at. One row per request.';

create table ops.enrichment_jobs (
  org_id text not null,
  job_id uuid not null,
  request_id text not null,
  kind text not null check (kind in ('business', 'person')),
  subject_id uuid not null,
  lead_id uuid not null,
  fields text[] not null,
  priority smallint not null default 1,
  subject jsonb not null,
  state text not null default 'pending' check (state in ('pending', 'running', 'completed', 'failed', 'exhausted')),
  reason text,
  lease_token uuid,
  lease_until timestamptz,
  next_at timestamptz not null default '-infinity',
  finished_at timestamptz,
  primary key (org_id, job_id),
  unique (org_id, request_id, subject_id),
  foreign key (org_id, request_id) references ops.enrichment_requests (org_id, request_id) on delete cascade
);
create index on ops.enrichment_jobs (org_id, request_id, priority desc, job_id) where state in ('pending', 'running');
comment on table ops.enrichment_jobs is
  'Leads and contacts to be enriched. One row per request and subject: completed when every field is filled or needs '
  'nothing, exhausted when the providers had no more to say, failed when it was stopped.';

create table ops.enrichment_calls (
  org_id text not null,
  call_id uuid not null,
  request_id text not null,
  provider text not null,
  lookup text not null,
  subjects integer not null,
  state text not null default 'sent' check (state in ('sent', 'settled', 'lost')),
  outcome text,
  status integer,
  reason text,
  attempts integer not null default 0,
  reserved_usd numeric(18, 4) not null,
  cost_usd numeric(18, 4),
  reservation jsonb not null,
  lease_token uuid not null,
  started_at timestamptz not null default clock_timestamp(),
  latency_ms double precision,
  settled_at timestamptz,
  primary key (org_id, call_id)
);
create index on ops.enrichment_calls (org_id, request_id) where state = 'sent';
create index on ops.enrichment_calls (org_id, settled_at);
comment on table ops.enrichment_calls is
  'Calls to enrichment providers. One row per call; `lost` ones were in flight when their process was killed, or '
  'timed out or were cut off, and count as charged in full.';

create table ops.enrichment_answers (
  org_id text not null,
  answer_id uuid not null,
  call_id uuid not null,
  provider text not null,
  lookup text not null,
  cache_key text not null,
  kind text not null,
  subject_id uuid not null,
  lead_id uuid not null,
  inputs jsonb not null,
  outcome text not null,
  payload text,
  payload_hash text,
  provider_request text,
  cost_usd numeric(18, 4) not null,
  reason text,
  answered_at timestamptz not null default clock_timestamp(),
  primary key (org_id, answer_id)
);
create index on ops.enrichment_answers (org_id, answered_at);
comment on table ops.enrichment_answers is
  'What providers answered, committed before it is used. One row per call and subject, and one more when a pending '
  'result arrives, whichever of poll and webhook brings it.';

create table ops.enrichment_cache (
  org_id text not null,
  cache_key text not null,
  answer_id uuid not null,
  outcome text not null,
  fetched_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (org_id, cache_key)
);
create index on ops.enrichment_cache (expires_at);
comment on table ops.enrichment_cache is
  'The answer that stands for a question until it expires; that there is nothing is one too. One row per question.';

create table ops.enrichment_claims (
  org_id text not null,
  cache_key text not null,
  lease_token uuid not null,
  primary key (org_id, cache_key)
);
comment on table ops.enrichment_claims is
  'Questions that a worker is asking at this moment, so that no other pays for the same answer. One row per question.';

create table ops.enrichment_pending (
  org_id text not null,
  provider text not null,
  provider_request text not null,
  answer_id uuid not null,
  cache_key text not null,
  asked_at timestamptz not null default clock_timestamp(),
  poll_at timestamptz not null,
  expires_at timestamptz not null,
  state text not null default 'waiting' check (state in ('waiting', 'answered', 'expired')),
  reservation jsonb not null,
  primary key (org_id, provider, provider_request)
);
create index on ops.enrichment_pending (org_id, poll_at) where state = 'waiting';
comment on table ops.enrichment_pending is
  'Results that providers promised for later, with the money that stays reserved for them. One row per promise.';

create table ops.enrichment_attempts (
  org_id text not null,
  attempt_id uuid not null,
  job_id uuid not null,
  subject_id uuid not null,
  lead_id uuid not null,
  field text not null,
  attempt integer not null,
  provider text not null,
  lookup text not null,
  outcome text not null,
  is_cached boolean not null,
  is_filled boolean not null,
  confidence double precision,
  cost_usd numeric(18, 4) not null,
  latency_ms double precision,
  reason text,
  answer_id uuid,
  segment text not null,
  attempted_at timestamptz not null default clock_timestamp(),
  primary key (org_id, attempt_id),
  unique (org_id, job_id, field, attempt)
);
create index on ops.enrichment_attempts (org_id, attempted_at);
create index on ops.enrichment_attempts (answer_id);
comment on table ops.enrichment_attempts is
  'Steps of waterfalls. One row per job, field and attempt; a call for several fields is shared out among them.';

create table ops.enrichment_results (
  org_id text not null,
  job_id uuid not null,
  field text not null,
  state text not null check (state in ('filled', 'kept', 'empty', 'pending', 'stopped', 'suppressed')),
  provider text,
  value jsonb,
  confidence double precision,
  cost_usd numeric(18, 4) not null default 0,
  latency_ms double precision,
  answer_id uuid,
  reason text,
  decided_at timestamptz not null default clock_timestamp(),
  primary key (org_id, job_id, field)
);
comment on table ops.enrichment_results is
  'What came of each field of a job: filled, or kept because what was there is better. One row per job and field.';

create table ops.enrichment_audit (
  org_id text not null,
  audit_id uuid not null,
  job_id uuid not null,
  subject_id uuid not null,
  field text not null,
  old_value jsonb,
  new_value jsonb not null,
  provider text not null,
  confidence double precision not null,
  payload_hash text not null,
  changed_at timestamptz not null default clock_timestamp(),
  primary key (org_id, audit_id)
);
create index on ops.enrichment_audit (org_id, subject_id, changed_at);
comment on table ops.enrichment_audit is
  'Values that enrichment replaced or added. One row per change of a field.';

create table ops.enrichment_spend (
  org_id text not null,
  day date not null,
  scope text not null check (scope in ('day', 'provider', 'campaign', 'request', 'lead')),
  name text not null,
  spent_usd numeric(18, 4) not null default 0,
  reserved_usd numeric(18, 4) not null default 0,
  primary key (org_id, day, scope, name),
  check (spent_usd >= 0 and reserved_usd >= 0)
);
comment on table ops.enrichment_spend is
  'Money spent and reserved. One row per day and scope; requests and leads are counted under the day of the request.';

create table ops.provider_switches (
  org_id text not null,
  provider text not null,
  is_enabled boolean not null,
  changed_at timestamptz not null default clock_timestamp(),
  changed_by text not null,
  reason text,
  primary key (org_id, provider)
);
comment on table ops.provider_switches is
  'Enrichment providers that a person turned off or on again. One row per provider that was ever switched.';
"""

# Rows are locked in order of their keys, so that two callers cannot wait for each other. Each is found by the index: a
# join by hash reads the rows of all leads for the few of a call.
SETTLE = """
create function ops.settle_enrichment(org text, parts jsonb) returns void
language plpgsql set enable_hashjoin = off set enable_mergejoin = off as $function$
begin
  perform 1 from ops.enrichment_spend as s
  where s.org_id = org and (s.day, s.scope, s.name) in (
    select (p ->> 'day')::date, p ->> 'scope', p ->> 'name' from jsonb_array_elements(parts) as p)
  order by s.day, s.scope, s.name for update;
  update ops.enrichment_spend as s
  set reserved_usd = s.reserved_usd - p.reserved, spent_usd = s.spent_usd + p.spent
  from (
    select (p ->> 'day')::date as day, p ->> 'scope' as scope, p ->> 'name' as name,
      sum((p ->> 'reserved')::numeric) as reserved, sum((p ->> 'spent')::numeric) as spent
    from jsonb_array_elements(parts) as p group by 1, 2, 3) as p
  where s.org_id = org and s.day = p.day and s.scope = p.scope and s.name = p.name;
end
$function$;
comment on function ops.settle_enrichment is
  'Replaces reservations by what was spent, in every scope; a negative one is added to what is reserved.';
grant execute on function ops.settle_enrichment to app;
"""

TENANT_TABLES = (
    *("enrichment_requests", "enrichment_jobs", "enrichment_calls", "enrichment_answers", "enrichment_cache"),
    *("enrichment_claims", "enrichment_pending", "enrichment_attempts", "enrichment_results", "enrichment_audit"),
    *("enrichment_spend", "provider_switches"),
)


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(SETTLE)
    for table in TENANT_TABLES:
        op.execute(f"select ops.isolate_tenants('ops.{table}', writable => true)")


def downgrade() -> None:
    op.execute("drop function ops.settle_enrichment")
    for table in reversed(TENANT_TABLES):
        op.execute(f"drop table ops.{table} cascade")

"""What calls to providers share between processes: windows of calls, health, spend; and the runs of campaigns.

Slots are the account's, not a tenant's: one key serves all tenants of an installation. `app` reaches them only through
`ops.take_slot`.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Each window is a sliding log: the n-th latest start plus the window's length is when the next call may start. Locks
# are taken in order of name, so that two callers with the same counters cannot wait for each other.
TAKE_SLOT = """
create function ops.take_slot(
  counters text[], calls int[], seconds double precision[], patience double precision, margin double precision
) returns double precision
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
declare
  now_at timestamptz;
  start_at timestamptz;
  free_at timestamptz;
  counter text;
begin
  for counter in select distinct c from unnest(counters) as c order by c loop
    perform pg_advisory_xact_lock(hashtextextended('ops.take_slot ' || counter, 0));
  end loop;
  now_at := clock_timestamp();
  select greatest(now_at, max(paused_until)) into start_at
  from ops.call_pauses where provider in (select split_part(c, '/', 1) from unnest(counters) as c);
  for i in 1 .. coalesce(array_length(counters, 1), 0) loop
    if calls[i] is null then continue; end if;
    select start + make_interval(secs => seconds[i] + margin) into free_at
    from ops.call_slots where call_slots.counter = counters[i] order by start desc offset calls[i] - 1 limit 1;
    start_at := greatest(start_at, free_at);
  end loop;
  if start_at - now_at > make_interval(secs => patience) then
    return -extract(epoch from start_at - now_at);
  end if;
  insert into ops.call_slots (counter, start)
  select c, start_at from unnest(counters, calls) as t (c, n) where n is not null group by c;
  return extract(epoch from start_at - now_at);
end
$function$;
comment on function ops.take_slot is
  'Reserves the next moment at which a call fits all windows of its counters; returns the seconds until then, or, '
  'negative, the seconds it would take when that is beyond the patience, reserving nothing.';
revoke execute on function ops.take_slot from public;
grant execute on function ops.take_slot to app;

create function ops.pause_calls(name text, seconds double precision) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $function$
  insert into ops.call_pauses (provider, paused_until) values (name, clock_timestamp() + make_interval(secs => seconds))
  on conflict (provider) do update set paused_until = greatest(call_pauses.paused_until, excluded.paused_until)
$function$;
comment on function ops.pause_calls is 'No call to the provider starts before so many seconds from now.';
revoke execute on function ops.pause_calls from public;
grant execute on function ops.pause_calls to app;

create function ops.forget_slots() returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $function$
  with gone as (delete from ops.call_slots where start < clock_timestamp() - interval '2 days' returning 1)
  select count(*) from gone
$function$;
comment on function ops.forget_slots is 'Removes slots older than the longest window, a day.';
revoke execute on function ops.forget_slots from public;
grant execute on function ops.forget_slots to app;
"""

TABLES = """
create table ops.call_slots (
  slot_id bigint generated always as identity primary key,
  counter text not null,
  start timestamptz not null
);
create index on ops.call_slots (counter, start desc);
comment on table ops.call_slots is
  'Moments reserved for calls, per counter: a provider, or provider/endpoint. One row per call and counter.';

create table ops.call_pauses (
  provider text primary key,
  paused_until timestamptz not null
);
comment on table ops.call_pauses is 'Until when a provider asked to be left alone. One row per provider.';

create table ops.provider_health (
  org_id text not null,
  provider text not null,
  state text not null default 'closed' check (state in ('closed', 'open', 'half_open')),
  failures integer not null default 0,
  since timestamptz not null default now(),
  primary key (org_id, provider)
);
comment on table ops.provider_health is
  'Circuit breakers: failures in a row, and since when the state holds. One row per tenant and provider.';

create table ops.campaign_spend (
  org_id text not null,
  campaign text not null,
  day date not null,
  provider text not null,
  spent_usd numeric(18, 4) not null default 0,
  reserved_usd numeric(18, 4) not null default 0,
  records bigint not null default 0,
  primary key (org_id, campaign, day, provider),
  check (spent_usd >= 0 and reserved_usd >= 0)
);
comment on table ops.campaign_spend is
  'What a campaign spent on a day, and what its open calls may still cost. One row per campaign, day and provider.';

create table ops.campaign_runs (
  org_id text not null,
  campaign_run_id uuid not null,
  campaign text not null,
  campaign_version text not null,
  day date not null,
  provider text not null,
  run_id text not null,
  plan jsonb not null,
  state text not null check (state in ('running', 'complete', 'stopped', 'failed')),
  reason text,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  figures jsonb,
  primary key (org_id, campaign_run_id),
  unique (org_id, campaign, day, provider, run_id)
);
create index on ops.campaign_runs (org_id, campaign, started_at);
comment on table ops.campaign_runs is
  'Runs of campaigns, each with the plan it followed. One row per campaign, provider and Dagster run.';
"""

TENANT_TABLES = ("provider_health", "campaign_spend", "campaign_runs")


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(TAKE_SLOT)
    for table in TENANT_TABLES:
        op.execute(f"select ops.isolate_tenants('ops.{table}', writable => true)")


def downgrade() -> None:
    for function in ("take_slot", "pause_calls", "forget_slots"):
        op.execute(f"drop function ops.{function}")
    for table in (*TENANT_TABLES, "call_pauses", "call_slots"):
        op.execute(f"drop table ops.{table}")

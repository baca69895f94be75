"""Schemas, row-level security and the operational tables: batches, outbox, attempts, fingerprints, alerts.

The DDL is written out, because history must not change when a contract does.
"""

from alembic import op
from sqlalchemy import text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMAS = ("lake", "staging", "intermediate", "marts", "seeds", "ops")

# Who sees what: `app` sees the rows of the tenant in `app.org_id`, and none when it is unset. The owner of the tables
# (migrations, dbt, pg_dump) sees all; row-level security is not forced on it, because pg_dump refuses forced tables to
# everybody but a superuser, which no managed server gives.
ISOLATE_TENANTS = """
create function ops.isolate_tenants(target regclass, writable boolean default false) returns void
language plpgsql as $function$
begin
  execute format('alter table %s enable row level security', target);
  execute format('drop policy if exists tenant on %s', target);
  execute format(
    'create policy tenant on %s to app '
    'using (org_id = nullif(current_setting(''app.org_id'', true), '''')) '
    'with check (org_id = nullif(current_setting(''app.org_id'', true), ''''))', target);
  execute format('grant select on %s to app', target);
  if writable then
    execute format('grant insert, update, delete on %s to app', target);
  end if;
end
$function$;
comment on function ops.isolate_tenants is
  'Lets app read (and write) only the rows of the tenant in app.org_id. The table needs a column org_id.';
revoke execute on function ops.isolate_tenants from public;
"""

# PostgreSQL 18 has it; for older servers the same, from 48 bits of milliseconds and 74 random ones (RFC 9562)
UUIDV7_BEFORE_18 = """
create function ops.uuidv7() returns uuid language sql volatile as $function$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
    52, 1), 53, 1), 'hex')::uuid
$function$;
grant execute on function ops.uuidv7 to app;
"""

TABLES = """
create table ops.batches (
  org_id text not null,
  batch_id text not null,
  campaign_id text,
  run_id text,
  finished_at timestamptz,
  leads bigint,
  primary key (org_id, batch_id)
);
create index on ops.batches (org_id, finished_at);
comment on table ops.batches is 'Finished walks, which the delivery sensor looks for. One row per batch.';

create table ops.delivery_outbox (
  org_id text not null,
  outbox_id uuid not null default {uuidv7}(),
  destination text not null,
  natural_key text not null,
  revision bigint not null,
  idempotency_key text not null,
  batch_id text,
  fingerprint text,
  payload jsonb,
  state text not null default 'pending'
    check (state in ('pending', 'leased', 'acknowledged', 'failed', 'dead', 'suppressed')),
  reason text,
  crm_id text,
  attempts integer not null default 0,
  lease_token uuid,
  lease_until timestamptz,
  next_attempt_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  acknowledged_at timestamptz,
  primary key (org_id, outbox_id),
  -- the idempotency key is a hash of these, so it needs no index of its own
  unique (org_id, destination, natural_key, revision)
);
-- A lead is written three times (pending, leased, acknowledged), and each index each time. What is settled, which
-- is nearly all, is in none of these.
create index on ops.delivery_outbox (org_id, destination, next_attempt_at) where state = 'pending';
create index on ops.delivery_outbox (org_id, destination, next_attempt_at) where state = 'failed';
create index on ops.delivery_outbox (org_id, destination, natural_key) where state = 'leased';
create index on ops.delivery_outbox (org_id, destination, natural_key) where state in ('dead', 'suppressed');
comment on table ops.delivery_outbox is 'Intended writes to destinations. One row per lead, destination and revision.';

create table ops.delivery_attempts (
  org_id text not null,
  attempt_id uuid not null default {uuidv7}(),
  outbox_id uuid not null,
  attempted_at timestamptz not null default now(),
  outcome text not null,
  status_code integer,
  reason text,
  latency_ms double precision,
  primary key (org_id, attempt_id),
  -- with the tenant, so that no tenant can hang an attempt on another's row
  foreign key (org_id, outbox_id) references ops.delivery_outbox (org_id, outbox_id) on delete cascade
);
create index on ops.delivery_attempts (org_id, outbox_id);
comment on table ops.delivery_attempts is 'Calls made for the outbox. One row per attempt.';

create table ops.delivery_fingerprints (
  org_id text not null,
  destination text not null,
  natural_key text not null,
  fingerprint text not null,
  revision bigint not null,
  acknowledged_at timestamptz not null default now(),
  primary key (org_id, destination, natural_key)
);
comment on table ops.delivery_fingerprints is
  'What each destination acknowledged last; written only with an acknowledgement. One row per lead and destination.';

create table ops.alerts (
  org_id text not null,
  alert_id uuid not null,
  created_at timestamptz not null,
  severity text not null,
  alert_type text not null,
  subject text not null,
  message text not null,
  acknowledged_at timestamptz,
  acknowledged_by text,
  primary key (org_id, alert_id)
);
create index on ops.alerts (org_id, created_at);
comment on table ops.alerts is 'What a person should look at. One row per alert.';
"""

TENANT_TABLES = ("batches", "delivery_outbox", "delivery_attempts", "delivery_fingerprints", "alerts")

# roles belong to the whole server: another database's migration may be creating it at this moment
CREATE_APP = """
do $$ begin
  if not exists (select from pg_roles where rolname = 'app') then
    begin create role app nologin; exception when duplicate_object or unique_violation then null; end;
  end if;
  if not pg_has_role(current_user, 'app', 'member') then execute format('grant app to %I', current_user); end if;
exception when insufficient_privilege then
  raise exception 'The role app is missing. Ask the administrator of the server for: '
    'create role app nologin; grant app to %;', quote_ident(current_user);
end $$
"""


def upgrade() -> None:
    op.execute(CREATE_APP)
    for schema in SCHEMAS:
        op.execute(f"create schema if not exists {schema}")
        op.execute(f"grant usage on schema {schema} to app")
    op.execute(ISOLATE_TENANTS)
    native = op.get_bind().scalar(text("select current_setting('server_version_num')::int >= 180000"))
    if not native:
        op.execute(UUIDV7_BEFORE_18)
    op.execute(TABLES.format(uuidv7="uuidv7" if native else "ops.uuidv7"))
    for table in TENANT_TABLES:
        op.execute(f"select ops.isolate_tenants('ops.{table}', writable => true)")


def downgrade() -> None:
    """Drop the operational tables; the other schemas belong to the mirror and to dbt."""
    for table in reversed(TENANT_TABLES):
        op.execute(f"drop table ops.{table}")
    op.execute("drop function ops.isolate_tenants")
    op.execute("drop function if exists ops.uuidv7")

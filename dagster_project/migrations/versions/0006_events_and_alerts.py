"""Events that have just arrived, alerts with a time to answer in, and the log of automations."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ALERTS = """
alter table ops.alerts
  add column priority text check (priority in ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')),
  add column lead_id uuid,
  add column signal_type text,
  add column event_id text,
  add column occurred_at timestamptz,
  add column due_at timestamptz,
  add column overdue_at timestamptz;
-- one signal, one alert, whoever notices it first and however often
create unique index on ops.alerts (org_id, event_id, signal_type);
create index on ops.alerts (org_id, lead_id, signal_type, occurred_at);
create index on ops.alerts (due_at) where acknowledged_at is null and overdue_at is null;
"""

TABLES = """
create table ops.arrived_events (
  org_id text not null,
  event_id text not null,
  source text not null,
  event_type text not null,
  identity_email text,
  identity_domain text,
  identity_company_key text,
  identity_lead_id uuid,
  identity_crm_id text,
  properties jsonb not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  primary key (org_id, event_id)
);
create index on ops.arrived_events (received_at);
comment on table ops.arrived_events is
  'Events of the last days, as they arrived, for alerts that cannot wait for a walk; the lake keeps them. One row per '
  'event.';

create table ops.automation_runs (
  org_id text not null,
  automation text not null,
  lead_id uuid not null,
  bucket date not null,
  state text not null check (state in ('done', 'held', 'nothing')),
  because text not null,
  actions integer not null,
  ran_at timestamptz not null default clock_timestamp(),
  primary key (org_id, automation, lead_id, bucket)
);
create index on ops.automation_runs (org_id, ran_at);
comment on table ops.automation_runs is
  'What automations did: `held` ones found a lead that must not be contacted. One row per automation, lead and bucket '
  'of days, so that none runs twice.';
"""

TENANT_TABLES = ("arrived_events", "automation_runs")


def upgrade() -> None:
    op.execute(ALERTS)
    op.execute(TABLES)
    for table in TENANT_TABLES:
        op.execute(f"select ops.isolate_tenants('ops.{table}', writable => true)")


def downgrade() -> None:
    for table in reversed(TENANT_TABLES):
        op.execute(f"drop table ops.{table}")
    op.execute(
        "alter table ops.alerts drop column priority, drop column lead_id, drop column signal_type, "
        "drop column event_id, drop column occurred_at, drop column due_at, drop column overdue_at"
    )

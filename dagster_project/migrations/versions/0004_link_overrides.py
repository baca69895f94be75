"""What people decided about links between records. Rows are never deleted, only withdrawn, so that the past is told."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = """
create table ops.link_overrides (
  org_id text not null,
  override_id uuid not null default {uuidv7}(),
  kind text not null check (kind in ('business', 'person')),
  verdict text not null check (verdict in ('must_link', 'cannot_link')),
  left_id uuid not null,
  right_id uuid not null,
  left_records uuid[] not null check (cardinality(left_records) > 0),
  right_records uuid[] not null check (cardinality(right_records) > 0),
  decided_at timestamptz not null default clock_timestamp(),
  decided_by text not null,
  why text not null,
  withdrawn_at timestamptz,
  withdrawn_by text,
  withdrawn_why text,
  primary key (org_id, override_id),
  check (left_id < right_id),
  check ((withdrawn_at is null) = (withdrawn_by is null) and (withdrawn_at is null) = (withdrawn_why is null))
);
create unique index on ops.link_overrides (org_id, kind, left_id, right_id, verdict) where withdrawn_at is null;
comment on table ops.link_overrides is
  'Decisions of people that outrank the matching model until withdrawn; left_id and right_id are the records or leads '
  'as they were named, the arrays the records these stood for. One row per decision.';
"""


def upgrade() -> None:
    native = op.get_bind().exec_driver_sql("select current_setting('server_version_num')::int >= 180000").scalar()
    op.execute(TABLE.format(uuidv7="uuidv7" if native else "ops.uuidv7"))
    op.execute("select ops.isolate_tenants('ops.link_overrides', writable => true)")
    op.execute("revoke delete on ops.link_overrides from app")


def downgrade() -> None:
    op.execute("drop table ops.link_overrides")

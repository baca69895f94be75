"""Which lake partitions the mirror holds, and as of which file, so that only changed ones are loaded.

The owner's bookkeeping: it names partitions, holds no tenant's data, and is not granted to `app`.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table ops.lake_loads (
          table_name text not null,
          lake_partition text not null,
          file_version text not null,
          loaded_at timestamptz not null default now(),
          primary key (table_name, lake_partition)
        );
        comment on table ops.lake_loads is
          'Lake partitions mirrored into schema lake. One row per table and partition.';
        """
    )


def downgrade() -> None:
    op.execute("drop table ops.lake_loads")

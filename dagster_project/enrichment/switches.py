"""Which enrichment providers a tenant has turned off: `ops.provider_switches`, reached as the role `app`.

A provider that was never switched is on. Whether it has a key, and whether its breaker lets calls through, is said
elsewhere.
"""

from typing import Any

from psycopg.rows import dict_row

from dagster_project.transport.shared import Connect

SELECT = """
select provider, is_enabled, changed_at, changed_by, reason
from ops.provider_switches where org_id = %(org_id)s order by provider
"""
# What is set already keeps who set it, and why.
SWITCH = """
insert into ops.provider_switches as s (org_id, provider, is_enabled, changed_by, reason)
values (%(org_id)s, %(provider)s, %(is_enabled)s, %(by)s, %(reason)s)
on conflict (org_id, provider) do update
set is_enabled = excluded.is_enabled, changed_at = clock_timestamp(),
  changed_by = excluded.changed_by, reason = excluded.reason
where s.is_enabled <> excluded.is_enabled
"""


class Switches:
    """The switches of one tenant."""

    def __init__(self, connect: Connect, org_id: str) -> None:
        self.connect, self.org_id = connect, org_id

    def rows(self) -> list[dict[str, Any]]:
        """provider, is_enabled, changed_at, changed_by, reason of every provider that was ever switched, by name."""
        with self.connect(self.org_id) as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(SELECT, {"org_id": self.org_id}).fetchall()

    def disabled(self) -> frozenset[str]:
        """Providers that may not be asked."""
        return frozenset(row["provider"] for row in self.rows() if not row["is_enabled"])

    def enable(self, provider: str, by: str, reason: str | None = None) -> bool:
        """Let a provider be asked again; False when it was on already, and nothing is changed."""
        return provider in self.disabled() and self._switch(provider, True, by, reason)

    def disable(self, provider: str, by: str, reason: str | None = None) -> bool:
        """Have a provider asked no more, from the next batch of calls on; False when it was off already."""
        return self._switch(provider, False, by, reason)

    def _switch(self, provider: str, is_enabled: bool, by: str, reason: str | None) -> bool:
        values = {"org_id": self.org_id, "provider": provider, "is_enabled": is_enabled, "by": by, "reason": reason}
        with self.connect(self.org_id) as connection:
            return connection.execute(SWITCH, values).rowcount == 1

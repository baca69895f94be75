"""Forgetting cached answers before they expire: rows of `ops.enrichment_cache`, reached as the role `app`.

What was answered stays in `ops.enrichment_answers`; only the next request asks, and pays, again.
"""

from dagster_project.transport.shared import Connect

# A cache key is provider.lookup.hash, see `lookup.cache_key`. Whose answer it holds is known by the answer alone.
WHERE = """
from ops.enrichment_cache as c
where c.org_id = %(org_id)s
  and (%(provider)s::text is null or split_part(c.cache_key, '.', 1) = %(provider)s)
  and (%(lookup)s::text is null or split_part(c.cache_key, '.', 2) = %(lookup)s)
  and (%(lead_id)s::uuid is null or exists (
    select from ops.enrichment_answers as a
    where a.org_id = c.org_id and a.answer_id = c.answer_id and a.lead_id = %(lead_id)s::uuid))
"""


def invalidate(
    connect: Connect,
    org_id: str,
    *,
    provider: str | None = None,
    lookup: str | None = None,
    lead_id: str | None = None,
    dry_run: bool = False,
) -> int:
    """Delete a tenant's cached answers that fit everything given; returns how many.

    Without any condition all are deleted. A `dry_run` only counts. `lead_id` is a UUID and stands for its contacts too.
    """
    verb = "select count(*) " if dry_run else "delete "
    values = {"org_id": org_id, "provider": provider, "lookup": lookup, "lead_id": lead_id}
    with connect(org_id) as connection:
        cursor = connection.execute(verb + WHERE, values)
        return cursor.fetchone()[0] if dry_run else cursor.rowcount

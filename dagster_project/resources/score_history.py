"""What a stretch of the score history says, so that two replays of it can be compared byte for byte."""

from datetime import date

from dagster_project.resources.warehouse import Warehouse

Digests = dict[tuple[str, str, date], str]

# A restatement says when it was made, which is not part of what it says.
ROWS = """
select org_id, lead_id::text as lead_id, scored_on, md5((to_jsonb(scores) - 'restated_at')::text) as digest
from marts.{table} as scores
where scored_on between %s and %s
"""


def digests(warehouse: Warehouse, table: str, start: date, end: date) -> Digests:
    """MD5 of each row of `marts.<table>` from `start` to `end`, by (org_id, lead_id, day)."""
    found = warehouse.query("select to_regclass(%s) is not null as is_there", [f"marts.{table}"])
    if not found.item():
        return {}
    rows = warehouse.query(ROWS.format(table=table), [start, end])
    return {row[:3]: row[3] for row in rows.iter_rows()}


def changed_rows(before: Digests, after: Digests) -> dict[str, int]:
    """Counts of rows: all there are now, and those that were added, removed or changed."""
    return {
        "rows": len(after),
        "added": len(after.keys() - before.keys()),
        "removed": len(before.keys() - after.keys()),
        "changed": sum(before[key] != after[key] for key in before.keys() & after.keys()),
    }

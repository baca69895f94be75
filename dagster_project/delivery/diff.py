"""Decides what has to be sent: the mart compared with what each destination acknowledged and what waits for it.

Everything is set-based SQL (`diff_sql.py`) inside one transaction. Sending, and everything a worker does with a row,
is in `outbox.py`.

The rules, where "content" is the mart's fingerprint plus the sync's shape:
- content equal to the last acknowledged, and nothing on its way: nothing to do;
- a row still `pending` was never sent, so newer content replaces its payload, and it is withdrawn when the content
  returns to what the destination already has or is being sent, or when the lead has left the mart;
- a row in any other state was perhaps received. It keeps its content, because a receiver drops a second body under a
  known key; newer content becomes the next revision, and a `failed` older one is not sent any more;
- a `dead` or `suppressed` row with the same content waits for a person, not for the next batch;
- a lead that left the mart (merged, erased, suppressed) is not sent any more, in whatever state its rows are; for a
  sync that its campaigns do not name it is not in the mart.
"""

from dataclasses import dataclass

from psycopg import sql

from dagster_project.delivery import diff_sql
from dagster_project.delivery.outbox import Connect
from dagster_project.delivery.sync import Sync

LEFT = "the lead left the mart"


@dataclass(frozen=True)
class Enqueued:
    """What one batch put in the outbox.

    `new`: rows added. `unchanged`: leads for which no row was added or replaced. `superseded`: undelivered rows whose
    older content will not be sent any more, because it was replaced, withdrawn or overtaken by one of the new rows.
    """

    new: int
    unchanged: int
    superseded: int


def enqueue(connect: Connect, org_id: str, sync: Sync, batch_id: str) -> Enqueued:
    """Bring the outbox of one sync up to date with its mart. Running it again changes nothing."""
    names = {"mart": _mart(sync), "payload": _payload(sync), "left": sql.Literal(LEFT)}
    values = _scope(org_id, sync) | {"batch": batch_id} | sync.columns
    with connect(org_id) as connection:
        connection.execute(diff_sql.EXCLUDE_WORKERS, values)

        def run(statement: str) -> int:
            return connection.execute(sql.SQL(statement).format(**names), values).rowcount

        withdrawn = run(diff_sql.WITHDRAW)
        replaced = run(diff_sql.REPLACE)
        overtaken = run(diff_sql.OVERTAKE)
        new = run(diff_sql.INSERT)
        leads = connection.execute(sql.SQL("select count(*) from ({mart}) as c").format(**names), values).fetchone()[0]
    return Enqueued(new, leads - new - replaced, withdrawn + replaced + overtaken)


def departed(connect: Connect, org_id: str, sync: Sync) -> list[str]:
    """Natural keys that the destination acknowledged and that the mart no longer has."""
    statement = sql.SQL(diff_sql.DEPARTED).format(mart=_mart(sync))
    with connect(org_id) as connection:
        return [key for (key,) in connection.execute(statement, _scope(org_id, sync))]


def _scope(org_id: str, sync: Sync) -> dict[str, str]:
    return {"org": org_id, "destination": sync.name, "shape": f":{sync.shape}"}


def _mart(sync: Sync) -> sql.Composable:
    """The mart's rows that are for this sync, with their natural key as text and their content."""
    return sql.SQL(
        "select l.*, l.{key}::text as natural_key, l.fingerprint || %(shape)s as content"
        " from marts.{source} as l where l.org_id = %(org)s"
        " and (l.destinations is null or %(destination)s = any(l.destinations))"
    ).format(key=sql.Identifier(sync.natural_key), source=sql.Identifier(sync.source))


def _payload(sync: Sync) -> sql.Composable:
    """`jsonb_build_object` of the allowed fields under the names the destination knows."""
    pairs = [sql.SQL("{}::text, {}").format(sql.Placeholder(field), _value(field)) for field in sync.columns]
    return sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(pairs))


def _value(field: str) -> sql.Composable:
    column = sql.SQL("c.{}").format(sql.Identifier(field))
    if field != "updated_at":
        return column
    # jsonb renders a timestamp in the session's time zone
    return sql.SQL("to_char({} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')").format(column)

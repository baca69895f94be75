"""A database that looks as if a walk had ended: the seeds, and the marts that alerts and automations read."""

import csv
import uuid

import pytest

from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import PROJECT_ROOT

ORG = "default"
SEEDS = {
    "signal_types": "signal_type text, alert_priority text, signal_tier text, dedup_minutes int",
    "response_times": "scale text, name text, hours int",
}
MARTS = """
create table marts.dim_lead (org_id text, lead_id uuid, name text, lead_kind text, city text, vertical text,
  country text, is_held_back boolean);
create table marts.fct_lead_intelligence (org_id text, lead_id uuid, lead_score numeric, grade text,
  priority_tier text, intent_tier text, sla_hours int, engagement_stage text, engagement_points numeric,
  velocity bigint, risk text, next_action text, last_event_at timestamptz);
create table marts.fct_threshold_crossings (org_id text, lead_id uuid, scored_on date, kind text, threshold text,
  direction text, previous_stage text, engagement_stage text);
create table intermediate.int_signals (org_id text, lead_id uuid, event_id text, signal_type text,
  occurred_at timestamptz, received_at timestamptz);
select ops.isolate_tenants('marts.dim_lead');
-- leads are known by their city here; dbt's function, which the tests of the project run, asks every identity
create function intermediate.arriving_signals(org text, ids text []) returns table (org_id text, lead_id uuid,
  event_id text, signal_type text, occurred_at timestamptz, received_at timestamptz) language sql stable as $$
  select e.org_id, l.lead_id, e.event_id, e.event_type, e.occurred_at, e.received_at
  from ops.arrived_events as e inner join marts.dim_lead as l on l.org_id = e.org_id and l.city = e.identity_domain
  where e.org_id = org and e.event_id = any(ids) $$;
"""


class Walked:
    """The database, with what tests put into its marts."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse

    def lead(self, name: str, *, kind: str = "company", held: bool = False, score: float = 60, **scores: object) -> str:
        """A lead, known by its name as domain; returns its id."""
        lead_id = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
        known = {"grade": "B", "intent_tier": "MEDIUM", "next_action": "contact_today", "sla_hours": None} | scores
        self.put("marts.dim_lead", lead_id=lead_id, name=name, lead_kind=kind, city=name, is_held_back=held)
        self.put("marts.fct_lead_intelligence", lead_id=lead_id, lead_score=score, **known)
        return lead_id

    def put(self, table: str, **values: object) -> None:
        row = {"org_id": ORG} | values
        places = ", ".join(f"%({name})s" for name in row)
        with self.warehouse.connect() as connection:
            connection.execute(f"insert into {table} ({', '.join(row)}) values ({places})", row)

    def rows(self, statement: str) -> list[tuple]:
        return self.warehouse.query(statement).rows()


@pytest.fixture
def walked(clean_warehouse: Warehouse) -> Walked:
    with clean_warehouse.connect() as connection:
        for name, columns in SEEDS.items():
            wanted = [column.split()[0] for column in columns.split(", ")]
            connection.execute(f"create table seeds.{name} ({columns})")
            with (PROJECT_ROOT / "dbt" / "seeds" / f"{name}.csv").open(newline="") as file:
                rows = [[row[column] for column in wanted] for row in csv.DictReader(file)]
            with connection.cursor() as cursor:
                cursor.executemany(f"insert into seeds.{name} values ({', '.join(['%s'] * len(wanted))})", rows)
        connection.execute(MARTS)
    return Walked(clean_warehouse)

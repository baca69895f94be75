"""Gathers what `report` renders at the end of a walk, from the lake, the marts and the outbox. Decides nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from dagster_project.automation.progress import is_room, room
from dagster_project.cli.report import BestLead, Delivered, Held, Matching, Refusal, SourceCount, WalkSummary
from dagster_project.cli.walk import Walk
from dagster_project.contracts import FILE_RECEIPTS, LEAD_MAP, QUARANTINED_RECORDS
from dagster_project.delivery.sync import load_syncs
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings

BEST = """
select lead_id, name, city, lead_score, grade, score_reasons, best_contact_title, best_contact_email
from marts.dim_lead
where org_id = %s
order by lead_score desc, rating desc nulls last, review_count desc nulls last, lead_id
limit 10
"""
LEADS = """
select
    count(*) as leads,
    count(*) filter (where lead_kind = 'person') as people_alone,
    (select count(*) from marts.dim_contact where org_id = %(org_id)s) as contacts
from marts.dim_lead
where org_id = %(org_id)s
"""
HELD = """
select reason, count(*) as leads
from marts.dim_lead cross join unnest(hold_reasons) as reason
where org_id = %s and is_held_back
group by reason
order by leads desc, reason
"""
FOR_SYNC = """
select count(*) from marts.sync_leads where org_id = %s and (destinations is null or %s = any(destinations))
"""
SENT = """
select
    destination,
    count(*) filter (where state = 'acknowledged' and batch_id = %(batch_id)s) as acknowledged,
    count(*) filter (where state in ('pending', 'leased')) as pending,
    count(*) filter (where state = 'failed') as failed,
    count(*) filter (where state = 'dead') as dead,
    count(*) filter (where state = 'suppressed') as suppressed
from ops.delivery_outbox
where org_id = %(org_id)s
group by destination
"""

FETCHED = """
select distinct on (campaign, provider)
    campaign || '.' || provider as source,
    (figures ->> 'received')::bigint as received,
    (figures ->> 'new')::bigint + (figures ->> 'changed')::bigint as accepted,
    (figures ->> 'quarantined')::bigint as quarantined,
    (figures ->> 'duplicate')::bigint as duplicate
from ops.campaign_runs
where org_id = %(org_id)s and day = (now() at time zone 'UTC')::date and figures is not null
order by campaign, provider, started_at desc
"""


def gather(
    conf: Settings,
    lake: Lake,
    warehouse: Warehouse,
    org_id: str,
    walk: Walk,
    truth: Path | None = None,
    failed: Sequence[str] = (),
) -> WalkSummary:
    """The summary of one tenant's walk; with `truth` (the generated sample's) matching is measured against it.

    `failed` are the reasons why providers failed, in sentences.
    """
    return WalkSummary(
        org_id=org_id,
        **warehouse.query(LEADS, {"org_id": org_id}).row(0, named=True),
        sources=[*sources(lake, org_id), *provider_sources(warehouse, org_id)],
        failed=failed,
        refusals=refusals(lake, org_id),
        matching=[found for kind in ("business", "person") if (found := matching(lake, org_id, kind, truth))],
        best=best(warehouse, org_id),
        held=[Held(*row) for row in warehouse.query(HELD, [org_id]).iter_rows()],
        delivered=delivered(conf, warehouse, org_id, walk.run_id) if walk.deliveries else [],
        seconds={room(step): seconds for step, seconds in walk.seconds.items() if is_room(step)},
        places=places(conf, org_id),
        next_steps=next_steps(),
    )


def sources(lake: Lake, org_id: str) -> list[SourceCount]:
    """What became of today's files, per source."""
    counts = ("received", "accepted", "quarantined", "duplicate")
    today = datetime.now(UTC).date()
    receipts = lake.scan(FILE_RECEIPTS, org_id).filter(pl.col("partition_date") == today)
    return [
        SourceCount(*row)
        for row in receipts.group_by("source").agg(pl.col(counts).sum()).sort("source").collect().rows()
    ]


def provider_sources(warehouse: Warehouse, org_id: str) -> list[SourceCount]:
    """What became of the records that providers answered to today's campaigns, each partition as it stands."""
    return [SourceCount(*row) for row in warehouse.query(FETCHED, {"org_id": org_id}).iter_rows()]


def refusals(lake: Lake, org_id: str) -> list[Refusal]:
    """Today's refused rows and values by reason."""
    refused = lake.scan(QUARANTINED_RECORDS).filter(
        pl.col("org_id") == org_id, pl.col("partition_date") == datetime.now(UTC).date()
    )
    return [
        Refusal(*row) for row in refused.group_by("reason", "stage").len().sort("len", descending=True).collect().rows()
    ]


def matching(lake: Lake, org_id: str, kind: str, truth: Path | None) -> Matching | None:
    """How many records became how many leads of a kind; None when there are none.

    The truth tells of records that no provider was asked for, too: the figures are of those that came.
    """
    current = lake.scan(LEAD_MAP, org_id, kind).sort("valid_from").unique("record_id", keep="last").collect()
    if current.is_empty():
        return None
    if truth is None:
        return Matching(kind, current.height, current["lead_id"].n_unique())
    from dagster_project.sandbox.measure import measure, truth_of

    known = truth_of(pl.read_parquet(truth), org_id, kind).join(current, on="record_id", how="semi")
    quality = measure(known, current)
    return Matching(
        kind,
        current.height,
        current["lead_id"].n_unique(),
        quality.precision,
        quality.recall,
        quality.f1,
        quality.largest_cluster,
    )


def best(warehouse: Warehouse, org_id: str) -> list[BestLead]:
    """The tenant's ten highest scores."""
    return [
        BestLead(lead_id, name, city, float(score), grade, (reasons or "").split("; "), title, email)
        for lead_id, name, city, score, grade, reasons, title, email in warehouse.query(BEST, [org_id]).iter_rows()
    ]


def delivered(conf: Settings, warehouse: Warehouse, org_id: str, batch_id: str) -> list[Delivered]:
    """Writes of this batch per destination; a destination that is not configured is left out."""
    rows = warehouse.query(SENT, {"org_id": org_id, "batch_id": batch_id}).rows_by_key(
        "destination", named=True, unique=True
    )
    out = []
    for sync in load_syncs(conf.yaml_dirs("syncs")).values():
        if row := rows.get(sync.name):
            leads = warehouse.query(FOR_SYNC, [org_id, sync.name]).item()
            unchanged = leads - sum(row[state] for state in ("acknowledged", "pending", "failed", "dead", "suppressed"))
            out.append(
                Delivered(
                    sync.name, unchanged=max(0, unchanged), **{k: v for k, v in row.items() if k != "destination"}
                )
            )
    return out


def places(conf: Settings, org_id: str) -> dict[str, str]:
    """Where a person finds what the walk made."""
    return {
        "Dagster UI": "make ui, then http://127.0.0.1:3000",
        "marts": "leadhouse psql -c 'select * from marts.dim_lead limit 5'",
        "export": str(conf.data_dir / "exports" / org_id / "csv_export.csv"),
        "lake": str(conf.data_dir / "lake"),
    }


def next_steps() -> dict[str, str]:
    """What is worth trying after a first walk: the command and what it is for."""
    return {
        "leadhouse mapping suggest FILE": "a mapping for a file of yours",
        "leadhouse run FILE=MAPPING": "the same walk on it",
        "leadhouse psql -c 'table marts.mart_source_quality'": "what each source is worth",
    }

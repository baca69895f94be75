"""The scores at size: 90 days of events over many leads, then one more day, and one with a tenth of its events.

    python -m tests.bench.bench_scores --events 10000000 --leads 500000

What is measured is dbt's seconds for the models that events pass on their way to the history: signals, their leads, and
the history itself, in which each day is scored as of its end. A day's cost should follow its events: a tenth of them
should cost a tenth, whatever lies in the 90 days before. Few leads are busy and many are quiet, as in life: the lead of
an event is drawn with a skew.
"""

import argparse
import tempfile
import time
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table as View

from tests.bench.bench_walk import MemorySampler, machine
from tests.bench.score_runs import Bench, load_leads, of_days, score_bench

ORG = "bench"
FIRST, DAYS = date(2026, 6, 1), 90
MODELS = ("int_signals", "int_signal_leads", "fct_score_history")
# Event type to its share: mostly visits, few demos.
TYPES = {
    "page_view": 60,
    "email_open": 20,
    "email_click": 8,
    "content_download": 6,
    "pricing_view": 4,
    "demo_request": 2,
}
INSERT = """
insert into lake.events
    (org_id, event_id, occurred_at, received_at, identity_lead_id, event_type, properties, source, partition_date)
select
    %(org)s, %(prefix)s || number, at, at, leads.lead_id, types.event_type, '{}', 'bench', at::date
from (
    select
        number,
        timestamptz %(start)s + random() * %(days)s * interval '1 day' as at,
        floor(%(leads)s * power(random(), 1.65))::bigint as lead_number,
        random() as draw
    from generate_series(1, %(events)s) as number
) as drawn
inner join bench_leads as leads on leads.number = drawn.lead_number
inner join bench_types as types on drawn.draw >= types.above and drawn.draw < types.below
"""


def leads_of(count: int) -> pl.DataFrame:
    """Leads that are known from before the first day on."""
    ids = [str(uuid.UUID(int=number + 1)) for number in range(count)]
    known = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) - timedelta(days=1)
    return pl.DataFrame({"lead_id": ids}).with_columns(key=pl.format("lead {}", "lead_id"), known_at=pl.lit(known))


def prepare(bench: Bench, leads: int) -> None:
    """The leads, and what the events are drawn from."""
    load_leads(bench, ORG, leads_of(leads))
    edges = np.cumsum([0, *TYPES.values()]) / sum(TYPES.values())
    with bench.warehouse.connect() as connection:
        connection.execute(
            "create table bench_leads as "
            "select row_number() over (order by record_id) - 1 as number, lead_id from lake.lead_map"
        )
        connection.execute("create table bench_types (event_type text, above float8, below float8)")
        for event_type, above, below in zip(TYPES, edges, edges[1:], strict=False):
            connection.execute("insert into bench_types values (%s, %s, %s)", [event_type, above, below])
        connection.execute("create unique index on bench_leads (number)")


def add_events(bench: Bench, prefix: str, start: date, days: int, events: int, leads: int, seed: int) -> None:
    drawn = {"org": ORG, "prefix": prefix, "start": start, "days": days, "events": events, "leads": leads}
    with bench.warehouse.connect() as connection:
        connection.execute("select setseed(%s)", [seed / 1000])
        connection.execute(INSERT, drawn)
        connection.execute("analyze lake.events")


def build(bench: Bench, start: date, end: date, *, models: tuple[str, ...] = ()) -> dict[str, float]:
    """Score the days; returns the seconds of the models that events pass."""
    chosen = ["--select", *models] if models else []
    seconds = bench.dbt("run", *chosen, *of_days(start, end))
    return {model: seconds[model] for model in MODELS}


def row(bench: Bench, name: str, start: date, end: date, seconds: dict[str, float], mib: float) -> list[str]:
    days = f"between '{start}' and '{end}'"
    events = bench.count("lake.events", f"partition_date {days}")
    scored = bench.count("marts.fct_score_history", f"scored_on {days}")
    told = [f"{seconds[model]:,.1f}" for model in MODELS]
    return [name, f"{events:,}", f"{scored:,}", *told, f"{sum(seconds.values()):,.1f}", f"{mib:,.0f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000, help="events of the 90 days")
    parser.add_argument("--leads", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    console = Console(width=120)
    console.print(machine())
    view = View("days", title=f"{options.events:,} events over {options.leads:,} leads")
    for heading in ("events", "rows of history", *MODELS, "seconds", "peak MiB"):
        view.add_column(heading, justify="right")
    a_day = options.events // DAYS
    last = FIRST + timedelta(days=DAYS - 1)
    stretches = [
        (f"{DAYS} days", FIRST, last, options.events),
        ("one day", last + timedelta(days=1), last + timedelta(days=1), a_day),
        ("a tenth", last + timedelta(days=2), last + timedelta(days=2), a_day // 10),
    ]
    with (
        tempfile.TemporaryDirectory(prefix="leadhouse-bench-") as folder,
        score_bench(Path(folder)) as bench,
        MemorySampler() as sampler,
    ):
        prepare(bench, options.leads)
        bench.dbt("seed")
        for number, (name, start, end, events) in enumerate(stretches):
            days = (end - start).days + 1
            add_events(bench, f"{number}-", start, days, events, options.leads, options.seed + number)
            began = time.time()
            seconds = build(bench, start, end, models=MODELS if number else ())
            view.add_row(*row(bench, name, start, end, seconds, sampler.peak(began, time.time())))
    console.print(view)


if __name__ == "__main__":
    main()

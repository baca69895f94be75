"""The scores on a real event log: 262,200 steps of 13,087 loan applications (BPI Challenge 2012) as events of leads.

    python -m tests.bench.bench_scores_bpic --shared ../shared

Every day from October 2011 to March 2012 is scored, then replayed and compared row by row. How well the untuned rules
tell who will be granted a loan is measured 3 and 14 days after each application, by the cases that are open then, with
an isotonic curve learned on the earliest applications. The log's steps stand for signals as `STEPS` says; all fade with
a half-life of 14 days, by the tenant's overrides, since a loan takes weeks and not hours.
"""

import argparse
import os
import tempfile
import time
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score

from dagster_project import contracts
from dagster_project.resources.score_history import changed_rows, digests
from tests.bench.bench_walk import machine
from tests.bench.score_runs import Bench, load_leads, of_days, score_bench

ORG = "bpic2012"
FIRST, LAST = date(2011, 10, 1), date(2012, 3, 15)
TRAIN_BEFORE, TEST_FROM, MATURE = (
    datetime(2011, 11, 16, tzinfo=UTC),
    datetime(2012, 1, 1, tzinfo=UTC),
    timedelta(days=45),
)
HALF_LIFE_HOURS = 14 * 24
WON = ("A_APPROVED", "A_REGISTERED", "A_ACTIVATED")
ENDED = (*WON, "A_DECLINED", "A_CANCELLED")
# Completed step to (event type, result); other steps are events that no rule is about.
STEPS = {
    "A_SUBMITTED": ("page_view", None),
    "A_PREACCEPTED": ("form_submission", None),
    "A_ACCEPTED": ("crm_stage_change", "advanced"),
    "O_SENT": ("quote_request", None),
    "O_SENT_BACK": ("demo_request", None),
    "O_CANCELLED": ("crm_stage_change", "regressed"),
    "W_Valideren aanvraag": ("meeting_held", None),
    "W_Nabellen incomplete dossiers": ("inbound_call", None),
    "W_Afhandelen leads": ("meeting", "no_show"),
}
LEAST_AUC = {3: 0.62, 14: 0.78}
SIGNALS = (
    *("website_visit", "form_submission", "quote_requested", "demo_request", "inbound_call"),
    *("crm_stage_advanced", "crm_stage_regressed", "meeting_held", "meeting_no_show"),
)


def read_log(shared: Path) -> pl.DataFrame:
    """The steps with their times as UTC, each with its case's lead id."""
    log = pl.read_csv(shared / "data/scoring/bpic2012/events.csv", schema_overrides={"resource": pl.String})
    return log.with_columns(
        at=pl.col("timestamp").str.to_datetime(time_zone="UTC"),
        applied_at=pl.col("reg_date").str.to_datetime(time_zone="UTC"),
        key=pl.col("case_id").cast(pl.String),
        lead_id=pl.col("case_id").map_elements(
            lambda case: str(uuid.uuid5(uuid.NAMESPACE_OID, f"bpic {case}")), pl.String
        ),
    )


def load(bench: Bench, log: pl.DataFrame) -> None:
    """Every case as a lead that is known from its application on, every step as an event."""
    load_leads(bench, ORG, log.group_by("key", "lead_id").agg(known_at=pl.col("applied_at").first()))
    completed = pl.col("lifecycle") == "COMPLETE"
    types = {step: event_type for step, (event_type, _) in STEPS.items()}
    results = {step: f'{{"result": "{result}"}}' for step, (_, result) in STEPS.items() if result}
    events = log.with_row_index("number").select(
        org_id=pl.lit(ORG),
        event_id=pl.format("bpic {}", "number"),
        occurred_at="at",
        received_at="at",
        identity_lead_id="lead_id",
        event_type=pl.when(completed)
        .then(pl.col("activity").replace_strict(types, default=None))
        .fill_null("bpic_step"),
        properties=pl.col("activity").replace_strict(results, default="{}"),
        source=pl.lit("bpic"),
        partition_date=pl.col("at").dt.date(),
    )
    bench.warehouse.mirror(contracts.EVENTS, events)


def override(bench: Bench) -> None:
    """The tenant's half-life for every signal type that the log has."""
    statement = (
        "insert into seeds.signal_type_overrides (org_id, signal_type, decay_model, decay_hours) "
        "values (%s, %s, 'exponential', %s)"
    )
    with bench.warehouse.connect() as connection:
        for signal_type in SIGNALS:
            connection.execute(statement, [ORG, signal_type, HALF_LIFE_HOURS])


def cases(log: pl.DataFrame) -> pl.DataFrame:
    """Each case: when it was applied for, when it ended, and whether it was won within 45 days."""
    won = pl.col("at").filter(pl.col("activity").is_in(WON)).min()
    ended = pl.col("at").filter(pl.col("activity").is_in(ENDED)).min()
    found = log.group_by("lead_id").agg(pl.col("applied_at").first(), won_at=won, ended_at=ended)
    return found.with_columns(is_won=(pl.col("won_at") <= pl.col("applied_at") + MATURE).fill_null(False))


def auc(bench: Bench, log: pl.DataFrame, days: int) -> tuple[int, float]:
    """Cases of the test and AUC of the calibrated score as of exactly so many days after each application."""
    asks = f"(select org_id, lead_id, valid_from + interval '{days} days' as as_of from marts.lead_facts_history)"
    scores = bench.warehouse.query(bench.compiled("scores_as_of_a_time", asks=asks)).select("lead_id", "lead_score")
    still_open = pl.col("ended_at").is_null() | (pl.col("ended_at") > pl.col("applied_at") + timedelta(days=days))
    found = cases(log).join(scores, on="lead_id").filter(still_open)
    train = found.filter(pl.col("applied_at") < TRAIN_BEFORE)
    test = found.filter(pl.col("applied_at").is_between(TEST_FROM, log["at"].max() - MATURE))
    curve = IsotonicRegression(out_of_bounds="clip").fit(train["lead_score"], train["is_won"])
    # steps of the curve are ties; within one the rules' own order counts
    order = test["lead_score"].rank().to_numpy() / test.height
    return test.height, roc_auc_score(test["is_won"], np.asarray(curve.predict(test["lead_score"])) + 1e-5 * order)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("LEADHOUSE_SHARED_DIR", "../shared"))
    parser.add_argument("--shared", type=Path, default=shared, help="the team's data folder")
    options = parser.parse_args()
    console = Console(width=100)
    console.print(machine())
    log = read_log(options.shared)
    with tempfile.TemporaryDirectory(prefix="leadhouse-bench-") as folder, score_bench(Path(folder)) as bench:
        load(bench, log)
        bench.dbt("seed")
        override(bench)
        started = time.monotonic()
        bench.dbt("run", *of_days(FIRST, LAST))
        built = time.monotonic() - started
        before = digests(bench.warehouse, "fct_score_history", FIRST, LAST)
        console.print(f"{log.height:,} events, {len(before):,} rows of history, all models in {built:,.0f} s")
        bench.dbt("run", "--select", "fct_score_history", *of_days(FIRST, LAST))
        told = changed_rows(before, digests(bench.warehouse, "fct_score_history", FIRST, LAST))
        console.print(f"replayed {told['rows']:,} rows: {told['changed'] + told['added'] + told['removed']:,} differ")
        bench.dbt("test", "--select", "contributions_add_up_on_every_day", "--vars", "{score_days_tested: 100000}")
        measured = {days: auc(bench, log, days) for days in LEAST_AUC}
        for days, (count, found) in measured.items():
            console.print(f"day {days}: AUC {found:.3f} over {count:,} open cases (at least {LEAST_AUC[days]})")
        failed = told["rows"] != len(before) or any(told[kind] for kind in ("changed", "added", "removed"))
        if failed or any(found < LEAST_AUC[days] for days, (_, found) in measured.items()):
            raise SystemExit("a score differs from its recomputation, or tells too little")


if __name__ == "__main__":
    main()

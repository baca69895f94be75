"""The team's labelled sets as flat tables of text, as a person would hand them to `leadhouse model backtest`."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dagster_project.scoring.table import ROW, Table, labelled

WON = ("A_APPROVED", "A_REGISTERED", "A_ACTIVATED")
ENDED = (*WON, "A_DECLINED", "A_CANCELLED")
HALF_LIVES = (1, 3, 7)
WON_WITHIN_DAYS = 45
LAST_START = pl.datetime(2012, 1, 29, time_zone="UTC")
"""Later applications have not had their 45 days when the log ends."""


@dataclass(frozen=True)
class LabelledSet:
    """A table and how to read it; `options` are those of `labelled`."""

    raw: pl.DataFrame
    label: str
    options: dict[str, object]

    def table(self) -> Table:
        return labelled(self.raw, self.label, **self.options)


def bank(shared: Path) -> LabelledSet:
    """Calls in order of time, without their duration, which is only known afterwards."""
    raw = pl.read_csv(shared / "data/scoring/uci_bank/bank-additional-full.csv", infer_schema=False)
    return LabelledSet(raw, "output", {"time": ROW, "drop": ["duration"]})


def olist(shared: Path) -> LabelledSet:
    """Sellers who asked to be contacted; the outcome is a deal within 90 days."""
    folder = shared / "data/scoring/olist"
    leads = pl.read_csv(folder / "olist_marketing_qualified_leads_dataset.csv", infer_schema=False)
    deals = pl.read_csv(folder / "olist_closed_deals_dataset.csv", infer_schema=False).select("mql_id", "won_date")
    contacted = pl.col("first_contact_date").str.to_datetime("%d-%m-%Y")
    days = (pl.col("won_date").str.to_datetime("%d-%m-%Y %H:%M") - contacted).dt.total_days()
    raw = leads.join(deals, on="mql_id", how="left", maintain_order="left").with_columns(
        won=(days <= 90).fill_null(value=False).cast(pl.String),
        first_contact_date=contacted.cast(pl.Date).cast(pl.String),
    )
    return LabelledSet(raw.drop("won_date"), "won", {"time": "first_contact_date", "horizon_days": 90})


def opportunities(shared: Path) -> LabelledSet:
    """A fictitious CRM's closed deals, whose outcome was drawn at random."""
    folder = shared / "data/scoring/crm_sales_opportunities"
    read = {name: pl.read_csv(folder / f"{name}.csv", infer_schema=False) for name in ("accounts", "products")}
    teams = pl.read_csv(folder / "sales_teams.csv", infer_schema=False)
    deals = pl.read_csv(folder / "sales_pipeline.csv", infer_schema=False)
    raw = (
        deals.filter(pl.col("deal_stage").is_in(["Won", "Lost"]))
        .with_columns(pl.col("product").replace("GTXPro", "GTX Pro"))
        .join(read["accounts"], on="account", how="left", maintain_order="left")
        .join(read["products"], on="product", how="left", maintain_order="left")
        .join(teams, on="sales_agent", how="left", maintain_order="left")
    )
    afterwards = ["close_date", "close_value", "close_quarter"]
    return LabelledSet(raw, "deal_stage", {"time": "engage_date", "drop": afterwards})


def loans(shared: Path, day: int) -> LabelledSet:
    """Applications still open `day` days after they came, as the event log knew them then; won within 45 days."""
    path = shared / "data/scoring/bpic2012/events.csv"
    events = pl.read_csv(path, schema_overrides={"case_id": pl.String, "resource": pl.String}).with_columns(
        pl.col("timestamp", "reg_date").str.to_datetime(time_zone="UTC")
    )
    events = events.with_columns(as_of=pl.col("reg_date") + pl.duration(days=day))
    events = events.filter(pl.col("reg_date") <= LAST_START)
    within = pl.col("timestamp") <= pl.col("reg_date") + pl.duration(days=WON_WITHIN_DAYS)
    won = events.group_by("case_id").agg(won=(pl.col("activity").is_in(WON) & within).any().cast(pl.String))
    known = events.filter(pl.col("timestamp") <= pl.col("as_of")).sort("case_id", "timestamp", maintain_order=True)
    features = known.group_by("case_id", maintain_order=True).agg(
        pl.col("as_of", "amount_req", "reg_date").first(),
        *_behaviour(),
        ended=pl.col("activity").is_in(ENDED).any(),
    )
    rows = features.filter(~pl.col("ended")).join(won, on="case_id", maintain_order="left")
    raw = rows.drop("ended", "reg_date").with_columns(pl.col("as_of").dt.strftime("%Y-%m-%d %H:%M:%S"))
    horizon = WON_WITHIN_DAYS - day
    options = {"time": "as_of", "horizon_days": horizon, "drop": ["case_id"]}
    return LabelledSet(raw.with_columns(pl.all().cast(pl.String)), "won", options)


def _behaviour() -> list[pl.Expr]:
    """Stage, counts, decay and velocity of the events known at the as-of time."""
    age = (pl.col("as_of") - pl.col("timestamp")).dt.total_seconds() / 86_400
    activity = pl.col("activity")
    stage = activity.filter(activity.str.contains("^[AO]_"))
    work = ("W_Completeren aanvraag", "W_Nabellen offertes", "W_Nabellen incomplete dossiers", "W_Valideren aanvraag")
    return [
        stage.last().alias("stage"),
        activity.last().alias("last_activity"),
        pl.len().alias("events"),
        age.last().alias("days_since_last"),
        pl.col("resource").n_unique().alias("resources"),
        (activity == "O_SENT").sum().alias("offers"),
        (activity == "O_SENT_BACK").any().cast(pl.Int8).alias("sent_back"),
        *[(activity == name).sum().alias(f"count_{name}") for name in work],
        *[(0.5 ** (age / half)).sum().alias(f"decayed_{half}d") for half in HALF_LIVES],
        (age < 1).sum().alias("events_last_day"),
        ((age < 3).sum() / ((age < 6) & (age >= 3)).sum().clip(1)).alias("velocity"),
    ]

"""What our side does with the businesses of the demo world: deals, activities, outcomes and suppressions.

Who wins is decided by `activity.chances`; this module gives the CRM's rows of it.
"""

import numpy as np
import polars as pl

from dagster_project.sandbox import names
from dagster_project.sandbox.activity import DAY_ONE, SEASON_DAYS, Cast, chances, iso, moments, seconds
from dagster_project.sandbox.corruption import draw, hits, replace

OPEN_STAGES = ["prospecting", "qualification", "discovery", "demo", "proposal", "negotiation"]
CLOSED_SHARE = 0.55
REASONS = {"disqualified": "too small", "bounced": "mailbox unknown", "lost": "price", "unsubscribed": "by link"}
DEAL_COLUMNS = [
    "deal_id", "deal_name", "account_id", "account_domain", "stage", "amount", "currency", "owner", "opened_at",
    "expected_close", "closed_at",
]  # fmt: skip


def make_deals(
    rng: np.random.Generator, cast: Cast, events: pl.DataFrame, accounts: pl.DataFrame, count: int
) -> pl.DataFrame:
    """`count` deals with businesses the CRM knows: `DEAL_COLUMNS`, and what follows from a deal needs (`contact`,
    `opened` and `last`, the times it began and ended or was last heard of)."""
    held = cast.who.with_row_index("row").join(accounts, on="entity", maintain_order="left")
    pull = cast.pull[held["row"].to_numpy()]
    held, n = held[rng.choice(held.height, count, p=pull / pull.sum())], count
    opened_ago = rng.uniform(5, SEASON_DAYS - 10, n)
    last = moments(opened_ago * rng.uniform(0.05, 0.8, n))
    won = rng.random(n) < chances(cast, held["row"].to_numpy(), last, events)
    is_closed = hits(rng, n, CLOSED_SHARE)
    stage = replace(draw(rng, OPEN_STAGES, n, [5, 4, 4, 3, 3, 2]), is_closed, _either(won, "closed_won", "closed_lost"))
    terms = _terms(rng, held, opened_ago)
    return terms.with_columns(
        _keys("D-", n, 6).alias("deal_id"),
        replace(stage, hits(rng, n, 0.008), draw(rng, ["verbal yes"], n)).alias("stage"),
        replace(iso(last).clear(n), is_closed, iso(last)).alias("closed_at"),
        last.alias("last"),
        held["contact"],
    )


def activity_rows(rng: np.random.Generator, deals: pl.DataFrame, count: int) -> pl.DataFrame:
    """`count` calls, e-mails, meetings, tasks and notes on the deals."""
    on, n = deals[rng.integers(0, deals.height, count)], count
    met = draw(rng, ["connected", "no_answer", "replied", "left_message", "completed"], n)
    span = (on["last"] - on["opened"]).dt.total_seconds().to_numpy()
    at = on["opened"] + seconds(span * rng.random(n))
    return pl.DataFrame(
        {
            "activity_id": _keys("A-", n, 7),
            "type": draw(rng, ["call", "email", "meeting", "task", "note"], n, [35, 35, 12, 10, 8]),
            "at": iso(at),
            "account_domain": on["account_domain"],
            "contact_email": on["contact"],
            "deal_id": on["deal_id"],
            "owner": on["owner"],
            "result": replace(met, hits(rng, n, 0.15), met.clear(n)),
        }
    )


def outcome_rows(
    rng: np.random.Generator, cast: Cast, events: pl.DataFrame, deals: pl.DataFrame, count: int
) -> pl.DataFrame:
    """Won and lost from the closed deals, and what became of `count` businesses that were contacted."""
    ended = deals.filter(pl.col("stage").str.starts_with("closed_")).select(
        "account_domain",
        "deal_id",
        at="last",
        contact_email="contact",
        outcome=pl.col("stage").str.strip_prefix("closed_"),
    )
    rows = pl.concat([ended, _contacted(rng, cast, events, count)], how="diagonal").sort("at", maintain_order=True)
    return rows.select(
        _keys("O-", rows.height, 6).alias("outcome_id"),
        "account_domain",
        "contact_email",
        "outcome",
        iso(rows["at"]),
        "deal_id",
        pl.col("outcome").replace_strict(REASONS, default=None).alias("reason"),
    )


def suppression_rows(people: pl.DataFrame, entities: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Who must not be contacted: those who unsubscribed, some who denied consent, a few phones and whole domains."""
    gone = outcomes.filter(pl.col("outcome") == "unsubscribed").select(value="contact_email")
    denied = people.filter(pl.col("consent") == "denied").select(value="work_email")
    parts = [
        _suppressed("email", gone, "unsubscribed"),
        _suppressed("email", denied[::3], "complaint"),
        _suppressed("phone", entities.select(value="phone")[::400], "legal"),
        _suppressed("domain", entities.select(value="domain")[150::600], "legal"),
    ]
    return pl.concat(parts).unique(["scope", "value"], keep="first", maintain_order=True)


def advanced(deals: pl.DataFrame, day: str) -> pl.DataFrame:
    """Rows of the deals file as they stand one stage later; a deal in negotiation is won on `day`."""
    following = dict(zip(OPEN_STAGES, [*OPEN_STAGES[1:], "closed_won"], strict=True))
    moved = deals.filter(pl.col("stage").is_in(OPEN_STAGES)).with_columns(pl.col("stage").replace_strict(following))
    return moved.with_columns(
        pl.when(pl.col("stage") == "closed_won")
        .then(pl.lit(f"{day}T12:00:00Z"))
        .otherwise("closed_at")
        .alias("closed_at")
    )


def _terms(rng: np.random.Generator, held: pl.DataFrame, opened_ago: np.ndarray) -> pl.DataFrame:
    """What was agreed when the deals were opened."""
    n = held.height
    opened = moments(opened_ago)
    return pl.DataFrame(
        {
            "deal_name": held["name"] + draw(rng, [" – pilot", " – annual plan", " – expansion"], n),
            "account_id": held["account_id"],
            "account_domain": held["domain"],
            "amount": (held["employees"].to_numpy() * 90 * rng.lognormal(0, 0.6, n) + 900).round(2),
            "currency": draw(rng, ["USD", "EUR", "GBP", "CAD"], n, [88, 5, 4, 3]),
            "owner": draw(rng, names.REPS, n),
            "opened_at": iso(opened),
            "expected_close": moments(opened_ago * 0.1 - 20).dt.strftime("%Y-%m-%d"),
            "opened": opened,
        }
    )


def _contacted(rng: np.random.Generator, cast: Cast, events: pl.DataFrame, count: int) -> pl.DataFrame:
    row = rng.permutation(cast.who.height)[:count]
    at = moments(rng.uniform(0.1, 100, len(row)))
    good = rng.random(len(row)) < chances(cast, row, at, events)
    yes = draw(rng, ["qualified", "replied"], len(row), [6, 4])
    no = draw(rng, ["disqualified", "bounced", "unsubscribed"], len(row), [6, 2, 1])
    who = cast.who[row]
    outcome = replace(no, pl.Series(good), yes)
    return pl.DataFrame(
        {"account_domain": who["domain"], "at": at, "contact_email": who["contact"], "outcome": outcome}
    )


def _suppressed(scope: str, values: pl.DataFrame, reason: str) -> pl.DataFrame:
    return values.drop_nulls().select(
        pl.lit(scope).alias("scope"),
        "value",
        pl.lit(reason).alias("reason"),
        pl.lit(DAY_ONE.isoformat()).alias("since"),
    )


def _keys(prefix: str, count: int, digits: int) -> pl.Series:
    return prefix + pl.Series(np.arange(count)).cast(pl.String).str.zfill(digits)


def _either(flags: np.ndarray, yes: str, no: str) -> pl.Series:
    return pl.Series([no, yes]).gather(flags.astype(np.int64))

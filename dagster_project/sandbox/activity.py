"""What businesses of the demo world do at our door: visits, downloads, demo requests, and how likely they buy.

Good ends follow from what could be known before them (rating, reachable mailbox, demo requests …) through `chances`, so
that a model trained on the walk's results has something true to find. Deals and outcomes themselves are in `sales`.
"""

from datetime import date, datetime, time

import numpy as np
import polars as pl

from dagster_project.sandbox.corruption import blank, draw, hits, replace

DAY_ONE = date(2026, 11, 20)  # fixed, so that the same seed gives the same bytes for ever
SEASON_DAYS = 170
EVENT_TYPES = ["page_view", "email_open", "content_download", "signup", "pricing_view", "demo_request"]
# what businesses of low, middling and high interest do
MIX = np.array([[70, 25, 4, 0.3, 0.6, 0.1], [50, 22, 12, 4, 9, 3], [35, 15, 15, 10, 13, 12]])
PROPS = {
    "page_view": '{"page":"/features","seconds":41}',
    "email_open": '{"campaign":"autumn"}',
    "content_download": '{"asset":"buyers-guide"}',
    "signup": '{"plan":"trial"}',
    "pricing_view": '{"page":"/pricing","seconds":75}',
    "demo_request": '{"team_size":12}',
}


class Cast:
    """The businesses that things happen to (one row each, own website), with a contact's e-mail where there is one."""

    def __init__(self, rng: np.random.Generator, entities: pl.DataFrame, people: pl.DataFrame) -> None:
        contact = people.select("entity", contact="work_email").unique("entity", keep="first", maintain_order=True)
        own = entities.filter(pl.col("domain").is_not_null() & pl.col("chain").is_null())
        self.who = own.join(contact, on="entity", how="left", maintain_order="left")
        self.interest = rng.choice(3, self.who.height, p=[0.62, 0.26, 0.12])
        # a few visitors make most of the visits
        self.pull = rng.lognormal(0, 0.8, self.who.height) * np.array([0.15, 1.0, 2.5])[self.interest]

    def pick(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Rows of `who`, drawn by how much they are drawn to us."""
        return rng.choice(self.who.height, count, p=self.pull / self.pull.sum())


def moments(days_ago: np.ndarray, end: date = DAY_ONE) -> pl.Series:
    """Fractions of days before 20:00 UTC of a day, as times."""
    evening = datetime.combine(end, time(20))
    return (evening - seconds(days_ago * 86_400)).alias("at")


def seconds(count: np.ndarray) -> pl.Series:
    """Whole seconds as durations."""
    return (pl.Series(count.astype(np.int64)) * 1_000_000).cast(pl.Duration("us"))


def iso(at: pl.Series) -> pl.Series:
    """Times as ISO 8601 text in UTC."""
    return at.dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def make_events(
    rng: np.random.Generator, cast: Cast, count: int, *, end: date = DAY_ONE, days: float = SEASON_DAYS
) -> pl.DataFrame:
    """`count` events of the `days` before `end`, in time order: row of the cast, type, time, visitor's identity."""
    row = cast.pick(rng, count)
    steps = np.cumsum(MIX / MIX.sum(axis=1, keepdims=True), axis=1)[cast.interest[row]]
    kind = np.minimum((rng.random((count, 1)) > steps).sum(axis=1), len(EVENT_TYPES) - 1)
    who = cast.who[row]
    events = pl.DataFrame(
        {
            "row": row,
            "type": pl.Series(EVENT_TYPES).gather(kind),
            "domain": who["domain"],
            "email": blank(who["contact"], rng, 0.5),
            # visits grow towards the end of the season, as the demo company's marketing does
            "at": moments(rng.random(count) ** 1.4 * days, end),
        }
    )
    return events.sort("at", maintain_order=True)


def event_rows(rng: np.random.Generator, events: pl.DataFrame, start: int) -> pl.DataFrame:
    """Rows of the events file; `props` is JSON text, a few times are words and cannot be understood."""
    key = "ev-" + pl.Series(np.arange(start, start + events.height)).cast(pl.String).str.zfill(8)
    when = replace(
        iso(events["at"]), hits(rng, events.height, 0.002), draw(rng, ["yesterday", "just now"], events.height)
    )
    return pl.DataFrame(
        {
            "id": key,
            "ts": when,
            "type": events["type"],
            "visitor": events.select("email", "domain").to_struct(),
            "props": events["type"].replace_strict(PROPS),
        }
    )


def chances(cast: Cast, row: np.ndarray, at: pl.Series, events: pl.DataFrame) -> np.ndarray:
    """Probability of a good end for businesses `row` judged at times `at`, from earlier events and standing facts."""
    asked = pl.DataFrame({"ask": np.arange(len(row)), "row": row, "until": at})
    before = asked.join(events.select("row", "type", "at"), on="row").filter(pl.col("at") < pl.col("until"))
    counts = before.group_by("ask").agg((pl.col("type") == t).sum().alias(t) for t in EVENT_TYPES)
    seen = asked.join(counts, on="ask", how="left", maintain_order="left").select(EVENT_TYPES).fill_null(0)
    did = {t: np.minimum(seen[t].to_numpy(), 2) for t in EVENT_TYPES}
    who = cast.who[row]
    rated = ((who["rating"] >= 4.3) & (who["reviews"] >= 50)).to_numpy()
    odds = (
        -1.9
        + 1.1 * rated
        + 0.8 * who["email_verified"].to_numpy()
        + 0.5 * who["contact"].is_not_null().to_numpy()
        + 1.2 * did["demo_request"]
        + 0.6 * did["pricing_view"]
        + 0.5 * did["signup"]
        + 0.3 * did["content_download"]
    )
    return 1 / (1 + np.exp(-odds))

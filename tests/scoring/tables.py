"""Made-up labelled tables whose truth is known."""

import numpy as np
import polars as pl

SEED = 11


def text(columns: dict[str, object]) -> pl.DataFrame:
    """Columns as a file would give them: all text."""
    return pl.DataFrame(columns).with_columns(pl.all().cast(pl.String))


def leads(rows: int = 1_500, strength: float = 1.5, seed: int = SEED) -> pl.DataFrame:
    """Leads whose outcome hangs on `size` and `origin` (`strength` 0: on nothing), a row an hour."""
    random = np.random.default_rng(seed)
    size, noise = random.normal(size=rows), random.normal(size=rows)
    origin = random.choice(["web", "event", "referral"], rows)
    log_odds = strength * (size + (origin == "referral")) - 0.5
    won = random.random(rows) < 1 / (1 + np.exp(-log_odds))
    at = np.datetime64("2025-01-01T00:00:00") + np.arange(rows).astype("timedelta64[h]").astype("timedelta64[s]")
    return text({"at": at.astype(str), "size": size, "noise": noise, "origin": origin, "won": won.astype(int)})

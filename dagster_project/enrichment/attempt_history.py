"""What the attempts that were made show: who was asked after whom, who filled what, and what that cost.

Frames in the columns of `contracts.ENRICHMENT_ATTEMPTS` come in, counts and prices for `learned_order` go out.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dagster_project.enrichment.learned_order import Cell, Misses, Price
from dagster_project.enrichment.lookup import Provider
from dagster_project.enrichment.offers import Offer
from dagster_project.enrichment.subject import FIELDS

# Only these say whether a provider has something; a failure, or a result still to come, says nothing of that.
DECIDED = ("ok", "partial", "no_match")
# Field to provider to price.
Prices = Mapping[str, Mapping[str, Price]]


def segment(vertical: str | None, size_band: str | None) -> str:
    """The segment of a lead that orders are learned for: `b2b_saas/smb`, `-` for what is not known."""
    return f"{vertical or '-'}/{size_band or '-'}"


def vertical_of(segment_name: str) -> str | None:
    """The vertical in a segment's name."""
    vertical = segment_name.partition("/")[0]
    return None if vertical == "-" else vertical


def steps(history: pl.DataFrame) -> pl.DataFrame:
    """The decided attempts of each job and field up to the first hit, in order.

    Adds `missed`, the providers that had nothing before, as a sum of the bits of `bits(history)`. Attempts after a hit
    are left out: they were made only because the waterfall does not stop there.
    """
    job = ("job_id", "field")
    bit = pl.col("provider").replace_strict(bits(history), return_dtype=pl.Int64)
    decided = history.filter(pl.col("outcome").is_in(DECIDED)).sort(*job, "attempt")
    first_asked = decided.unique([*job, "provider"], keep="first", maintain_order=True)
    return first_asked.filter((pl.col("is_filled").cum_sum() - pl.col("is_filled")).over(job) == 0).with_columns(
        missed=(bit.cum_sum() - bit).over(job)
    )


def bits(history: pl.DataFrame) -> dict[str, int]:
    """A bit for each provider, of at most 62."""
    return {name: 1 << place for place, name in enumerate(history["provider"].unique().sort())}


def misses(mask: int, bit: Mapping[str, int]) -> Misses:
    """The providers in a sum of bits."""
    return frozenset(name for name, own in bit.items() if mask & own)


def cells(made: pl.DataFrame, bit: Mapping[str, int]) -> list[Cell]:
    """The steps, counted."""
    key = ("field", "segment", "provider", "missed")
    counted = made.group_by(key).agg(asked=pl.len(), filled=pl.col("is_filled").sum()).sort(key)
    return [Cell(f, s, p, misses(mask, bit), asked, filled) for f, s, p, mask, asked, filled in counted.iter_rows()]


def paid_prices(made: pl.DataFrame, listed: Prices) -> dict[str, dict[str, Price]]:
    """What hits and misses cost on average where they were paid for; where none was, the price in the list.

    A provider that is neither in the list nor ever filled the field has no price. One that is not in the list and
    never missed is taken to charge a miss like a hit.
    """
    mean = pl.col("cost_usd").cast(pl.Float64).mean()
    paid = made.filter(~pl.col("is_cached")).group_by("field", "provider", "is_filled").agg(mean)
    seen = {(name, provider, hit): usd for name, provider, hit, usd in paid.iter_rows()}
    found: dict[str, dict[str, Price]] = {name: dict(by_provider) for name, by_provider in listed.items()}
    for name, provider in {key[:2] for key in seen}:
        own = found.setdefault(name, {})
        hit = seen.get((name, provider, True), own[provider].hit if provider in own else None)
        if hit is not None:
            miss = seen.get((name, provider, False), own[provider].miss if provider in own else hit)
            own[provider] = Price(hit, miss)
    return found


def listed_prices(
    providers: Mapping[str, Provider], offers: Mapping[tuple[str, str], Offer]
) -> dict[str, dict[str, Price]]:
    """The list prices of asking for each field alone, without surcharges; nothing for a lookup without an offer."""
    found: dict[str, dict[str, Any]] = {}
    for name in FIELDS:
        for provider in providers.values():
            lookup = provider.lookup(name)
            offer = offers.get((provider.name, lookup.name)) if lookup else None
            if offer:
                miss = float(offer.usd) if offer.charged_for == "call" else 0.0
                found.setdefault(name, {})[provider.name] = Price(float(offer.usd), miss)
    return found

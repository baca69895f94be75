"""Which model earned it: challengers in order of simplicity against the champion, beginning with the base rate.

A challenger that does not beat chance has no signal. One that does becomes champion when its Brier is better and its
AUC no worse by paired bootstrap, and its ECE is at most .05 on the latest window; otherwise the champion stays, and
says why. So of models within noise of each other the simplest wins, and XGBoost has to prove itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dagster_project.scoring.bootstrap import Draws, draw, interval
from dagster_project.scoring.metrics import auc_within, brier, ece
from dagster_project.scoring.models import CONSTANT
from dagster_project.scoring.walk import Forecasts

SURE = 0.95
CHANCE_ERRORS = 3.29
"""Standard errors (99.9%) that the AUC must lie above .5: at 2.58 two of 40 tables of noise looked like signal, because
four candidates try their luck."""

MATERIAL = 0.005
"""Share of the base rate's Brier that a more complex model has to gain over a simpler one."""

MOST_ECE = 0.05
LATEST_ROWS = 1_000
"""The latest windows, so many that they hold these rows: the ECE of 200 perfect forecasts is .06 by chance alone."""

PROMOTED, NOT_PROMOTED, NO_SIGNAL = "promoted", "not promoted", "no signal"


@dataclass(frozen=True)
class Duel:
    """A challenger against the champion of the moment: a positive gain is for the challenger.

    Intervals are of 95%, that of `auc` of 99.9%. `latest_ece` is that of the latest windows.
    """

    challenger: str
    champion: str
    auc: float
    auc_interval: tuple[float, float]
    beats_chance: bool
    brier_gain: float
    brier_gain_interval: tuple[float, float]
    auc_gain: float
    auc_gain_interval: tuple[float, float]
    latest_ece: float
    won: bool = False
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """`champion` is None where nothing is promoted, and then no probability is published."""

    outcome: str
    champion: str | None
    why: str
    duels: tuple[Duel, ...]


def judge(forecasts: Forecasts, candidates: Sequence[str], cluster: np.ndarray) -> Verdict:
    """The verdict over all windows; `cluster`: [forecasts] codes of rows that belong together."""
    drawn = draw(forecasts.y, forecasts.p, forecasts.window, cluster)
    champion, duels = CONSTANT, []
    for challenger in candidates:
        duels.append(_duel(forecasts, drawn, challenger, champion))
        champion = challenger if duels[-1].won else champion
    if champion != CONSTANT:
        return Verdict(PROMOTED, champion, next(duel.why for duel in duels if duel.challenger == champion), (*duels,))
    if not any(duel.beats_chance for duel in duels):
        best = max(duels, key=lambda duel: duel.auc)
        why = f"nothing beats chance; of all, {best.challenger} ranks best (AUC {best.auc:.3f}): {best.why}"
        return Verdict(NO_SIGNAL, None, why, (*duels,))
    least = next(duel for duel in duels if duel.beats_chance)
    return Verdict(NOT_PROMOTED, None, f"there is signal, but {least.challenger} is held back: {least.why}", (*duels,))


def latest(forecasts: Forecasts) -> np.ndarray:
    """[forecasts] whether a forecast belongs to the latest windows; all of them where there is no time."""
    if forecasts.windows[0].since is None:
        return np.ones(len(forecasts.y), dtype=bool)
    rows = np.bincount(forecasts.window)[::-1].cumsum()
    enough = min(int(np.searchsorted(rows, LATEST_ROWS)), len(rows) - 1)
    return forecasts.window >= len(rows) - 1 - enough


def _duel(forecasts: Forecasts, drawn: Draws, challenger: str, champion: str) -> Duel:
    y, p, other = forecasts.y, forecasts.p[challenger], forecasts.p[champion]
    late = latest(forecasts)
    auc, auc_other = (auc_within(y, each, forecasts.window) or 0.5 for each in (p, other))
    error = CHANCE_ERRORS * float(drawn.auc[challenger].std())
    duel = Duel(
        challenger=challenger,
        champion=champion,
        auc=auc,
        auc_interval=(auc - error, auc + error),
        beats_chance=auc - error > 0.5 and brier(y, p) < brier(y, forecasts.constant),
        brier_gain=brier(y, other) - brier(y, p),
        brier_gain_interval=interval(drawn.brier[champion] - drawn.brier[challenger], SURE),
        auc_gain=auc - auc_other,
        auc_gain_interval=interval(drawn.auc[challenger] - drawn.auc[champion], SURE),
        latest_ece=ece(y[late], p[late]),
    )
    least = 0.0 if champion == CONSTANT else MATERIAL * brier(y, forecasts.constant)
    fault = _fault(duel, drawn, least)
    return replace(duel, won=not fault, why=fault or _praise(duel))


def _praise(duel: Duel) -> str:
    low, high = duel.brier_gain_interval
    return (
        f"its Brier beats that of {duel.champion} by {duel.brier_gain:.4f} ({low:.4f} to {high:.4f}), its AUC is no "
        f"worse, and its ECE on the latest window is {duel.latest_ece:.3f}"
    )


def _fault(duel: Duel, drawn: Draws, least: float) -> str:
    """Why a challenger does not become champion; empty when it does. `least`: the gain in Brier that matters."""
    better = float((drawn.brier[duel.champion] - drawn.brier[duel.challenger] > least).mean())
    worse = float((drawn.auc[duel.challenger] < drawn.auc[duel.champion]).mean())
    low, high = duel.auc_interval
    if low <= 0.5:
        return f"its AUC may be chance ({low:.3f} to {high:.3f})"
    if not duel.beats_chance:
        return "it ranks, but its probabilities are no better than the base rate"
    if better < SURE:
        return f"its Brier is not surely and noticeably better than that of {duel.champion} ({better:.0%} of draws)"
    if worse > SURE:
        return f"its AUC is worse than that of {duel.champion} ({worse:.0%} of draws)"
    if duel.latest_ece > MOST_ECE:
        return f"its ECE on the latest window is {duel.latest_ece:.3f}, above {MOST_ECE}"
    return ""

"""Which model earned it: challengers in order of simplicity against the champion, beginning with the base rate.

A challenger that does not beat chance has no signal. One that does becomes champion when its Brier is better and its
AUC no worse by paired bootstrap, and its ECE is at most .05 on the latest window; otherwise the champion stays, and
says why. So of models within noise of each other the simplest wins, and XGBoost has to prove itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dagster_project.scoring.bootstrap import Draws, draw, interval
from dagster_project.scoring.metrics import auc_within, brier, ece
from dagster_project.scoring.models import CONSTANT
from dagster_project.scoring.walk import Forecasts

SURE = 0.95
CHANCE_LEVEL = 0.99
"""Level of the AUC interval that must lie above .5: four candidates on noise then look like signal in 2% of tables."""

MATERIAL = 0.005
"""Share of the base rate's Brier that a more complex model has to gain over a simpler one, besides being surely better."""

MOST_ECE = 0.05
LATEST_ROWS = 1_000
"""The latest windows, so many that they hold these rows: the ECE of 200 perfect forecasts is .06 by chance alone."""

PROMOTED, NOT_PROMOTED, NO_SIGNAL = "promoted", "not promoted", "no signal"


@dataclass(frozen=True)
class Duel:
    """A challenger against the champion of the moment. `brier_gain` > 0: the challenger is better; 95% intervals."""

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
    won: bool
    why: str


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
        why = f"nothing beats chance; {best.challenger} has the best AUC, {best.auc:.3f}, but {best.why}"
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
    y, p = forecasts.y, forecasts.p[challenger]
    auc = auc_within(y, p, forecasts.window) or 0.5
    other = auc_within(y, forecasts.p[champion], forecasts.window) or 0.5
    chance = interval(drawn.auc[challenger], CHANCE_LEVEL)
    gain = brier(y, forecasts.p[champion]) - brier(y, p)
    gains = drawn.brier[champion] - drawn.brier[challenger]
    aucs = drawn.auc[challenger] - drawn.auc[champion]
    late = latest(forecasts)
    error = ece(y[late], p[late])
    beats = chance[0] > 0.5 and brier(y, p) < brier(y, forecasts.constant)
    least = 0.0 if champion == CONSTANT else MATERIAL * brier(y, forecasts.constant)
    fault = _fault(champion, beats, chance, gains - least, aucs, error)
    low, high = interval(gains, SURE)
    why = fault or (
        f"its Brier beats that of {champion} by {gain:.4f} ({low:.4f} to {high:.4f}), its AUC is no worse, "
        f"and its ECE on the latest window is {error:.3f}"
    )
    return Duel(
        challenger, champion, auc, chance, beats, gain, (low, high), auc - other, interval(aucs, SURE), error,
        not fault, why,
    )  # fmt: skip


def _fault(
    champion: str, beats: bool, chance: tuple[float, float], gains: np.ndarray, aucs: np.ndarray,
    error: float,
) -> str:  # fmt: skip
    """Why a challenger does not become champion; empty when it does. `gains`: beyond what is the least that matters."""
    if chance[0] <= 0.5:
        return f"its AUC may be chance ({chance[0]:.3f} to {chance[1]:.3f})"
    if not beats:
        return "it ranks, but its probabilities are no better than the base rate"
    if (gains > 0).mean() < SURE:
        return (
            f"its Brier is not surely and noticeably better than that of {champion} ({(gains > 0).mean():.0%} of draws)"
        )
    if (aucs < 0).mean() > SURE:
        return f"its AUC is worse than that of {champion} ({(aucs < 0).mean():.0%} of draws)"
    if error > MOST_ECE:
        return f"its ECE on the latest window is {error:.3f}, above {MOST_ECE}"
    return ""

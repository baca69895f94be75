"""Forecasts as they would have been made: every window by models and calibrations that knew only what came before.

A candidate is refitted for each window, on all rows known by then and, in time, on the recent ones only; which of the
two is used, and how its log-odds become probabilities, is learned from its own earlier forecasts whose outcome is
known by then. So a calibration corrects the very error that a forecast one window ahead makes.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from dagster_project.scoring.calibration import Calibrator, around, calibrate, logit, needed, platt
from dagster_project.scoring.encoder import Coded, coded, fit_encoder
from dagster_project.scoring.metrics import brier
from dagster_project.scoring.models import CANDIDATES, CONSTANT, FITS, MONOTONE, XGBOOST, directions
from dagster_project.scoring.table import Table
from dagster_project.scoring.windows import FORWARD, Window, known, windows

EXPANDING, ROLLING = "expanding", "rolling"
ROLLING_SHARE, ROLLING_LEAST = 0.2, 1_000
MEMORIES = (3_000, 600)
"""Latest forecasts that a calibration is learned from: many are steadier, few follow a drift more closely. Which of the
two is used, too, is learned: on the bank's set, where the base rate doubles within weeks, 3,000 gave an ECE of .053 on
the latest window and 700 gave .038.
"""

JUDGED_ON = 2_000
STEP, MOST_STEPS = 100, 200
"""Forecasts between two calibrations; more where that would be more than so many calibrations."""


WORKERS = 2
ENOUGH_OUTCOMES = 30
HELD_BACK = 0.25
"""Share of the training rows, the latest, that stand in for earlier forecasts while there are too few.

Only the slope is learned from them: the refitted model has seen them, and knows their base rate already.
"""


@dataclass
class Forecasts:
    """[forecasts] arrays over all windows, in order; a row occurs once per repeat. `p`: by candidate; `used`: which
    training window each candidate used, by window."""

    scheme: str
    windows: list[Window]
    row: np.ndarray
    window: np.ndarray
    y: np.ndarray
    p: dict[str, np.ndarray] = field(default_factory=dict)
    used: dict[str, list[str]] = field(default_factory=dict)

    @property
    def constant(self) -> np.ndarray:
        """The constant's probability for each forecast: the base rate as it was known then."""
        return self.p[CONSTANT]


@dataclass(frozen=True)
class Trained:
    """One candidate's raw log-odds for one training span: of the window's rows, and of rows held back in training.

    `level`: the log-odds of the training rows' base rate.
    """

    log_odds: np.ndarray
    held_log_odds: np.ndarray
    held_y: np.ndarray
    level: float


def walk(table: Table, candidates: Sequence[str] = CANDIDATES, declared: Mapping[str, int] | None = None) -> Forecasts:
    """Forecast every window with every candidate and with the constant. `declared`: monotone directions, by column.

    Raises `BadTable` when there are too few outcomes for two windows.
    """
    scheme, parts = windows(table)
    row = np.concatenate([part.test for part in parts])
    number = np.repeat(np.arange(len(parts)), [len(part.test) for part in parts])
    found = Forecasts(scheme, parts, row, number, table.y[row])
    rows = coded(table.features)
    names = (CONSTANT, *candidates)
    with threadpool_limits(1), ThreadPoolExecutor(WORKERS) as pool:
        trained = list(pool.map(lambda at: _train(table, rows, found, at, names, declared or {}), range(len(parts))))
    for name in names:
        by_window = [{span: models[name] for span, models in each.items()} for each in trained]
        found.p[name], found.used[name] = _calibrated(table, found, by_window)
    return found


def _train(
    table: Table, rows: Coded, found: Forecasts, number: int, names: Sequence[str], declared: Mapping[str, int]
) -> dict[str, dict[str, Trained]]:
    """Every candidate fitted for a window, by training span."""
    part, trained = found.windows[number], {}
    is_first = found.scheme == FORWARD and not _is_enough(
        table.y[found.row[_earlier(table, found, int(np.searchsorted(found.window, number)))]]
    )
    for span, train in _spans(table, part, found.scheme):
        log_odds = _fitted(rows, table.y, train, part.test, names, declared)
        cut = int(len(train) * (1 - HELD_BACK))
        early, late = train[:cut], train[cut:]
        if is_first and np.ptp(table.y[early]) > 0:
            held, y = _fitted(rows, table.y, early, late, names, declared), table.y[late]
        else:
            held, y = {name: np.zeros(0) for name in names}, np.zeros(0)
        trained[span] = {name: Trained(log_odds[name], held[name], y, logit(table.y[train])) for name in names}
    return trained


def _fitted(
    rows: Coded, y: np.ndarray, train: np.ndarray, test: np.ndarray, names: Sequence[str], declared: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """Log-odds of the rows `test` by every candidate fitted on the rows `train`."""
    seen, unseen, outcomes = rows.rows(train), rows.rows(test), y[train]
    encoder = fit_encoder(seen)
    monotone = {**directions(seen, outcomes), **declared}
    found: dict[str, np.ndarray] = {}
    for name in names:
        if name == XGBOOST and MONOTONE in found and not monotone:  # nothing is held to a direction: the same trees
            found[name] = found[MONOTONE]
        else:
            found[name] = FITS[name](seen, outcomes, encoder, monotone).log_odds(unseen)
    return found


def _spans(table: Table, part: Window, scheme: str) -> Iterator[tuple[str, np.ndarray]]:
    yield EXPANDING, part.train
    recent = max(ROLLING_LEAST, int(len(table) * ROLLING_SHARE))
    if scheme == FORWARD and len(part.train) > 1.5 * recent and np.ptp(table.y[part.train[-recent:]]) > 0:
        yield ROLLING, part.train[-recent:]


def _calibrated(table: Table, found: Forecasts, trained: list[dict[str, Trained]]) -> tuple[np.ndarray, list[str]]:
    """One candidate's probabilities for all forecasts, and the training span used in each window."""
    raw = {span: np.full(len(found.row), np.nan) for span in (EXPANDING, ROLLING)}
    for number, spans in enumerate(trained):
        for span in raw:
            raw[span][found.window == number] = spans.get(span, spans[EXPANDING]).log_odds
    p = {(span, memory): np.full(len(found.row), np.nan) for span in raw for memory in MEMORIES}
    chosen, used = np.full(len(found.row), np.nan), []
    for number, spans in enumerate(trained):
        inside = np.flatnonzero(found.window == number)
        best = _best(p, found.y, _earlier(table, found, int(inside[0])), set(spans))
        used.append(best[0])
        for step in _steps(table, found, inside):
            earlier = _earlier(table, found, int(step[0]))
            for span, memory in p:
                learned = earlier[-memory:] if found.scheme == FORWARD else earlier
                calibrator = _calibrator(raw[span], found.y, learned, spans.get(span, spans[EXPANDING]))
                p[span, memory][step] = calibrator.probability(raw[span][step])
        chosen[inside] = p[best][inside]
    return chosen, used


def _steps(table: Table, found: Forecasts, inside: np.ndarray) -> Iterator[np.ndarray]:
    """A window's forecasts in steps, before each of which the calibration is learned anew; same times together."""
    if found.scheme != FORWARD:
        yield inside
        return
    at = table.at[found.row[inside]]
    step = max(STEP, len(found.row) // MOST_STEPS)
    starts = np.unique(np.searchsorted(at, at[::step], side="left"))
    yield from np.split(inside, starts[1:])


def _earlier(table: Table, found: Forecasts, first: int) -> np.ndarray:
    """Forecasts that a calibration for the forecasts from `first` on may learn from.

    In time those whose outcome was known by then; else those of the other folds of the repeat.
    """
    if found.scheme == FORWARD:
        rows = found.row[:first]
        return np.flatnonzero(known(table, rows, table.at[found.row[first]]))[-max(MEMORIES) :]
    number = found.window[first]
    others = [
        at for at, part in enumerate(found.windows) if at != number and part.repeat == found.windows[number].repeat
    ]
    return np.flatnonzero(np.isin(found.window, others))


def _calibrator(raw: np.ndarray, y: np.ndarray, earlier: np.ndarray, trained: Trained) -> Calibrator:
    if _is_enough(y[earlier]):
        return calibrate(raw[earlier], y[earlier])
    line = platt(trained.held_log_odds, trained.held_y)
    return around(trained.level, needed(line, trained.held_log_odds, trained.held_y).slope)


def _is_enough(y: np.ndarray) -> bool:
    return min(y.sum(), len(y) - y.sum()) >= ENOUGH_OUTCOMES


def _best(
    p: Mapping[tuple[str, int], np.ndarray], y: np.ndarray, earlier: np.ndarray, spans: set[str]
) -> tuple[str, int]:
    """The training span and the memory whose earlier forecasts were better; the longer ones while there are none."""
    offered = [each for each in p if each[0] in spans]
    late = earlier[-JUDGED_ON:]
    return min(offered, key=lambda each: brier(y[late], p[each][late])) if len(late) else offered[0]

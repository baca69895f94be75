"""A backtest of one table: forecasts, figures by window and in total, alarms and the verdict, as one report.

`backtest` puts the parts together; what a report says is fixed by the rows, the options and the seeds, to the byte.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dagster_project.scoring.columns import ColumnUse
from dagster_project.scoring.encoder import coded
from dagster_project.scoring.leaks import Alarm, ColumnAuc, alarms, column_aucs
from dagster_project.scoring.metrics import Bin, Metrics, auc_within, measure, reliability
from dagster_project.scoring.models import CANDIDATES, CONSTANT
from dagster_project.scoring.table import Table
from dagster_project.scoring.verdict import PROMOTED, Verdict, judge, latest
from dagster_project.scoring.walk import Forecasts, walk
from dagster_project.scoring.windows import recurring

DIGITS = 6
RECURRING = "groups come again in most windows, so their earlier rows do train: the figures hold for known groups"


@dataclass(frozen=True)
class WindowReport:
    """One window: when, how many rows trained and were forecast, and every candidate's figures."""

    window: str
    train_rows: int
    candidates: dict[str, Metrics]
    training: dict[str, str]


@dataclass(frozen=True)
class CandidateReport:
    """One candidate over all windows. `auc_within_windows` compares rows of the same window only."""

    total: Metrics
    auc_within_windows: float | None
    latest_window: Metrics
    reliability: list[Bin]


@dataclass(frozen=True)
class Report:
    """Everything there is to say about a table."""

    rows: int
    positives: int
    positive_label: str
    scheme: str
    horizon: float
    notes: tuple[str, ...]
    columns: tuple[ColumnUse, ...]
    column_aucs: list[ColumnAuc]
    alarms: list[Alarm]
    candidates: dict[str, CandidateReport]
    windows: list[WindowReport]
    verdict: Verdict

    def plain(self) -> dict[str, Any]:
        """The report as JSON types, numbers rounded to six digits."""
        return _rounded({"publishes_probabilities": self.verdict.outcome == PROMOTED, **asdict(self)})


def backtest(table: Table, candidates: Sequence[str] = CANDIDATES, declared: Mapping[str, int] | None = None) -> Report:
    """Forecast, measure and judge. `declared`: 1 or -1 for columns that may only raise or lower the probability.

    Raises `BadTable` when there are too few outcomes to forecast.
    """
    forecasts = walk(table, candidates, declared)
    found = {name: _candidate(forecasts, name) for name in (CONSTANT, *candidates)}
    singles = column_aucs(coded(table.features), table.y)
    cluster = forecasts.row if table.group is None else table.group[forecasts.row]
    return Report(
        rows=len(table),
        positives=int(table.y.sum()),
        positive_label=table.positive,
        scheme=forecasts.scheme,
        horizon=table.horizon,
        notes=(*table.notes, *((RECURRING,) if recurring(table) else ())),
        columns=table.uses,
        column_aucs=singles,
        alarms=list(alarms(singles, {name: found[name].auc_within_windows for name in candidates})),
        candidates=found,
        windows=[_window(forecasts, number) for number in range(len(forecasts.windows))],
        verdict=judge(forecasts, candidates, cluster),
    )


def _candidate(forecasts: Forecasts, name: str) -> CandidateReport:
    y, p, constant, late = forecasts.y, forecasts.p[name], forecasts.constant, latest(forecasts)
    within = auc_within(y, p, forecasts.window)
    return CandidateReport(
        measure(y, p, constant), within, measure(y[late], p[late], constant[late]), reliability(y, p)
    )


def _window(forecasts: Forecasts, number: int) -> WindowReport:
    inside = forecasts.window == number
    part = forecasts.windows[number]
    figures = {
        name: measure(forecasts.y[inside], p[inside], forecasts.constant[inside]) for name, p in forecasts.p.items()
    }
    training = {name: used[number] for name, used in forecasts.used.items()}
    return WindowReport(part.name, len(part.train), figures, training)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    if isinstance(value, float | np.floating):
        return round(float(value), DIGITS)
    return value

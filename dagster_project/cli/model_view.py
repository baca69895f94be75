"""What a person sees of a backtest: the verdict, the alarms, the candidates, the windows, and what became of columns.

Pure rendering of a `Report`; lines fit 100 columns.
"""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project.cli.plan_view import WIDTH
from dagster_project.scoring.backtest import Report
from dagster_project.scoring.columns import source_of
from dagster_project.scoring.metrics import Metrics
from dagster_project.scoring.models import CONSTANT
from dagster_project.scoring.verdict import PROMOTED
from dagster_project.scoring.walk import ROLLING
from dagster_project.scoring.windows import BY_GROUP, FORWARD, REPEATED

FIGURES = ("AUC", "PR-AUC", "p@10%", "lift", "Brier", "const.", "ECE")
SCHEMES = {
    FORWARD: "forward in time, each window forecast from what was known when it began",
    BY_GROUP: "whole groups held out; there is no time, so drift is not seen",
    REPEATED: "random folds, for want of a time or a group: this flatters when the world changes",
}
COLUMNS_SHOWN = 40


def show(name: str, label: str, report: Report) -> None:
    """Print a report."""
    console = Console()
    width = min(console.width, WIDTH)
    rate = report.positives / report.rows
    head = f"{name}: {report.rows:,} rows, {rate:.1%} {label} = {report.positive_label}"
    console.print(Text(head, style="bold"), width=width)
    console.print(Text(f"{report.scheme}: {SCHEMES[report.scheme]}", style="dim"), width=width)
    for note in report.notes:
        console.print(Text(note, style="dim"), width=width)
    for alarm in report.alarms:
        console.print(Text(f"LEAK ALARM: {alarm.sentence}", style="bold red"), width=width)
    console.print()
    console.print(_candidates(report), width=width)
    console.print()
    shown = _shown(report)
    console.print(Text(f"Windows of {shown}", style="bold"), width=width)
    console.print(_windows(report, shown), width=width)
    console.print()
    console.print(_columns(report), width=width)
    console.print()
    _verdict(report, console, width)


def _verdict(report: Report, console: Console, width: int) -> None:
    verdict = report.verdict
    for duel in verdict.duels:
        told = "wins against" if duel.won else "does not replace"
        console.print(Text(f"{duel.challenger} {told} {duel.champion}: {duel.why}"), width=width)
    console.print()
    style = "bold green" if verdict.outcome == PROMOTED else "bold yellow"
    named = f"{verdict.champion} is promoted" if verdict.champion else verdict.outcome
    console.print(Text(f"Verdict: {named}: {verdict.why}", style=style), width=width)
    if verdict.champion is None:
        console.print(Text("Nothing is promoted and no probability is published."), width=width)


def _candidates(report: Report) -> Table:
    table = _table("all windows", *FIGURES)
    for name, found in report.candidates.items():
        table.add_row(name, *_figures(found.total, found.auc_within_windows))
    return table


def _shown(report: Report) -> str:
    """Whose windows are shown: the champion's, or those of the candidate that ranks best where there is none."""
    ranked = {name: each.auc_within_windows or 0 for name, each in report.candidates.items() if name != CONSTANT}
    return report.verdict.champion or max(ranked, key=lambda name: ranked[name])


def _windows(report: Report, shown: str) -> Table:
    table = _table("window", "trained on", "rows", "rate", *FIGURES)
    for window in report.windows:
        found = window.candidates[shown]
        trained = "the latest" if window.training[shown] == ROLLING else f"{window.train_rows:,}"
        counts = (trained, f"{found.rows:,}", f"{found.base_rate:.1%}")
        table.add_row(window.window, *counts, *_figures(found, found.auc))
    return table


def _columns(report: Report) -> Table:
    aucs: dict[str, float] = {}
    names = {use.column for use in report.columns}
    for each in report.column_aucs:
        column = source_of(each.feature, names)
        aucs[column] = max(aucs.get(column, 0.0), each.auc)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("column", no_wrap=True, max_width=30)
    table.add_column("used as", no_wrap=True)
    table.add_column("AUC alone", justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for use in report.columns[:COLUMNS_SHOWN]:
        alone = f"{aucs[use.column]:.3f}" if use.column in aucs else "–"
        table.add_row(Text(use.column), use.use, alone, Text(use.why, style="dim"))
    if len(report.columns) > COLUMNS_SHOWN:
        table.add_row(f"… and {len(report.columns) - COLUMNS_SHOWN:,} more", "", "", "")
    return table


def _figures(found: Metrics, ranking: float | None) -> tuple[str, ...]:
    return (
        *(_number(ranking), _number(found.pr_auc), _number(found.precision_top), _number(found.lift_top, 2)),
        *(_number(found.brier, 4), _number(found.brier_constant, 4), _number(found.ece)),
    )


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _table(first: str, *numbers: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table

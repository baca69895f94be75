"""`leadhouse model …`: what a person does about models. `backtest` judges any labelled flat file; nothing is stored.

Exit codes of `backtest`: 0 a verdict was reached, whichever it is; 1 the file cannot be read or judged; 2 wrong usage.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import polars as pl

model_app = typer.Typer(no_args_is_help=True, help="Models: judged over time, and promoted only when they earned it.")


@model_app.callback()
def _group() -> None:
    """Keeps `backtest` a command of its own while it is the only one."""


@model_app.command()
def backtest(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, TSV, Excel or Parquet.")],
    label: Annotated[str, typer.Option(metavar="COL", help="Column of the outcome; it holds two values.")],
    time: Annotated[
        str | None, typer.Option(metavar="COL|ROW", help="When a row was known; ROW: in file order.")
    ] = None,
    group: Annotated[str | None, typer.Option(metavar="COL", help="Rows of one group are never split.")] = None,
    drop: Annotated[list[str] | None, typer.Option(metavar="COLS", help="Columns to leave out: a,b,c.")] = None,
    horizon_days: Annotated[float, typer.Option(min=0, help="Days from a row's time until its outcome is known.")] = 0,
    positive: Annotated[
        str | None, typer.Option(metavar="VALUE", help="The label's value that is the outcome.")
    ] = None,
    increasing: Annotated[list[str] | None, typer.Option(metavar="COLS", help="Numbers that can only help.")] = None,
    decreasing: Annotated[list[str] | None, typer.Option(metavar="COLS", help="Numbers that can only harm.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program, with everything.")] = False,
) -> None:
    """Judge models on a labelled file as if they had been used: trained on the past, measured on what came next.

    Example: leadhouse model backtest leads.csv --label won --time created_at --horizon-days 90 --drop owner,stage

    Logistic regression, naive Bayes and XGBoost are refitted and recalibrated window by window. The simplest that
    beats the base rate is promoted; when none does, the verdict is "no signal". With --group alone whole groups are
    held out; with neither, folds are random, which is said, because it flatters. Any verdict has exit code 0.
    """
    from dagster_project.cli.model_view import show
    from dagster_project.scoring.backtest import backtest as run
    from dagster_project.scoring.label import BadLabel
    from dagster_project.scoring.table import BadTable, labelled
    from dagster_project.sources.files.errors import FileRefused

    declared = dict.fromkeys(_names(increasing), 1) | dict.fromkeys(_names(decreasing), -1)
    try:
        raw = read_flat(file)
        table = labelled(
            *(raw, label), time=time, group=group, drop=list(_names(drop)), horizon_days=horizon_days, positive=positive
        )
        report = run(table, declared=declared)
    except (FileRefused, BadLabel, BadTable) as error:
        typer.echo(f"{file.name}: {error}", err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps({"file": file.name, "label": label, "time": time, **report.plain()}, indent=2))
    else:
        show(file.name, label, report)


def read_flat(file: Path) -> "pl.DataFrame":
    """All columns of a file as text. Raises `FileRefused` when it cannot be read or has no rows or no header."""
    import polars as pl

    from dagster_project.sources.files.errors import FileRefused
    from dagster_project.sources.files.readers import LINE, open_file

    opened = open_file(file)
    if opened.header is None:
        raise FileRefused("JSON lines have no header; save the rows as CSV or Parquet")
    rows = [chunk.rows for chunk in opened.chunks if chunk.rows.height]
    if not rows:
        raise FileRefused("it has no rows")
    return pl.concat(rows).drop(LINE)


def _names(options: list[str] | None) -> Iterator[str]:
    """Column names of an option given once or more, each with commas or without."""
    yield from (name.strip() for option in options or () for name in option.split(",") if name.strip())

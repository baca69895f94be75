"""`leadhouse score …`: past scores computed again, by the job `replay_scores` run in this process."""

import json
from contextlib import redirect_stdout
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from dagster_project import settings
from dagster_project.settings import Settings

score_app = typer.Typer(name="score", help="Scores of past days.", no_args_is_help=True)
DAY = ["%Y-%m-%d"]


@score_app.callback()
def score() -> None:
    """Keeps `score replay` a command of two words."""


@score_app.command()
def replay(
    start: Annotated[datetime, typer.Option("--from", formats=DAY, help="First day, UTC.")],
    end: Annotated[datetime, typer.Option("--to", formats=DAY, help="Last day, UTC.")],
    restate: Annotated[
        bool, typer.Option(help="Use everything known today; goes to fct_score_restated, history is left alone.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")] = False,
) -> None:
    """Compute the scores of past days again, each as of its end: what was not known then does not count.

    Example: leadhouse score replay --from 2026-11-01 --to 2026-11-14

    Tells how many rows of the history differ from what was stored; none do unless the rules or the past were changed.

    Exit code: 0 done; 1 dbt failed; 2 the days are wrong.
    """
    if start > end:
        raise typer.BadParameter(f"{start:%Y-%m-%d} is after {end:%Y-%m-%d}")
    told = _replayed(settings.load(), start.date(), end.date(), restate)
    if as_json:
        typer.echo(json.dumps(told))
    else:
        typer.echo(
            f"{told['from']} to {told['to']}: {told['rows']:,} rows of {told['table']}; "
            f"{told['changed']:,} changed, {told['added']:,} added, {told['removed']:,} removed"
        )


def _replayed(conf: Settings, start: date, end: date, restate: bool) -> dict[str, Any]:
    from dagster_project.cli.environment import prepare

    console = Console(stderr=True)
    with console.status("starting PostgreSQL"):
        prepare(conf)
    with console.status("replaying"):
        import dagster as dg

        from dagster_project.definitions import build_definitions

        days = {"from_day": start.isoformat(), "to_day": end.isoformat(), "restate": restate}
        log = conf.data_dir / "dagster" / "score_replay.log"
        with log.open("w") as output, redirect_stdout(output):
            done = (
                build_definitions()
                .resolve_job_def("replay_scores")
                .execute_in_process(
                    instance=dg.DagsterInstance.get(),
                    run_config={"ops": {"replay_days": {"config": days}}, "loggers": {"progress": {}}},
                    raise_on_error=False,
                )
            )
    if not done.success:
        console.print(f"[red]the replay failed[/red]; {log} has the output of dbt")
        raise typer.Exit(1)
    return done.output_for_node("replay_days")

"""`leadhouse alert …`: what waits for a person, and taking it.

Exit codes: 0 done, 1 the database does not answer, 2 wrong usage or an unknown alert.
"""

import json
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project import settings
from dagster_project.cli.asked import AsJson, Org, Who, person, told
from dagster_project.cli.plan_view import WIDTH

if TYPE_CHECKING:
    from dagster_project.response.alerts import Alert

alert_app = typer.Typer(no_args_is_help=True, help="Alerts: what waits for a person, and until when.")

PRIORITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW")


@alert_app.command("list")
def list_alerts(
    priority: Annotated[str | None, typer.Option(help=f"Only of this priority: {', '.join(PRIORITIES)}.")] = None,
    lead: Annotated[str | None, typer.Option(help="Only about this lead.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only of this type, such as signal.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only past their time.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also those that somebody has taken.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most alerts to show.")] = 50,
    org: Org = None,
    as_json: AsJson = False,
) -> None:
    """Show the alerts that nobody has taken, the soonest due first.

    Example: leadhouse alert list --priority CRITICAL
    """
    if priority is not None and priority.upper() not in PRIORITIES:
        raise typer.BadParameter(f"priorities are {', '.join(PRIORITIES)}")
    from dagster_project.resources.warehouse import Warehouse
    from dagster_project.response.alerts import Wanted, find

    wanted = Wanted(priority and priority.upper(), lead and _uuid(lead), kind, overdue, every, limit)
    conf = settings.load(org_id=org)
    with told(), Warehouse(conf).ensure().app(conf.org_id) as connection:
        found = find(connection, conf.org_id, wanted)
    if as_json:
        typer.echo(json.dumps([asdict(alert) for alert in found], indent=2, default=str))
    elif found:
        _show(found)
    else:
        typer.echo("No alert waits.")


@alert_app.command()
def ack(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Alerts, as `alert list` shows them.")],
    who: Who = None,
    org: Org = None,
    as_json: AsJson = False,
) -> None:
    """Take alerts: you answer them. One that is taken is not overdue any more, and is not taken twice.

    Example: leadhouse alert ack 0190c3d2-4f0e-7aaa-8000-000000000001 --who ann
    """
    from dagster_project.resources.warehouse import Warehouse
    from dagster_project.response.alerts import acknowledge

    wanted, conf = [str(_uuid(each)) for each in ids], settings.load(org_id=org)
    with told(), Warehouse(conf).ensure().app(conf.org_id) as connection:
        taken, unknown = acknowledge(connection, conf.org_id, wanted, person(who))
    before = len(wanted) - len(taken) - len(unknown)
    if as_json:
        typer.echo(json.dumps({"taken": taken, "taken_before": before, "unknown": unknown}, indent=2))
    else:
        typer.echo(f"{len(taken)} taken{f', {before} were taken before' if before else ''}.")
        for each in unknown:
            typer.echo(f"Error: tenant {conf.org_id} has no alert {each}", err=True)
    if unknown:
        raise typer.Exit(2)


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no id") from None


def _show(found: list["Alert"]) -> None:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("due", "priority", "what", "about", "id"):
        table.add_column(heading, overflow="fold")
    for alert in found:
        about = alert.lead_id or alert.subject
        table.add_row(_due(alert), alert.priority or alert.severity, Text(alert.message), Text(about), alert.alert_id)
    console = Console()
    console.print(table, width=max(min(console.width, 160), WIDTH))


def _due(alert: "Alert") -> str:
    if alert.acknowledged_at is not None:
        return f"taken by {alert.acknowledged_by}"
    if alert.due_at is None:
        return "–"
    late = " overdue" if alert.due_at < datetime.now(UTC) else ""
    return f"{alert.due_at.astimezone(UTC):%m-%d %H:%M}{late}"

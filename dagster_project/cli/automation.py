"""`leadhouse automation …`: what is said to whom when something happens to a lead, checked and shown.

Exit codes: 0 done, 2 a file that cannot be used or an unknown name.
"""

import csv
import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project import settings
from dagster_project.cli.asked import AsJson
from dagster_project.cli.plan_view import WIDTH
from dagster_project.cli.yaml_checks import Files
from dagster_project.response.automation import Automation, OnThreshold, automations, unknown_words
from dagster_project.settings import PROJECT_ROOT

automation_app = typer.Typer(no_args_is_help=True, help="Automations: what is said when something happens to a lead.")

SEEDS = PROJECT_ROOT / "dbt" / "seeds"
# Seed of a threshold's kind, with the column that names its bands.
BANDS = {
    "grade": ("grades", "grade"),
    "priority_tier": ("priority_tiers", "tier"),
    "intent_tier": ("intent_tiers", "tier"),
}


@automation_app.command("list")
def list_automations(as_json: AsJson = False) -> None:
    """Show every automation: when it answers, whom, and what it says where.

    Example: leadhouse automation list

    Exit code 2 when a file cannot be used; the others are shown.
    """
    files = _files()
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in files.found.values()], indent=2))
    else:
        _show(list(files.found.values()))
    files.tell_mistakes()


@automation_app.command()
def validate(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Automations; none: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check automations, each mistake and warning in a sentence. Runs nothing.

    Example: leadhouse automation validate hot_lead

    Exit code 2 when a file cannot be used; warnings leave it at 0.
    """
    _files().validate(names, _warnings, as_json)


def _files() -> Files:
    folders = settings.load().yaml_dirs("automations")
    return Files("automation", folders, *automations(folders))


def _warnings(automation: Automation) -> list[str]:
    trigger = automation.trigger
    bands = _column(*BANDS[trigger.kind]) if isinstance(trigger, OnThreshold) else []
    told = unknown_words(automation, _column("signal_types", "signal_type"), bands)
    return told if automation.is_on else [*told, "is_on is false: it answers nobody"]


def _column(seed: str, column: str) -> list[str]:
    with (SEEDS / f"{seed}.csv").open(newline="", encoding="utf-8") as rows:
        return [row[column] for row in csv.DictReader(rows)]


def _show(found: Sequence[Automation]) -> None:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("automation", "when", "of leads with", "says"):
        table.add_column(heading, overflow="fold")
    for each in found:
        said = "\n".join(f"{action.channel}: {action.text}" for action in each.actions)
        name = each.name if each.is_on else f"({each.name})"
        table.add_row(Text(name), Text(_when(each)), Text(_conditions(each)), Text(said))
    console = Console()
    console.print(table, width=min(console.width, WIDTH))


def _when(automation: Automation) -> str:
    given = automation.trigger.model_dump()
    values = [
        ", ".join(value) if isinstance(value, tuple) else str(value) for key, value in given.items() if key != "when"
    ]
    return f"{given['when'].replace('_', ' ')}: {' '.join(values)}"


def _conditions(automation: Automation) -> str:
    given = automation.conditions.model_dump(exclude_none=True)
    return (
        "\n".join(f"{name} {f'{value:g}' if isinstance(value, float) else value}" for name, value in given.items())
        or "–"
    )

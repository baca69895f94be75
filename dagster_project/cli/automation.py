"""`leadhouse automation …`: what is said to whom when something happens to a lead, checked and shown.

Exit codes: 0 done, 2 a file that cannot be used or an unknown name.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project import settings, user_yaml
from dagster_project.cli.asked import AsJson
from dagster_project.cli.plan_view import WIDTH
from dagster_project.response.automation import Automation, OnThreshold, automations, unknown_words
from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.user_yaml import YamlMistake

automation_app = typer.Typer(no_args_is_help=True, help="Automations: what is said when something happens to a lead.")

SEEDS = PROJECT_ROOT / "dbt" / "seeds"
# Seed of a threshold's kind, with the column that names its bands.
BANDS = {
    "grade": ("grades", "grade"),
    "priority_tier": ("priority_tiers", "tier"),
    "intent_tier": ("intent_tiers", "tier"),
}


@dataclass(frozen=True)
class Checked:
    """What is wrong with an automation's file, and what a person should know of it."""

    name: str
    mistakes: Sequence[str] = ()
    warnings: Sequence[str] = ()


@automation_app.command("list")
def list_automations(as_json: AsJson = False) -> None:
    """Show every automation: when it answers, whom, and what it says where.

    Example: leadhouse automation list

    Exit code 2 when a file cannot be used; the others are shown.
    """
    found, mistakes = automations(settings.load().yaml_dirs("automations"))
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in found.values()], indent=2))
    else:
        _show(list(found.values()))
    for mistake in mistakes.values():
        typer.echo("\n".join(mistake.sentences), err=True)
    if mistakes:
        raise typer.Exit(2)


@automation_app.command()
def validate(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Automations; none: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check automations, each mistake and warning in a sentence. Runs nothing.

    Example: leadhouse automation validate hot_lead

    Exit code 2 when a file cannot be used; warnings leave it at 0.
    """
    conf = settings.load()
    found, mistakes = automations(conf.yaml_dirs("automations"))
    checked = [_check(name, found, mistakes, conf) for name in names or sorted({**found, **mistakes})]
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in checked], indent=2, ensure_ascii=False))
    else:
        for each in checked:
            typer.echo(f"{each.name}: {'wrong' if each.mistakes else 'good'}")
            typer.echo("".join(f"  - {told}\n" for told in (*each.mistakes, *each.warnings)), nl=False)
    if any(each.mistakes for each in checked):
        raise typer.Exit(2)


def _check(name: str, found: dict[str, Automation], mistakes: dict[str, YamlMistake], conf: Settings) -> Checked:
    if name in found:
        return Checked(name, warnings=_warnings(found[name]))
    try:
        user_yaml.find(name, conf.yaml_dirs("automations"), "automation")
    except YamlMistake as mistake:
        return Checked(name, mistakes=mistake.sentences)
    return Checked(name, mistakes=mistakes[name].sentences)


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

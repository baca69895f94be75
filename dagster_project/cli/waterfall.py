"""`leadhouse waterfall …`: who is asked for which missing field, checked and shown.

Exit codes: 0 done, 2 wrong usage or a file that cannot be used. What a history says of orders is `waterfall_replay`.
"""

import json
from typing import Annotated, get_args

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project import settings
from dagster_project.cli.plan_view import WIDTH, usd
from dagster_project.cli.yaml_checks import Files
from dagster_project.enrichment.providers import providers
from dagster_project.enrichment.waterfall import (
    Budget,
    FieldSettings,
    Waterfall,
    fills_of,
    warnings,
    waterfall_for,
    waterfalls,
)
from dagster_project.settings import Settings
from dagster_project.sources.vertical import Canonical
from dagster_project.transport.credentials import provider_configs
from dagster_project.user_yaml import YamlMistake

waterfall_app = typer.Typer(no_args_is_help=True, help="Waterfalls: who is asked for which missing field, in order.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
CAPS = {
    "max_cost_per_lead_usd": "a lead",
    "max_cost_per_job_usd": "a request",
    "max_cost_per_day_usd": "a day",
    "max_cost_per_campaign_usd": "a campaign and day",
}


@waterfall_app.command("list")
def list_waterfalls(as_json: AsJson = False) -> None:
    """Show every waterfall: for each field who is asked, in order, and within which limits.

    Example: leadhouse waterfall list

    A provider in brackets has no key and is skipped at no cost. Exit code 2 when a file cannot be used; the others are
    shown.
    """
    files = _files()
    if as_json:
        typer.echo(json.dumps([waterfall.model_dump(mode="json") for waterfall in files.found.values()], indent=2))
    else:
        console, keyless = Console(), _keyless()
        for waterfall in files.found.values():
            _show(waterfall, waterfall_for(waterfall.vertical, files.found).budget, keyless, console)
    files.tell_mistakes()


@waterfall_app.command()
def validate(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Waterfalls; none: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check waterfalls, each mistake and warning in a sentence. Sends nothing.

    Example: leadhouse waterfall validate default

    Exit code 2 when a file cannot be used; warnings leave it at 0.
    """
    _files().validate(names, lambda waterfall: warnings(waterfall, get_args(Canonical)), as_json)


def _files() -> Files:
    conf = settings.load()
    return Files("waterfall", conf.yaml_dirs("waterfalls"), *read_all(conf))


def read_all(conf: Settings) -> tuple[dict[str, Waterfall], dict[str, YamlMistake]]:
    """The tenant's waterfalls, checked against the providers there are; see `waterfall.waterfalls`."""
    return waterfalls(conf.yaml_dirs("waterfalls"), fills_of(providers()))


def _keyless() -> set[str]:
    """Providers without a key."""
    return {name for name, config in provider_configs(providers().values()).items() if not config.is_configured}


def _show(waterfall: Waterfall, budget: Budget, keyless: set[str], console: Console) -> None:
    leads = f"leads of {waterfall.vertical}" if waterfall.vertical else "all leads"
    console.print(Text(f"{waterfall.name}: {leads}, {waterfall.order} order", style="bold"))
    console.print(Text(waterfall.description), width=min(console.width, WIDTH))
    console.print(Text(_caps(budget), style="dim"), width=min(console.width, WIDTH))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("field", no_wrap=True)
    table.add_column("asked", overflow="fold")
    for heading in ("attempts", "timeout", "sure", "cached", "no match", "a lead"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, field in waterfall.fields.items():
        table.add_row(name, Text(_asked(field, keyless)), *_limits(field))
    console.print(table, width=min(console.width, WIDTH))
    console.print()


def _asked(field: FieldSettings, keyless: set[str]) -> str:
    shown = (f"({name})" if name in keyless else name for name in field.providers)
    return (" → " if field.stop_at_first_hit else " + ").join(shown)


def _limits(field: FieldSettings) -> tuple[str, ...]:
    return (
        *(str(field.max_attempts), f"{field.timeout_ms:,} ms", f"{field.min_confidence:g}"),
        *(f"{field.cache_days} d", f"{field.negative_cache_days} d"),
        "–" if field.max_cost_usd is None else usd(field.max_cost_usd),
    )


def _caps(budget: Budget) -> str:
    """The caps on a line."""
    found = [(getattr(budget, name), whose) for name, whose in CAPS.items()]
    found += [(cap, f"{name} and day") for name, cap in budget.max_cost_per_provider_day_usd.items()]
    told = ", ".join(f"{usd(cap)} for {whose}" for cap, whose in found if cap is not None)
    return f"At most {told}" if told else "Without caps"

"""`leadhouse adapter …`: what an engineer does to add a provider, and what there is.

Exit codes: 0 done, 1 refused or nothing to show, 2 wrong usage; `check` passes on that of pytest.
"""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any, get_args

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project import settings
from dagster_project.cli.plan_view import WIDTH
from dagster_project.cli.scaffold import NotWritten, write_adapter
from dagster_project.settings import PROJECT_ROOT, ProviderSettings, provider_variable
from dagster_project.sources import adapter as declaration
from dagster_project.sources.adapter import Adapter
from dagster_project.sources.need import limits_of
from dagster_project.sources.providers import adapter as adapter_of
from dagster_project.sources.providers import adapters
from dagster_project.transport.credentials import ProviderConfig, provider_configs
from dagster_project.transport.windows import UNITS, Window
from dagster_project.user_yaml import UnknownName, nearest

adapter_app = typer.Typer(no_args_is_help=True, help="Adapters: one per provider; list, add, try and check them.")

Kind = StrEnum("Kind", {kind: kind for kind in get_args(declaration.Kind)})
SUITE = PROJECT_ROOT / "tests" / "adapters"
ROWS_SHOWN = 5
# Columns that say which record it is and not what it says.
IDENTITY = {"org_id", "record_id", "provider", "provider_key", "source", "partition_date", "fetched_at"}
IDENTITY |= {"payload_hash", "provenance"}


@adapter_app.command("list")
def list_adapters(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False) -> None:
    """Show every provider: what it is asked for, how often, what its terms forbid, and whether it has a key.

    Example: leadhouse adapter list

    The environment, or .env, may say of each provider LEADHOUSE_<PROVIDER>_API_KEY, _BASE_URL, _LIMITS, _RESULT_CAP.
    """
    configs = provider_configs(adapters().values())
    if as_json:
        typer.echo(json.dumps([_listed(adapter, configs[name]) for name, adapter in adapters().items()], indent=2))
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("provider", "endpoints", "limits", "terms"):
        table.add_column(heading, overflow="fold")
    table.add_column("key", no_wrap=True)
    for name, adapter in adapters().items():
        config, terms = configs[name], "\n".join(limits_of(adapter.terms))
        endpoints = "\n".join(f"{e.name} ({e.kind})" for e in adapter.endpoints)
        limits = "\n".join(_limits(config))
        table.add_row(f"{adapter.title}\n{name}", endpoints, limits, terms, "yes" if config.is_configured else "no")
        table.add_section()
    console = Console()
    console.print(table, width=min(console.width, WIDTH))


@adapter_app.command()
def new(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and _, such as acme_places.")],
    kind: Annotated[Kind, typer.Option(help="What it finds.")] = Kind.business,
) -> None:
    """Write a working adapter to start from: a module and the fixture that its contract suite reads.

    Example: leadhouse adapter new acme_places --kind business

    Exit code 1 when the name is taken or cannot be one.
    """
    try:
        module, fixture = write_adapter(name, kind.value)
    except NotWritten as reason:
        typer.echo(f"Not written: {reason}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{module}\n{fixture}\nIt is green as it stands: leadhouse adapter check {name}")


@adapter_app.command()
def normalize(
    name: Annotated[str, typer.Argument(help="Name of an adapter.")],
    endpoint: Annotated[str | None, typer.Option(help="Whose payload it is; the one that reads most of it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Read a payload on standard input and show the canonical rows that it becomes, each field with its confidence.

    The payload is a page as the provider answers it, a list of records, or one record.

    Example: leadhouse adapter normalize yelp < payload.json

    Exit code 1 when there is no record in it, 2 when it is no JSON.
    """
    from dagster_project.cli.payload import canonical_rows, read

    adapter = _known(name)
    conf = settings.load()
    try:
        found = read(typer.get_binary_stream("stdin").read(), _endpoints(adapter, endpoint))
    except ValueError as error:
        raise typer.BadParameter(f"standard input is no JSON: {error}") from None
    if found.keyless:
        typer.echo(f"{found.keyless:,} without a key ({found.endpoint.key}) would not be landed", err=True)
    if found.unread:
        typer.echo(f"Neither read nor ignored: {', '.join(found.unread)}", err=True)
    if not found.records:
        typer.echo(f"No record of {name} {found.endpoint.name} in it", err=True)
        raise typer.Exit(1)
    rows, refused = canonical_rows(adapter, found, conf.org_id)
    if as_json:
        content = {"endpoint": found.endpoint.name, "rows": rows, "refused": refused, "unread": found.unread}
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))
        return
    console = Console()
    for row, record in zip(rows[:ROWS_SHOWN], found.records, strict=False):
        console.print(Text(f"{row['provider_key']}  {found.endpoint.evidence(record) or ''}", style="bold"))
        console.print(_row_table(row), width=min(console.width, WIDTH))
    if len(rows) > ROWS_SHOWN:
        typer.echo(f"{len(rows) - ROWS_SHOWN:,} more; --json prints them all")
    for value in refused:
        typer.echo(f"refused: {value['field']} of record {value['line']} ({value['reason']}): {value['value']}")


@adapter_app.command()
def check(name: Annotated[str, typer.Argument(help="Name of an adapter.")]) -> None:
    """Run the contract suite over one adapter.

    Example: leadhouse adapter check yelp

    Exit code 0 when it is green, 1 when it is not, 2 when pytest or the tests are not there.
    """
    _known(name)
    if not SUITE.is_dir():
        typer.echo(f"{SUITE} is not there: the suite runs in a checkout of the project", err=True)
        raise typer.Exit(2)
    if importlib.util.find_spec("pytest") is None:
        typer.echo("pytest is not installed: `make setup`, or pip install -e '.[dev]'", err=True)
        raise typer.Exit(2)
    command = [sys.executable, "-m", "pytest", "-q", str(SUITE), "--adapter", name]
    raise typer.Exit(subprocess.run(command, cwd=PROJECT_ROOT, check=False).returncode)


def _known(name: str) -> Adapter:
    try:
        return adapter_of(name)
    except UnknownName as error:
        raise typer.BadParameter(str(error)) from None


def _endpoints(adapter: Adapter, name: str | None) -> Sequence[declaration.Endpoint]:
    """The endpoint of a name, or all."""
    found = [endpoint for endpoint in adapter.endpoints if name in (None, endpoint.name)]
    if not found:
        known = [endpoint.name for endpoint in adapter.endpoints]
        raise typer.BadParameter(f'no endpoint "{name}"{nearest(name, known)}. Available: {", ".join(known)}.')
    return found


def _listed(adapter: Adapter, config: ProviderConfig) -> dict[str, Any]:
    return {
        "provider": adapter.name,
        "title": adapter.title,
        "base_url": config.base_url,
        "endpoints": {endpoint.name: endpoint.kind for endpoint in adapter.endpoints},
        "limits": list(_limits(config)),
        "terms": asdict(adapter.terms),
        "is_configured": config.is_configured,
        "variables": [provider_variable(adapter.name, field) for field in ProviderSettings.model_fields],
    }


def _limits(config: ProviderConfig) -> Iterator[str]:
    """The provider's windows, and those of single endpoints."""
    if config.windows:
        yield _windows(config.windows)
    yield from (f"{name} {_windows(windows)}" for name, windows in config.endpoint_windows.items() if windows)


def _windows(windows: Sequence[Window]) -> str:
    """As `parse_windows` reads them: `5/second 300/day`."""
    names = {seconds: unit for unit, seconds in UNITS.items()}
    return " ".join(f"{w.calls}/{names.get(w.seconds, f'{w.seconds:g}seconds')}" for w in windows)


def _row_table(row: dict[str, Any]) -> Table:
    """One canonical row: its fields, values and confidences; what is derived from another field has none."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("field", no_wrap=True)
    table.add_column("value", overflow="fold", ratio=1)
    table.add_column("confidence", justify="right", no_wrap=True)
    for name, value in row.items():
        if name not in IDENTITY:
            confidence = row["provenance"].get(name)
            text = ", ".join(value) if isinstance(value, list) else str(value)
            table.add_row(name, Text(text), "" if confidence is None else f"{confidence:g}")
    return table

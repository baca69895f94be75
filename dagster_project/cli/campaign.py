"""`leadhouse campaign …`: what a person does about campaigns, outside the Dagster UI.

Exit codes: 0 done, 1 refused or failed with a sentence on stderr, 2 wrong usage or a file that cannot be used.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project import settings, user_yaml
from dagster_project.cli.plan_view import WIDTH, render_plan, render_questions, usd
from dagster_project.settings import Settings, provider_variable
from dagster_project.sources.campaign import Campaign, load_campaign
from dagster_project.sources.need import warnings
from dagster_project.sources.plan import NO_KEY
from dagster_project.sources.planned import Plan
from dagster_project.sources.planning import plan_on
from dagster_project.sources.providers import adapters
from dagster_project.sources.vertical import Vertical, load_vertical
from dagster_project.user_yaml import YamlMistake

campaign_app = typer.Typer(no_args_is_help=True, help="Campaigns: check them, see what they would cost, what they did.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
Name = Annotated[str, typer.Argument(help="Name of a file in data/campaigns, without .yaml.")]

RUNS = """
select
  started_at, finished_at, day, provider, state, reason, campaign_version, run_id,
  (figures ->> 'records')::bigint as records, (figures ->> 'new')::bigint as new,
  (figures ->> 'changed')::bigint as changed, (figures ->> 'cost')::numeric as cost
from ops.campaign_runs
where campaign = %s
order by started_at desc, provider
limit %s
"""


@dataclass(frozen=True)
class Checked:
    """What is wrong with a campaign's files, and what a person should know of it; no version when they are wrong."""

    name: str
    version: str | None = None
    mistakes: Sequence[str] = ()
    warnings: Sequence[str] = ()


@campaign_app.command()
def validate(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Campaigns; none: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check campaigns and their verticals, each mistake and warning in a sentence. Sends nothing.

    Example: leadhouse campaign validate austin_dentists

    Exit code 2 when a file cannot be used; warnings leave it at 0.
    """
    conf = settings.load()
    found = [check(name, conf) for name in names or user_yaml.available(conf.yaml_dirs("campaigns"))]
    if as_json:
        typer.echo(json.dumps([asdict(checked) for checked in found], indent=2, ensure_ascii=False))
    else:
        for checked in found:
            typer.echo(f"{checked.name}: {f'good, version {checked.version}' if checked.version else 'wrong'}")
            typer.echo("".join(f"  - {told}\n" for told in (*checked.mistakes, *checked.warnings)), nl=False)
    if any(checked.mistakes for checked in found):
        raise typer.Exit(2)


@campaign_app.command()
def plan(
    name: Name,
    questions: Annotated[bool, typer.Option("--questions", help="List every question that would be asked.")] = False,
    assume_keys: Annotated[bool, typer.Option("--assume-keys", help="Plan the sources without a key too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a campaign would ask, find and cost. Sends nothing and spends nothing.

    Example: leadhouse campaign plan austin_dentists

    A source is asked when the environment or .env has its key, such as LEADHOUSE_YELP_API_KEY.

    Exit code 1 when the plan is refused, 2 when the campaign or its vertical cannot be used.
    """
    conf = settings.load()
    with wrong_file():
        campaign = load_campaign(name, conf.yaml_dirs("campaigns"))
        vertical = load_vertical(campaign.vertical, conf.yaml_dirs("verticals"))
    made = plan_now(campaign, vertical, conf, assume_keys)
    if as_json:
        typer.echo(json.dumps(made.as_dict(), indent=2, ensure_ascii=False))
    else:
        if questions:
            render_questions(made, Console())
        render_plan(made, Console())
        if keyless := [provider_variable(part.provider, "API_KEY") for part in made.parts if part.skipped == NO_KEY]:
            typer.echo(f"Not set: {', '.join(keyless)} (--assume-keys plans without)", err=True)
    if made.is_refused:
        raise typer.Exit(1)


@campaign_app.command()
def runs(
    name: Name,
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many, the latest first.")] = 20,
    org: Annotated[str | None, typer.Option(help="Tenant whose runs to show.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a campaign's latest runs brought and cost, a line per run and provider, and why they did not complete.

    Example: leadhouse campaign runs austin_dentists

    Exit code 1 when the database does not answer, 2 when there is neither such a campaign nor a run of it.
    """
    conf = settings.load(org_id=org)
    found = latest_runs(name, conf, limit)
    if not found:
        with wrong_file():
            user_yaml.find(name, conf.yaml_dirs("campaigns"), "campaign")
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False, default=_plain))
    elif found:
        console = Console()
        console.print(_table(found), width=min(console.width, WIDTH))
        for row in found:
            if row["reason"]:
                told = f"{row['started_at']:%Y-%m-%d %H:%M} {row['provider']} {row['state']}: {row['reason']}"
                console.print(Text(told), width=min(console.width, WIDTH))
    else:
        typer.echo(f"{name} has not run yet.")


def check(name: str, conf: Settings) -> Checked:
    """The state of a campaign's file and of its vertical's. A vertical or sync that is not there is a warning."""
    try:
        campaign = load_campaign(name, conf.yaml_dirs("campaigns"))
        verticals = {}
        for known in user_yaml.available(conf.yaml_dirs("verticals")):
            try:
                verticals[known] = load_vertical(known, conf.yaml_dirs("verticals"))
            except YamlMistake:
                if known == campaign.vertical:
                    raise
    except YamlMistake as mistake:
        return Checked(name, mistakes=mistake.sentences)
    syncs = user_yaml.available(conf.yaml_dirs("syncs"))
    terms = {known: adapter.terms for known, adapter in adapters().items()}
    return Checked(name, campaign.version, warnings=warnings(campaign, verticals, syncs, terms))


def plan_now(campaign: Campaign, vertical: Vertical, conf: Settings, assume_keys: bool = False) -> Plan:
    """The campaign's plan by the keys, caps and counted densities there are now; `assume_keys` for every provider."""
    today, lake = datetime.now(UTC).date(), conf.data_dir / "lake"
    return plan_on(today, campaign, vertical, lake, conf.org_id, assume_keys)[0]


def latest_runs(campaign: str, conf: Settings, limit: int) -> list[dict[str, Any]]:
    """Rows of `ops.campaign_runs`, the latest first. Exits with 1 when the database cannot be reached."""
    from psycopg.rows import dict_row

    from dagster_project.resources.postgres_binaries import PostgresError
    from dagster_project.resources.warehouse import Warehouse

    try:
        with Warehouse(conf).ensure().app(conf.org_id) as connection:
            connection.row_factory = dict_row
            return connection.execute(RUNS, [campaign, limit]).fetchall()
    except (PostgresError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None


def _table(found: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("started (UTC)", "provider", "state"):
        table.add_column(heading, no_wrap=True)
    for heading in ("records", "new", "changed", "cost"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in found:
        figures = ("–" if row[name] is None else f"{row[name]:,}" for name in ("records", "new", "changed"))
        cost = "–" if row["cost"] is None else usd(row["cost"])
        started = f"{row['started_at']:%Y-%m-%d %H:%M}"
        table.add_row(started, row["provider"], row["state"], *figures, cost)
    return table


def _plain(value: Any) -> str:
    """Times as ISO 8601, money as text."""
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


@contextmanager
def wrong_file() -> Iterator[None]:
    """A campaign or vertical that cannot be used: its mistakes on stderr, and exit code 2."""
    try:
        yield
    except YamlMistake as mistake:
        typer.echo("\n".join(mistake.sentences), err=True)
        raise typer.Exit(2) from None

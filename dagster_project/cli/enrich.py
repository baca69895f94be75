"""`leadhouse enrich`: missing fields of chosen leads and contacts, from the estimate to the marts, in this process."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from dagster_project import settings
from dagster_project.cli.asked import AsJson, Org, told
from dagster_project.enrichment.selection import misspelt
from dagster_project.enrichment.subject import FIELDS
from dagster_project.user_yaml import YamlMistake, nearest

if TYPE_CHECKING:
    from dagster_project.assets.enriching import Enrichment, Wanted
    from dagster_project.enrichment.estimate import Estimate

DEFAULT_MOST = 100
LeadIds = Annotated[list[str] | None, typer.Option("--lead", help="Id of a lead or contact; may be given again.")]
FieldNames = Annotated[
    list[str] | None, typer.Option("--field", help=f"Field to fill; may be given again. Known: {', '.join(FIELDS)}.")
]


def enrich(
    lead: LeadIds = None,
    field: FieldNames = None,
    campaign: Annotated[str | None, typer.Option(help="Enrich the leads of this campaign.")] = None,
    most: Annotated[
        int, typer.Option(min=1, help="How many at most, the best scored first, without --lead.")
    ] = DEFAULT_MOST,
    priority: Annotated[str, typer.Option(help="low, normal or high.")] = "normal",
    max_cost: Annotated[float | None, typer.Option(min=0, help="The most that it may cost, in USD.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it may cost.")] = False,
    org: Org = None,
    as_json: AsJson = False,
) -> None:
    """Fill missing fields of leads and contacts, each from the first provider of its waterfall that has it.

    Shows what it may cost before anybody is asked; caps of the waterfalls hold besides. What was answered before is
    remembered and not paid for again: run it again after anything, and it goes on. The walk follows, so that the values
    are in the marts at the end.

    Example: leadhouse enrich --campaign austin_dentists --field email --field phone --max-cost 20

    Exit code: 0 done; 1 it was stopped by a cap or failed; 2 a field, lead, priority or waterfall is wrong.
    """
    names = tuple(dict.fromkeys(field or FIELDS))
    for name in names:
        if name not in FIELDS:
            refuse(f'no field "{name}"{nearest(name, FIELDS)}. Known: {", ".join(FIELDS)}')
    if priority not in ("low", "normal", "high"):
        refuse(f'"{priority}" is no priority: low, normal or high')
    if wrong := misspelt(lead or ()):
        refuse(f'"{wrong}" is not the id of a lead or contact')
    config = {"fields": list(names), "leads": lead or [], "campaign": campaign or "", "most": most}
    config |= {"priority": priority, "max_usd": max_cost}
    conf, console = settings.load(org_id=org), Console(stderr=True)
    with told():
        found = estimated(conf, config)
    if dry_run or not found.questions:
        typer.echo(json.dumps(plain(found), indent=2)) if as_json else render(Console(), found)
        return
    render(console, found)
    done = carried_out(conf, console, config)
    typer.echo(json.dumps(done, indent=2, default=str)) if as_json else show(Console(), done)
    if done["state"] == "stopped":
        raise typer.Exit(1)


def estimated(conf: settings.Settings, config: dict[str, Any]) -> "Estimate":
    """What the request may cost, before anybody is asked."""
    from dagster_project.assets.enriching import Enrichment, Wanted
    from dagster_project.resources.lake import Lake
    from dagster_project.resources.warehouse import Warehouse

    try:
        work = Enrichment(Lake(conf.data_dir / "lake"), Warehouse(conf).ensure(), conf)
    except YamlMistake as mistake:
        refuse(str(mistake))
    try:
        work.left_out(config["campaign"] or None)
        return of_wish(work, wish(Wanted, config))
    except YamlMistake as mistake:
        refuse(str(mistake))
    finally:
        work.close()


def of_wish(work: "Enrichment", wanted: "Wanted") -> "Estimate":
    """The estimate of a wish. Ends the command when nobody is meant by it."""
    from psycopg.errors import InvalidSchemaName, UndefinedTable

    try:
        chosen = work.selected(wanted)
    except (InvalidSchemaName, UndefinedTable):  # nothing was ever walked here
        chosen = []
    if not chosen:
        refuse("no lead or contact is meant; `leadhouse run` makes leads, and their ids are in marts.dim_lead")
    return work.estimated(chosen, wanted)


def wish(kind: type["Wanted"], config: dict[str, Any]) -> "Wanted":
    """The configuration of the asset as the wish that it is."""
    return kind(
        tuple(config["fields"]),
        config["leads"] or None,
        config["campaign"] or None,
        None if config["leads"] else config["most"],
    )


def carried_out(conf: settings.Settings, console: Console, config: dict[str, Any]) -> dict[str, Any]:
    """Run the job and the walk; returns the request's figures. Exits with 1 when a step or a blocking check fails."""
    from dagster_project.cli.enrich_run import enriched
    from dagster_project.cli.walk import WalkFailed

    try:
        return enriched(conf, console, config, datetime.now(UTC).date())
    except WalkFailed as error:
        console.print(f"[red]{error}[/red]; what was answered is kept, and `leadhouse up` shows the run")
        raise typer.Exit(1) from error


def render(console: Console, found: "Estimate") -> None:
    """The estimate as a table."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("provider")
    table.add_column("at most, USD", justify="right")
    for provider, usd in sorted(found.by_provider.items()):
        table.add_row(provider, f"{usd:,.2f}")
    console.print(table)
    console.print(
        f"{counted(found.subjects, 'lead or contact', 'leads and contacts')}, "
        f"{counted(found.questions, 'question', 'questions')} and {found.most_usd:,.2f} USD at most"
        if found.questions
        else "Nothing is missing that a provider with a key could fill."
    )


def show(console: Console, done: dict[str, Any]) -> None:
    """What came of a request, field by field."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("field", "filled", "kept", "empty", "pending", "stopped", "suppressed", "cost, USD"):
        table.add_column(heading, justify="left" if heading == "field" else "right")
    for name, counts in done["fields"].items():
        states = (f"{counts.get(s, 0):,}" for s in ("filled", "kept", "empty", "pending", "stopped", "suppressed"))
        table.add_row(name, *states, f"{counts['cost_usd']:,.2f}")
    console.print(table)
    console.print(f"request {done['request_id']}: {done['state']}{': ' + done['reason'] if done['reason'] else ''}")


def plain(found: "Estimate") -> dict[str, Any]:
    """The estimate for a program to read."""
    by_provider = {name: str(usd) for name, usd in found.by_provider.items()}
    return {
        "subjects": found.subjects,
        "questions": found.questions,
        "most_usd": str(found.most_usd),
        "by_provider": by_provider,
    }


def counted(number: int, one: str, several: str) -> str:
    """`1 question`, `2 questions`."""
    return f"{number:,} {one if number == 1 else several}"


def refuse(sentence: str) -> NoReturn:
    """End the command because of what was asked."""
    typer.echo(f"leadhouse enrich: {sentence}", err=True)
    raise typer.Exit(2)

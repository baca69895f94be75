"""`leadhouse cache …`: answers of enrichment providers that are remembered.

Exit codes: 0 done, 1 the database does not answer, 2 wrong usage or something that is not there.
"""

import json
import uuid
from typing import Annotated

import typer

from dagster_project import settings
from dagster_project.cli.asked import AsJson, Org, told
from dagster_project.enrichment.lookup import Provider
from dagster_project.enrichment.providers import provider as provider_of
from dagster_project.enrichment.providers import providers
from dagster_project.user_yaml import UnknownName, nearest

cache_app = typer.Typer(no_args_is_help=True, help="Remembered answers of enrichment providers: forget some of them.")


@cache_app.command()
def invalidate(
    provider: Annotated[str | None, typer.Option(help="Answers of this provider only.")] = None,
    lookup: Annotated[str | None, typer.Option(help="Answers to this kind of question only.")] = None,
    lead: Annotated[str | None, typer.Option(help="Answers about this lead and its contacts only.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All answers; nothing else may be given.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
    org: Org = None,
    as_json: AsJson = False,
) -> None:
    """Forget cached answers, so that the next request asks, and pays, again. What is given must all hold.

    Example: leadhouse cache invalidate --provider apollo --lookup people_match --dry-run

    What was answered stays in the history.
    """
    from dagster_project.enrichment.cache_invalidation import invalidate as forget
    from dagster_project.resources.warehouse import Warehouse

    if everything == any((provider, lookup, lead)):
        raise typer.BadParameter("say whose: --provider, --lookup or --lead, or else --all")
    _check(provider, lookup)
    conf, lead_id = settings.load(org_id=org), _lead_id(lead)
    with told():
        connect = Warehouse(conf).ensure().app
        many = forget(connect, conf.org_id, provider=provider, lookup=lookup, lead_id=lead_id, dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps({"answers": many, "dry_run": dry_run}))
        return
    answers = "1 cached answer" if many == 1 else f"{many:,} cached answers"
    typer.echo(f"{answers} would be forgotten." if dry_run else f"{answers} forgotten.")


def _check(provider: str | None, lookup: str | None) -> None:
    """Exits with 2 for a provider or lookup that there is not."""
    try:
        asked: list[Provider] = [provider_of(provider)] if provider else list(providers().values())
    except UnknownName as error:
        raise typer.BadParameter(str(error)) from None
    names = sorted({endpoint.name for each in asked for endpoint in each.endpoints})
    if lookup and lookup not in names:
        raise typer.BadParameter(f'no lookup "{lookup}"{nearest(lookup, names)}. Available: {", ".join(names)}.')


def _lead_id(lead: str | None) -> str | None:
    try:
        return str(uuid.UUID(lead)) if lead else None
    except ValueError:
        raise typer.BadParameter(f"{lead!r} is not the id of a lead") from None

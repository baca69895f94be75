"""`leadhouse campaign run`: a campaign from plan to delivery, in this process."""

from typing import Annotated

import typer
from rich.console import Console

from dagster_project import settings
from dagster_project.cli.campaign import AsJson, Name, plan_now, wrong_file
from dagster_project.cli.plan_view import render_plan
from dagster_project.sources.campaign import load_campaign
from dagster_project.sources.vertical import load_vertical


def run(
    name: Name,
    org: Annotated[str | None, typer.Option(help="Tenant to file the records under.")] = None,
    as_json: AsJson = False,
) -> None:
    """Plan a campaign, fetch it within its budget, walk what came to scored leads, and deliver them.

    What was answered today already is not asked again: run it again after anything, and it goes on where it stopped.

    Example: leadhouse campaign run austin_dentists

    Exit code: 0 done, also when the budget or a limit ended the fetching; 1 the plan is refused, or a provider, step or
    blocking check failed; 2 the campaign or its vertical cannot be used.
    """
    conf = settings.load(org_id=org)
    with wrong_file():
        campaign = load_campaign(name, conf.yaml_dirs("campaigns"))
        vertical = load_vertical(campaign.vertical, conf.yaml_dirs("verticals"))
    console, made = Console(stderr=True), plan_now(campaign, vertical, conf)
    render_plan(made, console)
    if made.is_refused:
        raise typer.Exit(1)
    from dagster_project.cli.report import as_json as render_json
    from dagster_project.cli.report import render
    from dagster_project.cli.run import walk_files

    asked = [part.provider for part in made.parts if not part.skipped]
    summary = walk_files(console, conf, [], campaigns={name: asked})
    if as_json:
        typer.echo(render_json(summary))
    else:
        render(Console(), summary)
    if summary.failed:
        raise typer.Exit(1)

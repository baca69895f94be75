"""`leadhouse …`: what a person does outside the Dagster UI. One module per command; heavy imports inside them."""

import sys

import typer

from dagster_project.cli.adapter import adapter_app
from dagster_project.cli.alert import alert_app
from dagster_project.cli.automation import automation_app
from dagster_project.cli.cache import cache_app
from dagster_project.cli.campaign import campaign_app
from dagster_project.cli.campaign_run import run as campaign_run
from dagster_project.cli.db import db_app, psql_command
from dagster_project.cli.enrich import enrich
from dagster_project.cli.event import event_app
from dagster_project.cli.explain import explain
from dagster_project.cli.link import link, override_app, unlink
from dagster_project.cli.mapping import mapping_app
from dagster_project.cli.model import model_app
from dagster_project.cli.provider import provider_app
from dagster_project.cli.resolve import calibrate, resolve
from dagster_project.cli.review import review_app
from dagster_project.cli.run import run
from dagster_project.cli.sandbox import sandbox
from dagster_project.cli.score import score_app
from dagster_project.cli.up import up
from dagster_project.cli.waterfall import waterfall_app
from dagster_project.cli.waterfall_replay import replay as waterfall_replay
from dagster_project.settings import InvalidSettings

app = typer.Typer(
    name="leadhouse",
    help="An open lead warehouse: raw provider records in, clean, explained, scored leads out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command()(enrich)
app.command()(explain)
app.command()(link)
app.command()(resolve)
app.command()(calibrate)
app.command()(run)
app.command()(sandbox)
app.command()(unlink)
app.command()(up)
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
app.command("psql", context_settings=PASS_ON)(psql_command)
app.add_typer(adapter_app, name="adapter")
app.add_typer(alert_app, name="alert")
app.add_typer(automation_app, name="automation")
app.add_typer(cache_app, name="cache")
campaign_app.command("run")(campaign_run)
app.add_typer(campaign_app, name="campaign")
app.add_typer(db_app, name="db")
app.add_typer(event_app, name="event")
app.add_typer(mapping_app, name="mapping")
app.add_typer(model_app, name="model")
app.add_typer(override_app, name="override")
app.add_typer(provider_app, name="provider")
app.add_typer(review_app, name="review")
app.add_typer(score_app, name="score")
waterfall_app.command("replay")(waterfall_replay)
app.add_typer(waterfall_app, name="waterfall")


def main() -> None:
    """The `leadhouse` command. A wrong environment is one sentence and exit code 2, not a traceback."""
    try:
        app()
    except InvalidSettings as error:
        typer.echo(f"leadhouse: {error}", err=True)
        sys.exit(2)

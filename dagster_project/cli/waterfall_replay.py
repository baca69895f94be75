"""`leadhouse waterfall replay`: what the learned order of providers would have saved. Reads only the lake."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from dagster_project import settings
from dagster_project.cli.plan_view import WIDTH
from dagster_project.cli.waterfall import AsJson, read_all
from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dagster_project.enrichment.replay import FieldReplay, Replay
    from dagster_project.enrichment.waterfall import FieldSettings


def replay(
    org: Annotated[str | None, typer.Option(help="Tenant whose attempts to replay.")] = None, as_json: AsJson = False
) -> None:
    """Replay past attempts: what the learned order of providers would have cost and filled against the fixed one.

    Example: leadhouse waterfall replay

    Sends nothing. The order is learned from the earlier half of the attempts and judged on the later half. A waterfall
    with `order: learned` uses it for the fields in which it won. "seen" is the share of its steps that were made often.

    Exit code 1 when there are no attempts to replay.
    """
    found = _replayed(settings.load(org_id=org))
    if as_json:
        typer.echo(json.dumps([_plain(each) for each in found.fields], indent=2))
    elif found.fields:
        console = Console()
        console.print(_table(found), width=min(console.width, WIDTH))
        for each in found.fields:
            typer.echo(each.verdict)
    if not found.fields:
        typer.echo("There are no attempts to replay yet; enrich some leads first.", err=True)
        raise typer.Exit(1)


def _replayed(conf: Settings) -> "Replay":
    from dagster_project.contracts import ENRICHMENT_ATTEMPTS
    from dagster_project.enrichment import replay as replaying
    from dagster_project.enrichment.attempt_history import listed_prices, vertical_of
    from dagster_project.enrichment.offers import offers
    from dagster_project.enrichment.providers import providers
    from dagster_project.enrichment.waterfall import waterfall_for
    from dagster_project.resources.lake import Lake

    waterfalls, _ = read_all(conf)

    def settings_of(field: str, segment: str) -> "FieldSettings | None":
        own = waterfall_for(vertical_of(segment), waterfalls).fields.get(field)
        return own.settings if own else None

    history = Lake(conf.data_dir / "lake").scan(ENRICHMENT_ATTEMPTS, conf.org_id).collect()
    return replaying.replay(history, settings_of, listed_prices(providers(), offers()))


def _table(found: "Replay") -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("field", no_wrap=True)
    for heading in ("jobs", "fixed", "learned", "saved", "90% interval", "filled", "learned", "seen"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in found.fields:
        both = each.comparison
        table.add_row(
            each.field,
            *(f"{both.jobs:,}", f"${both.fixed.usd:,.2f}", f"${both.learned.usd:,.2f}", f"{each.saved_share:.1%}"),
            f"${both.saved.low:,.2f} to ${both.saved.high:,.2f}",
            *(f"{which.filled / max(both.jobs, 1):.1%}" for which in (both.fixed, both.learned)),
            f"{both.seen:.0%}",
        )
    return table


def _plain(each: "FieldReplay") -> dict[str, Any]:
    orders = [{name: getattr(group, name) for name in ("segment", "fixed", "learned")} for group in each.orders]
    return {
        **{"field": each.field, "is_won": each.is_won, "verdict": each.verdict, "saved_share": each.saved_share},
        **asdict(each.comparison),
        "orders": orders,
    }

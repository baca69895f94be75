"""`leadhouse provider …`: the providers that enrich leads, what they cost, and whether they may be asked.

Exit codes: 0 done, 1 the database does not answer, 2 wrong usage or an unknown provider.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project import settings
from dagster_project.cli.asked import AsJson, Org, Who, person, told
from dagster_project.cli.plan_view import WIDTH, usd
from dagster_project.enrichment.offers import offers
from dagster_project.enrichment.providers import provider as provider_of
from dagster_project.enrichment.providers import providers
from dagster_project.settings import Settings, provider_variable
from dagster_project.transport.credentials import provider_configs
from dagster_project.user_yaml import UnknownName

if TYPE_CHECKING:
    from dagster_project.enrichment.lookup import Lookup, Provider
    from dagster_project.enrichment.switches import Switches

provider_app = typer.Typer(no_args_is_help=True, help="Providers that enrich leads: list them, turn them off and on.")

Name = Annotated[str, typer.Argument(help="Name of a provider, as `provider list` shows it.")]
Reason = Annotated[str | None, typer.Option(help="Reason, for whoever reads it later.")]

BREAKERS = "select provider, state, failures from ops.provider_health where org_id = %s"


@provider_app.command("list")
def list_providers(org: Org = None, as_json: AsJson = False) -> None:
    """Show every provider: whether it is asked, what it fills, what each lookup costs and how far it is trusted.

    Example: leadhouse provider list

    One without a key is not configured: it is skipped at no cost. One whose breaker is open failed several times in a
    row and is left alone for a while.
    """
    with told():
        found = _states(settings.load(org_id=org))
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False, default=str))
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("provider", "state", "fills", "lookup", "price", "trust"):
        table.add_column(heading, overflow="fold")
    for row in found:
        for place, lookup in enumerate(row["lookups"]):
            head = (Text(f"{row['title']}\n{row['provider']}"), Text(_state(row))) if not place else ("", "")
            table.add_row(*head, ", ".join(lookup["fills"]), Text(lookup["lookup"]), *_offered(lookup))
        table.add_section()
    console = Console()
    console.print(table, width=min(console.width, WIDTH))
    for row in found:
        if not row["is_enabled"]:
            why = f": {row['reason']}" if row["reason"] else ""
            typer.echo(f"{row['title']} was turned off by {row['changed_by']} on {row['changed_at']:%Y-%m-%d}{why}")


@provider_app.command()
def enable(name: Name, reason: Reason = None, who: Who = None, org: Org = None) -> None:
    """Let a provider be asked again.

    Example: leadhouse provider enable lusha --reason "the titles are right again"
    """
    found = _known(name)
    with told():
        is_new = _switches(settings.load(org_id=org)).enable(name, person(who), reason)
    typer.echo(f"{found.title} is on." if is_new else f"{found.title} was on already.")
    if not provider_configs([found])[name].is_configured:
        typer.echo(f"It has no key and is skipped: set {provider_variable(name, 'API_KEY')}.", err=True)


@provider_app.command()
def disable(name: Name, reason: Reason = None, who: Who = None, org: Org = None) -> None:
    """Ask a provider no more, from the next calls on, until it is enabled again.

    Example: leadhouse provider disable lusha --reason "wrong titles since Monday"
    """
    found = _known(name)
    with told():
        is_new = _switches(settings.load(org_id=org)).disable(name, person(who), reason)
    typer.echo(f"{found.title} is off." if is_new else f"{found.title} was off already.")


def _known(name: str) -> "Provider":
    try:
        return provider_of(name)
    except UnknownName as error:
        raise typer.BadParameter(str(error)) from None


def _switches(conf: Settings) -> "Switches":
    from dagster_project.enrichment.switches import Switches
    from dagster_project.resources.warehouse import Warehouse

    return Switches(Warehouse(conf).ensure().app, conf.org_id)


def _states(conf: Settings) -> list[dict[str, Any]]:
    """What there is to say of each provider, for a program."""
    switches = _switches(conf)
    switched = {row["provider"]: row for row in switches.rows()}
    with switches.connect(conf.org_id) as connection:
        breakers = {name: rest for name, *rest in connection.execute(BREAKERS, [conf.org_id])}
    configs = provider_configs(providers().values())
    found = []
    for name, each in providers().items():
        breaker, failures = breakers.get(name, ("closed", 0))
        switch: Mapping[str, Any] = switched.get(name, {"is_enabled": True})
        found.append(
            {"provider": name, "title": each.title, "is_configured": configs[name].is_configured}
            | {"is_enabled": switch["is_enabled"], "changed_by": switch.get("changed_by")}
            | {"changed_at": switch.get("changed_at"), "reason": switch.get("reason")}
            | {"breaker": breaker, "failures": failures}
            | {"lookups": [_lookup(name, lookup) for lookup in each.endpoints]}
        )
    return found


def _lookup(provider: str, lookup: "Lookup") -> dict[str, Any]:
    offer = offers().get((provider, lookup.name))
    return {
        "lookup": lookup.name,
        "kind": lookup.kind,
        "fills": lookup.fills,
        "batch": lookup.batch,
        "usd": offer and offer.usd,
        "charged_for": offer and offer.charged_for,
        "extras": offer and offer.extras,
        "confidence": offer and offer.confidence,
    }


def _state(row: Mapping[str, Any]) -> str:
    """Whether a provider is asked, else why not."""
    if not row["is_enabled"]:
        return "off"
    if not row["is_configured"]:
        return "not configured"
    return "asked" if row["breaker"] == "closed" else f"breaker {row['breaker'].replace('_', ' ')}"


def _offered(lookup: Mapping[str, Any]) -> tuple[str, str]:
    """Price and confidence as text."""
    if lookup["usd"] is None:
        return "no price", "–"
    extras = "".join(f"\n+ {usd(amount)} {name}" for name, amount in lookup["extras"].items())
    return f"{usd(lookup['usd'])} a {lookup['charged_for']}{extras}", f"{lookup['confidence']:g}"

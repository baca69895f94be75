"""`leadhouse link`, `unlink` and `override …`: what a person says about which records are one.

A decision holds from the next walk on, outranks the model for ever, and can be withdrawn. Exit codes: see `asked`.
"""

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dagster_project import settings
from dagster_project.cli.asked import AsJson, Org, Side, Who, find, overrides, person, told

if TYPE_CHECKING:
    from dagster_project.resolution.overrides import Override

override_app = typer.Typer(no_args_is_help=True, help="Decisions about which records are one: list and withdraw them.")

Why = Annotated[str, typer.Option(help="Reason, for whoever reads it later.")]


def link(a: Side, b: Side, why: Why, who: Who = None, org: Org = None, as_json: AsJson = False) -> None:
    """Decide that two records or leads are one, with all the records that the leads have now.

    Example: leadhouse link yelp:bobs-tacos openbrewerydb:b54b16e1 --why "same owner, moved last May"

    Exit code 1 when a decision in force says otherwise, 2 when an id is unknown.
    """
    _decide("must_link", a, b, why, who, org, as_json)


def unlink(a: Side, b: Side, why: Why, who: Who = None, org: Org = None, as_json: AsJson = False) -> None:
    """Decide that two records or leads are not one; of a lead and one of its records, that the record leaves it.

    Example: leadhouse unlink 0b9f6a52-1c1e-5a54-9d5e-0f8a3a5f4d11 yelp:bobs-tacos --why "the branch in Elko"

    Exit code 1 when a decision in force says otherwise, 2 when an id is unknown.
    """
    _decide("cannot_link", a, b, why, who, org, as_json)


@override_app.command("list")
def list_overrides(
    everything: Annotated[bool, typer.Option("--all", help="Also those that were withdrawn.")] = False,
    org: Org = None,
    as_json: AsJson = False,
) -> None:
    """Show the decisions in force, the latest first.

    Example: leadhouse override list --all
    """
    with told():
        rows = overrides(settings.load(org_id=org)).rows(withdrawn=everything)
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=_plain))
    elif rows:
        typer.echo("\n".join(_line(row) for row in rows))
    else:
        typer.echo("No decisions.")


@override_app.command()
def withdraw(
    override_id: Annotated[str, typer.Argument(help="Id of the decision, as `override list` shows it.")],
    why: Why,
    who: Who = None,
    org: Org = None,
) -> None:
    """End a decision; from the next walk on the model decides again.

    Example: leadhouse override withdraw 019ab1c2-2f4e-7c30-8a4d-2b1f7c9d0e55 --why "it was the other branch"

    Exit code 2 when no such decision is in force.
    """
    from uuid import UUID

    try:
        wanted = str(UUID(override_id))
    except ValueError:
        raise typer.BadParameter(f"{override_id!r} is not an id") from None
    with told():
        done = overrides(settings.load(org_id=org)).withdraw(wanted, person(who), _reason(why))
    if not done:
        raise typer.BadParameter(f"no decision in force has the id {wanted}")
    typer.echo("Withdrawn. The next walk decides again.")


def _decide(verdict: str, a: str, b: str, why: str, who: str | None, org: str | None, as_json: bool) -> None:
    from dagster_project.resolution.override_store import Side as Named
    from dagster_project.resolution.overrides import Verdict
    from dagster_project.resolution.references import sides

    conf = settings.load(org_id=org)
    by, reason = person(who), _reason(why)
    try:
        one, other = sides(find(a, conf), find(b, conf))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    named = (Named(one.id, one.records), Named(other.id, other.records))
    with told():
        made, is_new = overrides(conf).decide(one.kind, Verdict(verdict), named, by, reason)
    if as_json:
        typer.echo(json.dumps(asdict(made) | {"is_new": is_new}, ensure_ascii=False, default=_plain))
    else:
        typer.echo(_outcome(made, is_new))


def _outcome(made: "Override", is_new: bool) -> str:
    many = len(made.left_records) + len(made.right_records)
    what = f"{many} records are one lead" if made.verdict == "must_link" else f"{many} records are two leads or more"
    if not is_new:
        return (
            f"Already decided by {made.decided_by} on {made.decided_at:%Y-%m-%d}: {what} (override {made.override_id})."
        )
    return f"From the next walk on, {what}. To take it back: leadhouse override withdraw {made.override_id}"


def _reason(why: str) -> str:
    if not why.strip():
        raise typer.BadParameter("say why", param_hint="--why")
    return why.strip()


def _line(row: dict[str, Any]) -> str:
    said = f"{row['override_id']}  {row['decided_at']:%Y-%m-%d %H:%M}  {row['verdict']:11s}  {row['kind']}  "
    said += f"{row['left_id']}  {row['right_id']}  {row['decided_by']}: {row['why']}"
    if row["withdrawn_at"] is None:
        return said
    return f"{said}; withdrawn {row['withdrawn_at']:%Y-%m-%d} by {row['withdrawn_by']}: {row['withdrawn_why']}"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

"""What the commands about matching share: finding records and leads by what a person types, and whom it is who asks.

Exit codes of those commands: 0 done, 1 refused or the database does not answer, 2 wrong usage or an unknown id.
"""

import getpass
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dagster_project.resolution.override_store import Overrides
    from dagster_project.resolution.references import Reference

Side = Annotated[str, typer.Argument(help="Id of a record or lead, or PROVIDER:KEY.")]
Who = Annotated[str | None, typer.Option(help="Whose decision it is; the user of this session when absent.")]
Org = Annotated[str | None, typer.Option(help="Tenant to act for.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


def find(text: str, conf: Settings) -> "Reference":
    """The record or lead that a person means. Exits with 2 when there is none."""
    from dagster_project.contracts import LEAD_ALIASES, LEAD_MAP
    from dagster_project.resolution import references
    from dagster_project.resources.lake import Lake

    lake = Lake(conf.data_dir / "lake")
    aliases = lake.scan(LEAD_ALIASES, conf.org_id).collect()
    try:
        return references.find(identify(text, conf.org_id), lake.scan(LEAD_MAP, conf.org_id), aliases)
    except references.UnknownReference:
        raise typer.BadParameter(f"tenant {conf.org_id} has no record and no lead {text}") from None


def identify(text: str, org_id: str) -> str:
    """The id that a person typed, or that of the record PROVIDER:KEY. Exits with 2 for anything else."""
    from dagster_project.contracts.identity import record_ids

    try:
        return str(uuid.UUID(text))
    except ValueError:
        provider, separator, key = text.partition(":")
        if not (separator and provider and key):
            raise typer.BadParameter(f"{text!r} is neither an id nor PROVIDER:KEY") from None
        return record_ids(org_id, [provider], [key])[0]


def person(who: str | None) -> str:
    """Who decides: as told, else the session's user."""
    try:
        return (who or getpass.getuser()).strip()
    except (KeyError, OSError):  # a container's user may have no name
        raise typer.BadParameter("this session's user has no name; say --who") from None


def overrides(conf: Settings) -> "Overrides":
    """The tenant's overrides, in a database that is up."""
    from dagster_project.resolution.override_store import Overrides
    from dagster_project.resources.warehouse import Warehouse

    return Overrides(Warehouse(conf).ensure().app, conf.org_id)


@contextmanager
def told() -> Iterator[None]:
    """A database that does not answer, or a refusal, as one sentence and exit code 1."""
    from dagster_project.resolution.override_store import Contradiction
    from dagster_project.resources.postgres_binaries import PostgresError

    try:
        yield
    except (PostgresError, OSError, Contradiction) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None

"""`leadhouse db …` and `leadhouse psql`: looking after the warehouse's PostgreSQL.

Exit codes: 0 done, 1 failed with a sentence on stderr, 2 wrong usage, 3 not running (`status`) or refused because the
database holds rows (`restore`).
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dagster_project import settings
from dagster_project.resources import warehouse_backup
from dagster_project.resources.postgres_binaries import PostgresError
from dagster_project.resources.warehouse import Warehouse
from dagster_project.resources.warehouse_status import Status
from dagster_project.resources.warehouse_status import status as server_status

NOT_RUNNING = REFUSED = 3


db_app = typer.Typer(no_args_is_help=True, help="Look after PostgreSQL: state, stop, dump and restore.")


@db_app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Say whether the server runs, since when, where, and how large its databases are. Starts nothing.

    Example: leadhouse db status --json

    Exit code 3 when the embedded server is not running.
    """
    with _told():
        found = server_status(_warehouse())
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        typer.echo("\n".join(_lines(found)))
    if not found.running:
        raise typer.Exit(NOT_RUNNING)


@db_app.command()
def stop(
    remove: Annotated[bool, typer.Option("--remove", help="Also delete its databases, wherever they live.")] = False,
) -> None:
    """Stop the embedded server, ending its sessions. Whoever needs it next starts it again.

    Example: leadhouse db stop
    """
    with _told():
        server = _warehouse().embedded
        if server is None:
            raise PostgresError("DATABASE_URL names a server of yours; Leadhouse does not stop it")
        typer.echo("Stopped." if server.stop() else "It was not running.")
        if remove:
            server.remove()
            typer.echo("Its databases are gone.")


@db_app.command()
def dump(file: Annotated[Path, typer.Argument(help="File to write, in pg_dump's custom format.")]) -> None:
    """Write the warehouse's schemas to FILE. The lake's Parquet files are not in it: copy the data folder for those.

    Example: leadhouse db dump backups/leads.dump
    """
    with _told():
        size = warehouse_backup.dump(_warehouse().ensure(), file)
    typer.echo(f"{file}: {_size(size)}")


@db_app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="File that `leadhouse db dump` wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Lose what the database holds now.")] = False,
) -> None:
    """Put FILE's schemas in place of the warehouse's, in one transaction.

    Example: leadhouse db restore backups/leads.dump --replace

    Exit code 3 when the database holds rows and --replace is not said.
    """
    with _told():
        try:
            warehouse_backup.restore(_warehouse(), file, replace)
        except warehouse_backup.NotEmpty as refusal:
            typer.echo(f"Refused: {refusal}", err=True)
            raise typer.Exit(REFUSED) from None
    typer.echo(f"Restored {file}")


def psql_command(
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[-- ARGS]", help="Passed to psql.")] = None,
) -> None:
    """Open psql on the warehouse, as the owner of its tables.

    Example: leadhouse psql -- -c 'select count(*) from marts.dim_lead'
    """
    with _told():
        warehouse = _warehouse().ensure()
        program = warehouse_backup.client(warehouse, "psql")
        environment = warehouse_backup.client_env(warehouse)
    os.execve(program, ["psql", *(arguments or [])], environment)  # noqa: S606 - psql takes this process over


def _warehouse() -> Warehouse:
    return Warehouse(settings.load())


@contextmanager
def _told() -> Iterator[None]:
    """An expected failure as one sentence and exit code 1, without a traceback."""
    try:
        yield
    except (PostgresError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None


def _lines(found: Status) -> Iterator[str]:
    kind = "embedded" if found.embedded else "from DATABASE_URL"
    if not found.running:
        yield f"PostgreSQL ({kind}, {found.place}) is not running; the next command that needs it starts it."
        return
    yield f"PostgreSQL {found.version} ({kind}, {found.place}), up {found.uptime}"
    if found.embedded:
        yield f"pid {found.pid}, port {found.port}, socket in {found.socket_dir}"
        yield (
            f"TCP {found.tcp}" if found.tcp else "no TCP: set LEADHOUSE_PG_TCP=true and stop it once to open 127.0.0.1"
        )
    for name, size in (found.databases or {}).items():
        yield f"{name:<12} {_size(size):>10}"


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"

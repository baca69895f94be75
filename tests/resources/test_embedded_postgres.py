"""The embedded server: first start, attaching, crashes, foreign accounts and awkward paths."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dagster_project.resources import postgres_binaries, postgres_process
from dagster_project.resources.embedded_postgres import EmbeddedPostgres
from dagster_project.resources.postgres_binaries import Account, PostgresError
from dagster_project.settings import PROJECT_ROOT
from tests.conftest import one

pytestmark = pytest.mark.integration

START = (
    "import sys; from pathlib import Path; from dagster_project.resources.embedded_postgres import EmbeddedPostgres; "
)


@pytest.fixture(scope="module")
def shared_server(open_folder: Path) -> Iterator[EmbeddedPostgres]:
    found = EmbeddedPostgres(open_folder / "embedded")
    yield found
    found.stop()


@pytest.fixture
def postgres(shared_server: EmbeddedPostgres) -> EmbeddedPostgres:
    """A running server, whatever the test before did to it."""
    return shared_server.start()


def kill_postmaster(server: EmbeddedPostgres) -> None:
    """Kill it as an out-of-memory killer would; its parent here may leave it a zombie."""
    os.kill(server.pid, signal.SIGKILL)


def test_a_first_start_gives_two_databases_and_an_owner_who_is_no_superuser(postgres: EmbeddedPostgres) -> None:
    assert one(postgres, "select rolsuper from pg_roles where rolname = current_user") is False
    assert one(postgres, "select current_database()", "dagster") == "dagster"
    assert one(postgres, "select pg_has_role('app', 'member')") is True
    assert one(postgres, "select datlocprovider from pg_database where datname = 'leads'") == "b"
    assert one(postgres, "show data_checksums") == "on"
    assert one(postgres, "show work_mem") == "64MB"
    assert one(postgres, "show synchronous_commit") == "on"


def test_secrets_and_socket_are_closed_to_other_accounts(postgres: EmbeddedPostgres) -> None:
    for file in postgres.root.glob("*.password"):
        assert file.stat().st_mode & 0o777 == 0o600
    assert postgres.socket_dir.stat().st_mode & 0o777 == 0o700
    assert postgres.data.resolve().stat().st_mode & 0o777 == 0o700


def test_a_wrong_password_is_refused_even_on_the_socket(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url().replace(postgres.password(), "guess"))


def test_stopping_and_starting_keeps_rows_port_and_password(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("create table kept as select 42 as n")
    url = postgres.url()
    assert postgres.stop() is True
    assert postgres.stop() is False
    again = EmbeddedPostgres(postgres.root).start()
    assert again.url() == url
    assert one(again, "select n from kept") == 42


def test_acknowledged_rows_survive_a_killed_postmaster(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("create table acked (n int)")
        for n in range(200):
            connection.execute("insert into acked values (%s)", [n])
        kill_postmaster(postgres)
    assert one(EmbeddedPostgres(postgres.root).start(), "select count(*) from acked") == 200


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_block_the_start(postgres: EmbeddedPostgres) -> None:
    kill_postmaster(postgres)
    wait_until_empty(postgres)
    stranger = subprocess.Popen(["sleep", "60"], **owned_by(postgres))
    try:
        pid_file = postgres.data / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert postgres.stop() is False
        assert stranger.poll() is None, "stop() must not signal a process that is not ours"
        assert one(postgres.start(), "select 1") == 1
    finally:
        stranger.kill()
        stranger.wait()


def test_a_truncated_pid_file_does_not_block_the_start(postgres: EmbeddedPostgres) -> None:
    kill_postmaster(postgres)
    wait_until_empty(postgres)
    (postgres.data / "postmaster.pid").write_text("")
    assert one(postgres.start(), "select 1") == 1


def test_four_processes_that_start_at_once_share_one_server(folder: Path) -> None:
    script = START + "print(EmbeddedPostgres(Path(sys.argv[1])).start().pid)"
    starters = [
        subprocess.Popen([sys.executable, "-c", script, folder / "pg"], cwd=PROJECT_ROOT, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    pids = {starter.communicate()[0].strip() for starter in starters}
    server = EmbeddedPostgres(folder / "pg")
    try:
        assert pids == {str(server.pid).encode()}
    finally:
        server.stop()


def test_a_killed_set_up_is_made_anew(folder: Path) -> None:
    half = folder / "pg" / "data.init"
    half.mkdir(parents=True)
    (folder / "pg").chmod(0o711)
    (half / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(folder / "pg").start()
    try:
        assert one(server, "select 1") == 1
        assert not half.exists()
    finally:
        server.stop()


@pytest.mark.parametrize("name", ["x" * 120, "with space, comma and 'quotes'"])
def test_awkward_paths_work(folder: Path, name: str) -> None:
    server = EmbeddedPostgres(folder / name).start()
    try:
        assert one(server, "select 1") == 1
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()
        if not server.socket_dir.is_relative_to(folder):
            shutil.rmtree(server.socket_dir)


def test_a_socket_folder_that_somebody_else_made_is_refused(folder: Path) -> None:
    (folder / "run").mkdir(mode=0o777)
    (folder / "run").chmod(0o777)
    with pytest.raises(PostgresError, match="not a private folder"):
        postgres_process.make_private(folder / "run", Account.for_data(folder / "data"))


def test_tcp_listens_on_loopback_only_and_keeps_its_port(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    server = EmbeddedPostgres(postgres.root, tcp=True).start()
    try:
        by_tcp = f"host=127.0.0.1 port={server.port} user=owner dbname=leads password={server.password()}"
        with psycopg.connect(by_tcp) as connection:
            assert connection.execute("show listen_addresses").fetchone()[0] == "127.0.0.1"
        port = server.port
        server.stop()
        assert EmbeddedPostgres(postgres.root, tcp=True).start().port == port
    finally:
        server.stop()


def test_a_path_that_postgres_would_hand_to_a_shell_is_refused(folder: Path) -> None:
    with pytest.raises(PostgresError, match="its path has one of"):
        EmbeddedPostgres(folder / "$(reboot)").start()


def test_a_folder_without_programs_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(PostgresError, match="LEADHOUSE_PG_BIN"):
        postgres_binaries.find(tmp_path)


def wait_until_empty(server: EmbeddedPostgres) -> None:
    while postgres_process.processes_in(server.data.resolve()):
        time.sleep(0.05)


def owned_by(server: EmbeddedPostgres) -> dict:
    """Options that run a process as the server's account, so that a mistaken signal would reach it."""
    account = Account.for_data(server.data)
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account.is_other else {}


@pytest.mark.parametrize("mode", [0o755, 0o700], ids=["a folder for all", "a private folder"])
def test_a_removed_server_leaves_nothing(folder: Path, mode: int) -> None:
    """As root, the data of a server in a private folder lives elsewhere."""
    folder.chmod(mode)
    server = EmbeddedPostgres(folder / "pg").start()
    data = server.data.resolve()
    server.remove()
    assert not server.root.exists()
    assert not data.parent.exists()
    assert not postgres_process.processes_in(data)
    server.remove()

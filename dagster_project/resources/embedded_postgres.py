"""A real PostgreSQL server in the project's own folder, started by whoever needs it first.

Nobody stops it at exit: it is shared by Dagster, dbt, psql and notebooks, and `stop()` is said explicitly. It listens
on a Unix socket in a 0700 folder, and on 127.0.0.1 when asked. One machine, no TLS, no replication: for more, set
DATABASE_URL. What is inside the databases is not this module's business.
"""

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from dagster_project.resources import postgres_binaries, postgres_cluster, postgres_process
from dagster_project.resources.postgres_binaries import Account, PostgresError

LONGEST_SOCKET_FOLDER = 90  # the kernel allows 107 bytes with the socket's name
START_SECONDS = 300  # replaying 4 GB of WAL after a kill takes minutes on a slow disk
ORPHAN_SECONDS = 30  # backends outlive a killed postmaster until they notice
READY, STARTING = 0, 1  # what pg_isready answers
SHELL_CHARACTERS = set('"$`\\')  # initdb and pg_ctl put their paths between double quotes and give them to a shell


class EmbeddedPostgres:
    """One server below `root`.

    `tcp` opens 127.0.0.1 beside the socket the next time the server is started; `bin_dir` replaces the wheel's
    programs. Below `root`: `data` (or a link to it), `run` (the socket), the 0600 passwords, `port` and `lock`.
    """

    def __init__(self, root: Path, tcp: bool = False, bin_dir: Path | None = None) -> None:
        self.root = Path(root).absolute()
        self.tcp = tcp
        self.bin_dir = bin_dir
        self.data = self.root / "data"

    def start(self) -> "EmbeddedPostgres":
        """Attach to the server, starting and if need be creating it. Raises PostgresError saying what to do."""
        if self.is_ready():
            return self
        with self._locked():
            if not self.data.exists():
                self._create()
            answer = self._answer()
            if answer == STARTING:
                self._await_ready()
            elif answer != READY:
                self._clear_after_crash()
                self._launch()
        return self

    def stop(self) -> bool:
        """Stop the server cleanly, ending its sessions; False when it was not running."""
        if not self.data.exists():
            return False
        with self._locked():
            if self.pid not in postgres_process.processes_in(self.data.resolve()):
                return False
            self._pg_ctl("stop", "-m", "fast")
            return True

    def remove(self) -> None:
        """Stop the server and delete its data, wherever it lives."""
        self.stop()
        for folder in {self.data.resolve().parent, self.root}:
            if folder.exists():
                shutil.rmtree(folder)

    def is_ready(self) -> bool:
        """Whether the server takes connections: asked of the server itself, because process ids are reused."""
        return self.data.exists() and self._answer() == READY

    def url(self, database: str = "leads", *, role: str = postgres_cluster.OWNER, driver: str = "") -> str:
        """URL by the socket, with the password. The dummy host satisfies parsers that insist on one."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        folder = quote(str(self.socket_dir), safe="")
        return f"{scheme}://{role}:{self.password(role)}@localhost:{self.port}/{database}?host={folder}"

    def password(self, role: str = postgres_cluster.OWNER) -> str:
        """Password of a login role, `owner` or `postgres`, kept in a 0600 file."""
        return postgres_cluster.password(self.root / f"{role}.password")

    @property
    def pid(self) -> int | None:
        """Process id that the server wrote down; it may be stale."""
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    @property
    def port(self) -> int | None:
        """Port of the server, which also names its socket; None before the first start."""
        file = self.root / "port"
        return int(file.read_text()) if file.exists() else None

    @property
    def socket_dir(self) -> Path:
        """Folder of the socket: beside the data, or in the temporary folder when that path is too long for a socket."""
        folder = self.data.resolve().with_name("run")
        if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER and "," not in str(folder):  # libpq splits hosts at commas
            return folder
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()).resolve() / f"leadhouse-{name}"

    @cached_property
    def programs(self) -> Path:
        """Folder of the PostgreSQL programs, for clients such as psql and pg_dump."""
        return postgres_binaries.find(self.bin_dir)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time creates, starts or stops. The kernel drops the lock of a killed process."""
        # the server's account passes through when we are root; what is secret below is 0600 or 0700 itself
        self.root.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        try:
            lock = (self.root / "lock").open("w")
        except PermissionError as error:
            raise PostgresError(f"{self.root} belongs to another account; only that one can start it") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _create(self) -> None:
        if self.data.is_symlink():
            raise PostgresError(f"{self.data} leads to {self.data.readlink()}, which is gone; remove it to start anew")
        if SHELL_CHARACTERS & set(str(self.root)):
            raise PostgresError(f'PostgreSQL cannot live in {self.root}: its path has one of " $ ` \\')
        account = Account.for_data(self.data)
        home = self.root
        if account.is_other and not account.can_run(home):
            home = postgres_binaries.make_home()
        roles = (postgres_cluster.OWNER, postgres_cluster.ADMIN)
        programs = postgres_binaries.runnable_by(account, self.programs)
        postgres_cluster.create(home / "data", account, programs, {role: self.password(role) for role in roles})
        if home != self.root:
            self.data.symlink_to(home / "data")

    def _answer(self) -> int | None:
        if self.port is None:
            return None
        ourselves = Account(os.geteuid(), os.getegid())
        where = ("-h", self.socket_dir, "-p", str(self.port))
        return ourselves.run(self.programs / "pg_isready", "-q", "-t", "5", *where, check=False).returncode

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self._answer() != READY:
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL is still not ready after {START_SECONDS} s; see {self.data / 'log'}")
            time.sleep(0.2)

    def _clear_after_crash(self) -> None:
        """Remove the lock files of a killed server, which name a process id that may by now be anybody's.

        Only once no process works in the data folder: two servers on one folder would destroy it.
        """
        data = self.data.resolve()
        deadline = time.monotonic() + ORPHAN_SECONDS
        while processes := postgres_process.processes_in(data):
            if time.monotonic() > deadline:
                raise PostgresError(
                    f"Processes {sorted(processes)} run in {data} but do not answer; try `leadhouse db stop`"
                )
            time.sleep(0.1)
        name = f".s.PGSQL.{self.port}"
        for file in (data / "postmaster.pid", self.socket_dir / f"{name}.lock", self.socket_dir / name):
            file.unlink(missing_ok=True)

    def _launch(self) -> None:
        account = Account.for_data(self.data)
        postgres_process.make_private(self.socket_dir, account)
        port = postgres_process.choose_port(self.root, self.port)
        (self.root / "port").write_text(str(port))
        folder = str(self.socket_dir).replace('"', '""')
        options = {
            "listen_addresses": "127.0.0.1" if self.tcp else "",
            "port": port,
            "unix_socket_directories": f'"{folder}"',
            "unix_socket_permissions": "0700",
        }
        if postgres_process.has_small_shared_memory():
            options["dynamic_shared_memory_type"] = "mmap"
        self._pg_ctl("start", "-o", " ".join(shlex.quote(f"--{name}={value}") for name, value in options.items()))

    def _pg_ctl(self, *command: str) -> None:
        data = self.data.resolve()
        account = Account.for_data(data)
        program = postgres_binaries.runnable_by(account, self.programs) / "pg_ctl"
        log = data / "start.log"
        waiting = ("-w", "-s", "-t", str(START_SECONDS), "-l", log)
        quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)  # a pipe would be held by the server
        done = account.run(program, *command, "-D", data, *waiting, check=False, **quiet)
        if done.returncode != 0:
            tail = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
            raise PostgresError("\n".join([f"PostgreSQL did not {command[0]} in {data}:", *tail]))

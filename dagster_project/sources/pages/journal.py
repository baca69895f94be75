"""The journal of one partition: every call that was made, and every answer, on disk before it is used.

A folder `received_pages/<org>/<campaign>.<provider>/<day>` with a segment per process that wrote to it. An entry is a
line of JSON, followed by the compressed body when it has one. A process that dies leaves at most one torn entry at the
end of its segment, which readers drop. The journal alone says where a run stopped: no cursor is kept elsewhere.
"""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from dagster_project.sources.files.inbox import PART

FOLDER = "received_pages"
CODEC = pa.Codec("zstd", compression_level=1)
SEGMENT = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class Entry:
    """One line of the journal: what it says, and where its body is."""

    content: dict[str, Any]
    segment: Path
    offset: int

    @property
    def type(self) -> str:
        return self.content["type"]

    def body(self) -> bytes:
        """The answer's body, exactly as it came."""
        with self.segment.open("rb") as file:
            file.seek(self.offset)
            packed = file.read(self.content["packed"])
        return CODEC.decompress(packed, self.content["bytes"]).to_pybytes()


def journal_folder(lake_root: Path, org_id: str, source: str, day: str) -> Path:
    """Folder of a partition's journal. Raises ValueError for a part that could leave the lake."""
    for part in (org_id, source, day):
        if not PART.fullmatch(part):
            raise ValueError(f"not a folder name: {part!r}")
    return Path(lake_root) / FOLDER / org_id / source / day


def journaled(lake_root: Path, org_id: str, source: str) -> list[str]:
    """Days of a source that have a journal, in order."""
    folder = Path(lake_root) / FOLDER / org_id / source
    return sorted(path.name for path in folder.glob("[!.]*") if any(path.glob("[!.]*")))


class Journal:
    """Reads the partition's entries, and appends to a segment of its own. Safe for several threads of one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: int | None = None
        self._written = self._synced = 0
        self._lock, self._sync_lock = threading.Lock(), threading.Lock()

    def entries(self) -> Iterator[Entry]:
        """Every complete entry in the order in which it was written; segments in the order they were begun."""
        for segment in sorted(self.folder.glob("[!.]*.journal")):
            yield from _read(segment)

    def append(self, content: dict[str, Any], body: bytes | None = None) -> None:
        """Write an entry. It outlives the process when this returns, and the machine after `sync`."""
        packed = b""
        if body is not None:
            packed = CODEC.compress(body, asbytes=True)
            content = {**content, "bytes": len(body), "packed": len(packed)}
        line = orjson.dumps(content) + b"\n" + packed
        with self._lock:
            if self._file is None:
                self._file = self._open()
            view = memoryview(line)
            while view:
                view = view[os.write(self._file, view) :]
            self._written += 1

    def sync(self) -> None:
        """Make what was appended so far survive a crash of the machine; calls at the same time share one flush."""
        wanted = self._written
        with self._sync_lock:
            if self._file is None or self._synced >= wanted:
                return
            covered = self._written
            os.fdatasync(self._file)
            if not self._synced:  # without its name, a flushed segment is lost all the same
                _flush_folder(self.folder)
            self._synced = covered

    def close(self) -> None:
        self.sync()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        """A new segment. It is numbered, because a clock may have been set back since the last one was begun."""
        self.folder.mkdir(parents=True, exist_ok=True)
        number = len(list(self.folder.glob("[!.]*.journal")))
        name = f"{number:06d}-{datetime.now(UTC).strftime(SEGMENT)}-{os.getpid()}.journal"
        return os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(segment: Path) -> Iterator[Entry]:
    """A segment's entries up to the first torn one, without reading the bodies."""
    size = segment.stat().st_size
    with segment.open("rb") as file:
        while line := file.readline():
            try:
                content = orjson.loads(line)
            except ValueError:
                return
            offset = file.tell()
            if not line.endswith(b"\n") or offset + content.get("packed", 0) > size:
                return
            yield Entry(content, segment, offset)
            file.seek(content.get("packed", 0), os.SEEK_CUR)

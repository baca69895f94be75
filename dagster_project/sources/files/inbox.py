"""Files on their way in: the drop folder, and the folder of received files that landing reads.

A received file is never changed and never read in part: it is copied aside, then renamed to
`received_files/<org>/<mapping>/<day>/<UTC time>__<sha12>__<name>`, which says all there is to know about it.
"""

import hashlib
import re
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from dagster_project import user_yaml
from dagster_project.sources.files.readers import check_extension

FOLDER = "received_files"
STAMP = "%Y%m%dT%H%M%S%fZ"
PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
UNFINISHED = (".part", ".tmp", ".crdownload")
SETTLE_SECONDS = 2.0
MAX_NAME = 100


@dataclass(frozen=True)
class ReceivedFile:
    """A file in the lake. `file` is its name as it came, with unusual characters replaced by `_`."""

    path: Path
    file: str
    sha256: str
    bytes: int
    received_at: datetime


def deposit(
    path: Path, mapping_name: str, lake_root: Path, org_id: str, now: datetime, move: bool = False
) -> ReceivedFile:
    """Keep a file for the partition of `now`'s UTC day; `move` removes the original once it is kept.

    The same content for the same mapping and day is kept once: the first copy is returned. Raises `FileRefused` for a
    format nobody reads and ValueError for an org or mapping that is no folder name.
    """
    check_extension(path)
    now = now.astimezone(UTC)
    folder = _folder(lake_root, org_id, mapping_name, now.date())
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{uuid.uuid4().hex}.part"
    try:
        sha256 = _copy(path, aside)
        known = next((f for f in received(lake_root, org_id, mapping_name, now.date()) if f.sha256 == sha256), None)
        if known is None:
            target = folder / f"{now.strftime(STAMP)}__{sha256[:12]}__{safe_name(path.name)}"
            aside.replace(target)
            known = _received(target)
    finally:
        aside.unlink(missing_ok=True)
    if move:
        path.unlink()
    return known


def received(lake_root: Path, org_id: str, mapping_name: str, day: date) -> list[ReceivedFile]:
    """Files of a partition in order of arrival, each content once."""
    folder = _folder(lake_root, org_id, mapping_name, day)
    files = [_received(p) for p in sorted(folder.glob("[!.]*__*__*"))] if folder.exists() else []
    # two processes may have kept the same content at the same moment; the first one counts
    return list({f.sha256: f for f in reversed(files)}.values())[::-1]


def inbox_files(
    inbox_dir: Path, mapping_dirs: Sequence[Path], *, now: float, settle_seconds: float = SETTLE_SECONDS
) -> tuple[list[tuple[Path, str]], list[Path]]:
    """What waits in the drop folder: (file, mapping name) of `inbox/<mapping>/<file>`, and files without a mapping.

    Hidden and unfinished files, and those changed in the last `settle_seconds` before `now` (a POSIX time), are left
    for the next look: somebody is still writing them.
    """
    mappings = user_yaml.available(mapping_dirs)
    ready, unmapped = [], []
    for path in sorted(inbox_dir.rglob("*")) if inbox_dir.exists() else []:
        place = path.relative_to(inbox_dir)
        if any(part.startswith(".") for part in place.parts) or path.suffix in UNFINISHED or not path.is_file():
            continue
        if now - path.stat().st_mtime < settle_seconds:
            continue
        if len(place.parts) == 2 and place.parts[0] in mappings:
            ready.append((path, place.parts[0]))
        else:
            unmapped.append(path)
    return ready, unmapped


def safe_name(name: str) -> str:
    """A file name of plain characters, at most `MAX_NAME` long, that keeps its extension."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip("._-") or "file"
    stem, suffix = Path(plain).stem, Path(plain).suffix
    return stem[: MAX_NAME - len(suffix)] + suffix


def _folder(lake_root: Path, org_id: str, mapping_name: str, day: date) -> Path:
    for part in (org_id, mapping_name):
        if not PART.fullmatch(part):
            raise ValueError(f"not a folder name: {part!r}")
    return Path(lake_root) / FOLDER / org_id / mapping_name / day.isoformat()


def _received(path: Path) -> ReceivedFile:
    stamp, _, file = path.name.split("__", 2)
    with path.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    received_at = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    return ReceivedFile(path, file, sha256, path.stat().st_size, received_at)


def _copy(source: Path, target: Path) -> str:
    """Copy a file and return the SHA-256 of exactly the bytes copied."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(1 << 20):
            digest.update(block)
            writer.write(block)
        writer.flush()
    shutil.copystat(source, target)
    return digest.hexdigest()


def received_sources(lake_root: Path, day: date) -> list[tuple[str, str]]:
    """(org, mapping name) of every partition that has files of a day, in order."""
    folders = (Path(lake_root) / FOLDER).glob(f"*/*/{day.isoformat()}")
    return sorted((folder.parent.parent.name, folder.parent.name) for folder in folders if any(folder.glob("[!.]*")))

"""The lake: Parquet files, one per partition, replaced whole.

A partition is a tuple of path parts, such as `("default", "openbrewerydb_2026", "2026-11-23")`. Its one file is written
aside and then renamed, so a reader sees the old partition or the new one, never half of one. What a table means is
said by its contract, not here.
"""

import filecmp
import json
import os
import re
import uuid
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from dagster_project.contracts import Table

PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]*")
MANIFEST = b"leadhouse.manifest"


class Lake:
    """Reads and writes contract tables under one folder."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)

    def path(self, table: Table, *parts: str) -> Path:
        """File of a partition. Raises ValueError for a part that could leave the table's folder."""
        for part in parts:
            if not PART.fullmatch(part):
                raise ValueError(f"not a partition name: {part!r}")
        return self.root.joinpath(table.name, *parts).with_name(f"{parts[-1]}.parquet")

    def write(
        self, table: Table, frames: pl.DataFrame | Iterable[pl.DataFrame], *parts: str, manifest: dict | None = None
    ) -> int:
        """Replace a partition atomically with the frames, cast to the contract; returns the rows written.

        `manifest` is kept in the file's footer. A killed write leaves only a file that readers ignore.
        """
        target = self.path(table, *parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        rows = 0
        try:
            with pq.ParquetWriter(aside, table.arrow_schema, compression="zstd", compression_level=1) as writer:
                for frame in [frames] if isinstance(frames, pl.DataFrame) else frames:
                    conformed = table.conform(frame)
                    writer.write_table(conformed.to_arrow().cast(table.arrow_schema), row_group_size=131_072)
                    rows += conformed.height
                writer.add_key_value_metadata({MANIFEST.decode(): json.dumps(manifest or {})})
            with aside.open("rb") as file:
                os.fsync(file.fileno())
            # Same bytes again: the file keeps its time, so that what is built on it sees that nothing changed.
            if not (target.exists() and filecmp.cmp(aside, target, shallow=False)):
                aside.replace(target)
                _fsync_folder(target.parent)
        finally:
            aside.unlink(missing_ok=True)
        return rows

    def scan(self, table: Table, *prefix: str) -> pl.LazyFrame:
        """All partitions below `prefix`; an empty frame of the contract's schema when there are none."""
        files = self.files(table, *prefix)
        return pl.scan_parquet(files, glob=False) if files else table.empty().lazy()

    def files(self, table: Table, *prefix: str) -> list[Path]:
        """Partition files below a prefix, in path order."""
        exact = [self.path(table, *prefix)] if prefix and self.path(table, *prefix).exists() else []
        return exact + sorted(p for p in self.root.joinpath(table.name, *prefix).rglob("[!.]*.parquet"))

    def partitions(self, table: Table, *prefix: str) -> list[tuple[str, ...]]:
        """Path parts of every partition below a prefix, in order."""
        base = self.root / table.name
        return [
            p.relative_to(base).with_name(p.name.removesuffix(".parquet")).parts for p in self.files(table, *prefix)
        ]

    def manifest(self, table: Table, *parts: str) -> dict | None:
        """What `write` kept with a partition; None when the partition does not exist."""
        path = self.path(table, *parts)
        if not path.exists():
            return None
        return json.loads((pq.read_metadata(path).metadata or {}).get(MANIFEST, b"{}"))

    def remove(self, table: Table, *parts: str) -> None:
        """Drop a partition if it is there."""
        self.path(table, *parts).unlink(missing_ok=True)


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

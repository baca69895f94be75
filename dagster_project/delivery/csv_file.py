"""The CSV destination: one file with every lead, best first, that a spreadsheet opens safely.

The file is rewritten whole, aside and then renamed, under a lock: a reader sees the old list or the new one, and the
same rows sent twice give the same bytes. What the file holds is read back from it, so a person may open, copy or delete
it; a file without our key column counts as lost and is built again.

Formula injection: a cell that a spreadsheet would run (it begins with = + - @, a tab or a line break, or the full-width
= + - @, also behind spaces) gets an apostrophe in front. A sign followed by digits alone, with at most one decimal
point, stays as it is: it is a constant in every spreadsheet, never a formula, and it is what phones (+13125550100) and
negative numbers look like, which would be useless to a dialler or a CRM with an apostrophe.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from dagster_project.delivery.outbox import OutboxRow
from dagster_project.delivery.outcomes import Outcome, Result
from dagster_project.delivery.sync import KEY, Sync

RUNS = r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]"
CONSTANT = r"^[+-][0-9]+([.][0-9]+)?$"


class CsvFile:
    """The file of one sync. Cells are text: guarded when they come in, kept as they are when they are read back."""

    def __init__(self, path: Path, sync: Sync) -> None:
        self.path = path
        self.bom = sync.destination.bom
        self.columns = [KEY, *sync.columns.values()]
        self.best_first = sync.columns.get("lead_score")

    def send(self, rows: Sequence[OutboxRow]) -> list[Result]:
        """Put rows in the file in place of the same leads' earlier ones."""
        incoming = self._frame(rows)
        with self._locked():
            kept = self._read().join(incoming, on=KEY, how="anti")
            self._write(pl.concat([kept, incoming]))
        return [Result(Outcome.DELIVERED)] * len(rows)

    def is_lost(self) -> bool:
        """Whether the file is gone or is not ours any more."""
        return self._header() is None

    def remove(self, natural_keys: Sequence[str]) -> bool:
        """Take the rows of some leads out of the file."""
        with self._locked():
            self._write(self._read().filter(~pl.col(KEY).is_in(list(natural_keys))))
        return True

    def close(self) -> None:
        """Nothing stays open between two calls."""

    def _frame(self, rows: Sequence[OutboxRow]) -> pl.DataFrame:
        """Rows as guarded text cells. A lead has one row in a batch: the outbox never leases two of its revisions."""
        payload = pl.Struct(dict.fromkeys(self.columns[1:], pl.String))
        keys = pl.Series(KEY, [row.natural_key for row in rows], dtype=pl.String)
        fields = pl.Series("payload", [row.payload for row in rows], dtype=pl.String).str.json_decode(payload)
        return pl.DataFrame([keys, fields]).unnest("payload").with_columns(guard(pl.col(n)) for n in self.columns[1:])

    def _read(self) -> pl.DataFrame:
        """The file's rows under today's columns: a new column is empty, one that is no longer sent is dropped."""
        header = self._header()
        if header is None:
            return pl.DataFrame(schema=dict.fromkeys(self.columns, pl.String))
        found = pl.read_csv(self.path, infer_schema=False, new_columns=header)
        missing = [pl.lit(None, dtype=pl.String).alias(name) for name in self.columns if name not in header]
        return found.with_columns(missing).select(self.columns)

    def _header(self) -> list[str] | None:
        """Names of the file's columns with their guard taken off; None when it has no key column."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return None
        try:
            names = pl.read_csv(self.path, infer_schema=False, n_rows=0).columns
        except pl.exceptions.PolarsError:
            return None
        ours = {_guarded(name): name for name in self.columns}
        return [ours.get(name, name) for name in names] if KEY in names else None

    def _write(self, frame: pl.DataFrame) -> None:
        score = [-pl.col(self.best_first).cast(pl.Float64, strict=False)] if self.best_first else []
        ordered = frame.sort(*score, pl.col(KEY), nulls_last=True)
        # one name for all: the lock allows one writer, and what a killed one left is overwritten, not collected
        aside = self.path.with_name(f".{self.path.name}.new")
        ordered.rename({name: _guarded(name) for name in self.columns}).write_csv(
            aside, include_bom=self.bom, line_terminator="\r\n"
        )
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time: two workers that merge into the same file would each lose the other's rows.

        The lock file stays; the system frees the lock when its holder dies.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f".{self.path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def guard(cell: pl.Expr) -> pl.Expr:
    """Text that no spreadsheet runs; empty text becomes an empty cell."""
    runs = cell.str.contains(RUNS) & ~cell.str.contains(CONSTANT)
    return pl.when(~runs & (cell != "")).then(cell).when(runs).then(pl.lit("'") + cell)


def _guarded(name: str) -> str:
    return pl.select(guard(pl.lit(name))).item()

"""What a run leaves for the next one: its tables in a DuckDB file, and what it learned beside the model.

The file is a cache. A run goes on from it only while it is the one that the published merge graph names, and makes a
new one otherwise; deleting it loses nothing but time.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb
import numpy as np

from dagster_project.resolution.grouping import Groups
from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.overrides import Override
from dagster_project.resolution.pairs import keyed, keys
from dagster_project.resolution.scoring import Scoring

# No run goes on from the file of another release, of ours or of DuckDB, whose hashes may differ.
FORMAT = f"2 {duckdb.__version__}"


# Fewer records are resolved anew in three seconds, with a prior and a threshold that are up to date.
LEAST_RECORDS = 50_000


@dataclass(frozen=True)
class Kept:
    """Where a run is kept, if it has at least so many records. `version` names the run; `files` are the staged files
    it read, each with what tells it apart from a later file of the same name."""

    path: Path
    version: str
    files: Mapping[str, str]
    least: int = LEAST_RECORDS


@dataclass(frozen=True)
class Learned:
    """What a run over all records learned: the model it used, the prior and the threshold in bits, what providers keep
    apart, how many records there were. `changed` counts those that came, changed or went in the runs since;
    `decisions` are the records of each override in force."""

    version: str
    files: Mapping[str, str]
    model_version: str
    prior: float
    apart: Mapping[str, float]
    bits: float
    records: int
    decisions: Mapping[str, list[str]]
    changed: int = 0
    format: str = FORMAT

    @property
    def scoring(self) -> Scoring:
        """As weighing a pair takes it."""
        return Scoring(self.prior, dict(self.apart))

    def after(self, kept: Kept, overrides: Iterable[Override], changed: int) -> "Learned":
        """The same, once a run has gone on from here."""
        return replace(
            self,
            version=kept.version,
            files=kept.files,
            decisions=decisions(overrides),
            changed=self.changed + changed,
        )


def decisions(overrides: Iterable[Override]) -> dict[str, list[str]]:
    """The records that each override names."""
    return {o.override_id: [*o.left_records, *o.right_records] for o in overrides}


def keep_run(con: duckdb.DuckDBPyConnection, path: Path, kind: Kind, learned: Learned, groups: Groups) -> None:
    """Write a run to its file, aside first: `all_records`, `all_scored`, `usual`, the records' `keys`, the cluster and
    component of each record (`clustered`), and what it learned."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    aside.unlink(missing_ok=True)
    con.execute(f"attach '{str(aside).replace(chr(39), chr(39) * 2)}' as kept")
    con.execute("create table kept.all_records as select * from records")
    con.execute("create table kept.all_scored as select * from scored")
    con.execute("create table kept.usual as select * from usual")
    con.execute(f"create table kept.keys as {keyed(keys(kind), 'records')}")
    write_clusters(con, np.arange(len(groups.clusters)), groups, "kept.clustered")
    write_learned(con, learned, "kept.learned")
    con.execute("detach kept")
    aside.replace(path)


def write_clusters(
    con: duckdb.DuckDBPyConnection, records: np.ndarray, groups: Groups, into: str = "clustered"
) -> None:
    """Replace the table of clusters: numbers of records, and the cluster and component of each."""
    found = {"id": records, "cluster": groups.clusters[records], "component": groups.components[records]}
    con.register("found", {name: values.astype(np.int32) for name, values in found.items()})
    con.execute(f"create or replace table {into} as select id, cluster, component from found")  # noqa: S608
    con.unregister("found")


def write_learned(con: duckdb.DuckDBPyConnection, learned: Learned, into: str = "learned") -> None:
    """Replace what was learned."""
    con.execute(f"create or replace table {into} as select ? as content", [json.dumps(asdict(learned))])


def read_learned(con: duckdb.DuckDBPyConnection) -> Learned | None:
    """What was learned; None from a file of another format."""
    content = json.loads(con.execute("select content from learned").fetchone()[0])
    return Learned(**content) if content.get("format") == FORMAT else None

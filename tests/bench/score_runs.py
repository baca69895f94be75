"""What the benchmarks of the scores share: a house without a lake, dbt on it, and the seconds of its models."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from dagster_project import contracts, settings
from dagster_project.assets.warehouse import MIRRORED
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import PROJECT_ROOT
from tests.bench.bench_walk import temporary_house

DBT = PROJECT_ROOT / "dbt"


@dataclass(frozen=True)
class Bench:
    """A warehouse and a folder for what dbt writes."""

    warehouse: Warehouse
    folder: Path

    def dbt(self, *arguments: str) -> dict[str, float]:
        """Run dbt; returns the seconds of every node it ran."""
        target = self.folder / "target"
        places = {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(self.folder / "logs")}
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("dbt")),
                *arguments,
                "--project-dir",
                str(DBT),
                "--profiles-dir",
                str(DBT),
            ],
            env={**os.environ, **self.warehouse.dbt_env(), **places, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stdout[-4000:])
        results = json.loads((target / "run_results.json").read_text())["results"]
        return {result["unique_id"].split(".")[2]: result["execution_time"] for result in results}

    def compiled(self, analysis: str, **variables: str) -> str:
        """The SQL of a file in dbt/analyses with these variables."""
        self.dbt("compile", "--select", analysis, "--vars", json.dumps(variables))
        return next((self.folder / "target" / "compiled").rglob(f"{analysis}.sql")).read_text()

    def count(self, relation: str, condition: str = "true") -> int:
        return self.warehouse.query(f"select count(*) from {relation} where {condition}").item()


@contextmanager
def score_bench(folder: Path) -> Iterator[Bench]:
    """A house in an empty folder whose mirror has every table, all of them empty."""
    with temporary_house(folder / "data"):
        bench = Bench(Warehouse(settings.load()).ensure(), folder)
        for table in MIRRORED:
            bench.warehouse.mirror(table, table.empty())
        yield bench


def of_days(start: date, end: date) -> list[str]:
    """What makes dbt score the days from `start` to `end`, both included."""
    return ["--event-time-start", f"{start}", "--event-time-end", f"{end + timedelta(days=1)}"]


def load_leads(bench: Bench, org_id: str, leads: pl.DataFrame) -> None:
    """Mirror leads (key, lead_id as text, known_at) as one record each of the provider `bench`."""
    records = leads.select(
        org_id=pl.lit(org_id),
        record_id="lead_id",
        provider=pl.lit("bench"),
        provider_key="key",
        source=pl.lit("bench"),
        partition_date=pl.col("known_at").dt.date(),
        fetched_at="known_at",
        payload_hash="key",
        name="key",
        name_key="key",
        vertical=pl.lit("other"),
        provenance=pl.lit('{"name": 0.9}'),
    )
    mapped = leads.select(
        org_id=pl.lit(org_id),
        kind=pl.lit("business"),
        record_id="lead_id",
        lead_id="lead_id",
        matched_by=pl.lit("bench"),
        valid_from="known_at",
    )
    bench.warehouse.mirror(contracts.STAGED_RECORDS, records)
    bench.warehouse.mirror(contracts.LEAD_MAP, mapped)

"""The same records on DuckDB and on a Spark cluster: the same pairs, weights, edges and leads, to the last bit."""

import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.contracts import LEAD_MAP
from dagster_project.resolution import spark
from dagster_project.resolution.engines import SparkCluster, SparkFailed
from dagster_project.resolution.runner import Resolution, resolve
from dagster_project.resolution.weights import weigh
from tests.bench.bench_resolution import NOW, ORG, sets
from tests.resolution.test_runner import town
from tests.spark.cluster import WORKERS, Cluster

pytestmark = pytest.mark.spark

OWN = ("demo businesses", "demo people")
SHARED = ("Chicago early childhood sites", "febrl 3", "synthetic 5,000 seed 7")


def resolved(records: list[Path] | pl.LazyFrame, kind: str, engine: SparkCluster | None = None, org: str = ORG):
    return resolve(records, kind, org_id=org, previous=LEAD_MAP.empty(), now=NOW, engine=engine)


def assert_agree(there: Resolution, here: Resolution) -> None:
    for told in ("records", "pairs_by_rule", "prior", "apart", "threshold_bits", "clusters"):
        assert there.stats[told] == here.stats[told], told
    for frame in ("merge_graph", "lead_map", "current", "review"):
        assert_frame_equal(getattr(there, frame), getattr(here, frame), check_exact=True)


def compare(name: str, folder: Path, engine: SparkCluster) -> None:
    files, kind, _ = dict(sets([5_000], [7]))[name](folder)
    here = resolved(files, kind)
    assert here.stats["clusters"] < here.stats["records"]
    assert_agree(resolved(files, kind, engine), here)
    assert list(engine.folder.iterdir()) == []


@pytest.mark.parametrize("name", OWN)
def test_generated_records_become_the_same_leads(name: str, cluster: Cluster, exchange: Path, tmp_path: Path):
    compare(name, tmp_path, SparkCluster(cluster.master, exchange))
    assert cluster.state()["completedapps"][0]["cores"] == WORKERS, "the run was on the cluster, on both workers"


@pytest.mark.shared
@pytest.mark.parametrize("name", SHARED)
def test_the_teams_records_become_the_same_leads(
    name: str, shared_dir: Path, cluster: Cluster, exchange: Path, tmp_path: Path
):
    compare(name, tmp_path, SparkCluster(cluster.master, exchange))


@pytest.mark.parametrize("records", [0, 1])
def test_nothing_and_next_to_nothing_can_be_resolved(records: int, cluster: Cluster, exchange: Path):
    few = town(2).head(records).lazy()
    there = resolved(few, "business", SparkCluster(cluster.master, exchange), "acme")
    assert there.lead_map.height == records
    assert_agree(there, resolved(few, "business", org="acme"))


def test_the_command_takes_the_engine_and_the_environment_its_master(cluster: Cluster, tmp_path: Path):
    mapping = "kind: business\nkey: id\nfields: {name: name, phone: phone}\nconstants: {country: US}\n"
    (tmp_path / "shops.yaml").write_text(mapping)
    (tmp_path / "a.csv").write_text("id,name,phone\n1,Amber Heron,5035551234\n2,Amber Heron,5035551234\n")
    command = ["resolve", f"{tmp_path}/a.csv={tmp_path}/shops.yaml", "--kind", "business", "--json"]
    command += ["--out", f"{tmp_path}/out.parquet", "--engine", "spark"]
    environment = {"LEADHOUSE_SPARK_MASTER": cluster.master, "LEADHOUSE_SPARK_FOLDER": str(tmp_path / "exchange")}
    before = len(cluster.state()["completedapps"])
    done = CliRunner(env=environment).invoke(app, command)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["clusters"] == 1
    assert len(cluster.state()["completedapps"]) == before + 1


def test_a_master_that_does_not_answer_is_told_in_a_sentence(cluster: Cluster, tmp_path: Path):
    (tmp_path / "shops.yaml").write_text("kind: business\nkey: id\nfields: {name: name}\n")
    (tmp_path / "a.csv").write_text("id,name\n1,Amber Heron\n")
    command = ["resolve", f"{tmp_path}/a.csv={tmp_path}/shops.yaml", "--kind", "business", "--engine", "spark"]
    environment = {"LEADHOUSE_SPARK_MASTER": "spark://127.0.0.1:1"}
    done = CliRunner(env=environment).invoke(app, [*command, "--out", f"{tmp_path}/out.parquet"])
    assert done.exit_code == 1
    assert "no Spark master answers at spark://127.0.0.1:1" in done.stderr


def test_a_worker_that_fails_is_told_by_its_cause(cluster: Cluster, exchange: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spark, "weigh", lambda model: f"{weigh(model)} -- of tomorrow")
    with pytest.raises(SparkFailed, match="failed: RuntimeError: this worker has another version of Leadhouse"):
        resolved(town().lazy(), "business", SparkCluster(cluster.master, exchange), "acme")
    assert list(exchange.iterdir()) == []

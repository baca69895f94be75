"""What the Spark engine hands to a cluster and does in its tasks, without a cluster and without pyspark."""

import sys
from contextlib import closing

import polars as pl
import pytest
import sqlglot
from polars.testing import assert_frame_equal

from dagster_project.resolution import spark
from dagster_project.resolution.comparable import connect, load
from dagster_project.resolution.engines import SparkCluster, chosen, opened
from dagster_project.resolution.kinds import KINDS, kind_named
from dagster_project.resolution.model import shipped_model
from dagster_project.resolution.pairs import block
from dagster_project.resolution.spark_session import SparkFailed
from dagster_project.resolution.weights import weigh, weigh_above
from dagster_project.settings import InvalidSettings, Settings
from dagster_project.settings import load as load_settings
from tests.resolution.conftest import staged
from tests.resolution.test_runner import town

FLOOR, RAREST = -20.0, 1e-5


@pytest.fixture(params=list(KINDS))
def loaded(request):
    """A database with records, their pairs, and the kind."""
    people = [
        {"key": str(n), "name_key": f"ann{n % 3} lee", "first_name": f"Ann{n % 3}", "last_name": "Lée", "city": "Bonn"}
        for n in range(12)
    ]
    frame = town() if request.param == "business" else staged("person", *people)
    kind = kind_named(request.param)
    with closing(connect("1GB", 1, None)) as con:
        load(con, frame.lazy(), kind)
        block(con, kind)
        yield con, kind


def test_records_that_share_keys_are_the_pairs_of_the_blocking_rules(loaded):
    con, kind = loaded
    keys = [f"k{n}" for n in range(max(len(rule.columns) for rule in kind.blocking_rules.values()))]
    same = " and ".join(f"l.{key} is not distinct from r.{key}" for key in keys)
    sized = f"select *, count(*) over (partition by rule, {', '.join(keys)}) as size from ({spark.block_keys(kind)})"
    grouped = con.sql(
        f"""with keyed as (from ({sized}) where size <= most)
            select l.id as id_l, r.id as id_r, min(l.rule) as rule
            from keyed l join keyed r on l.rule = r.rule and l.id < r.id and {same} group by all"""
    ).pl()
    assert grouped.height > 0
    assert_frame_equal(grouped, con.table("pairs").pl(), check_row_order=False)


def test_a_task_weighs_its_pairs_as_this_process_does(loaded):
    con, kind = loaded
    model = shipped_model(kind)
    weigh_above(con, model, FLOOR, RAREST, "here")
    columns = ", ".join(spark.compared_columns(model, con.table("records").columns))
    con.execute(f"create view handed as select {columns} from records")
    sides = con.sql("select p.*, l, r from pairs p join handed l on l.id = id_l join handed r on r.id = id_r")
    batches = sides.to_arrow_table().to_batches(max_chunksize=7)
    assert len(batches) > 1
    done = spark.weigh_batches(model, weigh(model), FLOOR, RAREST, iter(batches))
    there = pl.concat([pl.from_arrow(batch) for batch in done])
    assert there.height > 0
    assert_frame_equal(there, con.table("here").pl(), check_row_order=False, check_exact=True)


def test_the_columns_that_spark_is_promised_are_those_that_come(loaded):
    con, kind = loaded
    model = shipped_model(kind)
    weigh_above(con, model, FLOOR, RAREST, "here")
    promised = [column.split() for column in spark.weighed_schema(model).split(", ")]
    come = con.table("here")
    spelt = {"INTEGER": "int", "TINYINT": "tinyint", "DOUBLE": "double"}
    assert promised == [[name, spelt[str(kind)]] for name, kind in zip(come.columns, come.types, strict=True)]


@pytest.mark.parametrize("query", [spark.PAIRS.format(columns="k0, k1"), spark.BOTH_SIDES])
def test_the_statements_for_spark_are_sparks(query):
    tables = {name: name for name in ("keys", "pairs", "records")}
    assert sqlglot.parse_one(query.format(**tables), dialect="spark")


def test_a_worker_of_another_version_refuses():
    model = shipped_model(kind_named("person"))
    with pytest.raises(RuntimeError, match="another version of Leadhouse"):
        next(spark.weigh_batches(model, "select 1", FLOOR, RAREST, iter([])))


def test_without_pyspark_the_engine_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with (
        pytest.raises(SparkFailed, match=r"needs pyspark.*leadhouse\[spark\]"),
        opened(SparkCluster("local", tmp_path)),
    ):
        pass


def test_the_settings_choose_the_engine(tmp_path):
    assert chosen(Settings(_env_file=None)) is None
    conf = Settings(_env_file=None, resolution_engine="spark", spark_master="spark://a:7077", data_dir=tmp_path)
    assert chosen(conf) == SparkCluster("spark://a:7077", tmp_path / "spark")


@pytest.mark.parametrize("wrong", [{"spark_master": "sparc://a:7077"}, {"resolution_engine": "flink"}])
def test_a_wrong_engine_or_master_is_told_before_anything_starts(wrong):
    with pytest.raises(InvalidSettings, match=f"LEADHOUSE_{next(iter(wrong)).upper()}: "):
        load_settings(**wrong)

"""A pair's evidence: the same as Splink's, and the same whether or not weak pairs are left out early."""

import duckdb
import polars as pl
import pytest

from dagster_project.resolution.comparable import connect, load
from dagster_project.resolution.kinds import KINDS
from dagster_project.resolution.model import shipped_model
from dagster_project.resolution.pairs import block
from dagster_project.resolution.weights import weigh, weigh_above
from tests.resolution.test_runner import town

BUSINESS = KINDS["business"]
KEYS = ["id_l", "id_r"]


@pytest.fixture(scope="module")
def con():
    with connect("1GB", 1, None) as con:
        load(con, town(120).lazy(), BUSINESS)
        block(con, BUSINESS)
        yield con


def evidence(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    return con.sql(weigh(shipped_model(BUSINESS))).pl().sort(KEYS)


def test_the_evidence_is_what_splink_predicts_less_the_prior(con):
    from splink import DuckDBAPI, Linker

    model = shipped_model(BUSINESS)
    prior = model.spec["probability_two_random_records_match"]
    api = DuckDBAPI(con)
    linker = Linker(api.register("records"), model.settings, log_level="ERROR")
    for column in [*BUSINESS.rarity_columns, *BUSINESS.hubs]:
        con.execute(f"create or replace table share_{column} as select distinct {column}, tf_{column} from records")
        linker.table_management.register_term_frequency_lookup(api.register(f"share_{column}"), column)
    con.execute(
        "create or replace table blocked as select '0' as match_key, id_l as join_key_l, id_r as join_key_r from pairs"
    )
    linker.table_management.register_blocked_pairs_for_predict(api.register("blocked"))
    predicted = linker.inference.predict(warning_mode="never").as_duckdbpyrelation().pl().sort(KEYS)
    ours = evidence(con)
    assert ours.height == predicted.height > 50
    start = pl.Series([prior]).log(2) - pl.Series([1 - prior]).log(2)
    apart = (ours["evidence"] + start.item() - predicted["match_weight"]).abs().max()
    assert apart < 1e-3


def test_leaving_out_weak_pairs_early_changes_no_other(con):
    every = evidence(con)
    floor = every["evidence"].median()
    weigh_above(con, shipped_model(BUSINESS), floor, rarest=1e-5, into="strong")
    strong = con.table("strong").pl().sort(KEYS)
    assert strong.equals(every.filter(pl.col("evidence") >= floor))
    assert 0 < strong.height < every.height

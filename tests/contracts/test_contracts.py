"""Every contract can be rendered for every engine, and says what is wrong with a frame that breaks it."""

import datetime as dt

import polars as pl
import pytest

from dagster_project.contracts import FIELDS, LEAD_ALIASES, TABLES, Column, ContractError, Table, Type

ALIAS = {
    "org_id": "default",
    "kind": "business",
    "alias_id": "0b0f1c0e-0000-4000-8000-000000000001",
    "lead_id": "0b0f1c0e-0000-4000-8000-000000000002",
    "valid_from": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_a_contract_renders_for_every_engine(table: Table):
    assert table.arrow_schema.names == table.names
    assert table.key[0] == "org_id"
    assert table.postgres_ddl("lake").count("\n") == len(table.columns) + 2
    assert all(column.description in table.markdown() for column in table.columns)
    assert list(table.violations(table.empty().lazy())) == []


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_descriptions_are_sentences_and_the_grain_completes_one(table: Table):
    assert table.description.endswith(".")
    assert not table.grain.endswith(".")
    assert all(column.description.endswith(".") for column in table.columns)


def test_conform_orders_casts_and_fills_absent_columns():
    frame = LEAD_ALIASES.conform(pl.DataFrame([dict(reversed(ALIAS.items()))]))
    assert frame.schema == LEAD_ALIASES.polars_schema


def test_conform_refuses_a_column_the_contract_lacks():
    with pytest.raises(ContractError, match="colour"):
        LEAD_ALIASES.conform(pl.DataFrame([ALIAS | {"colour": "red"}]))


def test_conform_names_the_table_when_a_value_cannot_be_cast():
    with pytest.raises(ContractError, match="lead_aliases"):
        LEAD_ALIASES.conform(pl.DataFrame([ALIAS | {"valid_from": "yesterday"}]))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([ALIAS, ALIAS], "2 rows with duplicate keys"),
        ([ALIAS | {"lead_id": None}], "1 rows with null lead_id"),
    ],
)
def test_violations_count_what_is_wrong(rows: list[dict], sentence: str):
    frame = LEAD_ALIASES.conform(pl.DataFrame(rows))
    assert list(LEAD_ALIASES.violations(frame.lazy())) == [sentence]


def test_violations_name_a_column_of_the_wrong_type():
    frame = LEAD_ALIASES.conform(pl.DataFrame([ALIAS])).with_columns(valid_from=pl.lit("2026"))
    assert list(LEAD_ALIASES.violations(frame.lazy())) == [
        "column valid_from is String, the contract says Datetime(time_unit='us', time_zone='UTC')"
    ]


def test_a_contract_refuses_a_key_it_does_not_declare():
    with pytest.raises(ValueError, match="unknown columns"):
        Table("t", "T.", "row", ("nowhere",), (Column("a", Type.TEXT, "A."),))


def test_mapping_fields_exist_for_every_kind_of_record():
    assert set(FIELDS) == {"business", "person", "event", "deal", "activity", "outcome", "suppression"}

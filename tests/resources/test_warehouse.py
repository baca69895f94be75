"""The warehouse: whichever PostgreSQL, its roles, migrations and reads."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import polars as pl
import psycopg
import pytest

from dagster_project.contracts import ALERTS
from dagster_project.resources import warehouse_url
from dagster_project.resources.postgres_binaries import PostgresError
from dagster_project.resources.warehouse import SCHEMAS, Warehouse, WarehouseError
from dagster_project.settings import PROJECT_ROOT
from tests.conftest import at_url

NOW = dt.datetime(2026, 11, 23, 12, 30, 15, 123456, tzinfo=dt.UTC)


def test_every_spelling_of_the_scheme_is_understood() -> None:
    for url in ("postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg2://u:p@h/d"):
        assert warehouse_url.normalise(url) == "postgresql://u:p@h/d"


@pytest.mark.parametrize(
    "url", ["mysql://u:secret@h/d", "secret", "postgresql://u:secret@h:secret/d", "postgresql://u:se/secret@h/d"]
)
def test_an_unreadable_url_is_named_without_its_content(url: str) -> None:
    with pytest.raises(PostgresError, match="DATABASE_URL is no PostgreSQL URL") as error:
        warehouse_url.normalise(url)
    assert "secret" not in str(error.value)


def test_rendering_keeps_options_and_changes_database_and_driver() -> None:
    url = "postgresql://u:p@h:1/d?sslmode=require"
    assert (
        warehouse_url.render(url, database="x", driver="psycopg2") == "postgresql+psycopg2://u:p@h:1/x?sslmode=require"
    )


def test_database_url_wins_and_reaches_dbt_in_parts(tmp_path: Path) -> None:
    warehouse = at_url("postgres://ann:p%40ss@db.example:6432/crm?sslmode=require", tmp_path)
    assert warehouse.embedded is None
    assert warehouse.owner_url(driver="psycopg2").startswith("postgresql+psycopg2://ann:")
    assert warehouse.dbt_env() == {
        "LEADHOUSE_PG_HOST": "db.example",
        "LEADHOUSE_PG_PORT": "6432",
        "LEADHOUSE_PG_USER": "ann",
        "LEADHOUSE_PG_PASSWORD": "p@ss",
        "LEADHOUSE_PG_DBNAME": "crm",
        "LEADHOUSE_PG_SSLMODE": "require",
    }


def test_a_server_that_does_not_answer_is_named_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"ann@127.0.0.1:1/crm.*Check DATABASE_URL") as error:
        at_url("postgresql://ann:hidden@127.0.0.1:1/crm", tmp_path).connect()
    assert "hidden" not in str(error.value)
    assert error.value.__suppress_context__


def test_importing_the_warehouse_imports_nothing_heavy() -> None:
    script = (
        "import sys, dagster_project.resources.warehouse; "
        "print([m for m in ('alembic', 'sqlalchemy', 'polars', 'pyarrow', 'dagster') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT_ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.integration
def test_migrating_again_changes_nothing_and_the_head_is_the_newest_file(clean_warehouse: Warehouse) -> None:
    before = clean_warehouse.query("select xmin::text, version_num from ops.alembic_version")
    clean_warehouse.migrate()
    assert clean_warehouse.query("select xmin::text, version_num from ops.alembic_version").equals(before)
    files = (PROJECT_ROOT / "dagster_project/migrations/versions").glob("[0-9]*.py")
    assert before["version_num"].to_list() == [max(files).name[:4]]


@pytest.mark.integration
def test_migrations_that_run_at_once_build_one_schema(warehouse: Warehouse, tmp_path: Path) -> None:
    with warehouse.connect("dagster", autocommit=True) as connection:
        connection.execute("create database empty_for_race")
    url = warehouse.owner_url("empty_for_race")
    script = (
        "import sys; from pathlib import Path; from tests.conftest import at_url; at_url(sys.argv[1], Path()).ensure()"
    )
    racers = [subprocess.Popen([sys.executable, "-c", script, url], cwd=PROJECT_ROOT) for _ in range(3)]
    assert [racer.wait() for racer in racers] == [0, 0, 0]
    found = at_url(url, tmp_path).query("select nspname from pg_namespace")["nspname"]
    assert set(SCHEMAS) <= set(found)
    with warehouse.connect("dagster", autocommit=True) as connection:
        connection.execute("drop database empty_for_race with (force)")


@pytest.mark.integration
def test_the_migrated_alerts_are_those_of_the_contract(clean_warehouse: Warehouse) -> None:
    clean_warehouse.mirror(ALERTS, ALERTS.empty())
    columns = """
      select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute
      where attrelid = to_regclass(%s) and attnum > 0 order by attnum
    """
    migrated, declared = (clean_warehouse.query(columns, [f"{schema}.alerts"]) for schema in ("ops", "lake"))
    assert migrated.equals(declared)


@pytest.mark.integration
def test_every_operational_table_with_a_tenant_isolates_it(clean_warehouse: Warehouse) -> None:
    open_tables = clean_warehouse.query("""
      select relname from pg_class c
      where relnamespace = 'ops'::regnamespace and relkind = 'r'
        and exists (select from pg_attribute where attrelid = c.oid and attname = 'org_id')
        and not (relrowsecurity and exists (select from pg_policy where polrelid = c.oid))
    """)
    assert open_tables.is_empty()


@pytest.mark.integration
def test_app_sees_only_its_tenant_and_without_one_nothing(two_tenants: Warehouse) -> None:
    for org, rows in (("a", 2), ("b", 1), ("c", 0), ("", 0)):
        with two_tenants.app(org) as connection:
            assert connection.execute("select count(*) from lake.alerts").fetchone()[0] == rows
    with two_tenants.connect() as connection:
        connection.execute("set local role app")
        assert connection.execute("select count(*) from lake.alerts").fetchone()[0] == 0
        connection.rollback()
        assert connection.execute("select count(*) from lake.alerts").fetchone()[0] == 3


@pytest.mark.integration
def test_app_cannot_write_another_tenants_rows(clean_warehouse: Warehouse) -> None:
    insert = "insert into ops.batches (org_id, batch_id) values (%s, 'b1')"
    with clean_warehouse.app("a") as connection:
        connection.execute(insert, ["a"])
    with pytest.raises(psycopg.errors.InsufficientPrivilege), clean_warehouse.app("a") as connection:
        connection.execute(insert, ["b"])
    with clean_warehouse.app("b") as connection:
        assert connection.execute("delete from ops.batches").rowcount == 0
    assert clean_warehouse.query("select org_id from ops.batches")["org_id"].to_list() == ["a"]


@pytest.mark.integration
def test_app_cannot_hang_an_attempt_on_another_tenants_delivery(clean_warehouse: Warehouse) -> None:
    with clean_warehouse.app("a") as connection:
        outbox_id = connection.execute(
            "insert into ops.delivery_outbox (org_id, destination, natural_key, revision, idempotency_key) "
            "values ('a', 'csv', 'k', 1, 'i') returning outbox_id"
        ).fetchone()[0]
    assert outbox_id.version == 7
    with pytest.raises(psycopg.errors.ForeignKeyViolation), clean_warehouse.app("b") as connection:
        connection.execute(
            "insert into ops.delivery_attempts (org_id, outbox_id, outcome) values ('b', %s, 'ok')", [outbox_id]
        )


@pytest.mark.integration
def test_app_can_only_read_the_mirror(two_tenants: Warehouse) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), two_tenants.app("a") as connection:
        connection.execute("delete from lake.alerts")


@pytest.mark.integration
def test_types_of_a_read_do_not_depend_on_its_rows(two_tenants: Warehouse) -> None:
    read = """
      select alert_id, created_at, 1.5::numeric as n, 2::bigint as i, array['x'] as list, '{}'::jsonb as j, true as b
      from lake.alerts where org_id = %(org)s
    """
    full, empty = two_tenants.query(read, {"org": "a"}), two_tenants.query(read, {"org": "nobody"})
    assert (
        full.schema
        == empty.schema
        == pl.Schema(
            {
                "alert_id": pl.String,
                "created_at": pl.Datetime("us", "UTC"),
                "n": pl.Float64,
                "i": pl.Int64,
                "list": pl.List(pl.String),
                "j": pl.String,
                "b": pl.Boolean,
            }
        )
    )
    assert full["created_at"][0] == NOW


@pytest.mark.integration
def test_dagsters_database_is_made_when_missing_and_permitted(
    warehouse: Warehouse, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("dagster_project.resources.warehouse.DAGSTER", "dagster_new")
    with psycopg.connect(warehouse.embedded.url("postgres", role="postgres"), autocommit=True) as admin:
        admin.execute("create role pauper login password 'p'")
        url = warehouse.owner_url("postgres")
        poor = at_url(url.replace(f"owner:{warehouse.embedded.password()}@", "pauper:p@"), tmp_path)
        with pytest.raises(WarehouseError, match="LEADHOUSE_DAGSTER_DATABASE_URL"):
            poor.dagster_url()
        for _ in range(2):
            assert "/dagster_new?" in at_url(url, tmp_path).dagster_url()
        admin.execute("drop database dagster_new")
        admin.execute("drop role pauper")


@pytest.mark.integration
def test_the_warehouse_comes_back_after_its_server_was_stopped(warehouse: Warehouse) -> None:
    warehouse.embedded.stop()
    assert warehouse.query("select 1").item() == 1

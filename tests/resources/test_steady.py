"""Connections that stay open: one tenant and one transaction at a time on each, as many at once as there are."""

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from dagster_project.resources.steady import SteadyApp
from dagster_project.resources.warehouse import Warehouse

pytestmark = pytest.mark.integration

WHO = "select current_user, current_setting('app.org_id'), pg_backend_pid()"


def who(connect: SteadyApp, org_id: str) -> tuple[str, str, int]:
    with connect(org_id) as connection:
        return connection.execute(WHO).fetchone()


def test_each_transaction_is_that_of_its_own_tenant_on_the_same_connection(clean_warehouse: Warehouse):
    connect = SteadyApp(clean_warehouse)
    first, second = who(connect, "a"), who(connect, "b")
    connect.close()
    assert (first[:2], second[:2]) == (("app", "a"), ("app", "b"))
    assert first[2] == second[2]


def test_threads_work_side_by_side_on_so_many_connections_and_no_more(clean_warehouse: Warehouse):
    connect, both = SteadyApp(clean_warehouse, 2), threading.Barrier(2)

    def work(number: int) -> int:
        with connect("a") as connection:
            both.wait(timeout=20)  # passes only where two transactions are open at once
            return connection.execute(WHO).fetchone()[2]

    with ThreadPoolExecutor(4) as pool:
        used = set(pool.map(work, range(4)))
    connect.close()
    assert len(used) == 2


def test_a_connection_that_broke_is_opened_anew(clean_warehouse: Warehouse):
    connect = SteadyApp(clean_warehouse)
    broken = who(connect, "a")[2]
    with clean_warehouse.connect() as connection:
        connection.execute("select pg_terminate_backend(%s, 5000)", [broken])
    with pytest.raises(psycopg.OperationalError):
        who(connect, "a")
    assert who(connect, "a")[2] != broken
    connect.close()

"""One connection kept open for many short transactions of a tenant: what every call to a provider needs twice.

Opening a connection costs some 8 ms, a transaction on an open one half a millisecond. The rules are those of
`Warehouse.app`: role `app`, one tenant, one transaction.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from dagster_project.resources.warehouse import APP, Warehouse


class SteadyApp:
    """Call it with a tenant for a transaction. Threads take turns; a connection that broke is opened anew."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self._connection: psycopg.Connection | None = None
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self, org_id: str) -> Iterator[psycopg.Connection]:
        with self._lock:
            if self._connection is None or self._connection.closed:
                self._connection = self.warehouse.connect(autocommit=True)
            with self._connection.transaction():
                self._connection.execute("select set_config('app.org_id', %s, true)", [org_id])
                self._connection.execute(sql.SQL("set local role {}").format(sql.Identifier(APP)))
                yield self._connection

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

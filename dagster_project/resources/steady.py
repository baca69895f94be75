"""Connections kept open for many short transactions of a tenant: what every call to a provider needs twice.

Opening a connection costs some 8 ms, a transaction on an open one half a millisecond. The rules are those of
`Warehouse.app`: role `app`, one tenant, one transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import LifoQueue

import psycopg

from dagster_project.resources.warehouse import APP, Warehouse

# One statement for both: each trip to the server costs as much as the statement.
ENTER = "select set_config('app.org_id', %s, true), set_config('role', %s, true)"


class SteadyApp:
    """Call it with a tenant for a transaction. Threads take turns at its connections, of which there are one or more;
    one that broke is opened anew."""

    def __init__(self, warehouse: Warehouse, connections: int = 1) -> None:
        self.warehouse, self.connections = warehouse, connections
        # the one that was used last is taken first: what is not needed is never opened
        self._idle: LifoQueue[psycopg.Connection | None] = LifoQueue()
        for _ in range(connections):
            self._idle.put(None)

    @contextmanager
    def __call__(self, org_id: str) -> Iterator[psycopg.Connection]:
        connection = self._idle.get()
        try:
            if connection is None or connection.closed:
                connection = None
                connection = self.warehouse.connect(autocommit=True)
            with connection.transaction():
                connection.execute(ENTER, [org_id, APP])
                yield connection
        finally:
            self._idle.put(connection)

    def close(self) -> None:
        """Close the connections, after the transactions that are open; one that is needed later is opened again."""
        for connection in [self._idle.get() for _ in range(self.connections)]:
            if connection is not None:
                connection.close()
            self._idle.put(None)

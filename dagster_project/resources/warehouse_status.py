"""What `leadhouse db status` tells of the server: one look, which starts nothing."""

from dataclasses import dataclass
from datetime import timedelta

from dagster_project.resources import warehouse_url
from dagster_project.resources.warehouse import Warehouse

QUERY = """
select current_setting('server_version'), extract(epoch from now() - pg_postmaster_start_time())::float8,
  current_setting('listen_addresses')
"""
# the size of another owner's database may be asked by nobody else
SIZES = """
select datname, pg_database_size(oid) from pg_database
where not datistemplate and has_database_privilege(oid, 'connect') order by datname
"""


@dataclass(frozen=True)
class Status:
    """State of the server; `databases` maps names to bytes, `tcp` is host:port when it listens on one."""

    running: bool
    embedded: bool
    place: str
    version: str | None = None
    pid: int | None = None
    port: int | None = None
    socket_dir: str | None = None
    tcp: str | None = None
    uptime_seconds: int | None = None
    databases: dict[str, int] | None = None

    @property
    def uptime(self) -> timedelta | None:
        return None if self.uptime_seconds is None else timedelta(seconds=self.uptime_seconds)


def status(warehouse: Warehouse) -> Status:
    """Ask the server. A stopped embedded one is told as such; raises WarehouseError when yours does not answer."""
    server = warehouse.embedded
    if server and not server.is_ready():
        return Status(running=False, embedded=True, place=str(server.root))
    with warehouse.connect() as connection:
        version, uptime, listens = connection.execute(QUERY).fetchone()
        databases = dict(connection.execute(SIZES).fetchall())
    found = {"version": version, "uptime_seconds": int(uptime), "databases": databases}
    if server is None:
        return Status(running=True, embedded=False, place=warehouse_url.place(warehouse.owner_url()), **found)
    return Status(
        running=True,
        embedded=True,
        place=str(server.root),
        pid=server.pid,
        port=server.port,
        socket_dir=str(server.socket_dir),
        tcp=f"{listens}:{server.port}" if listens else None,
        **found,
    )

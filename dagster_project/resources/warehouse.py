"""The warehouse: one PostgreSQL, yours (DATABASE_URL) or the embedded one, and the ways to use it.

Two roles: the owner (migrations, dbt, loading) sees every tenant; `app` sees the rows of one. What the tables mean is
said by contracts, migrations and dbt models, not here.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from dagster_project.resources import warehouse_url
from dagster_project.resources.embedded_postgres import EmbeddedPostgres
from dagster_project.resources.postgres_binaries import PostgresError
from dagster_project.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from dagster_project.contracts import Table

LEADS, DAGSTER = "leads", "dagster"
APP = "app"
SCHEMAS = ("lake", "staging", "intermediate", "marts", "seeds", "ops")
MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
CONNECT_SECONDS = 10


class WarehouseError(PostgresError):
    """The warehouse cannot be used; the message says what to check and never holds a password."""


class Warehouse:
    """PostgreSQL as the settings name it. Nothing is started or connected before the first use."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def embedded(self) -> EmbeddedPostgres | None:
        """The project's own server, not yet started; None when DATABASE_URL is set."""
        if self.settings.database_url is not None:
            return None
        return EmbeddedPostgres(self.settings.data_dir / "pg", tcp=self.settings.pg_tcp, bin_dir=self.settings.pg_bin)

    def ensure(self) -> "Warehouse":
        """Start the server if it is the embedded one, and migrate. Cheap when there is nothing to do: about 25 ms."""
        self.migrate()
        return self

    def owner_url(self, db: str = LEADS, driver: str = "") -> str:
        """URL with the password; `db` is leads, dagster or any other database of the server, `driver` SQLAlchemy's."""
        return warehouse_url.render(self._url, database=None if db == LEADS else db, driver=driver)

    def dagster_url(self) -> str:
        """URL of Dagster's own storage, always with psycopg2: its NOTIFY statements fail under psycopg 3.

        Without LEADHOUSE_DAGSTER_DATABASE_URL it is database `dagster` on the same server, created when it is missing.
        """
        if secret := self.settings.dagster_database_url:
            url = warehouse_url.normalise(secret.get_secret_value(), "LEADHOUSE_DAGSTER_DATABASE_URL")
            return warehouse_url.render(url, driver="psycopg2")
        if self.embedded is None:
            self._create_dagster_database()
        return self.owner_url(DAGSTER, driver="psycopg2")

    def dbt_env(self) -> dict[str, str]:
        """Environment that `dbt/profiles.yml` reads. The host may be the folder of a Unix socket."""
        found = warehouse_url.parts(self._url)
        return {
            "LEADHOUSE_PG_HOST": found.get("host", "localhost"),
            "LEADHOUSE_PG_PORT": found.get("port", "5432"),
            "LEADHOUSE_PG_USER": found.get("user", ""),
            "LEADHOUSE_PG_PASSWORD": found.get("password", ""),
            "LEADHOUSE_PG_DBNAME": found.get("dbname", ""),
            "LEADHOUSE_PG_SSLMODE": found.get("sslmode", "prefer"),
        }

    def connect(self, db: str = LEADS, *, autocommit: bool = False) -> psycopg.Connection:
        """A connection as owner; as a context manager it commits, or rolls back on an error, and closes."""
        try:
            return self._connect(db, autocommit)
        except WarehouseError:
            if self.embedded is None or self.embedded.is_ready():
                raise
        self.embedded.start()  # it was stopped or killed after this process had found it running
        return self._connect(db, autocommit)

    @contextmanager
    def app(self, org_id: str) -> Iterator[psycopg.Connection]:
        """One transaction as role `app` for one tenant: row-level security shows and takes only that tenant's rows."""
        with self.connect() as connection, connection.transaction():
            connection.execute("select set_config('app.org_id', %s, true)", [org_id])
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(APP)))
            yield connection

    def migrate(self) -> None:
        """Bring the operational tables to the newest version; several processes may do so at once."""
        if self._version() == _head():
            return
        from alembic import command
        from alembic.config import Config
        from sqlalchemy.exc import DBAPIError

        config = Config(attributes={"url": self.owner_url(driver="psycopg2")})
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        try:
            command.upgrade(config, "head")
        except DBAPIError as error:
            raise WarehouseError(f"Migration failed: {str(error.orig).splitlines()[0]}") from error

    def mirror(
        self,
        table: "Table",
        frame: "pl.DataFrame | pl.LazyFrame",
        *,
        where: Mapping[str, Any] | None = None,
        append: bool = False,
    ) -> int:
        """Replace the rows of `lake.<table>` that match `where`, all without it; or append. Returns the rows written.

        Atomic: readers see the old rows or the new ones. The table is created when it is missing; when it was made from
        an older contract it is made anew by a load of all rows and refuses (`MirrorOutdated`) a load of some, so ask
        `mirror_is_current` first. Appending skips keys that are there. Raises ContractError when the frame does not
        conform, ValueError when it holds rows outside `where`, whose values are texts, dates or integers.
        """
        from dagster_project.resources import warehouse_load

        with self.connect() as connection:
            return warehouse_load.load(
                connection, table, frame, where=None if where is None else dict(where), append=append
            )

    def mirror_is_current(self, table: "Table") -> bool:
        """Whether `lake.<table>` exists as the contract says; if not, load all its rows without `where`."""
        from dagster_project.resources import warehouse_load

        with self.connect() as connection:
            return warehouse_load.is_current(connection, table)

    def query(self, statement: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> "pl.DataFrame":
        """Rows of a small read as owner, every tenant's; uuid and json columns come as text, numeric ones as floats."""
        from dagster_project.resources import warehouse_read

        with self.connect() as connection:
            return warehouse_read.frame(connection, statement, params)

    @property
    def _url(self) -> str:
        if self.embedded is None:
            return warehouse_url.normalise(self.settings.database_url.get_secret_value())
        if "_started" not in self.__dict__:
            self.embedded.start()
            self._started = True
        return self.embedded.url()

    def _connect(self, db: str, autocommit: bool) -> psycopg.Connection:
        url = self.owner_url(db)
        try:
            return psycopg.connect(
                url, autocommit=autocommit, connect_timeout=CONNECT_SECONDS, application_name="leadhouse"
            )
        except psycopg.OperationalError as error:
            lines = str(error).strip().splitlines() or ["no answer"]
            what = "the embedded server" if self.embedded else "DATABASE_URL: host, port, user, password, database"
            raise WarehouseError(
                f"Cannot connect to PostgreSQL as {warehouse_url.place(url)}: {lines[-1].strip()}. Check {what}."
            ) from None

    def _version(self) -> str | None:
        with self.connect() as connection:
            if connection.execute("select to_regclass('ops.alembic_version')").fetchone()[0] is None:
                return None
            found = connection.execute("select version_num from ops.alembic_version").fetchone()
            return found and found[0]

    def _create_dagster_database(self) -> None:
        with self.connect(autocommit=True) as connection:
            if connection.execute("select from pg_database where datname = %s", [DAGSTER]).rowcount:
                return
            try:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(DAGSTER)))
            except psycopg.errors.DuplicateDatabase:
                return  # another process was first
            except psycopg.errors.InsufficientPrivilege:
                raise WarehouseError(
                    "Dagster needs a database of its own and this user may not create one: create database `dagster`, "
                    "or set LEADHOUSE_DAGSTER_DATABASE_URL"
                ) from None


def _head() -> str:
    """Newest revision, by the number that starts each file's name; alembic takes half a second to say the same."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))

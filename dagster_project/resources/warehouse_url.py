"""Renderings of a PostgreSQL URL for the libraries that read it. Opens no connection and never shows a password."""

import re
from urllib.parse import urlsplit

from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict

from dagster_project.resources.postgres_binaries import PostgresError

UNREADABLE = (
    "{name} is no PostgreSQL URL; it should look like postgresql://user:password@host:5432/dbname, "
    "with : / @ # in the password written as %3A %2F %40 %23"
)


def normalise(url: str, name: str = "DATABASE_URL") -> str:
    """The URL as `postgresql://…`, whatever driver it names. Raises PostgresError, which names only the variable."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.split("+")[0] not in ("postgres", "postgresql"):
        raise PostgresError(UNREADABLE.format(name=name))
    normal = f"postgresql://{rest}"
    try:
        found = parts(normal)
    except ProgrammingError:
        raise PostgresError(UNREADABLE.format(name=name)) from None  # libpq's message quotes parts of the password
    # where a password with a bare / or @ ends up, to be printed by the next error
    if "@" in found.get("dbname", "") + found.get("host", "") or not re.fullmatch(r"[\d,]*", found.get("port", "")):
        raise PostgresError(UNREADABLE.format(name=name))
    return normal


def render(url: str, *, database: str | None = None, driver: str = "") -> str:
    """The URL for another database of the same server, or for SQLAlchemy with a driver named."""
    parts = urlsplit(url)
    if database is not None:
        parts = parts._replace(path=f"/{database}")
    scheme, _, rest = parts.geturl().partition("://")
    return f"{scheme}+{driver}://{rest}" if driver else f"{scheme}://{rest}"


def parts(url: str) -> dict[str, str]:
    """libpq's parameters of a URL: host, port, user, password, dbname, sslmode …"""
    return {name: str(value) for name, value in conninfo_to_dict(url).items()}


def client_env(url: str) -> dict[str, str]:
    """The URL as PG* environment variables, so that no password stands on a command line."""
    names = {option.keyword.decode(): option.envvar for option in pq.Conninfo.get_defaults()}
    return {names[key].decode(): value for key, value in parts(url).items() if names.get(key)}


def place(url: str) -> str:
    """Where a URL leads, for messages: user, host, port and database without the password."""
    found = parts(url)
    return (
        f"{found.get('user', '')}@{found.get('host', 'localhost')}:{found.get('port', 5432)}/{found.get('dbname', '')}"
    )

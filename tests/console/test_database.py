"""Is the database what the tables say, and is any other refused with a reason?"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from console.database import Database, next_of
from console.tables import metadata
from schemas.errors import ConfigError, Unavailable


def test_the_migrations_make_the_tables(database: Database) -> None:
    """Column for column, index for index."""
    with database.begin() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), metadata)


def test_opening_it_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    """What is there stays."""
    with database.begin() as connection:
        assert 1 == next_of(connection, "audit")
    again = Database.open(tmp_path / "console.sqlite")
    with again.begin() as connection:
        assert 2 == next_of(connection, "audit")
    again.close()


def test_what_fails_leaves_nothing_behind(database: Database) -> None:
    """A transaction stands or falls as a whole."""
    with pytest.raises(ZeroDivisionError), database.begin() as connection:
        assert 1 // (next_of(connection, "audit", 7) - 1)
    with database.begin() as connection:
        assert 1 == next_of(connection, "audit")


@pytest.mark.usefixtures("database")
def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """It says what to do."""
    with sqlite3.connect(tmp_path / "console.sqlite") as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    with pytest.raises(ConfigError, match="made by a newer linewatch"):
        Database.open(tmp_path / "console.sqlite")


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    with sqlite3.connect(tmp_path / "other.sqlite") as db:
        db.execute("CREATE TABLE theirs (x INTEGER)")
    db.close()
    with pytest.raises(ConfigError, match="not the console's"):
        Database.open(tmp_path / "other.sqlite")


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    """Not a traceback, and the file stays as it is."""
    (tmp_path / "a.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(Unavailable, match=r"a\.sqlite cannot be used"):
        Database.open(tmp_path / "a.sqlite")
    assert (tmp_path / "a.sqlite").read_bytes().startswith(b"not a database")

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


def test_opening_it_again_changes_nothing(database: Database, where: Path | str) -> None:
    """What is there stays."""
    with database.begin() as connection:
        assert 1 == next_of(connection, "audit")
    again = Database.open(where)
    with again.begin() as connection:
        assert 2 == next_of(connection, "audit")
    again.close()


def test_what_fails_leaves_nothing_behind(database: Database) -> None:
    """A transaction stands or falls as a whole."""
    with pytest.raises(ZeroDivisionError), database.begin() as connection:
        assert 1 // (next_of(connection, "audit", 7) - 1)
    with database.begin() as connection:
        assert 1 == next_of(connection, "audit")


def test_a_newer_database_is_refused(database: Database, where: Path | str) -> None:
    """It says what to do."""
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="made by a newer linewatch"):
        Database.open(where)


@pytest.mark.parametrize("url", ["mysql://host/database", "linewatch", "postgresql:/"])
def test_what_is_no_database_is_refused(url: str) -> None:
    """With what is required."""
    with pytest.raises(ConfigError, match="database_url"):
        Database.open(url)


def test_a_server_that_does_not_answer_is_an_error_without_its_password() -> None:
    """It says which one."""
    with pytest.raises(Unavailable, match=r"nobody:\*\*\*@127\.0\.0\.1") as caught:
        Database.open("postgresql://nobody:a-secret@127.0.0.1:9/linewatch")
    assert "a-secret" not in str(caught.value)


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

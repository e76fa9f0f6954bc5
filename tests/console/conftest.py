"""Fixtures of the console's tests: everything that takes `database` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.database import Database
from tests.console.stored import Clock


@pytest.fixture
def clock() -> Clock:
    """One that stands."""
    return Clock()


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables, to be copied: making them takes longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "console.sqlite"
    Database.open(path).close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, empty: Path, tmp_path: Path) -> Path | str:
    """An empty database."""
    if request.param == "sqlite":
        return Path(shutil.copy(empty, tmp_path / "console.sqlite"))
    make: Callable[[], str] = request.getfixturevalue("postgres")
    return make()


@pytest.fixture
def database(where: Path | str) -> Iterator[Database]:
    """It, opened."""
    made = Database.open(where)
    yield made
    made.close()

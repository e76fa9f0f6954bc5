"""Fixtures of the console's tests: everything that takes `database` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.database import Database
from tests.console.stored import Clock


@pytest.fixture
def clock() -> Clock:
    """One that stands."""
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """An empty database."""
    if request.param == "sqlite":
        return tmp_path / "console.sqlite"
    make: Callable[[], str] = request.getfixturevalue("postgres")
    return make()


@pytest.fixture
def database(where: Path | str) -> Iterator[Database]:
    """It, opened."""
    made = Database.open(where)
    yield made
    made.close()

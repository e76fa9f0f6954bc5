"""Fixtures of the console's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.database import Database
from tests.console.stored import Clock, opened


@pytest.fixture
def clock() -> Clock:
    """One that stands."""
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty one."""
    made = opened(tmp_path)
    yield made
    made.close()

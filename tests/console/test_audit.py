"""Does the audit show what was changed in it?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from console import audit
from console.audit import BEGINNING, Entry
from console.database import Database
from console.tables import audit as table
from tests.console.stored import Clock


@pytest.fixture
def entries(database: Database, clock: Clock) -> list[Entry]:
    """Some."""
    with database.begin() as connection:
        return [
            audit.add(connection, clock(), "ana", "alert.view", f"alert {k}", why="on duty", detail={"k": k})
            for k in range(1, 8)
        ]


def test_an_untouched_list_is_whole(database: Database, entries: list[Entry]) -> None:
    """And holds every hash that it ever ended with."""
    with database.read() as connection:
        assert (7, entries[-1].hash, None, True) == audit.verify(connection, entries[3].hash)
        assert entries == list(audit.entries(connection))
        assert entries[:3:-1] == audit.newest(connection, 3)
        assert not audit.verify(connection, "f" * 64).found


def test_an_empty_list_is_whole(database: Database) -> None:
    """There is nothing to be wrong."""
    with database.read() as connection:
        assert (0, BEGINNING, None, True) == audit.verify(connection)


@pytest.mark.parametrize(
    "change",
    [
        {"at_ms": 1},
        {"user": "eve"},
        {"action": "x"},
        {"subject": "alert 9"},
        {"why": ""},
        {"detail": "{}"},
        {"hash": "0"},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.usefixtures("entries")
def test_a_changed_entry_breaks_the_chain(change: dict[str, Any], database: Database) -> None:
    """Whatever was changed, at that entry or the one after."""
    with database.begin() as connection:
        connection.execute(update(table).where(table.c.seq == 4).values(change))
    with database.read() as connection:
        assert audit.verify(connection).broken_at in (4, 5)


@pytest.mark.parametrize("seq", [1, 4])
@pytest.mark.usefixtures("entries")
def test_an_entry_that_was_taken_out_breaks_the_chain(seq: int, database: Database) -> None:
    """At the one after it."""
    with database.begin() as connection:
        connection.execute(delete(table).where(table.c.seq == seq))
    with database.read() as connection:
        assert seq + 1 == audit.verify(connection).broken_at


def test_the_end_cut_off_is_found_by_a_hash_that_was_noted(database: Database, entries: list[Entry]) -> None:
    """The rest follows from itself; only somebody who noted the end can tell."""
    with database.begin() as connection:
        connection.execute(delete(table).where(table.c.seq > 5))
    with database.read() as connection:
        assert (5, entries[4].hash, None, False) == audit.verify(connection, entries[6].hash)


def test_writers_at_once_make_one_chain(database: Database, clock: Clock) -> None:
    """Each waits for the one before."""

    def write(number: int) -> None:
        with database.begin() as connection:
            audit.add(connection, clock(), f"user {number}", "alert.view", "alert")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    with database.read() as connection:
        assert (40, None) == audit.verify(connection)[::2]
        assert {f"user {k}" for k in range(40)} == set(connection.execute(select(table.c.user)).scalars())

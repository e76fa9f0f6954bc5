"""Is a crossing remembered for two days, and for thirty where it alerted or was drawn?"""

from __future__ import annotations

import numpy as np

from stream.memory import HOURS, KEPT_DAYS, Memory


def note(memory: Memory, hour: int, crossings: list[int], keep: list[bool], answer: int = 9) -> None:
    """Remember crossings; each vehicle has the number of its crossing + 100."""
    keys = np.array(crossings, np.uint64)
    memory.note(hour, keys, keys + np.uint64(100), np.array(keep), np.full((len(keys), 2), answer, np.uint8))


def test_what_was_said_is_found_by_crossing() -> None:
    """Vehicle and answers; None where the crossing is not known or came only later."""
    memory = Memory()
    note(memory, 5, [3, 1], [False, False])
    note(memory, 5, [2], [False], answer=7)
    note(memory, 6, [4], [False])
    found = memory.find([1, 2, 4, 9], 5)
    assert [(101, b"\t\t"), (102, b"\x07\x07"), None, None] == [f and tuple(f) for f in found]


def test_the_newest_of_an_id_that_came_twice() -> None:
    """In one hour or in two, sealed in between or not."""
    memory = Memory()
    note(memory, 5, [1], [False], answer=1)
    memory.find([1], 5)
    note(memory, 5, [1], [False], answer=2)
    assert b"\x02\x02" == memory.find([1], 5)[0].answers  # type: ignore[union-attr]
    note(memory, 6, [1], [False], answer=3)
    assert b"\x03\x03" == memory.find([1], 6)[0].answers  # type: ignore[union-attr]


def test_forgotten_after_its_time() -> None:
    """Ordinary ones after `HOURS`, kept ones after `KEPT_DAYS`."""
    memory = Memory()
    note(memory, 24, [1, 2], [False, True])
    note(memory, 30, [3], [True])
    assert all(memory.find([1, 2], 24 + HOURS))
    assert [False, True] == [f is not None for f in memory.find([1, 2], 25 + HOURS)]
    assert all(memory.find([2, 3], 24 * (1 + KEPT_DAYS) + 23))
    assert [None, None] == memory.find([2, 3], 24 * (2 + KEPT_DAYS))
    assert {} == memory.hours
    assert {} == memory.days


def test_saved_and_loaded() -> None:
    """Everything comes back, hours and days."""
    memory, again = Memory(), Memory()
    note(memory, 24, [1, 2], [False, True])
    memory.trim(25 + HOURS)
    note(memory, 25 + HOURS, [7], [False])
    again.load(memory.save())
    wanted = [1, 2, 7]
    assert memory.find(wanted, 25 + HOURS) == again.find(wanted, 25 + HOURS)
    assert [None, True, True] == [f and True for f in again.find(wanted, 25 + HOURS)]

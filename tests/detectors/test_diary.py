"""A diary says where a vehicle was on each of the last 32 days."""

from __future__ import annotations

import numpy as np

from detectors import diary
from detectors.diary import DAYS, DIARY, SIZE
from schemas.batch import Array
from tests.detectors.bench import DAY, HOUR, MONDAY

START = MONDAY + 3 * HOUR  # of the first day


def enter(*records: tuple[int, int, int]) -> tuple[Array, Array]:
    """One vehicle's diary after (local_ms, port, direction) and the copies taken before each."""
    rows, n = np.zeros(1, DIARY), len(records)
    before = np.zeros((n, SIZE), np.uint16)
    columns = [np.array([r[k] for r in records], kind) for k, kind in enumerate(("i8", "i4", "i1"))]
    diary.enter(rows, np.zeros(n, np.int32), *columns, before)
    return rows["entry"][0], before


def place(local_ms: int, direction: int) -> int:
    """Where the entry of a time is."""
    return direction * DAYS + (local_ms - 3 * HOUR) // DAY % DAYS


def test_the_copy_is_of_before() -> None:
    """A crossing finds all earlier ones in the diary, and not itself."""
    entries, before = enter((START, 2, 0), (START + HOUR, 2, 1))
    assert not before[0].any()
    assert before[1, place(START, 0)] == diary.entry_of(START, 2)
    assert np.count_nonzero(before[1]) == 1
    assert np.count_nonzero(entries) == 2


def test_a_day_begins_at_three() -> None:
    """A crossing at 02:59 belongs to the day before."""
    entries, _ = enter((START - 1, 0, 0), (START, 0, 0))
    assert entries[place(START - DAY, 0)] == diary.entry_of(START - 1, 0)
    assert entries[place(START, 0)] == diary.entry_of(START, 0)


def test_entries_tell_times_and_ports_apart() -> None:
    """Eleven seconds are a unit; ports differ by more than a day has units; an entry is never 0 and fits 16 bits."""
    times = START + np.arange(0, DAY, 997_000)
    entries = np.array([[diary.entry_of(int(t), port) for t in times] for port in range(8)])
    assert entries.min() == 1
    assert entries.max() < 2**16
    assert np.diff(entries, axis=1).min() >= 90
    assert (entries[1:, 0] - entries[:-1].max(axis=1)).min() > 300


def test_what_is_older_than_its_days_is_forgotten() -> None:
    """After a month's silence the diary is empty; one day less and its first entry is still there."""
    _, before = enter((START, 0, 0), (START + DAYS * DAY, 0, 0))
    assert not before[1].any()
    _, before = enter((START, 0, 0), (START + (DAYS - 1) * DAY, 0, 0))
    assert np.count_nonzero(before[1]) == 1


def test_a_late_record_is_entered_on_its_own_day() -> None:
    """Unless that day has left the diary."""
    now = START + 40 * DAY
    entries, _ = enter((now, 0, 0), (now - 5 * DAY, 0, 1), (now - DAYS * DAY, 0, 1))
    assert entries[place(now - 5 * DAY, 1)] > 0
    assert np.count_nonzero(entries) == 2


def test_the_last_of_a_day_counts() -> None:
    """A second crossing in the same direction on the same day takes the place of the first."""
    entries, _ = enter((START, 0, 0), (START + 5 * HOUR, 0, 0))
    assert entries[place(START, 0)] == diary.entry_of(START + 5 * HOUR, 0)
    assert np.count_nonzero(entries) == 1

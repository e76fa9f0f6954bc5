"""Which crossings of a vehicle count, and which may teach its peers?"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.admission import HOURLY, META, REMEMBERED, admit
from detectors.base import HOUR_MS
from stream.config import PipelineConfig
from tests.stream.logs import CONFIG, border, lines, shuffled, single

FORGET_MS = 3 * HOUR_MS

Record = tuple[int, int, int]  # vehicle, time in ms, crossing


@dataclass
class Vehicle:
    """One vehicle as a person would keep book of it."""

    first: int = 0
    last: int = 0
    times: list[int] = field(default_factory=list)
    crossings: list[int] = field(default_factory=list)
    taught: dict[int, int] = field(default_factory=dict)  # hour -> how often

    def forgotten(self, time: int) -> bool:
        """Whether it was not seen for too long."""
        return bool(self.times) and time - self.last > FORGET_MS

    def answer(self, time: int, crossing: int) -> tuple[bool, int, int, int]:
        """accepted, seen, fresh, age."""
        if crossing in self.crossings[-REMEMBERED:]:
            return False, 0, 0, 0
        self.first = self.times[0] if self.times else time
        hour = time // HOUR_MS
        newest = max(self.taught, default=0)
        fresh = hour >= newest and self.taught.get(hour, 0) < HOURLY
        self.taught[max(hour, newest)] = self.taught.get(max(hour, newest), 0) + fresh
        seen = len(self.times)
        self.last = max([*self.times, time])
        self.times.append(time)
        self.crossings.append(crossing)
        return True, seen, int(fresh), time - self.first


def admitted(records: list[Record]) -> tuple[list[tuple[bool, int, int, int]], int]:
    """What `admit` says, called as the vehicle stage calls it, and how often a key was forgotten."""
    slots, time_ms, crossing = (np.array(column, dtype) for column, dtype in zip(
        zip(*records, strict=True), ("i4", "i8", "u8"), strict=True))  # fmt: skip
    meta = np.zeros(8, META)
    n = len(records)
    out: tuple[np.ndarray[Any, Any], ...] = (
        np.zeros(n, np.bool_), np.zeros(n, np.uint32), np.zeros(n, np.uint8), np.zeros(n, np.int64))  # fmt: skip
    start = forgotten = 0
    while (start := admit(meta, slots, time_ms, crossing, start, FORGET_MS, *out)) < n:
        meta[slots[start]] = np.zeros((), META)
        forgotten += 1
    return list(zip(*(column.tolist() for column in out), strict=True)), forgotten


records = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 40), st.integers(1, 14)), min_size=1, max_size=60).map(
    lambda parts: [(vehicle, 10 * HOUR_MS + step * HOUR_MS // 4, crossing) for vehicle, step, crossing in parts]
)


@given(records=records)
def test_answers_are_those_of_a_book_kept_by_hand(records: list[Record]) -> None:
    """Duplicates, forgotten keys, number seen, age and freshness, records out of order included."""
    book: dict[int, Vehicle] = {}
    expected = []
    for vehicle, time, crossing in records:
        if vehicle not in book or book[vehicle].forgotten(time):
            book[vehicle] = Vehicle()
        expected.append(book[vehicle].answer(time, crossing))
    assert expected == admitted(records)[0]


@given(records=records)
def test_a_vehicle_teaches_at_most_three_times_an_hour(records: list[Record]) -> None:
    """However often it crosses, its influence on what its peers share is bounded."""
    taught: dict[tuple[int, int], int] = {}
    for (vehicle, time, _), (_, _, fresh, _) in zip(records, admitted(records)[0], strict=True):
        taught[vehicle, time // HOUR_MS] = taught.get((vehicle, time // HOUR_MS), 0) + fresh
    assert max(taught.values()) <= HOURLY


def test_a_repeat_is_dropped_while_it_is_among_the_last_eight() -> None:
    """The ninth accepted crossing pushes the first one out; repeats themselves push nothing out."""
    time = 10 * HOUR_MS
    eight = [(0, time + k, k) for k in range(1, 9)]
    again = [(0, time + 20, 1)]
    assert [True] * 8 + [False, False] == [a for a, *_ in admitted([*eight, *again, *again])[0]]
    assert [True] * 10 == [a for a, *_ in admitted([*eight, (0, time + 9, 9), *again])[0]]


def test_the_same_id_of_another_vehicle_is_no_repeat() -> None:
    """Identity is the vehicle's own, so that partitions by vehicle agree."""
    assert [(True, 0, 1, 0), (True, 0, 1, 0)] == admitted([(0, HOUR_MS, 5), (1, HOUR_MS, 5)])[0]


def test_a_forgotten_vehicle_starts_again_even_with_an_old_id() -> None:
    """It has no history and no last ids, as if its row had been evicted."""
    answers, forgotten = admitted([(0, HOUR_MS, 5), (0, HOUR_MS + FORGET_MS, 6), (0, 2 * HOUR_MS + 2 * FORGET_MS, 6)])
    assert [(True, 0, 1, 0), (True, 1, 1, FORGET_MS), (True, 0, 1, 0)] == answers
    assert 1 == forgotten


def pushed(config: PipelineConfig) -> tuple[list[bytes], int, int]:
    """Everything decided on a log, forgotten rows that were evicted, and others that were."""
    batch, names = border(days=16)
    batch = shuffled(batch, CONFIG.lateness_ms)
    pipeline = single(config, names)
    decided = [pipeline.push(batch.take(slice(k, k + 40))) for k in range(0, len(batch), 40)]
    table = pipeline.vehicles.table
    return lines([*decided, pipeline.flush()]), table.evicted, table.evicted_early


def test_eviction_of_what_is_forgotten_changes_no_byte() -> None:
    """A table that has room for all, and one that reuses the rows of forgotten vehicles."""
    roomy = dataclasses.replace(CONFIG, forget_after_days=1)
    expected, evicted, _ = pushed(roomy)
    assert 0 == evicted
    crowded, evicted, early = pushed(dataclasses.replace(roomy, max_vehicles=350))
    assert evicted > 0
    assert 0 == early
    assert expected == crowded

"""Are sums that many keys share the same however they were collected, and used exactly two periods later?"""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.base import Columns, Detector, Out, SharedSpec, SharedView
from detectors.odd_hour import OddHour
from stream.shared import LAG, SharedCounts, Sums, merged
from stream.stages import Bank, Layout

WIDTH = 3
SPEC = SharedSpec(WIDTH, lambda ports: 2 * ports)
HALF_LIFE_DAYS = 2.0
HALF_LIFE = 24 * HALF_LIFE_DAYS  # periods

Event = tuple[int, int, int]  # step in periods since the event before (negative: a straggler), row, column
events = st.lists(st.tuples(st.integers(-3, 6), st.integers(0, 9), st.integers(0, WIDTH - 1)), max_size=40)


def failed(detector: Detector, error: Exception) -> None:
    """No detector fails here."""
    raise AssertionError(f"{detector}: {error}") from error


def bank() -> tuple[Bank, SharedCounts]:
    """A bank with one shared table."""
    detectors = [OddHour(shared=(SPEC,))]
    made = Bank(detectors, Layout(detectors), HALF_LIFE_DAYS, failed)
    return made, next(made.tables())


def add(view: SharedView, row: int, column: int, count: int = 1) -> None:
    """What a detector does."""
    view.tally[row, column] += count
    view.touched[row] = 1


def timeline(steps: list[Event]) -> list[tuple[int, int, int]]:
    """(period, row, column) of events that move on from period 1000, stragglers behind the newest."""
    newest, out = 1000, []
    for step, row, column in steps:
        period = newest + step
        newest = max(newest, period)
        out.append((period, row, column))
    return out


class Book:
    """The rule in words: every addition with the period it counts for, decayed sums from all that is published."""

    def __init__(self) -> None:
        self.published: list[tuple[int, int, int]] = []  # period, row, column
        self.open: list[tuple[int, int, int]] = []
        self.newest = self.last_published = -1

    def enter(self, period: int) -> None:
        """Publish what was collected up to two periods ago, oldest first."""
        if period > self.newest:
            self.newest = period
            due = [entry for entry in self.open if entry[0] <= period - LAG]
            self.open = [entry for entry in self.open if entry[0] > period - LAG]
            self.published += due
            self.last_published = max([self.last_published, *(entry[0] for entry in due)])

    def add(self, period: int, row: int, column: int) -> None:
        """An addition to a published period counts for the next one."""
        self.open.append((max(period, self.last_published + 1), row, column))

    def total(self, row: int) -> NDArray[np.float64]:
        """Each addition decayed to the last period in which its row was touched."""
        mine = [entry for entry in self.published if entry[1] == row]
        out = np.zeros(WIDTH)
        for period, _, column in mine:
            out[column] += 2.0 ** ((period - max(entry[0] for entry in mine)) / HALF_LIFE)
        return out


@given(steps=events)
def test_sums_are_those_of_a_book_kept_by_hand(steps: list[Event]) -> None:
    """Collected, decayed and published as the rule says, stragglers included."""
    made, table = bank()
    book = Book()
    for period, row, column in timeline(steps):
        made.enter(period, 5)
        book.enter(period)
        view = table.view(period)
        np.testing.assert_allclose([book.total(r) for r in range(10)], view.prior[:10], rtol=1e-12)
        add(view, row, column)
        book.add(period, row, column)


def test_what_a_period_collects_is_used_from_the_second_after_it_on() -> None:
    """Not in the period itself, not in the next one, and fully in the one after."""
    made, table = bank()
    made.enter(1000, 1)
    add(table.view(1000), 1, 2, 7)
    seen = []
    for period in (1000, 1001, 1002, 1003):
        made.enter(period, 1)
        seen.append(table.view(period).prior[1, 2])
    assert [0, 0, 7, 7] == seen


def test_an_addition_to_a_published_period_counts_for_the_next_open_one() -> None:
    """A straggler is not lost, and does not change what was published."""
    made, table = bank()
    made.enter(1000, 1)
    add(table.view(1000), 0, 0, 4)
    made.enter(1002, 1)
    add(table.view(1000), 0, 1, 3)
    assert [4, 0] == table.totals[0, :2].tolist()
    assert [1001] == sorted(table.open)
    made.enter(1003, 1)
    assert [pytest.approx(4 * 2 ** (-1 / HALF_LIFE)), 3] == table.totals[0, :2].tolist()


def test_a_row_decays_by_the_time_between_its_periods() -> None:
    """Half after a half-life, and nothing while nobody touches it."""
    table = SharedCounts(SPEC, HALF_LIFE_DAYS)
    table.grow(2)
    for period, rows in [(100, [0, 1]), (100 + int(HALF_LIFE), [0]), (100 + 3 * int(HALF_LIFE), [0])]:
        table.publish(period, [sums(dict.fromkeys(rows, 8))])
    assert [8 * 0.125 + 8 * 0.25 + 8, 8] == pytest.approx(table.totals[:2, 0].tolist(), rel=1e-14)


def sums(counts: dict[int, int]) -> Sums:
    """Rows with a count in their first column."""
    index = np.array(sorted(counts), np.int64)
    out = np.zeros((len(index), WIDTH), np.int64)
    out[:, 0] = [counts[int(row)] for row in index]
    return index, out


@given(
    parts=st.lists(st.dictionaries(st.integers(0, 30), st.integers(0, 2**50), max_size=6), min_size=1, max_size=4),
    more=st.dictionaries(st.integers(0, 30), st.integers(0, 9), max_size=4),
)
def test_partitions_merge_in_any_order_to_the_same_bytes(parts: list[dict[int, int]], more: dict[int, int]) -> None:
    """Integers commute: every order gives the totals of one partition that collected everything."""
    whole: dict[int, int] = {}
    for part in parts:
        for row, count in part.items():
            whole[row] = whole.get(row, 0) + count
    results = set()
    for order in [[whole], *permutations(parts)]:
        table = SharedCounts(SPEC, HALF_LIFE_DAYS)
        table.publish(5, [sums(part) for part in order])
        table.publish(9, [sums(more)])
        results.add(table.totals[: max([*whole, *more], default=-1) + 1].tobytes())
    assert 1 == len(results)


def test_nothing_collected_merges_to_nothing() -> None:
    """Partitions in which nothing happened, or no partition at all."""
    assert 0 == len(merged([])[0])
    table = SharedCounts(SPEC, HALF_LIFE_DAYS)
    table.publish(3, [])
    table.publish(4, [sums({}), sums({})])
    assert (0, 4) == (table.totals.sum(), table.published)


def test_a_count_of_periods_says_in_how_many_a_row_was_touched() -> None:
    """One for each period however many partitions touched it, decayed like everything else."""
    table = SharedCounts(SharedSpec(WIDTH, lambda ports: ports, counts_periods=True), HALF_LIFE_DAYS)
    table.grow(1)
    table.publish(10, [sums({0: 5}), sums({0: 6})])
    table.publish(10 + int(HALF_LIFE), [sums({0: 1})])
    assert [6.5, 1.5] == pytest.approx([table.totals[0, 0], table.totals[0, -1]])


def test_stragglers_of_the_hour_before_see_what_that_hour_saw() -> None:
    """`swap` takes the last publication back, bit for bit, and again puts it there."""
    table = SharedCounts(SPEC, HALF_LIFE_DAYS)
    table.publish(7, [sums({0: 3, 4: 1})])
    before = table.totals.copy()
    table.publish(8, [sums({0: 2, 2: 9})])
    after = table.totals.copy()
    table.swap()
    np.testing.assert_array_equal(before, table.totals)
    table.swap()
    np.testing.assert_array_equal(after, table.totals)


def test_rows_of_new_ports_change_no_others() -> None:
    """Published and open sums stay in their rows while ports are registered one by one."""
    made, table = bank()
    made.enter(1000, 1)
    add(table.view(1000), 1, 0, 5)
    made.enter(1002, 1)
    for ports in (2, 9, 40, 1024):
        made.enter(1002, ports)
        add(table.view(1002), 2 * ports - 1, 1, ports)
        assert len(table.totals) >= 2 * ports
    made.enter(1004, 1024)
    assert [(1, 0, 5.0)] == [
        (int(r), int(c), float(table.totals[r, c])) for r, c in np.argwhere(table.totals) if c == 0
    ]
    assert {3: 2, 17: 9, 79: 40, 2047: 1024} == {int(r): table.totals[r, 1] for r in np.flatnonzero(table.totals[:, 1])}


def test_a_partition_takes_rows_of_ports_it_does_not_know_yet() -> None:
    """Another partition has seen a port first."""
    table = SharedCounts(SPEC, HALF_LIFE_DAYS)
    table.grow(1)
    table.publish(5, [sums({1: 2}), sums({500: 3})])
    assert [2, 3] == table.totals[[1, 500], 0].tolist()


@given(steps=events, cut=st.integers(0, 40))
def test_a_table_read_from_a_checkpoint_goes_on_with_the_same_bytes(steps: list[Event], cut: int) -> None:
    """Open periods, published sums and what `swap` needs are all there."""
    (made, table), (other, again) = bank(), bank()
    parts = timeline(steps)
    for number, (period, row, column) in enumerate(parts):
        if number == cut:
            again.load(copied(table.save()))
            other.period = made.period
        for bank_, counts in [(made, table), (other, again)] if number >= cut else [(made, table)]:
            bank_.enter(period, 1 + number // 4)
            add(counts.view(period), row % (2 * (1 + number // 4)), column)
    if cut >= len(parts):
        again.load(copied(table.save()))
    assert state(table) == state(again)
    table.swap()
    again.swap()
    assert state(table) == state(again)


def copied(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """As a file gives them back: not the same memory."""
    return {name: array.copy() for name, array in arrays.items()}


def state(table: SharedCounts) -> tuple[bytes, int, dict[int, list[bytes]]]:
    """Everything that later results depend on."""
    opened = {period: [part.tobytes() for part in tally.collected()] for period, tally in table.open.items()}
    return table.totals.tobytes(), table.published, opened


def test_a_straggler_in_the_stage_sees_the_sums_of_its_own_hour() -> None:
    """A crossing of the hour before gets the same prior before and after the next hour has begun."""
    detectors = [Looking(shared=(SPEC,))]
    made = Bank(detectors, Layout(detectors), HALF_LIFE_DAYS, failed)
    p = []
    for period in (1000, 1001, 1002, 1003, 1002, 1003):
        made.enter(period, 1)
        out = Out(*made.layout.blank(1))
        known = Columns(np.zeros(1, np.uint32), np.zeros(1, np.uint8), np.zeros(1, np.int64))
        made.assess(np.zeros(1, [("odd_hour", "i1")]), np.zeros(1, np.int64), {}, known, out, period)
        p.append(float(out.p[0, 0]))
    assert [0, 0, 1, 1 * 2 ** (-1 / HALF_LIFE) + 1] == pytest.approx(p[:4])
    assert p[2:4] == p[4:6]


class Looking(OddHour):
    """Answers with the prior it sees, then adds one."""

    def assess(self, *columns: Any) -> None:
        """See the class."""
        shared, out = columns[-2:]
        out.p[0] = shared[0].prior[0, 0]
        add(shared[0], 0, 0)


def test_rounding_does_not_depend_on_when_ports_came() -> None:
    """The same additions with the ports known from the start and one by one give the same bytes."""
    tables = []
    for known in (lambda _: 8, lambda number: number + 1):
        made, table = bank()
        for number in range(8):
            made.enter(1000 + 3 * number, known(number))
            add(table.view(1000 + 3 * number), number, 0, number + 1)
        made.enter(1100, 8)
        tables.append(table.totals[:16].tobytes())
    assert all(a == b for a, b in pairwise(tables))

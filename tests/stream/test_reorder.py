"""In which order does the port stage get its crossings, whatever the cut of the stream?"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.batch import CrossingBatch
from stream.assessment import Assessment
from stream.clock import NEVER, places
from stream.reorder import Ordered, Reorder
from tests.stream.logs import border

LATENESS_MS = 5

Arrival = tuple[int, str]  # time in ms, crossing_id
Released = tuple[int, str, bool, int]  # time, crossing_id, late, what it counts for

arrivals = st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abcdefgh")), max_size=40).map(
    lambda parts: [(1000 + time, f"{letter}{number}") for number, (time, letter) in enumerate(parts)]
)
cuts = st.lists(st.integers(0, 40), max_size=8)


def rows(parts: list[Arrival], newest: int = NEVER) -> Assessment:
    """Arrivals as the vehicle stage hands them on, its clock at `newest` before; each row's p says which it is."""
    some = border(days=2)[0]
    batch = some.take(np.zeros(len(parts), np.int64)) if parts else CrossingBatch.empty()
    batch = replace(
        batch,
        time_ms=np.array([time for time, _ in parts], np.int64),
        crossing_id=np.array([name for _, name in parts], object),
    )
    marks = np.array([[mark(name)] for _, name in parts]).reshape(len(parts), 1)
    reached = np.maximum.accumulate(np.concatenate([[newest], batch.time_ms]))
    return Assessment(
        batch,
        np.ones(len(parts), np.uint8),
        marks,
        -marks,
        (marks + 0.5).astype(np.float32),
        places(batch.time_ms, reached[:-1], LATENESS_MS),
        reached[1:],
        np.zeros((len(parts), 0), np.uint16),
    )


def mark(name: str) -> float:
    """A number for a crossing."""
    return float(sum(k * ord(letter) for k, letter in enumerate(name, 1)))


class Feed:
    """A source of a buffer: what its vehicle stage would hand on of each piece."""

    def __init__(self, reorder: Reorder, source: int = 0) -> None:
        self.reorder, self.source, self.newest = reorder, source, NEVER

    def push(self, parts: list[Arrival]) -> list[Released]:
        """The next crossings of this source; what was released."""
        made = rows(parts, self.newest)
        self.newest = max([self.newest, *(time for time, _ in parts)])
        return told(self.reorder.push(made, self.source))


def told(ordered: Ordered | None) -> list[Released]:
    """What was released, after a check that every column moved with its crossing."""
    if ordered is None:
        return []
    names = ordered.rows.batch.crossing_id.tolist()
    np.testing.assert_array_equal([mark(name) for name in names], ordered.rows.p[:, 0])
    np.testing.assert_array_equal(-ordered.rows.p, ordered.rows.llr)
    np.testing.assert_array_equal(ordered.rows.p + 0.5, ordered.rows.evidence)
    columns = (ordered.rows.batch.time_ms.tolist(), names, ordered.late.tolist(), ordered.at_ms.tolist())
    return list(zip(*columns, strict=True))


@dataclass
class Desk:
    """The rule for one crossing at a time, as a person would follow it with slips of paper."""

    newest: list[int] = field(default_factory=lambda: [NEVER])
    slips: list[tuple[tuple[int, bool, str], Released]] = field(default_factory=list)
    released: list[Released] = field(default_factory=list)

    def watermark(self) -> int:
        """Everything below may go."""
        return min(self.newest) - LATENESS_MS

    def take(self, time: int, name: str, source: int = 0) -> None:
        """One crossing; what is below the watermark that it meets at its source is late, and takes that place."""
        place = max(time, self.newest[source] - LATENESS_MS)
        self.slips.append(((place, place > time, name), (time, name, place > time, place)))
        self.reach(time, source)

    def reach(self, time: int, source: int = 0) -> None:
        """A source has come to a time."""
        self.newest[source] = max(self.newest[source], time)
        self.let_go(self.watermark())

    def let_go(self, watermark: int) -> None:
        """Release in order what is strictly below."""
        ready = sorted(slip for slip in self.slips if slip[0][0] < watermark)
        self.slips = [slip for slip in self.slips if slip[0][0] >= watermark]
        self.released += [released for _, released in ready]


@given(parts=arrivals, cut=cuts)
def test_any_cut_gives_the_order_of_one_at_a_time(parts: list[Arrival], cut: list[int]) -> None:
    """Same order, same late marks, as the rule applied to each crossing by itself."""
    desk, reorder = Desk(), Reorder(LATENESS_MS)
    feed = Feed(reorder)
    for time, name in parts:
        desk.take(time, name)
    before_flush = list(desk.released)
    desk.let_go(2**62)
    edges = sorted({0, len(parts), *(c for c in cut if c < len(parts))})
    result: list[Released] = []
    for first, last in pairwise(edges):
        result += feed.push(parts[first:last])
    assert before_flush == result
    assert desk.released == result + told(reorder.flush())
    assert reorder.waiting() is None


@given(parts=arrivals)
def test_punctual_crossings_come_by_time_and_then_by_id(parts: list[Arrival]) -> None:
    """The order has nothing to do with the order of arrival where that is within the lateness."""
    reorder = Reorder(LATENESS_MS)
    punctual = [(time % 5, name) for time, name in parts]
    result = Feed(reorder).push(punctual) + told(reorder.flush())
    assert sorted(punctual) == [(time, name) for time, name, _, _ in result]
    assert not any(late for _, _, late, _ in result)


@given(parts=arrivals, cut=cuts)
def test_what_is_released_is_never_earlier_than_what_was(parts: list[Arrival], cut: list[int]) -> None:
    """The time that crossings count for only rises; a late one counts for the watermark it met."""
    reorder = Reorder(LATENESS_MS)
    feed = Feed(reorder)
    edges = sorted({0, len(parts), *(c for c in cut if c < len(parts))})
    result: list[Released] = []
    for first, last in pairwise(edges):
        result += feed.push(parts[first:last])
    result += told(reorder.flush())
    at = [counts_for for *_, counts_for in result]
    assert sorted(at) == at
    assert sorted(name for _, name in parts) == sorted(name for _, name, *_ in result)
    assert all(time < counts_for if late else time == counts_for for time, _, late, counts_for in result)


def test_nothing_is_released_before_the_watermark_has_passed_it() -> None:
    """A crossing exactly at the watermark still waits: another of the same time may come, with a smaller id."""
    feed = Feed(Reorder(LATENESS_MS))
    assert [] == feed.push([(1000, "b")])
    assert [] == feed.push([(1000 + LATENESS_MS, "c"), (1000, "a")])
    names = [name for _, name, _, _ in feed.push([(1001 + LATENESS_MS, "d")])]
    assert ["a", "b"] == names


def test_a_late_crossing_is_taken_next_and_marked() -> None:
    """It cannot change what is decided already, and it is not lost."""
    reorder = Reorder(LATENESS_MS)
    feed = Feed(reorder)
    feed.push([(1000, "a"), (1020, "b")])
    assert [] == feed.push([(1001, "late"), (1015, "c"), (1014, "a later one")])
    expected = [(1015, "c", False, 1015), (1014, "a later one", True, 1015), (1001, "late", True, 1015)]
    assert [*expected, (1020, "b", False, 1020)] == told(reorder.flush())


moves = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6), st.booleans()), max_size=40)


@given(steps=moves)
def test_several_sources_wait_for_the_slowest(steps: list[tuple[int, int, bool]]) -> None:
    """Each source in its own order; a source without crossings says how far it is. Nothing punctual is ever late."""
    desk, reorder = Desk([NEVER] * 3), Reorder(LATENESS_MS, 3)
    feeds = [Feed(reorder, source) for source in range(3)]
    at, result = [1000] * 3, []
    for number, (source, step, crosses) in enumerate(steps):
        at[source] += step
        if crosses:
            desk.take(at[source], f"x{number}", source)
            result += feeds[source].push([(at[source], f"x{number}")])
        else:
            desk.reach(at[source], source)
            result += told(reorder.reach(at[source], source))
        assert desk.released == result
    desk.let_go(2**62)
    result += told(reorder.flush())
    assert desk.released == result
    assert not any(late for _, _, late, _ in result)


@given(steps=moves, order=st.randoms(use_true_random=False))
def test_how_sources_interleave_does_not_matter(steps: list[tuple[int, int, bool]], order: random.Random) -> None:
    """Three partitions give the order that one process has, as long as nothing is later than allowed."""
    at, streams = [1000] * 3, list[list[Arrival]]([[], [], []])
    for number, (source, step, _) in enumerate(steps):
        at[source] += step
        streams[source].append((at[source], f"x{number}"))
    alone = Reorder(LATENESS_MS)
    merged = sorted(part for stream in streams for part in stream)
    expected = Feed(alone).push(merged) + told(alone.flush())
    turns = [source for source, stream in enumerate(streams) for _ in stream]
    order.shuffle(turns)
    reorder, result, place = Reorder(LATENESS_MS, 3), list[Released](), [0, 0, 0]
    feeds = [Feed(reorder, source) for source in range(3)]
    for source in turns:
        result += feeds[source].push([streams[source][place[source]]])
        place[source] += 1
    assert expected == result + told(reorder.flush())


def test_a_silent_source_holds_the_others_until_it_says_where_it_is() -> None:
    """`reach` is a source's word that nothing earlier will come from it."""
    reorder = Reorder(LATENESS_MS, 2)
    assert [] == Feed(reorder).push([(1000, "a"), (2000, "b")])
    assert ["a"] == [name for _, name, *_ in told(reorder.reach(1500, 1))]
    assert [] == told(reorder.reach(1400, 1))
    assert [] == told(reorder.push(rows([]), 1))
    assert ["b"] == [name for _, name, *_ in told(reorder.flush())]


def test_a_flush_of_nothing_gives_nothing() -> None:
    """The end of an empty log, and a second flush."""
    reorder = Reorder(LATENESS_MS)
    assert reorder.flush() is None
    reorder.push(rows([(1000, "a")]))
    assert ["a"] == [name for _, name, *_ in told(reorder.flush())]
    assert reorder.flush() is None


@given(parts=arrivals, cut=st.integers(0, 40))
def test_what_waits_can_be_taken_out_and_put_back(parts: list[Arrival], cut: int) -> None:
    """A checkpoint holds the rows that wait and how far the sources are."""
    reorder, again = Reorder(LATENESS_MS), Reorder(LATENESS_MS)
    feed = Feed(reorder)
    feed.push(parts[:cut])
    again.restore(reorder.newest.copy(), reorder.waiting())
    rest = rows(parts[cut:], feed.newest)
    assert told(reorder.push(rest)) == told(again.push(rest))
    assert told(reorder.flush()) == told(again.flush())

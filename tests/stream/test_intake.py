"""What becomes of the records of a partition, and which place in time do they get?"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from stream.intake import MOST_LOGS, Chunk, Intake, Record
from stream.messages import Mark

START_MS = 1_767_600_000_000  # 2026-01-05T08:00Z
LATENESS_MS = 250


def intake() -> Intake:
    """A fresh one; what is an hour ahead of the broker's clock is refused without a mark."""
    now_ms = [0]
    ports, pseudonymiser = Ports.open(), Pseudonymiser(b"k" * 32)
    live = Codec(ports, pseudonymiser, clock=lambda: now_ms[0])
    return Intake(Codec(ports, pseudonymiser), live, now_ms, LATENESS_MS)


def line(name: str, at_ms: int) -> bytes:
    """A crossing."""
    at = np.datetime64(START_MS + at_ms, "ms")
    fields = {
        "crossing_id": name,
        "occurred_at": f"{at}Z",
        "port": "p",
        "lane": "1",
        "direction": "inbound",
        "vehicle": "v",
    }
    return json.dumps(fields).encode()


def record(offset: int, at_ms: int, mark: Mark | None = None, value: bytes | None = None) -> Record:
    """A record whose crossing happened `at_ms` after the start and came to the broker at once."""
    return Record(offset, START_MS + at_ms, line(f"c{offset}", at_ms) if value is None else value, mark)


def marked(offset: int, number: int, at_ms: int, before_ms: int, log: int = 1) -> Record:
    """One of a log whose clock stood at `before_ms`."""
    return record(offset, at_ms, Mark(log, number, START_MS + before_ms, START_MS + max(at_ms, before_ms)))


def places(chunks: Sequence[Chunk]) -> list[int]:
    """The place of each crossing, after the start."""
    return [int(place) - START_MS for chunk in chunks for place in chunk.when.place_ms]


def test_without_marks_the_partition_is_the_clock() -> None:
    """What is older than the partition has come by more than the lateness takes the place of its watermark."""
    chunks = intake().read([record(0, 1_000), record(1, 900), record(2, 100)])
    assert [1_000, 900, 750] == places(chunks)
    assert [0, 1, 2] == chunks[0].offset.tolist()


def test_marks_bring_the_clock_of_the_whole_log() -> None:
    """A record can be late although it is the newest of its partition."""
    chunks = intake().read([marked(0, 5, 1_000, 2_000), marked(1, 9, 1_900, 2_000)])
    assert [1_750, 1_900] == places(chunks)
    assert [2_000, 2_000] == [int(ms) - START_MS for ms in chunks[0].when.reached_ms]


def test_a_line_that_came_before_is_dropped_by_its_mark() -> None:
    """Whoever sends the log again sends the same marks; another log has marks of its own."""
    some = intake()
    some.read([marked(0, 1, 0, 0), marked(1, 2, 10, 0)])
    (chunk,) = some.read([marked(2, 1, 0, 0), marked(3, 2, 10, 0), marked(4, 3, 20, 10), marked(5, 1, 20, 10, log=2)])
    assert [4, 5] == chunk.offset.tolist()
    assert [2, 3] == chunk.resent
    assert 6 == chunk.end


def test_what_is_no_crossing_is_refused_under_its_offset() -> None:
    """Rubbish, no value, white space, several lines in one value: one reject each, and the others are read."""
    values = [b"{not json", b"", b"  ", b'{"a":\n1}', None]
    records = [Record(10 + k, START_MS, value, None) for k, value in enumerate(values)]
    records[4] = record(14, 5)
    (chunk,) = intake().read(records)
    assert [10, 11, 12, 13] == [reject.offset for reject in chunk.rejects]
    assert {"json", "not_object", "missing_field"} == {reject.reason for reject in chunk.rejects}
    assert [14] == chunk.offset.tolist()


def test_a_crossing_spread_over_lines_is_one_record() -> None:
    """White space is white space."""
    (chunk,) = intake().read([record(0, 0, value=line("c0", 0).replace(b", ", b",\n "))])
    assert [0] == chunk.offset.tolist()
    assert not chunk.rejects


def test_only_live_records_are_compared_with_the_brokers_clock() -> None:
    """Two hours ahead is refused; in a recorded log it is what happened."""
    ahead = line("c0", 7_200_000)
    (live,) = intake().read([Record(0, START_MS, ahead, None)])
    assert ["time_range"] == [reject.reason for reject in live.rejects]
    (recorded,) = intake().read([Record(0, START_MS, ahead, Mark(1, 1, START_MS, START_MS + 7_200_000))])
    assert not recorded.rejects


def test_a_floor_holds_from_its_offset_on() -> None:
    """The partition had fallen silent there, and the others went on."""
    some = intake()
    some.floors = [(1, START_MS + 5_000)]
    assert [0, 4_750, 6_000] == places(some.read([record(0, 0), record(1, 100), record(2, 6_000)]))


def test_marked_and_unmarked_records_keep_their_order() -> None:
    """Each run is a chunk."""
    chunks = intake().read([record(0, 0), marked(1, 1, 10, 0), marked(2, 2, 20, 10), record(3, 30)])
    assert [[0], [1, 2], [3]] == [chunk.offset.tolist() for chunk in chunks]


def test_not_every_log_that_ever_came_is_remembered() -> None:
    """The oldest are forgotten: memory is bounded."""
    some = intake()
    some.read([marked(k, 1, k, k, log=k + 1) for k in range(MOST_LOGS + 10)])
    assert MOST_LOGS == len(some.standing.lines)
    assert 1 not in some.standing.lines


@given(st.lists(st.integers(0, 2_000), min_size=1, max_size=30), st.integers(0, 30))
def test_cuts_do_not_matter(times: list[int], cut: int) -> None:
    """Read at once or in two pieces: the same places, and none below the watermark of its partition."""
    records = [record(offset, at_ms) for offset, at_ms in enumerate(times)]
    whole, piecewise = intake(), intake()
    expected = places(whole.read(records))
    parts = [piecewise.read(piece) for piece in (records[:cut], records[cut:]) if piece]
    assert expected == [place for part in parts for place in places(part)]
    newest = np.maximum.accumulate(times)
    assert all(place >= before - LATENESS_MS for place, before in zip(expected[1:], newest[:-1], strict=True))

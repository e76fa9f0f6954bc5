"""What does a line of a log become on its way to Kafka, and does it matter how the log was cut?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from stream.clock import NEVER
from stream.key_partitions import KeyPartitions
from stream.lines import Block
from stream.log_records import LogRecords
from stream.messages import Mark
from tests.schemas.documents import KEY, line
from tests.stream.logs import border_lines

PARTITIONS = 5


def reader(ports: Ports | None = None) -> LogRecords:
    """For a log of its own."""
    ports, pseudonymiser = ports or Ports.open(), Pseudonymiser(KEY)
    return LogRecords(Codec(ports, pseudonymiser), pseudonymiser, ports, KeyPartitions(PARTITIONS), PARTITIONS)


def blocks(lines: list[bytes], cuts: list[int]) -> Iterator[Block]:
    """The log, cut before the lines `cuts`."""
    offset = 0
    edges = sorted({0, len(lines), *(cut for cut in cuts if cut < len(lines))})
    for first, last in pairwise(edges):
        data = b"".join(text + b"\n" for text in lines[first:last])
        yield Block(data, first + 1, offset)
        offset += len(data)


def rows(lines: list[bytes], cuts: list[int] = []) -> list[tuple[Any, ...]]:  # noqa: B006 (never changed)
    """Every record as a tuple, with its mark read."""
    records = reader()
    return [
        (Mark.decode(text), value, key, partition, crossing)
        for block in blocks(lines, cuts)
        for found in [records.of(block)]
        for text, value, key, partition, crossing in zip(
            found.marks, found.values, found.keys, found.partitions, found.crossing.tolist(), strict=True
        )
    ]


def at(second: int, **more: Any) -> bytes:
    """A crossing in a minute of its own."""
    return line(occurred_at=f"2026-01-31T08:15:{second:02}Z", crossing_id=f"c-{second}", **more)


def test_a_record_is_the_line_under_its_vehicle_marked_with_its_place() -> None:
    """Line numbers count blank lines, which are not sent; the clock is the log's before and with the line."""
    lines = [at(7), b"", at(9, vehicle="v-2"), at(3)]
    start = int(np.datetime64("2026-01-31T08:15:07", "ms").astype(int))
    assert [
        (Mark(0, 1, start, start), lines[0], b"v-1"),
        (Mark(0, 3, start, start + 2000), lines[2], b"v-2"),
        (Mark(0, 4, start + 2000, start + 2000), lines[3], b"v-1"),
    ] == [row[:3] for row in rows(lines)]


def test_what_is_no_crossing_is_sent_without_a_key_and_does_not_move_the_clock() -> None:
    """It is on its way to the dead letter; its partition follows from its line."""
    lines = [b"no json", at(7), at(5, port=7), at(8)]
    found = rows(lines)
    assert [None, b"v-1", None, b"v-1"] == [row[2] for row in found]
    assert [1, 3] == [found[0][3], found[2][3]]
    start = found[1][0].reached_ms
    assert (int(NEVER), int(NEVER)) == found[0][0][2:]
    assert (start, start) == found[2][0][2:]
    assert (start, start + 1000) == found[3][0][2:]


@given(st.lists(st.integers(1, 400), max_size=12))
def test_how_a_log_is_cut_never_shows(cuts: list[int]) -> None:
    """Marks, keys and partitions follow from the log alone."""
    lines = list(border_lines()[:400])
    lines[10:10] = [b"", b"{", line(occurred_at="2090-01-01T00:00:00Z"), b" "]
    assert rows(lines) == rows(lines, cuts)


def test_no_plate_is_in_a_record_and_its_vehicle_is_the_pseudonym() -> None:
    """Neither where it belongs nor where it does not, nor in a line that cannot be used."""
    plate = {"plate": "QZX 4711", "plate_jurisdiction": "TX"}
    lines = [line(vehicle=..., **plate), line(vehicle=..., port=7, **plate), line(licence="QZX 4711")]
    found = rows(lines)
    assert all(b"4711" not in row[1] for row in found)
    vehicle = Pseudonymiser(KEY).pseudonym("QZX 4711", "TX")
    assert [vehicle.encode(), None, b"v-1"] == [row[2] for row in found]
    assert vehicle == json.loads(found[0][1])["vehicle"]


def test_all_of_a_vehicle_is_in_one_partition() -> None:
    """And vehicles are spread over all of them."""
    places: dict[bytes, set[int]] = {}
    for row in rows(border_lines()):
        places.setdefault(row[2], set()).add(row[3])
    assert {1} == {len(some) for some in places.values()}
    assert PARTITIONS == len(set.union(*places.values()))


def test_new_ports_are_named_once_in_the_order_of_the_log() -> None:
    """Those an open registry has already are not new; one that stands in a reject only is none."""
    ports = Ports.open()
    ports.learn(["2404"])
    records = reader(ports)
    lines = [line(port="x", lane=7), line(port="b"), line(port="2404"), line(port="a"), line(port="b"), line(port="c")]
    assert [["b", "a"], ["c"]] == [records.of(block).new_ports for block in blocks(lines, [5])]


def test_a_byte_order_mark_does_not_get_into_the_topic() -> None:
    """It would make the first line a reject there."""
    (block,) = blocks([b"\xef\xbb\xbf" + at(7), at(8)], [])
    assert [b"   " + at(7), at(8)] == reader().of(block).values


def test_a_log_is_known_by_its_first_line_and_the_session() -> None:
    """Blank lines before it do not count; the id of a log of plates does not follow from the plate alone."""
    (block,), (later,) = blocks([at(7), at(8)], []), blocks([b"", b" ", at(7)], [])
    first = reader().identify(block)
    assert first == reader().identify(later)
    assert first != reader().identify(block, 1)
    assert reader().identify(Block(b"\n \n", 1, 0)) is None
    plates = Block(line(vehicle=..., plate="QZX 4711", plate_jurisdiction="TX"), 1, 0)
    other = Pseudonymiser(bytes(32))
    assert reader().identify(plates) != LogRecords(Codec(Ports.open(), other), other, Ports.open(), {}, 1).identify(
        plates
    )


@pytest.mark.parametrize("last", [b"", b"\n"])
def test_a_last_line_without_its_end_is_a_line(last: bytes) -> None:
    """As in a replay."""
    assert [at(7), at(8)] == reader().of(Block(at(7) + b"\n" + at(8) + last, 1, 0)).values

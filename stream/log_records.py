"""What becomes of a block of lines on its way to Kafka? Records: key, partition, mark, and the line without plates.

Pure: no Kafka, no clock. The block is decoded as a replay decodes it, to learn of each line its vehicle and its time.
A line that is no crossing is sent as well, so that it reaches the dead letter; blank lines are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray

from schemas.codec import Codec
from schemas.lines import located, without_bom
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from stream.clock import NEVER, EventClock
from stream.lines import Block
from stream.messages import encode_marks


class Records(NamedTuple):
    """One entry a record, in the order of the log."""

    values: list[bytes]
    keys: list[bytes | None]  # the vehicle; None: no crossing
    partitions: list[int]
    marks: list[bytes]
    line: NDArray[np.int64]  # 1-based
    reached_ms: NDArray[np.int64]  # the log's clock with each
    crossing: NDArray[np.bool_]  # which are crossings
    new_ports: list[str]  # codes that an open registry registered with this block, in order


class LogRecords:
    """Makes the records of one log; hand it every block from the first on, since clock and ports follow from them."""

    def __init__(
        self, codec: Codec, pseudonymiser: Pseudonymiser, ports: Ports, vehicles: Mapping[str, tuple[bytes, int]],
        partitions: int,
    ) -> None:  # fmt: skip
        """`vehicles` gives key and partition of a pseudonym, of `partitions` in all."""
        self._codec, self._pseudonymiser, self._ports = codec, pseudonymiser, ports
        self._vehicles, self._partitions = vehicles, partitions
        self._clock = EventClock()
        self.log = 0  # which log the marks name

    def identify(self, block: Block, session: int = 0) -> int | None:
        """The id of the log that begins with this block; None while all its lines are blank.

        From the first line as it is sent: one made from a raw plate could be tried out against all plates.
        """
        lines = located(self._clean(block), block.line, block.offset)
        return xxhash.xxh3_64_intdigest(lines[0].raw + b"\n%d" % session) if lines else None

    def of(self, block: Block) -> Records:
        """The records of the next block."""
        data = self._clean(block)
        known = len(self._ports)
        decoded = self._codec.decode(data, line=block.line, offset=block.offset)
        values, line = _lines(data, block, decoded.lines)
        crossing = np.ones(len(values), np.bool_)
        if decoded.rejects:
            crossing[np.isin(line, [reject.line for reject in decoded.rejects])] = False
        before_ms, reached_ms = self._places(decoded.batch.time_ms, crossing)
        keys: list[bytes | None] = [None] * len(values)
        partitions = (line % self._partitions).tolist()
        found = map(self._vehicles.__getitem__, decoded.batch.vehicle.tolist())
        for place, (key, partition) in zip(np.flatnonzero(crossing).tolist(), found, strict=True):
            keys[place], partitions[place] = key, partition
        marks = encode_marks(self.log, line, before_ms, reached_ms)
        new_ports = self._ports.names[known:] if len(self._ports) > known else []
        return Records(values, keys, partitions, marks, line, reached_ms, crossing, new_ports)

    def _clean(self, block: Block) -> bytes:
        return self._pseudonymiser.rewrite_plates(without_bom(block.data, block.offset))

    def _places(
        self, time_ms: NDArray[np.int64], crossing: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The log's clock before and with each record; what is no crossing does not move it."""
        newest = self._clock.newest
        reached = self._clock.reached(time_ms)
        first = newest == NEVER and len(reached)  # nothing was before the very first: it is not late
        newest_before = int(reached[0]) if first else newest
        place = np.cumsum(crossing) - 1  # of the last crossing up to each record
        with_each = np.concatenate([np.full(1, newest, np.int64), reached])[place + 1]
        before = np.concatenate([np.full(1, newest_before, np.int64), reached])[place]
        return np.where(crossing, before, with_each), with_each


def _lines(data: bytes, block: Block, filled: int) -> tuple[list[bytes], NDArray[np.int64]]:
    """The lines that are not blank, of which there are `filled`, and their numbers."""
    values = data.split(b"\n")
    if not values[-1]:
        values.pop()
    if len(values) == filled:
        return values, np.arange(block.line, block.line + filled, dtype=np.int64)
    lines = located(data, block.line, block.offset)
    return [line.raw for line in lines], np.array([line.number for line in lines], np.int64)

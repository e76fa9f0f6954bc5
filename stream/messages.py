"""What do producers and workers tell each other beside crossings and alerts? A mark on each record, and few messages.

Everything here is written to Kafka and read by every worker; JSON-like values in MessagePack, arrays as raw bytes, no
pickles. The topics are in `stream/topics.py`.

`linewatch produce` marks each record of the crossings topic with the place it has in its log: so a worker knows which
crossing came when in the whole log although it sees a part, and drops what was sent twice. Records of other producers
carry no mark; their order is that of their partition.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

PROGRESS_KEY = b"progress"  # of a `Progress` in the topic `exchange`
MARK_HEADER = "linewatch-log"
_MARK = struct.Struct(">QQqq")


class Mark(NamedTuple):
    """The place of a record in the log it comes from. Times are the log's clock (`stream/clock.py`), ms since 1970."""

    log: int  # which log: `linewatch produce` derives it from the log and the session
    line: int  # 1-based; blank lines count
    before_ms: int  # how far the log had come before this line
    reached_ms: int  # and with it

    def encode(self) -> bytes:
        """For the header `MARK_HEADER`, 32 bytes.

        >>> Mark.decode(Mark(1, 2, 3, -4).encode())
        Mark(log=1, line=2, before_ms=3, reached_ms=-4)
        """
        return _MARK.pack(*self)

    @classmethod
    def decode(cls, data: bytes) -> Mark:
        """The inverse of `encode`. Raises ValueError for other bytes."""
        try:
            return cls(*_MARK.unpack(data))
        except struct.error:
            raise ValueError(f"a mark of {_MARK.size} bytes is required, got {len(data)}") from None


def encode_marks(
    log: int, line: NDArray[np.int64], before_ms: NDArray[np.int64], reached_ms: NDArray[np.int64]
) -> list[bytes]:
    """`Mark.encode` of many records of one log, at a tenth of its price.

    >>> one = np.array([2])
    >>> encode_marks(1, one, one + 1, one - 6) == [Mark(1, 2, 3, -4).encode()]
    True
    """
    marks = np.empty(len(line), np.dtype([("log", ">u8"), ("line", ">u8"), ("before", ">i8"), ("reached", ">i8")]))
    marks["log"], marks["line"], marks["before"], marks["reached"] = log, line, before_ms, reached_ms
    data, size = marks.tobytes(), _MARK.size
    return [data[at : at + size] for at in range(0, len(data), size)]


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """A producer's word: up to here everything of the log is in the crossings topic, acknowledged by the broker.

    In the topic `exchange`. The first one of a session has line 0 and is written before its first record. Between the
    first and the one that is `done`, a silent partition is one whose next crossing has not happened yet in the log.
    """

    log: int
    line: int  # every line up to this one was sent
    reached_ms: int  # the log's clock there
    ends: dict[int, int]  # partition -> offset after its last record of this log; absent: none of it there yet
    done: bool = False
    origin: int = 0  # which log apart from the session: how a producer finds where it stopped


class PortCode(msgspec.Struct, frozen=True):
    """A value of the topic `ports`: the number of a port is the place at which its code first stands there."""

    code: str


encode = msgspec.msgpack.Encoder().encode

"""How are lines read from a pipe while they are being written?"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator

from schemas.errors import Unavailable
from stream.lines import Block, Fingerprint, Lines, Position
from stream.sources import READ_BYTES


class PipeSource:
    """A pipe (live standard input): whole lines as they come, an empty block whenever it is quiet.

    Delivery: exactly once while the process lives, at most once across a crash: a pipe cannot be rewound, so what was
    read after the last checkpoint is lost with the process. A file or HTTP as the source does not lose it.
    """

    name = "standard input"

    def __init__(self, fd: int, *, stop: threading.Event, poll_s: float, batch_lines: int = 4_096) -> None:
        self._fd, self._stop, self._poll_s = fd, stop, poll_s
        self._lines = Lines(batch_lines=batch_lines)
        self._read = 0

    def blocks(self) -> Iterator[Block]:
        """Blocks until the other side closes the pipe or `stop` is set; Unavailable when it cannot be read."""
        while not self._stop.is_set():
            try:
                ready, _, _ = select.select([self._fd], [], [], self._poll_s)
                data = os.read(self._fd, READ_BYTES) if ready else b""
            except OSError as problem:
                raise Unavailable(f"standard input cannot be read ({problem.strerror}).") from None
            self._read += len(data)
            if data:
                yield from self._lines.cut(data)
            elif ready:
                yield from self._lines.cut(b"", last=True)
                return
            else:
                at = self._lines.position()
                yield Block(b"", at.line, at.offset)

    def position(self) -> Position:
        """Bytes and lines taken since the very first start."""
        return self._lines.position()

    def seek(self, position: Position) -> None:
        """Count on from there; what comes now is new."""
        self._lines.start_at(Fingerprint(position.offset), position.line)

    def size(self) -> int | None:
        """Unknown."""
        return None

    def consumed(self) -> int:
        """Bytes read by this process."""
        return self._read

    def release(self, position: Position) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Standard input belongs to the caller."""

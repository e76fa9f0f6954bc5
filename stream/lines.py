"""How are bytes cut into blocks of whole lines, and which bytes were they?

The way the bytes came in (the size of the reads) never shows in what comes out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

HEAD_BYTES = 65_536  # the first bytes of a stream identify it,
TAIL_BYTES = 4_096  # and so do those just before a position
BLOCK_BYTES = 1_048_576
NEWLINE = 10


class Block(NamedTuple):
    """Zero or more whole lines. `line` is the 1-based number of the first, `offset` the position of its first byte.

    `omitted` > 0: the block is the beginning of one over-long line, of which so many bytes were left out.
    No data: nothing came in for a while (live sources only), a chance to flush and to save.
    """

    data: bytes
    line: int
    offset: int
    omitted: int = 0


class Position(NamedTuple):
    """How far a source was read, and fingerprints of what was read; goes into a checkpoint as it is."""

    offset: int
    line: int
    head: str
    tail: str


class Fingerprint(NamedTuple):
    """The first and the last bytes of the `offset` bytes read so far."""

    offset: int = 0
    head: bytes = b""
    tail: bytes = b""

    def plus(self, data: bytes) -> Fingerprint:
        """The fingerprint after `data` was read as well."""
        head = self.head if len(self.head) == HEAD_BYTES else self.head + data[: HEAD_BYTES - len(self.head)]
        tail = data[-TAIL_BYTES:] if len(data) >= TAIL_BYTES else (self.tail + data)[-TAIL_BYTES:]
        return Fingerprint(self.offset + len(data), head, tail)

    def position(self, line: int) -> Position:
        """The position after these bytes, with `line` as the number of the next line."""
        return Position(self.offset, line, hashlib.sha256(self.head).hexdigest(), hashlib.sha256(self.tail).hexdigest())


class _Long(NamedTuple):
    """A line longer than a block, while its end has not come: its beginning and what was left out."""

    data: bytes
    omitted: int
    mark: Fingerprint


class Lines:
    """Cuts bytes into blocks of whole lines, and knows offset, line number and fingerprint of what it handed out.

    A block has at most `batch_lines` lines and `block_bytes` bytes. A line longer than `block_bytes` comes alone, cut
    to that length, with the number of bytes left out: it never fills the memory, and the codec rejects it.
    """

    def __init__(self, *, batch_lines: int = 4_096, block_bytes: int = BLOCK_BYTES) -> None:
        self.batch_lines, self.block_bytes = batch_lines, block_bytes
        self.start_at(Fingerprint(), 1)

    def start_at(self, mark: Fingerprint, line: int) -> None:
        """Forget what is unfinished; what comes next follows the bytes of `mark` and begins line `line`."""
        self._mark, self._line, self._rest, self._long = mark, line, b"", None

    _long: _Long | None

    def position(self) -> Position:
        """Where the last block handed out ended."""
        return self._mark.position(self._line)

    def cut(self, data: bytes, *, last: bool = False, full: bool = False) -> Iterator[Block]:
        """The blocks that `data` completes; with `last` an unfinished line is handed out too.

        With `full` lines that do not fill a block wait for the next call: better for speed, worse for latency.
        """
        if self._long is not None:
            end = data.find(b"\n") + 1
            self._lengthen(data[:end] if end else data, ended=bool(end))
            if not end and not last:
                return
            yield self._hand_out_long()
            data = data[end:] if end else b""
        buffer = self._rest + data if self._rest else data
        ends = np.flatnonzero(np.frombuffer(buffer, np.uint8) == NEWLINE) + 1
        start, done = 0, 0
        while done < len(ends):
            fit = int(np.searchsorted(ends, start + self.block_bytes, side="right"))
            until = min(max(fit, done + 1), done + self.batch_lines)
            if full and until - done < self.batch_lines and len(buffer) - start < self.block_bytes:
                break
            end = int(ends[until - 1])
            self._rest = buffer[end:] if until == len(ends) else b""
            yield self._hand_out(buffer[start:end], until - done)
            start, done = end, until
        self._rest = buffer[start:]
        yield from self._unfinished(last=last)

    def _unfinished(self, *, last: bool) -> Iterator[Block]:
        """What remains without a newline: kept, handed out at the end, or an over-long line that goes on."""
        rest = self._rest
        if len(rest) > self.block_bytes:
            self._rest = b""
            kept = rest[: self.block_bytes]
            self._long = _Long(kept, len(rest) - len(kept), self._mark.plus(rest))
            if last:
                yield self._hand_out_long()
        elif rest and last:
            self._rest = b""
            yield self._hand_out(rest, 1)

    def _hand_out(self, data: bytes, lines: int) -> Block:
        kept = data[: self.block_bytes]  # shorter than `data` only for one over-long line
        block = Block(kept, self._line, self._mark.offset, len(data.rstrip(b"\n")) - len(kept) if kept != data else 0)
        self._mark, self._line = self._mark.plus(data), self._line + lines
        return block

    def _lengthen(self, data: bytes, *, ended: bool) -> None:
        assert self._long is not None
        kept, omitted, mark = self._long
        self._long = _Long(kept, omitted + len(data) - ended, mark.plus(data))

    def _hand_out_long(self) -> Block:
        assert self._long is not None
        kept, omitted, mark = self._long
        block = Block(kept, self._line, self._mark.offset, omitted)
        self._mark, self._line, self._long = mark, self._line + 1, None
        return block

"""Where do the lines come from? Sources: a recorded log or standard input, as blocks of whole lines.

A source hands out blocks, says where it stands (`position`) and can go back there (`seek`). The position counts bytes
of the *decompressed* stream, so a log that was compressed in the meantime is still the same log; it carries
fingerprints of what was read, so that another file in the same place is noticed. stream/follow.py and
stream/spool.py hold the live sources.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from schemas.errors import ConfigError, Unavailable
from stream.lines import Block, Fingerprint, Lines, Position
from stream.readers import Reader, open_reader

READ_BYTES = 1_048_576


class Source(Protocol):
    """What the runner needs of a source; every source's docstring states its delivery guarantee."""

    name: str

    def blocks(self) -> Iterator[Block]:
        """Blocks in order from where the source stands; Unavailable when it cannot be read on."""

    def position(self) -> Position:
        """Where the last block handed out ended."""

    def seek(self, position: Position) -> None:
        """Stand where `position` says; ConfigError when this is not the stream it was taken from."""

    def size(self) -> int | None:
        """Bytes to read in all (on disk, compressed), or None when that is unknown."""

    def consumed(self) -> int:
        """Bytes of `size` read so far, for a progress bar."""

    def release(self, position: Position) -> None:
        """A checkpoint holds everything up to `position`: what lies before it may be deleted."""

    def close(self) -> None:
        """Let go of what is open."""


class LogSource:
    """A recorded log: `.jsonl`, gzip or zstd (told apart by content, not by name), or any open binary stream.

    Delivery: every line exactly once between two `seek`s, in order; after `seek(p)` the lines that follow `p`. With a
    checkpoint that holds the position that is exactly once in all. A stream that cannot be rewound (standard input)
    is read again from its start, which the caller must feed again.
    """

    def __init__(self, log: Path | BinaryIO, *, name: str = "", batch_lines: int = 4_096) -> None:
        """ConfigError when `log` names no file that can be read."""
        self._reader: Reader = open_reader(log)
        self._path = log if isinstance(log, Path) else None
        self._size = log.stat().st_size if isinstance(log, Path) else None
        self._lines = Lines(batch_lines=batch_lines)
        self.name = name or str(log)

    def blocks(self) -> Iterator[Block]:
        """Blocks until the end of the log; a last line without a newline counts as a line."""
        try:
            while data := self._reader.read(READ_BYTES):
                yield from self._lines.cut(data, full=True)
        except Unavailable:
            yield from self._lines.cut(b"")  # the lines that waited for a full block; half a line is none
            raise
        yield from self._lines.cut(b"", last=True)

    def position(self) -> Position:
        """Where the last block handed out ended."""
        return self._lines.position()

    def seek(self, position: Position) -> None:
        """Go on after `position`; ConfigError when the log is shorter or its bytes differ."""
        found = Fingerprint()
        while found.offset < position.offset:
            data = self._reader.read(min(READ_BYTES, position.offset - found.offset))
            if not data:
                raise shorter(self.name, found.offset, position)
            found = found.plus(data)
        check_same(self.name, found, position)
        self._lines.start_at(found, position.line)

    def size(self) -> int | None:
        """Bytes of the file on disk; None for a stream."""
        return self._size

    def consumed(self) -> int:
        """Bytes of the file on disk that were read."""
        return self._reader.consumed()

    def release(self, position: Position) -> None:
        """A recorded log is kept."""

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


def shorter(name: str, offset: int, position: Position) -> ConfigError:
    """The error for a log that ends before the position it should go on from."""
    return ConfigError(
        f"{name} ends after {offset:,} bytes, but the checkpoint was taken at byte {position.offset:,}: it was cut or "
        "is another file. Give the log that the state folder has read, or a new --state folder."
    )


def check_same(name: str, found: Fingerprint, position: Position) -> None:
    """ConfigError when what lies before the position is not what the checkpoint had read."""
    if found.position(position.line) != position:
        raise ConfigError(
            f"{name} is not the log that the state folder has read: its first {position.offset:,} bytes differ. "
            "Give the same log, or a new --state folder."
        )

"""How is a log followed while another program is still writing it?"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from schemas.errors import ConfigError, Unavailable
from stream.lines import HEAD_BYTES, TAIL_BYTES, Block, Fingerprint, Lines, Position
from stream.readers import GZIP_MAGIC, ZSTD_MAGIC
from stream.sources import READ_BYTES, check_same, shorter


class FollowSource:
    """A growing plain `.jsonl`: whole lines as they appear, and an empty block whenever it is quiet.

    Delivery: every line exactly once between two `seek`s; a line counts from the moment its newline is written. When
    the file is replaced (log rotation by rename), the old one is read to its end, a half line at its end included,
    then the new one from its start. When it is cut in place, lines may be gone unread: that is an error.
    """

    def __init__(
        self,
        path: Path,
        *,
        stop: threading.Event,
        poll_s: float,
        batch_lines: int = 4_096,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        """ConfigError when the file cannot be read or is compressed (it then cannot grow line by line)."""
        self.name, self._path, self._stop, self._poll_s, self._notice = str(path), path, stop, poll_s, notice
        try:
            self._file: BinaryIO = path.open("rb")
            magic = self._file.read(4)
            self._file.seek(0)
        except OSError as problem:
            raise ConfigError(f"cannot follow {path} ({problem.strerror}). Name a file that exists.") from None
        if magic.startswith(GZIP_MAGIC) or magic == ZSTD_MAGIC:
            self._file.close()
            raise ConfigError(
                f"{path} is compressed and cannot be followed; use `linewatch replay`, or a plain .jsonl."
            )
        self._lines = Lines(batch_lines=batch_lines)

    def blocks(self) -> Iterator[Block]:
        """Blocks until `stop` is set; Unavailable when the file was cut or cannot be read."""
        while not self._stop.is_set():
            data = self._read()
            if data:
                yield from self._lines.cut(data)
            elif self._replaced():
                yield from self._lines.cut(b"", last=True)
                self._reopen()
            else:
                at = self._lines.position()
                yield Block(b"", at.line, at.offset)
                self._stop.wait(self._poll_s)

    def _read(self) -> bytes:
        try:
            return self._file.read(READ_BYTES)
        except OSError as problem:
            raise Unavailable(
                f"{self.name}: reading failed ({problem.strerror}); start again when it is back."
            ) from None

    def _replaced(self) -> bool:
        """Whether the path names another file now; Unavailable when this one was cut below where we stand."""
        here, mine = self._file.tell(), os.fstat(self._file.fileno())
        if mine.st_size < here:
            raise Unavailable(
                f"{self.name} was cut to {mine.st_size:,} bytes while byte {here:,} was reached: lines may be gone "
                "unread. Rotate the log by renaming it; start again with a new data folder."
            )
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return False  # between the two steps of a rotation, or unmounted: wait
        return (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino) and not self._grew(mine.st_size)

    def _grew(self, size: int) -> bool:
        """Whether the old file got another line after our last read."""
        return self._file.tell() < size

    def _reopen(self) -> None:
        try:
            file = self._path.open("rb")
        except OSError:
            return  # gone again: the next look decides
        self._file.close()
        self._file = file
        self._lines.start_at(Fingerprint(), 1)
        self._notice(f"{self.name} was replaced: the old file was read to its end, going on with the new one")

    def position(self) -> Position:
        """Where the last block handed out ended, in the file that is followed now."""
        return self._lines.position()

    def seek(self, position: Position) -> None:
        """Go on after `position`; ConfigError when the file is shorter or its bytes differ."""
        head = self._file.read(min(HEAD_BYTES, position.offset))
        self._file.seek(max(0, position.offset - TAIL_BYTES))
        tail = self._file.read(min(TAIL_BYTES, position.offset))
        if self._file.tell() < position.offset:
            raise shorter(self.name, os.fstat(self._file.fileno()).st_size, position)
        found = Fingerprint(position.offset, head, tail)
        check_same(self.name, found, position)
        self._lines.start_at(found, position.line)

    def size(self) -> int | None:
        """Unknown: it grows."""
        return None

    def consumed(self) -> int:
        """Bytes read of the file that is followed now."""
        return self._file.tell()

    def release(self, position: Position) -> None:
        """A followed log belongs to the program that writes it."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

"""How do crossings that were acknowledged over HTTP survive a crash? A spool: segments of lines on disk.

`SpoolWriter` appends and syncs before the sender gets its answer; `SpoolSource` follows. A segment's name is the
offset of its first byte in the whole spool, so that offsets go on forever while read segments are deleted.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from schemas.errors import ConfigError, Unavailable
from stream.files import sync_folder, write_all
from stream.lines import Block, Fingerprint, Lines, Position
from stream.sources import READ_BYTES


def segments(folder: Path) -> list[tuple[int, Path]]:
    """(first offset, path) of the segments, in order."""
    return sorted((int(path.stem), path) for path in folder.glob("*.jsonl") if path.stem.isdigit())


class SpoolWriter:
    """Appends whole lines. After `append` returns they are on disk, and survive a crash and a power cut.

    A crash in the middle of an append can leave a half line, which was not acknowledged: it is cut off at the start.
    """

    def __init__(self, folder: Path, *, segment_bytes: int) -> None:
        """Unavailable when the folder cannot be made or written."""
        self._folder, self._segment_bytes = folder, segment_bytes
        self._lock = threading.Lock()
        self.grown = threading.Event()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            found = segments(folder)
            self._start, path = found[-1] if found else (0, folder / f"{0:020d}.jsonl")
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            self._size = _cut_half_line(self._fd)
            sync_folder(folder)
        except OSError as problem:
            raise Unavailable(f"cannot write the spool in {folder} ({problem.strerror}).") from None

    def append(self, data: bytes) -> None:
        """Write whole lines (each ended by a newline) and sync. Unavailable, and nothing appended, if that fails."""
        with self._lock:
            try:
                if self._size >= self._segment_bytes:
                    self._roll()
                write_all(self._fd, data)
                os.fsync(self._fd)
            except OSError as problem:
                self._undo()
                raise Unavailable(f"the spool in {self._folder} cannot be written ({problem.strerror}).") from None
            self._size += len(data)
        self.grown.set()

    def end(self) -> int:
        """The offset after the last byte that is synced and acknowledged."""
        return self._start + self._size

    def _roll(self) -> None:
        start = self._start + self._size
        fd = os.open(self._folder / f"{start:020d}.jsonl", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.close(self._fd)
        self._fd, self._start, self._size = fd, start, 0
        sync_folder(self._folder)

    def _undo(self) -> None:
        try:
            os.ftruncate(self._fd, self._size)
            os.lseek(self._fd, self._size, os.SEEK_SET)
        except OSError:
            pass  # the disk is gone; what is left is cut at the next start

    def close(self) -> None:
        """Close the segment."""
        os.close(self._fd)


def _cut_half_line(fd: int) -> int:
    """Cut what follows the last newline; the size that remains."""
    size = os.fstat(fd).st_size
    while size:
        start = max(0, size - READ_BYTES)
        newline = os.pread(fd, size - start, start).rfind(b"\n")
        if newline >= 0:
            size = start + newline + 1
            break
        size = start
    os.ftruncate(fd, size)
    os.lseek(fd, size, os.SEEK_SET)
    return size


class SpoolSource:
    """Follows a spool. Delivery: every acknowledged line exactly once between two `seek`s, in order of arrival.

    Together with the checkpoint's position that is exactly once across crashes.
    """

    def __init__(
        self, writer: SpoolWriter, folder: Path, *, stop: threading.Event, poll_s: float, batch_lines: int = 4_096
    ) -> None:
        self.name = "http"
        self._writer, self._folder, self._stop, self._poll_s = writer, folder, stop, poll_s
        self._lines = Lines(batch_lines=batch_lines)
        self._read_to = 0

    def blocks(self) -> Iterator[Block]:
        """Blocks until `stop` is set and everything acknowledged was handed out; Unavailable on a read error."""
        while True:
            stopping = self._stop.is_set()  # looked at first: what came before the stop is still read
            self._writer.grown.clear()
            data = self._read()
            if data:
                yield from self._lines.cut(data)
            elif stopping:
                return
            else:
                at = self._lines.position()
                yield Block(b"", at.line, at.offset)
                self._writer.grown.wait(self._poll_s)

    def _read(self) -> bytes:
        """Bytes after `_read_to`, of one segment; only what the writer has synced."""
        ready = self._writer.end() - self._read_to
        if ready <= 0:
            return b""
        try:
            start, path = [found for found in segments(self._folder) if found[0] <= self._read_to][-1]
            with path.open("rb") as file:
                file.seek(self._read_to - start)
                data = file.read(min(READ_BYTES, ready))
        except (OSError, IndexError) as problem:
            raise Unavailable(f"the spool in {self._folder} cannot be read ({problem}).") from None
        self._read_to += len(data)
        return data

    def position(self) -> Position:
        """Where the last block handed out ended."""
        return self._lines.position()

    def seek(self, position: Position) -> None:
        """Go on after `position`; ConfigError when the spool ends before it (it was deleted or is another one)."""
        first, end = segments(self._folder)[0][0], self._writer.end()
        if not first <= position.offset <= end:
            raise ConfigError(
                f"the spool in {self._folder} holds bytes {first:,} to {end:,}, but the checkpoint was taken at "
                f"{position.offset:,}. Bring the spool back, or give a new data folder."
            )
        self._lines.start_at(Fingerprint(position.offset), position.line)
        self._read_to = position.offset

    def size(self) -> int | None:
        """Unknown: it grows."""
        return None

    def consumed(self) -> int:
        """Bytes of the spool read so far."""
        return self._read_to

    def release(self, position: Position) -> None:
        """Delete the segments that lie wholly before `position`."""
        found = segments(self._folder)
        for (_, path), (next_start, _) in pairwise(found):
            if next_start <= position.offset:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is kept open."""

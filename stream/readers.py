"""How are the bytes of a log read, compressed or not?

`read(n)` gives exactly n bytes until the end. A compressed file that ends early or is damaged gives all that can be
read first, and then Unavailable: nothing readable is lost.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from schemas.errors import ConfigError, Unavailable

GZIP_MAGIC, ZSTD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
CHUNK = 262_144
ZSTD_CHUNK = 4_096  # of input: the most hostile frame makes 128 MiB of it, an ordinary one 40 kB


class Reader(Protocol):
    """Bytes in order, and how many bytes on disk they took."""

    def read(self, n: int) -> bytes:
        """The next n bytes, fewer only at the end; Unavailable when the file is damaged there."""

    def consumed(self) -> int:
        """Bytes on disk read so far."""

    def close(self) -> None:
        """Close the file."""


def open_reader(log: Path | BinaryIO) -> Reader:
    """A reader for a file (gzip and zstd told by their first bytes) or an open stream; ConfigError if it cannot be."""
    if not isinstance(log, Path):
        return _Chunks(log, _plain(log), "standard input")
    try:
        file = log.open("rb")
        magic = file.read(4)
        file.seek(0)
    except OSError as problem:
        raise ConfigError(f"cannot read the log {log} ({problem.strerror}). Name a file that exists.") from None
    if magic.startswith(GZIP_MAGIC):
        return _Chunks(file, _gzip(file), str(log))
    return _Chunks(file, _zstd(file) if magic == ZSTD_MAGIC else _plain(file), str(log))


class _Chunks:
    """Joins chunks of any size; a failure waits until what came before it was read."""

    def __init__(self, file: BinaryIO, chunks: Iterator[bytes], name: str) -> None:
        self._file, self._chunks, self._name = file, chunks, name
        self._held, self._given = b"", 0
        self._failure: Unavailable | None = None

    def read(self, n: int) -> bytes:
        parts, have = [self._held], len(self._held)
        while have < n and self._failure is None:
            chunk = self._next()
            if not chunk:
                break
            parts.append(chunk)
            have += len(chunk)
        joined = b"".join(parts)
        data, self._held = joined[:n], joined[n:]
        if not data and self._failure is not None:
            raise self._failure
        self._given += len(data)
        return data

    def _next(self) -> bytes:
        try:
            return next(self._chunks, b"")
        except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as problem:
            self._failure = Unavailable(
                f"{self._name}: the compressed file is damaged or ends early ({problem}). All lines before that were "
                "handled; get the whole file and run again."
            )
        except OSError as problem:
            self._failure = Unavailable(
                f"{self._name}: reading failed ({problem.strerror}). All lines before that were handled; run again "
                "when the disk is back."
            )
        return b""

    def consumed(self) -> int:
        try:
            return self._file.tell()
        except (OSError, ValueError):  # a pipe has no position
            return self._given

    def close(self) -> None:
        self._file.close()


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _gzip(file: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as members:
        while chunk := members.read1(CHUNK):
            yield chunk


def _zstd(file: BinaryIO) -> Iterator[bytes]:
    frame = None
    waiting = b""
    while compressed := waiting or file.read(ZSTD_CHUNK):
        frame = frame or zstandard.ZstdDecompressor().decompressobj()
        if chunk := frame.decompress(compressed):
            yield chunk
        waiting = frame.unused_data if frame.eof else b""
        frame = None if frame.eof else frame
    if frame is not None:
        raise EOFError("the zstd frame has no end")

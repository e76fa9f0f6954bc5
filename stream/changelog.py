"""How does the state of a partition live in a compacted topic? As rows that changed, in segments, and one record more.

    rows/000000000012   some hundred rows of the table with their slots (a *segment*); the newest of a slot counts
    state               everything else: position, sums, clocks, waiting crossings, the list of segments

All records of a checkpoint are written in one transaction, so a reader finds a checkpoint whole or not at all. Segments
are never changed. When they hold twice as many rows as the table, the oldest are *cleaned*: what is still the newest in
them is written again with the changes at hand, and they are deleted (a record without a value, which Kafka's cleaner
then removes). So a topic holds little more than twice the state, and a checkpoint costs what has changed.

The same idea as a log-structured file system: Rosenblum and Ousterhout, "The Design and Implementation of a
Log-Structured File System", SOSP 1991.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
import zstandard
from numpy.lib import format as npy
from numpy.typing import NDArray

from schemas.batch import Array
from schemas.errors import ConfigError
from stream.kept import Kept
from stream.state import StateTable

FORMAT = 3
STATE_KEY = b"state"
ROWS_KEY = b"rows/%012d"
SEGMENT_BYTES = 1 << 20  # of rows, before compression
FACTOR = 2  # rows in all segments over rows of the table, from which on old ones are cleaned
LEVEL = 1


class Change(NamedTuple):
    """One record to write; `value` makes its bytes (in whichever thread writes it), None deletes the key."""

    key: bytes
    value: Callable[[], bytes] | None


class Segments:
    """Which segment holds the newest of each row, and how large each is."""

    def __init__(self) -> None:
        self.sizes: dict[int, int] = {}  # number -> rows, in the order of their numbers
        self._of = np.zeros(0, np.int64)  # slot -> the segment with its newest row
        self._next = 1

    def changes(self, table: StateTable) -> list[Change]:
        """What brings the topic up to the table; afterwards the table is clean."""
        index = np.arange(len(table)) if table.compacted else np.flatnonzero(table.dirty[: len(table)])
        dropped = list(self.sizes) if table.compacted else []
        for number in dropped:
            del self.sizes[number]
        if len(table) > len(self._of):
            grown = np.zeros(max(len(table), 2 * len(self._of)), np.int64)
            grown[: len(self._of)] = self._of
            self._of = grown
        index, cleaned = self._clean(index, len(table))
        changes = [Change(ROWS_KEY % number, None) for number in (*dropped, *cleaned)]
        rows = max(1, SEGMENT_BYTES // table.dtype.itemsize)
        changes += [self._segment(index[at : at + rows], table) for at in range(0, len(index), rows)]
        table.mark_clean()
        return changes

    def _clean(self, index: NDArray[np.int64], used: int) -> tuple[NDArray[np.int64], list[int]]:
        """Also the rows of the oldest segments, where all segments together have grown too large."""
        cleaned: list[int] = []
        total, limit = sum(self.sizes.values()) + len(index), FACTOR * used
        parts = [index]
        fresh = np.zeros(used, np.bool_)
        fresh[index] = True
        for number in list(self.sizes):
            if total <= limit:
                break
            still = np.flatnonzero((self._of[:used] == number) & ~fresh)
            fresh[still] = True
            parts.append(still)
            total += len(still) - self.sizes.pop(number)
            cleaned.append(number)
        return np.concatenate(parts), cleaned

    def _segment(self, slots: NDArray[np.int64], table: StateTable) -> Change:
        number, self._next = self._next, self._next + 1
        self.sizes[number] = len(slots)
        self._of[slots] = number
        rows = table.rows[slots]  # a copy: the table goes on while the bytes are made
        return Change(ROWS_KEY % number, lambda: _compress(msgspec.msgpack.encode([_plain(slots), _plain(rows)])))

    def put(self, number: int, slots: NDArray[np.int64]) -> None:
        """A segment was read back."""
        size = int(slots.max()) + 1 if len(slots) else 0
        if size > len(self._of):
            self._of = np.concatenate([self._of, np.zeros(max(size - len(self._of), len(self._of)), np.int64)])
        self._of[slots] = number
        self._next = max(self._next, number + 1)

    def settle(self, sizes: dict[int, int]) -> None:
        """All were read; those that count."""
        self.sizes = dict(sorted(sizes.items()))


class Restored(NamedTuple):
    """A partition's last checkpoint: plain values and what the stage keeps."""

    values: dict[str, Any]
    kept: Kept
    ends: dict[str, int]


class Changelog:
    """The records of one partition's checkpoints. `key` signs river's models, which are Python objects."""

    def __init__(self, key: bytes, identity: dict[str, str]) -> None:
        self.segments = Segments()
        self._key, self._identity = key, identity

    def save(
        self, table: StateTable, kept: Kept, values: dict[str, Any], ends: Mapping[str, int] | None = None
    ) -> list[Change]:
        """The records of a checkpoint, to be written in one transaction.

        All is as it is now, whenever the bytes are made; only `ends` is as it is then: whoever writes the records adds
        to it what was written before them.
        """
        changes = self.segments.changes(table)
        evicted = [table.evicted, table.evicted_early]
        about = {"used": len(table), "evicted": evicted, "sizes": dict(self.segments.sizes)}
        state = self._state(kept, values | {"table": about})
        return [*changes, Change(STATE_KEY, lambda: _compress(msgspec.msgpack.encode([state, dict(ends or {})])))]

    def _state(self, kept: Kept, values: dict[str, Any]) -> bytes:
        """At once: what a stage keeps goes on changing."""
        arrays = {part: {name: _plain(a) for name, a in named.items()} for part, named in kept.arrays.items()}
        blobs = {name: [blob, self._sign(name, blob)] for name, blob in kept.blobs.items()}
        return msgspec.msgpack.encode(
            {
                "format": FORMAT,
                "identity": self._identity,
                "values": values,
                "kept": kept.values,
                "arrays": arrays,
                "blobs": blobs,
            }
        )

    def _sign(self, name: str, blob: bytes) -> bytes:
        return hmac.digest(self._key, name.encode() + b"\n" + blob, hashlib.sha256)

    def load(self, records: Iterator[tuple[bytes, bytes | None]], table: StateTable) -> Restored | None:
        """Read a partition's records in their order into an empty table; None where there is no checkpoint.

        ConfigError when it was written with another configuration, or river's models with another key.
        """
        state: bytes | None = None
        for key, value in records:
            if key == STATE_KEY:
                state = value
            elif value is not None:
                slots, rows = (_rich(a) for a in msgspec.msgpack.decode(_decompress(value)))
                if rows.dtype != table.dtype:
                    raise ConfigError("the saved state has rows of another shape: " + OTHER)
                table.put(slots, rows)
                self.segments.put(int(key.rpartition(b"/")[2]), slots)
        if state is None:
            return None
        record, ends = msgspec.msgpack.decode(_decompress(state))
        return self._restored(msgspec.msgpack.decode(record, strict=False), ends, table)

    def _restored(self, record: dict[str, Any], ends: dict[str, int], table: StateTable) -> Restored:
        if record["format"] != FORMAT:
            raise ConfigError(f"the saved state has format {record['format']}, this program writes {FORMAT}: {OTHER}")
        for what, mine in self._identity.items():
            if record["identity"].get(what) != mine:
                raise ConfigError(f"the saved state was written with another value of `{what}`: {OTHER}")
        about = record["values"]["table"]
        table.settle(about["used"])
        table.evicted, table.evicted_early = about["evicted"]
        self.segments.settle({int(number): size for number, size in about["sizes"].items()})
        arrays = {part: {name: _rich(a) for name, a in named.items()} for part, named in record["arrays"].items()}
        blobs = {}
        for name, (blob, signature) in record["blobs"].items():
            if not hmac.compare_digest(signature, self._sign(name, blob)):
                raise ConfigError(f"the saved models of `{name}` were not written with this plate key: {OTHER}")
            blobs[name] = blob
        return Restored(record["values"], Kept(arrays, record["kept"], blobs), ends)


OTHER = "go back to what it was, or begin anew with another kafka_topics prefix."


def _plain(array: Array) -> list[Any]:
    return [npy.dtype_to_descr(array.dtype), list(array.shape), np.ascontiguousarray(array).tobytes()]


def _rich(plain: list[Any]) -> Array:
    descr, shape, data = plain
    return np.frombuffer(data, _dtype(descr)).reshape(shape).copy()


def _dtype(descr: Any) -> np.dtype[Any]:
    """From what MessagePack made of a description: lists where numpy wants tuples."""
    if isinstance(descr, str):
        return np.dtype(descr)
    return np.dtype([_field(field) for field in descr])


def _field(field: list[Any]) -> tuple[Any, ...]:
    name, inner, *shape = field
    return (name, _dtype(inner), *(tuple(s) for s in shape))


def _compress(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=LEVEL).compress(data)


def _decompress(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(data)

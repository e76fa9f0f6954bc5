"""Where is what is known of each key? A table: key -> slot -> one fixed-size row, found by compiled code.

Rows live in one structured array that grows in place (`ndarray.resize` reallocates, which on Linux moves pages
and copies nothing), so 10 M vehicles never need room for a second copy. The index is open addressing with linear
probing over 32-bit slots: 8 bytes a key at load 1/2 beside the key itself.

Eviction. A key not seen for `forget_after_ms` of event time is *forgotten*: when it comes back its row starts
again from zero. That is decided by the key's own times alone, so it is the same in one process and in twelve.
Rows of forgotten keys are reused when room is needed; what they taught their peers was added to the shared sums
when it happened and stays there. Only if the table is full of keys that are not forgotten yet (`capacity`)
are those longest unseen evicted early; that can change results and is counted in `evicted_early`. Keys of the batch
at hand always stay, even where they alone are more than the capacity.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.admission import META
from detectors.compiled import njit
from schemas.batch import Array

BLOCK = 65536  # rows added at a time, at least, unless they are large
BLOCK_BYTES = 2**23
FREE = -1
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True)
def _probe(index, rows, key):  # type: ignore[no-untyped-def]
    """Position in the index where `key` is, or the free one where it would be."""
    mask = np.uint64(len(index) - 1)
    at = (key * GOLDEN) >> np.uint64(20) & mask
    while index[at] != FREE and rows[index[at]].key != key:
        at = (at + np.uint64(1)) & mask
    return at


@njit(cache=True)
def _find_or_add(index, rows, used, room, keys, slots):  # type: ignore[no-untyped-def]
    """Fill `slots`, giving new keys the next rows; stops where `room` rows are used or the index is half full.

    Returns the rows used then and the position reached.
    """
    for i in range(len(keys)):
        at = _probe(index, rows, keys[i])
        if index[at] == FREE:
            if used >= room or 2 * used >= len(index):
                return used, i
            index[at] = used
            rows[used].key = keys[i]
            used += 1
        slots[i] = index[at]
    return used, len(keys)


@njit(cache=True)
def _find(index, rows, keys, slots):  # type: ignore[no-untyped-def]
    """Fill `slots`, `FREE` where a key is not known."""
    for i in range(len(keys)):
        slots[i] = index[_probe(index, rows, keys[i])]


@njit(cache=True)
def _build(index, rows, used):  # type: ignore[no-untyped-def]
    """Fill an empty index from the first `used` rows."""
    for slot in range(used):
        index[_probe(index, rows, rows[slot].key)] = slot


class StateTable:
    """Rows by key; `row` is the dtype of what the detectors keep, beside the fields of `META`."""

    def __init__(self, row: list[tuple[Any, ...]], *, capacity: int, forget_after_ms: int) -> None:
        self.dtype = np.dtype([("meta", np.dtype(META)), *row])
        self.capacity = capacity
        self.forget_after_ms = forget_after_ms
        self.rows: NDArray[Any] = np.zeros(0, self.dtype)
        self.dirty: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self.used = 0
        self.evicted_early = 0
        self.evicted = 0
        self.compacted = False  # rows have moved since the last full snapshot
        self._index = np.full(16, FREE, np.int32)

    def __len__(self) -> int:
        return self.used

    @property
    def nbytes(self) -> int:
        """Bytes of the rows and the index."""
        return int(self.rows.nbytes + self._index.nbytes + self.dirty.nbytes)

    def slots_of(self, keys: NDArray[np.uint64], since_ms: int) -> NDArray[np.int32]:
        """The slot of each key, [n]; keys not known get a zeroed row.

        `since_ms` is the oldest event time of the batch: what was last seen long enough before it is forgotten.
        """
        slots = np.empty(len(keys), np.int32)
        room = min(len(self.rows), self.capacity)
        self.used, done = _find_or_add(self._index, self.rows["meta"], self.used, room, keys, slots)
        if done < len(keys):  # new keys that need room: make it once, for all of them
            self._make_way(keys, slots, since_ms)
            self.used, _ = _find_or_add(self._index, self.rows["meta"], self.used, len(self.rows), keys, slots)
        self.dirty[slots] = 1
        return slots

    def _make_way(self, keys: NDArray[np.uint64], slots: NDArray[np.int32], since_ms: int) -> None:
        """Room for those of `keys` that have no row yet, by eviction where the table is full; overwrites `slots`."""
        _find(self._index, self.rows["meta"], keys, slots)
        wanted = len(np.unique(keys[slots == FREE]))
        if self.used + wanted > self.capacity:
            self._evict(wanted, slots[slots != FREE], since_ms)
        self._make_room(wanted)

    def reset(self, slot: int) -> None:
        """Start a key again from zero: it was forgotten."""
        key = self.rows["meta"]["key"][slot]
        self.rows[slot] = np.zeros((), self.dtype)
        self.rows["meta"]["key"][slot] = key

    def _make_room(self, wanted: int) -> None:
        """Rows and index for `wanted` more keys."""
        size = self.used + wanted
        if size > len(self.rows):
            block = min(BLOCK, max(1, BLOCK_BYTES // self.dtype.itemsize))
            size = max(size, min(self.capacity, len(self.rows) + max(block, len(self.rows) // 16)))
            if len(self.rows):
                self.rows.resize(size, refcheck=False)  # in place; no view of the rows outlives a batch
            else:  # NumPy asks for huge pages where it allocates, and growing in place keeps them: a tenth faster
                self.rows = np.zeros(size, self.dtype)
            self.dirty.resize(size, refcheck=False)
        if 2 * (self.used + wanted) >= len(self._index):
            self._reindex(self.used + wanted)

    def _evict(self, wanted: int, present: NDArray[np.int32], since_ms: int) -> None:
        """Drop forgotten keys, then, if that is not enough, those longest unseen, until 7/8 of the capacity hold all.

        `present` stay: a key of the batch may be forgotten at its end and not yet at its own record.
        """
        last = self.rows["meta"]["last_ms"][: self.used]
        keep = last >= since_ms - self.forget_after_ms
        keep[present] = True
        self.evicted += int(self.used - keep.sum())
        excess = int(keep.sum()) + wanted - (self.capacity - self.capacity // 8)
        if excess > 0:
            keep[present] = False
            order = np.lexsort((self.rows["meta"]["key"][: self.used], last))
            early = order[keep[order]][:excess]
            keep[early], keep[present] = False, True
            self.evicted_early += len(early)
        self._compact(np.flatnonzero(keep), wanted)

    def _compact(self, kept: NDArray[np.int64], wanted: int) -> None:
        """Move the rows `kept` to the front and find them again."""
        for start in range(0, len(kept), BLOCK):  # in pieces, so that no second copy of the table is needed
            piece = kept[start : start + BLOCK]
            self.rows[start : start + len(piece)] = self.rows[piece]
        self.rows[len(kept) : self.used] = np.zeros((), self.dtype)
        self.used = len(kept)
        self.compacted = True
        self._reindex(self.used + wanted)

    def _reindex(self, keys: int) -> None:
        size = 16
        while size <= 2 * keys:
            size *= 2
        self._index = np.full(size, FREE, np.int32)
        _build(self._index, self.rows["meta"], self.used)

    @property
    def changes(self) -> int:
        """How many rows changed since `mark_clean`."""
        return int(np.count_nonzero(self.dirty[: self.used]))

    def changed(self) -> tuple[NDArray[np.int64], Array]:
        """Slots and rows that changed since `mark_clean`."""
        index = np.flatnonzero(self.dirty[: self.used])
        return index, self.rows[index]

    def mark_clean(self) -> None:
        """All rows are in a checkpoint."""
        self.dirty[: self.used] = 0
        self.compacted = False

    def restore(self, used: int, parts: list[tuple[NDArray[np.int64], Array]]) -> None:
        """Rows from a base and the changes after it, in that order."""
        self.rows = np.zeros(max(used, 1), self.dtype)
        for index, rows in parts:
            self.put(index, rows)
        self.settle(used)

    def put(self, index: NDArray[np.int64], rows: Array) -> None:
        """Rows at their slots, while a table is read back; it is not to be used before `settle`."""
        size = int(index.max()) + 1 if len(index) else 0
        if size > len(self.rows):
            self.rows.resize(max(size, len(self.rows) + len(self.rows) // 16), refcheck=False)
        self.rows[index] = rows

    def settle(self, used: int) -> None:
        """Every row that was put below `used` is there; whatever was put beyond is dropped."""
        self.rows[used:] = np.zeros((), self.dtype)
        self.dirty = np.zeros(len(self.rows), np.uint8)
        self.used = used
        self._reindex(used)

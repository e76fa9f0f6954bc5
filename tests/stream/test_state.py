"""Does the table of states hold what a plain dict would, through growth, eviction and changes?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.state import BLOCK, GOLDEN, StateTable

ROW = [("count", "i8"), ("mark", "u8")]
FORGET_MS = 10
# keys that differ in their high bits only, that follow each other, and that all begin at the same place of the index
SAME_PLACE = [pow(int(GOLDEN), -1, 2**64) * k % 2**64 for k in range(1, 8)]
KEYS = [0, *(k << 40 for k in range(1, 8)), *range(1, 8), 2**64 - 1, *SAME_PLACE]

Batch = list[tuple[int, int]]  # key, time in ms
batches = st.lists(st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, 15)), max_size=9), max_size=12)


class Model:
    """What a table does, said with a dict: key -> [count, last time]."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.known: dict[int, list[int]] = {}
        self.evicted = self.evicted_early = 0

    def push(self, batch: Batch) -> None:
        """Make room, then count every record; a key that was forgotten starts again."""
        keys = {key for key, _ in batch}
        wanted = len(keys - set(self.known))
        if wanted and len(self.known) + wanted > self.capacity:
            self._evict(keys, wanted, min(time for _, time in batch))
        for key, time in batch:
            count, last = self.known.get(key, [0, time])
            self.known[key] = [1, time] if time - last > FORGET_MS else [count + 1, max(last, time)]

    def _evict(self, present: set[int], wanted: int, since: int) -> None:
        forgotten = [k for k, (_, last) in self.known.items() if last < since - FORGET_MS and k not in present]
        self._drop(forgotten)
        self.evicted += len(forgotten)
        longest_unseen = sorted((k for k in self.known if k not in present), key=lambda k: (self.known[k][1], k))
        early = longest_unseen[: max(0, len(self.known) + wanted - (self.capacity - self.capacity // 8))]
        self._drop(early)
        self.evicted_early += len(early)

    def _drop(self, keys: list[int]) -> None:
        for key in keys:
            del self.known[key]


def push(table: StateTable, batch: Batch) -> None:
    """The same on a table; every row is marked with its own key, so that a mixed-up row is seen."""
    keys = np.array([key for key, _ in batch], np.uint64)
    slots = table.slots_of(keys, min((time for _, time in batch), default=0))
    assert keys.tolist() == table.rows["meta"]["key"][slots].tolist()
    for (key, time), slot in zip(batch, slots.tolist(), strict=True):
        meta = table.rows["meta"][slot]
        if meta["seen"] and time - meta["last_ms"] > FORGET_MS:
            table.reset(slot)
        last = max(int(meta["last_ms"]), time) if meta["seen"] else time
        assert table.rows["mark"][slot] in (0, key)
        table.rows["mark"][slot] = key
        table.rows["count"][slot] += 1
        meta["seen"], meta["last_ms"] = 1, last


def content(table: StateTable) -> dict[int, list[int]]:
    """Everything in a table, in the form of the model."""
    rows = table.rows[: len(table)]
    assert (rows["mark"] == rows["meta"]["key"]).all()
    return {int(r["meta"]["key"]): [int(r["count"]), int(r["meta"]["last_ms"])] for r in rows}


def later(parts: list[Batch]) -> list[Batch]:
    """The batches one after the other in time: each begins where the one before began, and 5 ms."""
    return [[(key, 5 * k + time) for key, time in part] for k, part in enumerate(parts)]


def table_of(capacity: int) -> StateTable:
    """An empty table that forgets after `FORGET_MS`."""
    return StateTable(ROW, capacity=capacity, forget_after_ms=FORGET_MS)


@given(parts=batches, capacity=st.integers(1, 24))
def test_a_table_holds_what_a_dict_would(parts: list[Batch], capacity: int) -> None:
    """Rows, the forgotten keys that made room and the keys evicted early are those of the model, at any capacity."""
    table, model = table_of(capacity), Model(capacity)
    for batch in later(parts):
        push(table, batch)
        model.push(batch)
        assert model.known == content(table)
        assert (model.evicted, model.evicted_early) == (table.evicted, table.evicted_early)
        assert len(model.known) == len(table)


@given(parts=batches, capacity=st.integers(1, 24))
def test_without_early_eviction_capacity_changes_nothing(parts: list[Batch], capacity: int) -> None:
    """A key that was evicted because it was forgotten comes back exactly as one that was only forgotten."""
    small, large = table_of(capacity), table_of(10**6)
    for batch in later(parts):
        push(small, batch)
        push(large, batch)
        if small.evicted_early:
            return
        kept, all_of_them = content(small), content(large)
        assert kept == {key: all_of_them[key] for key in kept}
        assert {key for key, _ in batch} <= set(kept)


def test_a_key_of_the_batch_is_not_evicted_for_another_of_it() -> None:
    """A full table makes room for a new key among keys that are not in the batch, and every slot stays right."""
    table = table_of(8)
    push(table, [(key, key) for key in range(1, 9)])
    push(table, [(1, 9), (2, 9), (99, 9)])  # 1 and 2 were the longest unseen
    assert {1, 2, 99, 5, 6, 7, 8} == set(content(table))
    assert {1: [2, 9], 2: [2, 9], 99: [1, 9]}.items() <= content(table).items()
    assert 2 == table.evicted_early


def test_the_longest_unseen_leave_first_and_are_counted() -> None:
    """With nothing forgotten an eighth of the table makes room, by last time and then by key."""
    table = StateTable(ROW, capacity=64, forget_after_ms=10**9)
    push(table, [(key, key // 2) for key in range(64)])
    push(table, [(1000, 40)])
    assert {*range(9, 64), 1000} == set(content(table))
    assert (0, 9) == (table.evicted, table.evicted_early)


def test_growth_keeps_every_row() -> None:
    """Several blocks and reindexings later, every key still has its own row."""
    table = StateTable(ROW, capacity=10**7, forget_after_ms=10**9)
    keys = np.random.default_rng(1).integers(0, 2**64, 3 * BLOCK, np.uint64)
    for first, last in pairwise([0, 1, 5, 6000, BLOCK + 1, 2 * BLOCK, 3 * BLOCK]):
        slots = table.slots_of(keys[first:last], 0)
        table.rows["mark"][slots] = keys[first:last]
    assert 3 * BLOCK == len(table)
    np.testing.assert_array_equal(np.arange(3 * BLOCK), table.slots_of(keys, 0))
    np.testing.assert_array_equal(keys, table.rows["mark"][: len(table)])


def test_memory_is_the_rows_and_some_bytes_of_index() -> None:
    """At most 1/8 more rows than keys once the table is large, and at most 16 bytes of index a key."""
    table = StateTable(ROW, capacity=10**7, forget_after_ms=10**9)
    keys = np.arange(20 * BLOCK, dtype=np.uint64)
    for start in range(0, len(keys), 4096):
        table.slots_of(keys[start : start + 4096], 0)
    assert table.nbytes <= len(keys) * (1.125 * (table.dtype.itemsize + 1) + 16)
    assert table.nbytes >= len(keys) * table.dtype.itemsize


def test_large_rows_grow_by_few() -> None:
    """A table of rows of a megabyte takes megabytes, not a block of 65,536 rows."""
    table = StateTable([("mark", "u8", (2**17,))], capacity=1000, forget_after_ms=10**9)
    for key in range(10):
        slot = int(table.slots_of(np.array([key], np.uint64), 0)[0])
        table.rows["mark"][slot] = key
    assert table.nbytes < 20 * 2**20
    assert [[key] for key in range(10)] == [np.unique(row["mark"]).tolist() for row in table.rows[:10]]


def test_reset_clears_all_but_the_key() -> None:
    """A forgotten key starts from zero in its own slot."""
    table = table_of(8)
    push(table, [(5, 100), (6, 100)])
    table.reset(0)
    rows = table.rows[:2]
    assert [5, 6] == rows["meta"]["key"].tolist()
    assert ([0, 1], [0, 6], [0, 100]) == (
        rows["count"].tolist(),
        rows["mark"].tolist(),
        rows["meta"]["last_ms"].tolist(),
    )
    assert [0] == table.slots_of(np.array([5], np.uint64), 100).tolist()


def written(table: StateTable, keys: Sequence[int]) -> list[int]:
    """Touch keys; the slots that count as changed afterwards."""
    table.slots_of(np.array(keys, np.uint64), 0)
    changed: list[int] = table.changed()[0].tolist()
    assert len(changed) == table.changes
    return changed


def test_changed_names_the_rows_touched_since_they_were_saved() -> None:
    """A row is changed from the moment its slot is given out until `mark_clean`."""
    table = table_of(100)
    assert [] == written(table, [])
    assert [0, 1, 2] == written(table, [10, 11, 12])
    table.mark_clean()
    assert [] == table.changed()[0].tolist()
    assert [1, 3] == written(table, [13, 11])
    assert [11, 13] == table.changed()[1]["meta"]["key"].tolist()


@given(parts=batches, saves=st.sets(st.integers(0, 11)))
def test_a_base_and_the_changes_after_it_give_the_table_again(parts: list[Batch], saves: set[int]) -> None:
    """Rows saved as they change, restored in that order, are the table; it then goes on like the first."""
    table = table_of(10**6)
    saved = []
    for k, batch in enumerate(later(parts)):
        push(table, batch)
        if k in saves:
            saved.append(table.changed())
            table.mark_clean()
    saved.append(table.changed())
    again = table_of(10**6)
    again.restore(len(table), saved)
    assert content(table) == content(again)
    assert [] == again.changed()[0].tolist()
    more = [(key, 100) for key in KEYS]
    push(table, more)
    push(again, more)
    assert content(table) == content(again)


def test_rows_that_moved_are_said_to_have_moved() -> None:
    """After an eviction slots mean other keys, so changes since the last save are no longer enough."""
    table = table_of(4)
    push(table, [(key, 0) for key in range(1, 5)])
    seen = [table.compacted]
    push(table, [(9, 100)])
    seen.append(table.compacted)
    assert {9: [1, 100]} == content(table)
    table.mark_clean()
    assert [False, True, False] == [*seen, table.compacted]

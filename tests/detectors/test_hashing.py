"""What is remembered as bits of hashes is never too little."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.hashing import add, bucket, least, pair, short

KEYS = st.lists(st.integers(1, 2**64 - 1), min_size=1, max_size=300)
SIZE = 64


@given(KEYS, st.integers(0, 3))
def test_a_sketch_never_counts_too_little(keys: list[int], first: int) -> None:
    """The smaller of the two counts is the true one or more, also where many keys share few rows."""
    tally, touched = np.zeros((first + SIZE, 2), np.int64), np.zeros(first + SIZE, np.uint8)
    for key in keys:
        add(tally, touched, first, np.uint64(key), 0, SIZE, 1)
    prior = tally.astype(float)
    for key, count in Counter(keys).items():
        assert least(prior, first, np.uint64(key), 0, SIZE) >= count
    assert tally.sum() == 2 * len(keys)
    assert touched[tally.any(axis=1)].all()
    assert not tally[:first].any()


def test_a_sketch_with_room_counts_right() -> None:
    """With a tenth of its rows in use, 99 of 100 counts are exact."""
    tally, touched = np.zeros((4096, 2), np.int64), np.zeros(4096, np.uint8)
    keys = np.arange(1, 401, dtype=np.uint64)  # keys that are no hashes are spread all the same
    for key in keys:
        add(tally, touched, 0, key, 0, 4096, 1)
    exact = sum(least(tally.astype(float), 0, key, 0, 4096) == 1 for key in keys)
    assert exact >= 390


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_hashes_tell_keys_and_their_order_apart(a: int, b: int) -> None:
    """Short hashes are never the empty place, rows lie in the table, a pair is not the pair turned round."""
    one, other = np.uint64(a), np.uint64(b)
    assert 0 < short(one) < 2**32
    assert 0 <= bucket(one, 0, SIZE) < SIZE
    assert 0 <= bucket(one, 1, SIZE) < SIZE
    assert (short(one) == short(other)) == (a == b)
    assert (pair(one, other) == pair(other, one)) == (a == b)

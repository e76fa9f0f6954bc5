"""How do detectors remember names they may not keep? As bits of hashes: short ones in a row, buckets in a table.

Columns carry 64-bit hashes. A state row keeps 32 bits of one (two values of the same vehicle fall together once in
four billion). A table of bounded size that all keys share is a count-min sketch of two columns: what is counted goes
into one row of each column, and the smaller of the two counts is read, which is never too small (`least`).

Source: Cormode & Muthukrishnan (2005), An improved data stream summary: the count-min sketch; splitmix64 (Steele,
Lea & Flood 2014).
"""

from __future__ import annotations

import numpy as np

from detectors.compiled import njit


@njit(cache=True)
def mix(key):  # type: ignore[no-untyped-def]
    """64 bits, every one of which hangs on every bit of `key` (the finalizer of splitmix64)."""
    z = np.uint64(key) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def pair(a, b):  # type: ignore[no-untyped-def]
    """A hash of an ordered pair of hashes."""
    return mix(mix(a) + np.uint64(b))


@njit(cache=True)
def short(key):  # type: ignore[no-untyped-def]
    """The 32 bits that are kept of a hash; never 0, which is an empty place."""
    return max(np.uint32(1), np.uint32(mix(key) >> np.uint64(32)))


@njit(cache=True)
def bucket(key, column, size):  # type: ignore[no-untyped-def]
    """The row of a table of `size` rows (a power of two, at most 2^32) that `key` has in column 0 or 1."""
    return np.int64((mix(key) >> np.uint64(32 * column)) & np.uint64(size - 1))


@njit(cache=True)
def least(prior, first, key, column, size):  # type: ignore[no-untyped-def]
    """What the sketch in columns `column` and `column + 1` of the rows from `first` on holds of `key`, or more."""
    return min(prior[first + bucket(key, 0, size), column], prior[first + bucket(key, 1, size), column + 1])


@njit(cache=True)
def add(tally, touched, first, key, column, size, amount):  # type: ignore[no-untyped-def]
    """Add `amount` to what the sketch holds of `key`."""
    for k in range(2):
        row = first + bucket(key, k, size)
        tally[row, column + k] += amount
        touched[row] = 1

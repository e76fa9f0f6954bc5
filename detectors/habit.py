"""How often did it lately, and how often before? The last eight yes-or-no answers of a vehicle, and its older rate.

An answer that falls out of the last `WINDOW` becomes the vehicle's past, which counts `MOST` answers at the most: so a
new habit excuses itself after a while, but not while it is new. Eight answers are eight bits, and a row seven bytes.
"""

from __future__ import annotations

import numpy as np

from detectors.compiled import njit

WINDOW = 8
MOST = 16  # answers that the past may weigh: as many new ones replace it
STRENGTH = 4.0  # weight of the peers in a vehicle's past
ROW = np.dtype([("recent", "u1"), ("filled", "u1"), ("n", "u1"), ("hits", "f4")])


@njit(cache=True)
def hits_in(row, newest):  # type: ignore[no-untyped-def]
    """How many of the `newest` remembered answers (not more than `WINDOW`) were yes."""
    count = 0
    for k in range(newest):
        count += (row.recent >> k) & 1
    return count


@njit(cache=True)
def own_rate(row, peers):  # type: ignore[no-untyped-def]
    """Rate of yes before those remembered, shrunk to the peers' rate."""
    return (row.hits + STRENGTH * peers) / (row.n + STRENGTH)


@njit(cache=True)
def push(row, yes):  # type: ignore[no-untyped-def]
    """Remember an answer; the oldest becomes the past.

    >>> row = np.zeros(1, ROW)[0]
    >>> for _ in range(9):
    ...     push(row, True)
    >>> int(hits_in(row, WINDOW)), int(row["n"]), float(row["hits"])
    (8, 1, 1.0)
    """
    if row.filled == WINDOW:
        if row.n == MOST:
            row.hits *= (MOST - 1.0) / MOST
        row.n = min(MOST, row.n + 1)
        row.hits += (row.recent >> (WINDOW - 1)) & 1
    else:
        row.filled += 1
    row.recent = ((row.recent << 1) | (1 if yes else 0)) & 255

"""When was this vehicle where, in the last 32 days? Its diary: one entry a local day and direction, 130 bytes.

Two vehicles that travel together have diaries that agree. Whoever holds both can count their meetings, near misses and
days at once, so that no table of all pairs that ever met is needed: at a large port they are millions a day. The
vehicle stage keeps the diary in the vehicle's row and sends it along with each crossing, as it stood *before* it;
the port stage compares it with those of the vehicles that are there (`detectors/pairs.py`).

An entry is 0 (no crossing) or `PORT_STEP * (port mod 8) + 1 + seconds of the day // UNIT_S`. The day begins at 03:00
of the port's wall clock, when fewest cross. Lost: of several crossings on one day in one direction all but the last;
one time in eight, two ports are taken for one, by which chance meetings are counted that were none.
"""

from __future__ import annotations

import numpy as np

from detectors.base import DAY_MS, HOUR_MS
from detectors.compiled import njit

DAYS = 32
UNIT_S = 11  # so that a day is less than PORT_STEP units
PORT_STEP = 8192
PORTS = 8
SIZE = 2 * DAYS  # entries: inbound by day modulo DAYS, then outbound
DIARY = np.dtype([("entry", "u2", (SIZE,)), ("newest", "i4")])  # `newest`: the day after the last one entered


@njit(cache=True)
def day_of(local_ms):  # type: ignore[no-untyped-def]
    """The day since 1970 that an entry falls on.

    >>> day_of(3 * 3_600_000), day_of(3 * 3_600_000 - 1)
    (0, -1)
    """
    return (local_ms - 3 * HOUR_MS) // DAY_MS


@njit(cache=True)
def entry_of(local_ms, port):  # type: ignore[no-untyped-def]
    """The entry of a crossing."""
    second = (local_ms - 3 * HOUR_MS) % DAY_MS // 1000
    return PORT_STEP * (port % PORTS) + 1 + second // UNIT_S


@njit(cache=True)
def enter(rows, slots, local_ms, port, direction, before):  # type: ignore[no-untyped-def]
    """Per crossing, in order: copy the diary to `before[n, SIZE]`, then enter the crossing.

    Days that the vehicle has not been seen on are empty; a record later than its successors by `DAYS` or more is
    not entered.
    """
    for i in range(len(slots)):
        row = rows[slots[i]]
        entry = row.entry
        day = day_of(local_ms[i])
        if row.newest == 0:
            row.newest = day + 1
        for fresh in range(max(row.newest, day + 1 - DAYS), day + 1):
            entry[fresh % DAYS] = 0
            entry[DAYS + fresh % DAYS] = 0
        row.newest = max(row.newest, day + 1)
        for k in range(SIZE):
            before[i, k] = entry[k]
        if day + 1 > row.newest - DAYS:
            entry[direction[i] * DAYS + day % DAYS] = entry_of(local_ms[i], port[i])

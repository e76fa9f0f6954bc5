"""Which crossings of a key count, and how often was it seen? Duplicates, forgotten keys, and whose sums may grow.

Runs before the detectors of the vehicle stage, over the first fields of a key's state row. A repeat of one of the
last `REMEMBERED` crossing ids of the same vehicle is a duplicate: that depends on the vehicle's own records only,
so it is the same in one process and in twelve. A forgotten key has no last ids: whether its row is still there makes
no difference.
"""

from __future__ import annotations

import numpy as np

from detectors.base import HOUR_MS
from detectors.compiled import njit

REMEMBERED = 8
HOURLY = 12  # times a key may add to its peers' sums in an event-time hour: bounded influence
META = np.dtype(
    [
        ("key", "u8"),
        ("first_ms", "i8"),
        ("last_ms", "i8"),
        ("recent", "u8", (REMEMBERED,)),  # crossing keys
        ("seen", "u4"),
        ("fresh_hour", "u4"),  # event-time hour in which the key last added to shared sums
        ("fresh_count", "u1"),  # and how often it did then
        ("at", "i1"),
    ]
)


@njit(cache=True)
def admit(meta, slots, time_ms, crossing_key, start, forget_after_ms, accepted, seen, fresh, age_ms):  # type: ignore[no-untyped-def]
    """Fill the output columns from `start` on; stops before a key that was forgotten and returns that position.

    `accepted[n]` bool, `seen[n]` earlier crossings, `fresh[n]` 1 for the key's first `HOURLY` crossings in its
    newest event-time hour, `age_ms[n]` since first seen.
    """
    for i in range(start, len(slots)):
        row = meta[slots[i]]
        if row.seen > 0 and time_ms[i] - row.last_ms > forget_after_ms:
            return i
        accepted[i] = True
        for k in range(REMEMBERED):
            if row.recent[k] == crossing_key[i] and row.seen > k:
                accepted[i] = False
        if not accepted[i]:
            continue
        if row.seen == 0:
            row.first_ms = time_ms[i]
            row.last_ms = time_ms[i]
        hour = time_ms[i] // HOUR_MS
        seen[i] = row.seen
        if hour > row.fresh_hour:
            row.fresh_hour = hour
            row.fresh_count = 0
        fresh[i] = hour == row.fresh_hour and row.fresh_count < HOURLY
        row.fresh_count += fresh[i]
        age_ms[i] = time_ms[i] - row.first_ms
        row.recent[row.at] = crossing_key[i]
        row.at = (row.at + 1) % REMEMBERED
        row.seen += 1
        row.last_ms = max(row.last_ms, time_ms[i])
    return len(slots)

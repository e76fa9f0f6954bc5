"""When does a vehicle cross? Decayed counts over 24 local hours and over weekdays and weekend, a direction apart.

Hours and kinds of day are counted apart: a table of both would take twice the room in every vehicle's row, and an
hour of the weekdays is no novelty at the weekend either.

Counts are whole numbers under forward decay: a crossing weighs `UNIT` 2^(age of the row / half-life), and everything
is halved when that weight has doubled, so that the cells need two bytes each and no decay in between.

Source: forward decay, Cormode et al. 2009.
"""

from __future__ import annotations

import math

import numpy as np

from detectors.base import DAY_MS, HOUR_MS
from detectors.compiled import njit
from detectors.decay import decay_factor

HOURS = 24
CELLS = 2 * HOURS  # of the peers: weekday hours, then weekend hours
UNIT = 64.0  # of a count in the cells
FULL = 60000  # of a count: halve all before it overflows
USUAL_SHARE = 0.8  # the "usual" window holds this share of the vehicle's crossings
ROW = np.dtype([("hours", "u2", (2, HOURS)), ("days", "u2", (2, 2)), ("novel", "u2", (2,)), ("since_s", "u4")])


@njit(cache=True)
def local_hour(local_ms):  # type: ignore[no-untyped-def]
    """Hour of the day with its fraction, and 0 or 1 for a weekend day."""
    day = local_ms // DAY_MS
    return (local_ms - day * DAY_MS) / HOUR_MS, int((day + 3) % 7 >= 5)


@njit(cache=True)
def halve(row):  # type: ignore[no-untyped-def]
    """Half of every count, rounded down."""
    for way in range(2):
        for hour in range(HOURS):
            row.hours[way, hour] >>= 1
        row.days[way, 0] >>= 1
        row.days[way, 1] >>= 1
        row.novel[way] >>= 1


@njit(cache=True)
def weight_now(row, now_s, half_life_s):  # type: ignore[no-untyped-def]
    """What a crossing weighs at `now_s`, in cell units; first brings the row to where that is under 2 `UNIT`.

    The half-life is one second at least, since a row steps by whole ones.
    """
    if row.since_s == 0 or now_s - row.since_s > 16 * half_life_s:
        row.hours[:] = 0
        row.days[:] = 0
        row.novel[:] = 0
        row.since_s = now_s
    while now_s - row.since_s >= half_life_s:
        halve(row)
        row.since_s += int(half_life_s)
    return UNIT / decay_factor(now_s - row.since_s, half_life_s)


@njit(cache=True)
def read(hours, unit, counts):  # type: ignore[no-untyped-def]
    """Fill `counts[24]` with the decayed counts of a direction's hours; returns their sum."""
    total, scale = 0, 1.0 / unit
    for k in range(HOURS):
        total += hours[k]
        counts[k] = hours[k] * scale
    return total * scale


@njit(cache=True)
def learn(row, way, hour, weekend, novel, unit):  # type: ignore[no-untyped-def]
    """Add one crossing in direction `way`, and whether its hour was a novel one."""
    weight = int(unit + 0.5)
    row.hours[way, int(hour)] += weight
    row.days[way, weekend] += weight
    row.novel[way] += weight * novel
    if row.days[way, weekend] > FULL:  # the largest of them
        halve(row)


@njit(cache=True)
def window(counts, total):  # type: ignore[no-untyped-def]
    """First hour and length of the shortest run of hours that holds `USUAL_SHARE` of the crossings."""
    best_from, best_length = 0, HOURS
    for first in range(HOURS):
        mass = 0.0
        for length in range(1, best_length):
            mass += counts[(first + length - 1) % HOURS]
            if mass >= USUAL_SHARE * total:
                best_from, best_length = first, length
                break
    return best_from, best_length


@njit(cache=True)
def distance(a, b):  # type: ignore[no-untyped-def]
    """Hours between two times of day, on the circle."""
    return 12.0 - abs(12.0 - math.fabs(a - b))

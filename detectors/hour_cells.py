"""When does a vehicle cross? Decayed counts over 2 day types (weekday, weekend) x 24 local hours, a direction apart.

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
CELLS = 2 * HOURS
CROSS = 0.3  # what an hour on the other day type is worth
UNIT = 64.0  # of a count in the cells
FULL = 60000  # of a cell: halve all before it overflows
USUAL_SHARE = 0.8  # the "usual" window holds this share of the vehicle's crossings
ROW = np.dtype([("cells", "u2", (2 * CELLS,)), ("novel", "u2", (2,)), ("since_s", "u4")])


@njit(cache=True)
def local_cell(local_ms):  # type: ignore[no-untyped-def]
    """Hour of the day with its fraction, 0 or 1 for a weekend day, and the cell."""
    day = local_ms // DAY_MS
    weekend = int((day + 3) % 7 >= 5)
    hour = (local_ms - day * DAY_MS) / HOUR_MS
    return hour, weekend, HOURS * weekend + int(hour)


@njit(cache=True)
def halve(row):  # type: ignore[no-untyped-def]
    """Half of every count, rounded down."""
    for k in range(2 * CELLS):
        row.cells[k] >>= 1
    row.novel[0] >>= 1
    row.novel[1] >>= 1


@njit(cache=True)
def weight_now(row, now_s, half_life_s):  # type: ignore[no-untyped-def]
    """What a crossing weighs at `now_s`, in cell units; first brings the row to where that is under 2 `UNIT`.

    The half-life is one second at least, since a row steps by whole ones.
    """
    if row.since_s == 0 or now_s - row.since_s > 16 * half_life_s:
        row.cells[:] = 0
        row.novel[:] = 0
        row.since_s = now_s
    while now_s - row.since_s >= half_life_s:
        halve(row)
        row.since_s += int(half_life_s)
    return UNIT / decay_factor(now_s - row.since_s, half_life_s)


@njit(cache=True)
def read(cells, base, unit, counts):  # type: ignore[no-untyped-def]
    """Fill `counts[48]` with the decayed counts of a direction; returns their sum."""
    total, scale = 0, 1.0 / unit
    for k in range(CELLS):
        total += cells[base + k]
        counts[k] = cells[base + k] * scale
    return total * scale


@njit(cache=True)
def learn(row, base, cell, novel, unit):  # type: ignore[no-untyped-def]
    """Add one crossing, and whether its hour was a novel one."""
    weight = int(unit + 0.5)
    row.cells[base + cell] += weight
    row.novel[base // CELLS] += weight * novel
    if row.cells[base + cell] > FULL or row.novel[base // CELLS] > FULL:
        halve(row)


@njit(cache=True)
def days_like(counts, start):  # type: ignore[no-untyped-def]
    """Decayed crossings of the vehicle on a day type."""
    total = 0.0
    for hour in range(HOURS):
        total += counts[start + hour]
    return total


@njit(cache=True)
def window(counts, start):  # type: ignore[no-untyped-def]
    """First hour and length of the shortest run of hours of a day type that holds `USUAL_SHARE` of its crossings."""
    total = days_like(counts, start)
    best_from, best_length = 0, HOURS
    for first in range(HOURS):
        mass = 0.0
        for length in range(1, best_length):
            mass += counts[start + (first + length - 1) % HOURS]
            if mass >= USUAL_SHARE * total:
                best_from, best_length = first, length
                break
    return best_from, best_length


@njit(cache=True)
def distance(a, b):  # type: ignore[no-untyped-def]
    """Hours between two times of day, on the circle."""
    return 12.0 - abs(12.0 - math.fabs(a - b))

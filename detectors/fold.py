"""How do a period's integer sums become decayed totals? One compiled pass over the rows that were touched."""

from __future__ import annotations

import math

from detectors.compiled import njit


@njit(cache=True)
def fold(totals, last, index, sums, period, half_life_periods, counts_periods, undo):  # type: ignore[no-untyped-def]
    """Decay the rows `index` of `totals` to `period` and add `sums`; what stood there before is kept in `undo`.

    `counts_periods`: the last column counts the periods in which a row was touched, instead of a sum.
    """
    width = totals.shape[1]
    for k in range(len(index)):
        row = index[k]
        decay = math.exp(-0.6931471805599453 * (period - last[row]) / half_life_periods)
        for column in range(width):
            undo[k, column] = totals[row, column]
            totals[row, column] = totals[row, column] * decay + sums[k, column]
        if counts_periods:
            totals[row, width - 1] += 1.0 - sums[k, width - 1]
        last[row] = period


@njit(cache=True)
def gather(sums, touched, index, out):  # type: ignore[no-untyped-def]
    """Move the touched rows out of a tally and leave zeros; fills `index` and `out`, returns how many there were."""
    count = 0
    for row in range(len(touched)):
        if touched[row]:
            index[count] = row
            for column in range(sums.shape[1]):
                out[count, column] = sums[row, column]
                sums[row, column] = 0
            touched[row] = 0
            count += 1
    return count


@njit(cache=True)
def roll(totals, last, sums, touched, index, period, half_life_periods, counts_periods, undo):  # type: ignore[no-untyped-def]
    """`gather` and `fold` at once, for a partition that is alone; `index` are the touched rows."""
    width = totals.shape[1]
    for k in range(len(index)):
        row = index[k]
        decay = math.exp(-0.6931471805599453 * (period - last[row]) / half_life_periods)
        total, more, before = totals[row], sums[row], undo[k]
        if counts_periods:
            more[width - 1] = 1
        for column in range(width):
            before[column] = total[column]
            total[column] = total[column] * decay + more[column]
            more[column] = 0
        last[row] = period
        touched[row] = 0

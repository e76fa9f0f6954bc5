"""Is this more or less traffic than usual here? A forecast of hourly counts, and how far from it the last hours are.

For each series (a port's direction, a lane) the shape of the week is learnt as decayed means of its 168 local hours,
each shrunk to what its hour of day and its day of week alone would give; on top of it a level follows the last days:

    expected = shape(hour of week) * level,   shape = (cell + K hour * day / mean) / (seen + K)

Counts of the last 1, 6 and 24 hours are negative binomial around that, with a dispersion phi that is learnt for each of
the three from (count - mean)^2 = mean + phi mean^2. What is usual is a range of levels, not one: the level of the last
two days, that of the last month, and for five weeks the one before a shift. So traffic that goes back to where it was
is no news. A series that is `frozen` (something is wrong with it) learns nothing.

Compared with river's `time_series.HoltWinters` and `SNARIMAX` in docs/decisions/0011-drift-and-notices.md.
Source: Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, 5.6; Gelman et al., BDA, 2.7 for the shrinkage.
"""

from __future__ import annotations

import math

import numpy as np

from detectors.compiled import njit
from detectors.special import beta_tail

WEEK = 168
WINDOWS = np.array([1, 6, 24])
RING = 24
K = 2.0  # hours of the rest of the week's that a cell is shrunk with
WEEKLY = 0.5 ** (1 / 6)  # a week six weeks ago counts half
HOURLY = WEEKLY ** (1 / WEEK)
FAST = 0.5 ** (1 / 48)  # the level of the last days
SLOW = 0.5 ** (1 / (28 * 24))  # and of the last month
STEADY = 20.0  # crossings that hold a level at 1
LEAST_PHI = 0.01  # a spread of a tenth, whatever was seen
REACH = 16.0  # times the variance: no hour teaches the dispersion more
SEASONED = WEEK  # hours before a series is judged
MUCH_LESS, MUCH_MORE = 0.6, 1.6  # of the range of means: what is nearer is not looked at,
ENOUGH = 13.0  # nor what is expected, or comes, in so small numbers that it cannot be odd: e^-13 is 2e-6
LOW, HIGH, COUNT, MEAN_LOW, MEAN_HIGH, LEVEL = 0, 1, 2, 3, 4, 5  # columns of what `assess` gives for each window
ROW = np.dtype(
    [
        ("cell", "f8", (WEEK,)),
        ("seen", "f8", (WEEK,)),
        ("of_hour", "f8", (24, 2)),  # crossings and hours by hour of day,
        ("of_day", "f8", (7, 2)),  # by day of week,
        ("total", "f8", (2,)),  # and all, decayed
        ("fast", "f8", (2,)),  # crossings and what the shape expected
        ("slow", "f8", (2,)),
        ("before", "f8"),  # level before a shift,
        ("before_hours", "i8"),  # and for how many hours it still counts as usual
        ("counts", "f8", (RING,)),  # of the last hours; the newest is at 0
        ("means", "f8", (RING,)),  # the shape's
        ("spread", "f8", (3, 2)),  # sums of (count - mean)^2 - mean and of mean^2
        ("hours", "i8"),
    ]
)


@njit(cache=True)
def shape(row, hour_of_week):  # type: ignore[no-untyped-def]
    """The mean count of this hour of the week at level 1."""
    mean = row.total[0] / row.total[1] if row.total[1] > 0 else 0.0
    if mean == 0.0:
        return 0.0
    of_hour, of_day = row.of_hour[hour_of_week % 24], row.of_day[hour_of_week // 24]
    hourly = (of_hour[0] + 0.5 * mean) / (of_hour[1] + 0.5)
    daily = (of_day[0] + 12.0 * mean) / (of_day[1] + 12.0)
    return (row.cell[hour_of_week] + K * hourly * daily / mean) / (row.seen[hour_of_week] + K)


@njit(cache=True)
def level(sums):  # type: ignore[no-untyped-def]
    """How much of what the shape expects did come."""
    return (sums[0] + STEADY) / (sums[1] + STEADY)


@njit(cache=True)
def low_tail(count, mean, phi):  # type: ignore[no-untyped-def]
    """P(N <= count) of the negative binomial with this mean and variance mean + phi mean^2.

    >>> round(low_tail(2.0, 3.0, 0.5), 6)
    0.5248
    """
    size = 1.0 / phi
    return beta_tail(size, count + 1.0, size / (size + mean))


@njit(cache=True)
def high_tail(count, mean, phi):  # type: ignore[no-untyped-def]
    """P(N >= count) of the same."""
    size = 1.0 / phi
    return 1.0 if count <= 0 else beta_tail(count, size, mean / (size + mean))


@njit(cache=True)
def assess(rows, counts, hour_of_week, out):  # type: ignore[no-untyped-def]
    """Take in an hour: `out[n, 3, 6]` holds for each window both tails, the count, the range of means
    and the lowest level.

    `counts[n]`, `hour_of_week[n]`; the tails are 1 until a series is `SEASONED` hours old,
    and where the count is not much less, or much more, than usual.
    """
    for s in range(len(rows)):
        row = rows[s]
        for k in range(RING - 1, 0, -1):
            row.counts[k] = row.counts[k - 1]
            row.means[k] = row.means[k - 1]
        row.counts[0] = counts[s]
        row.means[0] = shape(row, hour_of_week[s])
        fast, slow = level(row.fast), level(row.slow)
        least, most = min(fast, slow), max(fast, slow)
        if row.before_hours > 0:
            least, most = min(least, row.before), max(most, row.before)
        count, mean = 0.0, 0.0
        w = 0
        for k in range(RING):
            count += row.counts[k]
            mean += row.means[k]
            if k + 1 == WINDOWS[w]:
                phi = max(LEAST_PHI, row.spread[w, 0] / row.spread[w, 1] if row.spread[w, 1] > 0 else 1.0)
                judged = row.hours >= SEASONED
                low = count < MUCH_LESS * mean * least and mean * least > ENOUGH
                high = count > MUCH_MORE * mean * most and count > ENOUGH
                out[s, w, LOW] = low_tail(count, mean * least, phi) if judged and low else 1.0
                out[s, w, HIGH] = high_tail(count, mean * most, phi) if judged and high else 1.0
                out[s, w, COUNT] = count
                out[s, w, MEAN_LOW] = mean * least
                out[s, w, MEAN_HIGH] = mean * most
                out[s, w, LEVEL] = least
                w += 1


@njit(cache=True)
def add(sums, factor, first, second):  # type: ignore[no-untyped-def]
    """Decay two sums, and add."""
    sums[0] = sums[0] * factor + first
    sums[1] = sums[1] * factor + second


@njit(cache=True)
def learn(rows, hour_of_week, frozen):  # type: ignore[no-untyped-def]
    """Learn from the hour that `assess` took in, where the series is not `frozen[n]`."""
    for s in range(len(rows)):
        row = rows[s]
        row.before_hours = max(0, row.before_hours - 1)
        count, mean, cell = row.counts[0], row.means[0], hour_of_week[s]
        if frozen[s] or (row.hours == 0 and count == 0):  # a series begins with its first crossing
            continue
        now = level(row.fast)
        total, expected = 0.0, 0.0
        w = 0
        for k in range(RING):
            total += row.counts[k]
            expected += row.means[k] * now
            if k + 1 == WINDOWS[w]:
                if row.hours >= 48 and expected > 0:
                    phi = max(LEAST_PHI, row.spread[w, 0] / row.spread[w, 1] if row.spread[w, 1] > 0 else 1.0)
                    square = min((total - expected) ** 2, REACH * (expected + phi * expected**2))
                    row.spread[w, 0] = row.spread[w, 0] * SLOW + square - expected
                    row.spread[w, 1] = row.spread[w, 1] * SLOW + expected**2
                w += 1
        add(row.fast, FAST, count, mean)
        add(row.slow, SLOW, count, mean)
        row.cell[cell] = row.cell[cell] * WEEKLY + count
        row.seen[cell] = row.seen[cell] * WEEKLY + 1.0
        add(row.total, HOURLY, count, 1.0)
        add(row.of_hour[cell % 24], HOURLY**24, count, 1.0)
        add(row.of_day[cell // 24], HOURLY**7, count, 1.0)
        row.hours += 1


@njit(cache=True)
def forget_recent(row):  # type: ignore[no-untyped-def]
    """The last hours were not as they should be: the windows begin anew."""
    for k in range(RING):
        row.counts[k] = 0.0
        row.means[k] = 0.0


@njit(cache=True)
def adopt(row, keep_hours):  # type: ignore[no-untyped-def]
    """The last day's level is the usual one from now on; the one before stays usual for `keep_hours`."""
    count, mean = 0.0, 0.0
    for k in range(RING):
        count += row.counts[k]
        mean += row.means[k]
    row.before = level(row.fast)
    row.before_hours = keep_hours
    for sums in (row.fast, row.slow):
        sums[0] = count
        sums[1] = mean
    forget_recent(row)


@njit(cache=True)
def surprises(rows, out):  # type: ignore[no-untyped-def]
    """For each pair of series `out[pairs, 3]`: how far the newest hour is from the level of the last month, in standard
    deviations; the crossings of the last day; and what that level expected of it.

    NaN until both have been judged for as long as it takes to see every hour of the week again.
    """
    for pair in range(len(out)):
        out[pair] = 0.0
        for row in rows[2 * pair : 2 * pair + 2]:
            usual = level(row.slow)
            mean = row.means[0] * usual
            phi = max(LEAST_PHI, row.spread[0, 0] / row.spread[0, 1] if row.spread[0, 1] > 0 else 1.0)
            out[pair, 0] += (row.counts[0] - mean) / math.sqrt(2.0 * (mean + phi * mean**2 + 1.0))
            if row.hours < 2 * SEASONED:
                out[pair, 0] = math.nan
            for k in range(RING):
                out[pair, 1] += row.counts[k]
                out[pair, 2] += row.means[k] * usual

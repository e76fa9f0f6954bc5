"""How much is usual at this hour? The same hour of the week, on the port's own clock, in the eight weeks before.

Counts stand in a grid of hours: those that are looked at and the same ones of each week before, with an hour more
at either end, since where clocks were changed in between the same local hour lies an hour off:

    hours(end, 24)      int64[9, 26], oldest week first; the present is the last row, its hours [1:-1]

An hour that a change of clocks took away has no sample in that week, one that it gave twice has two.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
WEEKS = 8
LEAST = 4  # samples; with fewer nothing is called usual
FENCE = 1.5  # times the distance of the quartiles: Tukey's fences
POISSON_IQR = 1.35  # of the quartiles of counts whose variance is their mean, in its square roots
SURE = 5.0  # lower quartile: an hour without a read is odd from here on
WORSE = 0.1  # of the mean confidence
READS = 10  # that a mean of confidences takes

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flow = Literal["usual", "low", "high", "not enough history"]
Reading = Literal["ok", "silent", "unsure", "not enough history"]


class Range(NamedTuple):
    """Quartiles; nan where `samples` is less than `LEAST`."""

    low: float
    median: float
    high: float
    samples: int


def hours(end_ms: int, count: int) -> Integers:
    """The grid for the `count` hours before `end_ms`: UTC ms, [WEEKS + 1, count + 2]."""
    present = end_ms + HOUR_MS * np.arange(-count - 1, 1, dtype=np.int64)
    return present - WEEK_MS * np.arange(WEEKS, -1, -1, dtype=np.int64)[:, None]


def offsets(known: Floats) -> Floats:
    """Local time minus UTC in hours: [n, hours], nan where no row tells; there it is that of the hour before."""
    flat = known.copy()
    for way in (slice(None), slice(None, None, -1)):  # then those before the first row
        view = flat[:, way]
        told = np.where(np.isnan(view), 0, np.arange(view.shape[1]))
        np.maximum.accumulate(told, axis=1, out=told)
        view[:] = np.take_along_axis(view, told, axis=1)
    return np.nan_to_num(flat)


def samples(values: Floats, offset: Floats, known: NDArray[np.bool_]) -> Floats:
    """What the same local hour had: [n, 3 * WEEKS, hours], nan where there is none.

    `values`, `offset` (hours) and `known` (whether anything was recorded then) are [n, WEEKS + 1, hours + 2].
    """
    width = values.shape[2] - 2
    here = offset[:, -1:, 1:-1]
    found = []
    for shift in (-1, 0, 1):
        past = slice(1 + shift, 1 + shift + width)
        fits = (here - offset[:, :-1, past] == shift) & known[:, :-1, past]
        found.append(np.where(fits, values[:, :-1, past], np.nan))
    return np.concatenate(found, axis=1)


def quartiles(some: Floats) -> Floats:
    """Lower quartile, median, upper quartile and number of samples over axis 1, nan left out: [4, n, hours].

    >>> quartiles(np.array([[[4.0], [np.nan], [1.0], [3.0], [2.0]]]))[:, 0, 0].tolist()
    [1.75, 2.5, 3.25, 4.0]
    """
    ordered = np.sort(some, axis=1)  # nan last
    count = np.sum(~np.isnan(some), axis=1)
    result = np.full((4, *count.shape), np.nan)
    result[3] = count
    for place, share in enumerate((0.25, 0.5, 0.75)):
        at = share * (np.maximum(count, 1) - 1)
        below = np.floor(at).astype(np.int64)
        above = np.ceil(at).astype(np.int64)
        low, high = (np.take_along_axis(ordered, k[:, None], axis=1)[:, 0] for k in (below, above))
        result[place] = np.where(count >= LEAST, low + (at - below) * (high - low), np.nan)
    return result


def range_of(column: Floats) -> Range:
    """Of the four numbers that `quartiles` has for one hour."""
    low, median, high, count = column.tolist()
    return Range(low, median, high, int(count))


def flow(count: float, usual: Range) -> Flow:
    """Low or high beyond Tukey's fences; quartiles closer together than chance makes them count as far as that.

    >>> flow(8, Range(90, 100, 110, 8)), flow(80, Range(90, 100, 110, 8)), flow(3, Range(0, 1, 2, 8))
    ('low', 'usual', 'usual')
    """
    if usual.samples < LEAST:
        return "not enough history"
    fence = FENCE * max(usual.high - usual.low, POISSON_IQR * usual.median**0.5)
    if count < usual.low - fence:
        return "low"
    return "high" if count > usual.high + fence else "usual"


def reading(count: float, usual: Range, confidence: float, usually: float) -> Reading:
    """Of a reader in an hour: silent where reads are usual, unsure where their mean confidence has fallen.

    >>> reading(0, Range(20, 22, 25, 8), float("nan"), 0.95), reading(21, Range(20, 22, 25, 8), 0.7, 0.95)
    ('silent', 'unsure')
    """
    if usual.samples < LEAST:
        return "not enough history"
    if count == 0 and usual.low >= SURE:
        return "silent"
    return "unsure" if count >= READS and confidence < usually - WORSE else "ok"

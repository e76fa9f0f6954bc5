"""How often is an answer this surprising? The rank of a surprise among recent ones of the same cohort.

A surprise `x >= 0` is in nats: -ln p of a detector, or the combined score. For each detector (and the
combination) and each group (a cohort, vehicle class x lane type, or a context), and pooled, a histogram of surprises is
collected and published a period later (`SharedSpec` below), decayed. The calibrated p-value is the randomised rank

    p = (mass above the bin + u (mass in the bin + 1)) / (total + 1)

where u in (0, 1) is drawn from the crossing's own key, so that p is uniform on normal traffic even where the answer
has atoms, and the same on every machine (randomised probability integral transform, Smith 1985; Czado et al. 2009).
That p goes into the assessments. Evidence, the guard and the reasons of an alert take u = 1, the upper end of the
rank: equal answers weigh the same there, and nothing hangs on chance.
Beyond the bin with `TAIL_MASS` above it the tail is extended as an exponential whose slope is the mean excess there
(Hill 1975 in p, peaks over threshold in nats, Siffer et al. 2017); from one in `total` on, beyond what was seen, the
slope is at most 1: there a p-value falls no faster than the answer's own. Where one answer often given makes up that
tail, the ranks stand as they are. Until a row has `LEAST` crossings the pooled one is used, and until that has them
exp(-x): the p-value itself, and for the combination Markov's bound of an e-value.
"""

from __future__ import annotations

import math

import numpy as np

from detectors.base import SharedSpec
from detectors.compiled import njit
from detectors.context import CONTEXTS
from detectors.special import SMALLEST_P
from schemas.batch import COHORTS

BINS = 400
WIDTH = 0.1  # nats a bin
TOTAL = BINS  # column of the row total
ANSWERED = BINS + 1  # column of how many answers there were: the same, but not scaled where a drift made a row forget
TAIL_MASS = 40.0
SEEN = math.log(TAIL_MASS)  # nats of p from the edge to the largest answer seen
ATOM_MASS = 10 * TAIL_MASS  # as much in the last bin is an atom: one answer often given, and no tail
LEAST = 500.0
LEAST_CONTEXT = 50.0  # of a context: there a rough rank is better than none
LEAST_SHARE = 0.02
HALF_LIFE_DAYS = 14.0
ROWS = 1 + COHORTS + CONTEXTS  # a detector's rows: pooled, then one a group: a cohort, or a context (context.py)
EDGE, EDGE_P, SLOPE = 0, 1, 2  # columns of `tails`


def spec(columns: int) -> SharedSpec:
    """The shared table of `columns` detectors, the combination included."""
    return SharedSpec(BINS + 2, lambda ports: columns * ROWS, half_life_days=HALF_LIFE_DAYS)


@njit(cache=True)
def bin_of(x):  # type: ignore[no-untyped-def]
    """The bin of a surprise."""
    return min(BINS - 1, max(0, int(x / WIDTH)))


@njit(cache=True)
def prepare(totals, rows, above, tails):  # type: ignore[no-untyped-def]
    """After a publication: for each of `rows`, the mass above each bin, and where the tail begins and how it falls."""
    for r in rows:
        mass, moment = 0.0, 0.0
        b = BINS - 1
        while b > 0 and totals[r, b] == 0.0:  # nothing was ever so surprising: `above` is 0 there from the start
            b -= 1
        while b >= 0 and mass < TAIL_MASS:  # down to the bin with enough above it
            above[r, b] = mass
            mass += totals[r, b]
            moment += totals[r, b] * (b + 0.5) * WIDTH
            b -= 1
        tails[r, EDGE] = math.inf
        if b >= 0:
            start = (b + 1) * WIDTH
            tails[r, EDGE] = start if mass < ATOM_MASS else math.inf
            tails[r, EDGE_P] = mass / (totals[r, TOTAL] + 1.0)
            tails[r, SLOPE] = mass / max(moment - mass * start, 0.02 * mass)
        while b >= 0:
            above[r, b] = mass
            mass += totals[r, b]
            b -= 1


@njit(cache=True)
def uniform(key, salt):  # type: ignore[no-untyped-def]
    """A number in (0, 1) from a 64-bit key and a small integer: splitmix64 (Steele, Lea & Flood 2014)."""
    z = np.uint64(key) + np.uint64(salt + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (float(z >> np.uint64(11)) + 0.5) * 2.0**-53


@njit(cache=True)
def rank(x, column, cohort, totals, above, tails):  # type: ignore[no-untyped-def]
    """The lower and the upper end of the rank of surprise `x`, both in [SMALLEST_P, 1].

    From the cohort's row, else the pooled one, else exp(-x); where the tail is extended both ends are the same.
    """
    row, least = column * ROWS + 1 + cohort, LEAST if cohort < COHORTS else LEAST_CONTEXT
    if totals[row, TOTAL] < least:
        row, least = column * ROWS, LEAST
    total = totals[row, TOTAL]
    if total < least:
        low = math.exp(-x)
        high = low
    elif x >= tails[row, EDGE]:
        slope, beyond = tails[row, SLOPE], x - tails[row, EDGE]
        measured = min(beyond, SEEN / slope)
        low = tails[row, EDGE_P] * math.exp(-slope * measured - min(1.0, slope) * (beyond - measured))
        high = low
    else:
        b = bin_of(x)
        low = above[row, b] / (total + 1.0)
        high = (above[row, b] + totals[row, b] + 1.0) / (total + 1.0)
    return max(SMALLEST_P, low), min(1.0, max(SMALLEST_P, high))


@njit(cache=True)
def share_evaluated(column, last, cohort, totals):  # type: ignore[no-untyped-def]
    """Share of the cohort's crossings that a detector had an answer for; `last` is the column of the combination.

    A p-value times this share is a p-value among all crossings, those not evaluated counting as ordinary: the oddest of
    a few is rarer than the oddest of many. Not below `LEAST_SHARE`, so that a question newly asked cannot shout.
    """
    row, every = column * ROWS + 1 + cohort, last * ROWS + 1 + cohort
    if totals[every, ANSWERED] < LEAST:
        row, every = column * ROWS, last * ROWS
    if totals[every, ANSWERED] < LEAST:
        return 1.0
    return min(1.0, max(LEAST_SHARE, (totals[row, ANSWERED] + 1.0) / (totals[every, ANSWERED] + 1.0)))


@njit(cache=True)
def collect(x, column, cohort, tally, touched):  # type: ignore[no-untyped-def]
    """Add one surprise to its cohort's row and to the pooled one."""
    b = bin_of(x)
    for row in (column * ROWS, column * ROWS + 1 + cohort):
        tally[row, b] += 1
        tally[row, TOTAL] += 1
        tally[row, ANSWERED] += 1
        touched[row] = 1

"""How likely is the next thing to be new, for one who has met this much that was new? Good-Turing, read off the peers.

Rates of novelty differ widely (a tractor that never changes its trailer, a haulier with ever new ones), and no
family of curves fits all. So none is assumed: crossings are sorted into cells by what their entity has behind it,
the decayed number of trials `n` and the smoothed rate of novelties `(novel + 1/2) / (n + 1)`, both by powers of two,
and the share of new ones is counted cell by cell among the peers. That share is the probability of something new
for an entity in that cell, whatever the mixture (nonparametric empirical Bayes, Robbins 1956): an ever changing
entity sits among those of its kind. Until a cell is filled the entity's own rate stands in.

What an entity has met is kept as short hashes, the latest first; the one unused for longest makes room.

Sources: Good (1953), The population frequencies of species; Robbins (1956), An empirical Bayes approach to statistics.
"""

from __future__ import annotations

import math

import numpy as np

from detectors.base import SharedSpec
from detectors.compiled import njit
from schemas.batch import VEHICLE_CLASSES

CLASSES = len(VEHICLE_CLASSES)
TRIALS = 10  # cells by number of trials: below 1, then by powers of two
RATES = 8  # cells by rate of novelties: above 1/2, above 1/4, ...
ROWS = CLASSES * TRIALS  # a row holds (trials, novelties) of its `RATES` cells
OWN_TRIALS = 2.0  # the entity's own rate is shrunk to `OWN_RATE` with this weight,
OWN_RATE = 0.25
OWN_WEIGHT = 10.0  # and weighs as much as so many crossings of its peers in the same cell
KINDS = 4  # things that may be new at once; a row holds a count for each set of them
ALONE = 0.3  # each further one in a set makes it this much rarer, before anything is published
ALL_SETS = ((1.0 + ALONE) ** KINDS - 1.0) / ALONE  # sum of ALONE^(members - 1) over the sets
SETS_WEIGHT = 10.0  # of that prior, in crossings
OTHER = 0.9  # probability of something new if the crossing has nothing to do with the entity's habit


def spec(more_rows: int = 0) -> SharedSpec:
    """The shared table of the cells, and room for rows of the detector's own after them."""
    return SharedSpec(2 * RATES, lambda ports: ROWS + more_rows)


@njit(cache=True)
def place_of(known, value):  # type: ignore[no-untyped-def]
    """Where `value` stands among the remembered ones, -1 for nowhere."""
    for k in range(len(known)):
        if known[k] == value:
            return k
    return -1


@njit(cache=True)
def remember(known, place, value):  # type: ignore[no-untyped-def]
    """Move `value` from its place (-1: from outside, the last one drops out) to the front."""
    k = place if place >= 0 else len(known) - 1
    while k > 0:
        known[k] = known[k - 1]
        k -= 1
    known[0] = value


@njit(cache=True)
def halvings(x, most):  # type: ignore[no-untyped-def]
    """How often `x` can be halved before it is below 1, at most `most`: floor(log2(x)) + 1, and 0 below 1."""
    count = 0
    while x >= 1.0 and count < most:
        x *= 0.5
        count += 1
    return count


@njit(cache=True)
def cell_of(vehicle_class, n, novel):  # type: ignore[no-untyped-def]
    """Row and first column of the cell of an entity with `n` trials behind it, `novel` of them new."""
    row = vehicle_class * TRIALS + halvings(n, TRIALS - 1)
    return row, 2 * halvings(0.5 * (n + 1.0) / (novel + 0.5), RATES - 1)


@njit(cache=True)
def count(tally, touched, row, column, new):  # type: ignore[no-untyped-def]
    """Add a crossing to its cell."""
    tally[row, column] += 1
    tally[row, column + 1] += new
    touched[row] = 1


@njit(cache=True)
def log_ratio(q, new):  # type: ignore[no-untyped-def]
    """log(another's / own): something new has probability `OTHER` for one without the habit, `q` for this one."""
    return math.log(OTHER / q) if new else math.log((1.0 - OTHER) / (1.0 - q))


@njit(cache=True)
def novelty_rate(prior, row, column, n, novel):  # type: ignore[no-untyped-def]
    """P(new): the share of new ones in the cell, shrunk to the entity's own rate."""
    own = (novel + OWN_TRIALS * OWN_RATE) / (n + OWN_TRIALS)
    return (prior[row, column + 1] + OWN_WEIGHT * own) / (prior[row, column] + OWN_WEIGHT)


@njit(cache=True)
def share_of_set(prior, row, members):  # type: ignore[no-untyped-def]
    """Of the sets of things that were new at once (bits of a column number), the share of those at most as frequent as
    `members`, and the share of that set alone.
    """
    mass = np.empty(1 << KINDS)
    total, at_most = 0.0, 0.0
    for s in range(1, 1 << KINDS):
        bits = (s & 1) + (s >> 1 & 1) + (s >> 2 & 1) + (s >> 3 & 1)
        mass[s] = prior[row, s] + SETS_WEIGHT * ALONE ** (bits - 1) / ALL_SETS
        total += mass[s]
    for s in range(1, 1 << KINDS):
        at_most += mass[s] if mass[s] <= mass[members] else 0.0
    return at_most / total, mass[members] / total

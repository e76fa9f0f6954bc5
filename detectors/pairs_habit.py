"""Would they meet if neither knew of the other? The days of two diaries, shuffled: a null model for sharp habits.

Who crosses at 07:30 every working day, and who crosses at 07:38, are eight minutes apart day after day. On such days
the entries of one match those of the other on *other* days as often as on the same day. So the share q of all pairs
of different days on which the two are within a window is the chance of a match on one day, and of n days on which
both crossed, k match by chance with probability

    P(K >= k) = I_q(k, n - k + 1)

Source: binomial tail, DLMF 8.17.5; trial shuffling as the null of a lead or a coincidence: Perkel, Gerstein & Moore
(1967), Neuronal spike trains and stochastic point processes II, Biophysical Journal 7, 419-440 (the shift predictor).
"""

from __future__ import annotations

import math

from detectors.compiled import njit
from detectors.diary import DAYS
from detectors.special import beta_tail


@njit(cache=True)
def shuffled(mine, theirs, direction, low, high):  # type: ignore[no-untyped-def]
    """(days both crossed, expected matches on those days): matches have `low <= mine - theirs <= high` diary units."""
    both, pairs, matches = 0, 0, 0
    for day in range(direction * DAYS, (direction + 1) * DAYS):
        if math.isnan(mine[day]):
            continue
        for other in range(direction * DAYS, (direction + 1) * DAYS):
            if other == day:
                both += not math.isnan(theirs[other])
            elif not math.isnan(theirs[other]):
                pairs += 1
                matches += low <= mine[day] - theirs[other] <= high
    return both, both * (matches + 1.0) / (pairs + 2.0)


@njit(cache=True)
def habit_tail(matched, both, expected):  # type: ignore[no-untyped-def]
    """P(at least `matched` of `both` days match), `expected` of them by habit.

    >>> round(habit_tail(8, 8, 2.0), 6), round(habit_tail(8, 8, 7.2), 2)
    (1.5e-05, 0.43)
    """
    if matched <= 0 or both < matched:
        return 1.0
    return beta_tail(float(matched), both - matched + 1.0, min(1.0, expected / both))


@njit(cache=True)
def habit_of_meeting(mine, theirs, matched, window):  # type: ignore[no-untyped-def]
    """`habit_tail` of meetings in either direction, within `window` units."""
    there, expected_there = shuffled(mine, theirs, 0, -window, window)
    back, expected_back = shuffled(mine, theirs, 1, -window, window)
    return habit_tail(matched, there + back, expected_there + expected_back)

"""Is it odd again and again, and new for this vehicle? Three odd crossings of the last five, judged by its own past.

A detector gives each crossing a p-value among the peers; its surprise is u = -ln p. A vehicle whose surprises were
always large (a nurse on nights) is no news, so u is judged by the vehicle's past as well: exponential surprises with
a Gamma prior of `OWN` crossings at the peers' mean of 1 have the predictive (Lomax) tail

    P(U > u) = (1 + u / (OWN + sum u)) ^ -(OWN + n)

and the judged p is the larger of the two. A crossing becomes past when `KEPT` others have followed it, so that a run
of odd ones does not excuse itself; the past weighs `MOST` crossings at the most. With x the larger of the judged p of
this crossing and the second smallest of the four before, P(this <= x and two of four <= x) = x P(Bin(4, x) >= 2): a
crossing that is not odd is none of the three.

Source: Gelman et al., Bayesian Data Analysis, 2.6 (exponential with Gamma prior); David & Nagaraja, Order Statistics,
2.1.
"""

from __future__ import annotations

import math

import numpy as np

from detectors.compiled import njit

KEPT = 4  # surprises remembered beside the present one
OWN = 32.0  # crossings that a vehicle's own past must outweigh
MOST = 64  # crossings that the past may weigh: as many new ones replace it
GRAIN = 1000.0  # steps a nat, of a remembered surprise
ROW = np.dtype([("recent", "u2", (KEPT,)), ("n", "u1"), ("total", "f4")])


@njit(cache=True)
def judged(u, n, total):  # type: ignore[no-untyped-def]
    """The p-value of a surprise among peers and for the vehicle, whichever is larger."""
    return max(math.exp(-u), math.exp(-(OWN + n) * math.log1p(u / (OWN + total))))


@njit(cache=True)
def full(recent):  # type: ignore[no-untyped-def]
    """Whether four crossings are remembered: 0 stands for none, a surprise is kept plus 1."""
    return recent[0] > 0


@njit(cache=True)
def three_of_five(u, row):  # type: ignore[no-untyped-def]
    """The p-value, x, and how many of the five are judged at most x.

    >>> row = np.zeros(1, ROW)[0]
    >>> row["recent"] = [1, 5001, 5001, 1]
    >>> [float(f"{value:.3g}") for value in three_of_five(5.0, row)]
    [5.24e-06, 0.0096, 3.0]
    """
    first, second = 0.0, 0.0  # the two largest surprises of the four
    for k in range(KEPT):
        kept = max(0, row.recent[k] - 1) / GRAIN
        if kept > first:
            first, second = kept, first
        elif kept > second:
            second = kept
    x = judged(min(u, second), row.n, row.total)
    count = 1.0 if judged(u, row.n, row.total) <= x else 0.0
    for k in range(KEPT):
        count += judged(max(0, row.recent[k] - 1) / GRAIN, row.n, row.total) <= x
    return x * (1.0 - (1.0 - x) ** 4 - 4.0 * x * (1.0 - x) ** 3), x, count


@njit(cache=True)
def remember(u, row):  # type: ignore[no-untyped-def]
    """Push a surprise; what falls out becomes the vehicle's past."""
    if full(row.recent):
        if row.n == MOST:
            row.total *= (MOST - 1.0) / MOST
        row.n = min(MOST, row.n + 1)
        row.total += (row.recent[0] - 1) / GRAIN
    for k in range(KEPT - 1):
        row.recent[k] = row.recent[k + 1]
    row.recent[KEPT - 1] = 1 + min(65000, int(u * GRAIN))  # rounded down: never odder than it was

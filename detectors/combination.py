"""How do many answers become one score? Each detector is odd by itself with some probability: evidence adds up.

If a crossing worth a look departs from the vehicle's habit in each respect independently with probability w, the
likelihood ratio against normal is a product, and its logarithm a sum of one term a detector:

    S = sum_j log((1 - w) + w e_j),   log e_j = (log e(p_j) + l_j) / 2

e(p) = (1 - p + p ln p) / (p ln^2 p) is the mixture calibrator of the detector's own p-value (Vovk & Wang 2021,
section 2); l_j is the log-likelihood ratio of peers against own where the detector has one, and log e of its
calibrated p-value where not. The geometric mean of two e-values is one (Cauchy-Schwarz), and so is a bet of a
fraction w on it; each half guards against the other being overconfident. exp(-S) therefore bounds the p-value by
Markov before anything is known about the traffic. "Not evaluated" adds no term.
The comparison with a plain sum, log-sum-exp, Fisher and Cauchy is in docs/decisions/0003-combination.md.
"""

from __future__ import annotations

import math

from numba import njit

BET = 0.25  # w
MOST = math.exp(14.0)  # e-value; no detector says more
GRAIN = 2.0**20  # terms are rounded to 2^-20 nats, so that last bits of libm cannot change an alert


@njit(cache=True)
def e_of_p(p: float, log_p: float) -> float:
    """e(p) of the mixture calibrator, given p and its logarithm; 1/2 at p = 1.

    >>> round(e_of_p(1e-4, math.log(1e-4)), 2)
    117.78
    """
    if p > 0.99:  # the limit; the closed form cancels there
        return 0.5 + (1.0 - p) / 6.0
    return (1.0 - p + p * log_p) / (p * log_p * log_p)


@njit(cache=True)
def term_of(first: float, second: float) -> float:
    """One detector's part of the score from its two e-values, in nats, rounded to `GRAIN`.

    >>> round(term_of(50.0, 400.0), 3)
    3.584
    """
    e = min(math.sqrt(first * second), MOST)
    return round(math.log(1.0 - BET + BET * e) * GRAIN) / GRAIN

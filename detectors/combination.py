"""How do many answers become one score? Each detector is odd by itself with some probability: evidence adds up.

If a crossing worth a look departs from the vehicle's habit in each respect independently with probability w, the
likelihood ratio against normal is a product, and its logarithm a sum of one term a detector:

    S = sum_j log((1 - w) + w e_j)

e_j is a weighted geometric mean of e-values (which is one again, by Hoelder's inequality), each guarding against the
others being overconfident: e(p) of the detector's own p-value, e(p) of its calibrated rank, and, where the detector
has one, the likelihood ratio of peers against own. e(p) = (1 - p + p ln p) / (p ln^2 p) is the mixture calibrator
(Vovk & Wang 2021, section 2). A bet of a fraction w on e_j is an e-value too, so exp(-S) bounds the p-value by Markov
before anything is known about the traffic. "Not evaluated" adds no term. Weights and w were chosen by the comparison
with a plain sum, log-sum-exp, Fisher and Cauchy in docs/decisions/0003-combination.md, and again for thirty detectors
in 0012-novelty.md.
"""

from __future__ import annotations

import math

from detectors.compiled import njit

BET = 0.02  # w
RATIO = 0.1  # weight of the likelihood ratio; the two p-values share the rest
MOST_LLR = 28.0  # nats
MOST = math.exp(14.0)  # e-value; no detector says more
GRAIN = 2.0**20  # terms are rounded to 2^-20 nats, so that last bits of libm cannot change an alert


@njit(cache=True)
def e_of_p(p: float, log_p: float) -> float:
    """e(p) of the mixture calibrator, given p and its logarithm; 1/2 at p = 1.

    >>> round(e_of_p(1e-4, math.log(1e-4)), 2)
    117.76
    """
    if p > 0.99:  # the limit; the closed form cancels there
        return 0.5 + (1.0 - p) / 6.0
    return (1.0 - p + p * log_p) / (p * log_p * log_p)


@njit(cache=True)
def term_of(own: float, calibrated: float, llr: float) -> float:
    """One detector's part of the score, in nats, from two e-values and a log-likelihood ratio (NaN where it has none).

    >>> round(term_of(50.0, 400.0, math.nan), 3), round(term_of(50.0, 400.0, 3.0), 3)
    (1.337, 1.196)
    """
    if math.isnan(llr):
        e = math.sqrt(own * calibrated)
    else:
        e = math.exp(0.5 * (1.0 - RATIO) * math.log(own * calibrated) + RATIO * min(llr, MOST_LLR))
    return round(math.log(1.0 - BET + BET * min(e, MOST)) * GRAIN) / GRAIN


@njit(cache=True)
def adds_nothing(p: float, llr: float) -> bool:
    """Whether an answer's term would not be positive, were its calibrated p its own: what `Finding.without` promises.

    >>> adds_nothing(0.2, math.nan), adds_nothing(0.05, math.nan), adds_nothing(0.05, -9.0)
    (True, False, True)
    """
    e = e_of_p(p, math.log(p))
    return bool(term_of(e, e, llr) <= 0.0)

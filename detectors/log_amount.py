"""How far is an amount from what this entity and its peers show? Student's t on logarithms, with two levels.

The entity's log amounts scatter around a mean of its own with variance W; these means scatter among the peers with
variance B around mu. W, B and mu are learnt from all of them; W as the geometric mean of the squared deviations from
each one's own running mean (its logarithm lies 1.27 below that of the variance), since some keep their amounts within
a few per cent and some do not. With n amounts behind it, their mean m and sum of squares m2:

    W' = (N0 W + m2) / (N0 + n),   precision = 1 / B + n / W',   centre = (mu / B + n m / W') / precision
    t = (y - centre) / sqrt(W' + 1 / precision),   df = min(N0 + n, MOST_DF)

With n = 0 these are the peers, with many the entity's own habit. Peers' density: Student's t around mu, variance B + W.

Source: Gelman et al., Bayesian Data Analysis, 5.4 (hierarchical normal model, empirical Bayes) and 3.2.
"""

from __future__ import annotations

import math

from detectors.combination import adds_nothing
from detectors.compiled import njit
from detectors.special import bounded_p, student_log_density, student_tail

FIXED = 65536.0  # fixed-point scale of sums
NUMBER, SUM, SQUARES, DEVIATIONS, FREEDOM = 0, 1, 2, 3, 4  # columns of a row of peers
WIDTH = 5
LOG_BIAS = 1.27  # -E log Z^2 of the standard normal: Euler's constant + log 2
N0 = 2.0  # weight of the peers' variance within, in degrees of freedom
MOST_DF = 8.0  # tails stay heavier than the normal's, however much was seen
PRIOR = 20.0  # weight of the constants below, in amounts
WITHIN, BETWEEN = 0.02, 0.2  # variances of the logarithm before anything is published
MOST_N = 20.0  # amounts the own habit weighs at the most, so that a new one is learnt within a few
LEAST = 0.0004  # no scale is known better than to 2 %
CALM_REACH, CALM_STEPS = 3.0, 24  # scales from the centre within which a counterfactual is looked for, in steps


@njit(cache=True)
def peers_of(prior, row, usual):  # type: ignore[no-untyped-def]
    """mu, W and B; `usual` is the mean before anything is published."""
    n = prior[row, NUMBER] + PRIOR
    mu = (prior[row, SUM] / FIXED + PRIOR * usual) / n
    total = (prior[row, SQUARES] / FIXED + PRIOR * (usual * usual + BETWEEN + WITHIN)) / n - mu * mu
    log_within = (prior[row, DEVIATIONS] / FIXED + PRIOR * math.log(WITHIN)) / (prior[row, FREEDOM] + PRIOR)
    within = max(LEAST, math.exp(log_within))
    return mu, within, max(LEAST, total - within)


@njit(cache=True)
def predictive(n, mean, m2, mu, within, between):  # type: ignore[no-untyped-def]
    """Centre, scale and degrees of freedom of the next log amount."""
    own = max(LEAST, (N0 * within + m2) / (N0 + n))
    precision = 1.0 / between + n / own
    centre = (mu / between + n * mean / own) / precision
    return centre, math.sqrt(own + 1.0 / precision), min(N0 + n, MOST_DF)


@njit(cache=True)
def tail_of(t, df, upper):  # type: ignore[no-untyped-def]
    """P of a deviation at least as large: of either sign, or if `upper` only a larger amount."""
    both = student_tail(t, df)
    if not upper:
        return bounded_p(both)
    return bounded_p(0.5 * both if t > 0.0 else 1.0 - 0.5 * both)


@njit(cache=True)
def ratio_of(y, centre, scale, df, mu, within, between):  # type: ignore[no-untyped-def]
    """log(peers / own) of the densities at `y`."""
    spread = math.sqrt(within + between)
    peers = student_log_density((y - mu) / spread, MOST_DF, spread)
    return peers - student_log_density((y - centre) / scale, df, scale)


@njit(cache=True)
def calm_amount(y, centre, scale, df, mu, within, between, upper):  # type: ignore[no-untyped-def]
    """The amount nearest to exp(y), towards the centre, from which on there is no evidence; NaN for none."""
    reach = min(max(y - centre, -CALM_REACH * scale), CALM_REACH * scale)
    calm = math.nan
    for k in range(CALM_STEPS):
        at = centre + reach * k / CALM_STEPS
        ratio = ratio_of(at, centre, scale, df, mu, within, between)
        if not adds_nothing(tail_of((at - centre) / scale, df, upper), ratio):
            return calm
        calm = math.exp(at)
    return calm


@njit(cache=True)
def collect(tally, touched, row, y, n, mean, mu, within, between):  # type: ignore[no-untyped-def]
    """Add one log amount to the peers' sums; how far it can pull is bounded at 5 of their spreads."""
    bound = 5.0 * math.sqrt(within + between)
    y = min(max(y, mu - bound), mu + bound)
    tally[row, NUMBER] += 1
    tally[row, SUM] += int(round(FIXED * y))
    tally[row, SQUARES] += int(round(FIXED * y * y))
    if n >= 1.0:
        square = max((y - mean) ** 2 * n / (n + 1.0), 1e-3 * within)
        tally[row, DEVIATIONS] += int(round(FIXED * (min(math.log(square), math.log(9.0 * within)) + LOG_BIAS)))
        tally[row, FREEDOM] += 1
    touched[row] = 1


@njit(cache=True)
def moments_with(y, n, mean, m2, centre, scale):  # type: ignore[no-untyped-def]
    """n, mean and m2 after one more log amount (Welford), which counts as 4 scales off at the most."""
    moved = min(max(y, centre - 4.0 * scale), centre + 4.0 * scale) if n >= 1.0 else y
    delta = moved - mean
    kept = min(1.0, MOST_N / n) if n > 0.0 else 1.0
    n = n * kept + 1.0
    m2 *= kept
    mean += delta / n
    return n, mean, m2 + delta * (moved - mean)

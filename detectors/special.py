"""Which tail probabilities do the detectors need? The compiled special functions, each with its source.

Compiled for the hot path; scipy has the same quantities and the tests compare the two.
"""

from __future__ import annotations

import math

from detectors.compiled import njit

TINY = 1e-300  # keeps continued fractions and logarithms away from zero
SMALLEST_P = 1e-15  # no p-value is said to be smaller: the models are not that good


@njit(cache=True)
def beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22)."""
    c = 1.0
    d = 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > TINY else TINY)
    h = d
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 + even * d
        d = 1.0 / (d if abs(d) > TINY else TINY)
        c = 1.0 + even / c
        c = c if abs(c) > TINY else TINY
        h *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 + odd * d
        d = 1.0 / (d if abs(d) > TINY else TINY)
        c = 1.0 + odd / c
        c = c if abs(c) > TINY else TINY
        step = d * c
        h *= step
        if abs(step - 1.0) < 1e-12:
            break
    return h


@njit(cache=True)
def beta_tail(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta I_x(a, b) for a, b > 0 and 0 <= x <= 1 (DLMF 8.17).

    >>> round(beta_tail(2.0, 3.0, 0.5), 6)
    0.6875
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    front = math.exp(log_front)
    if x < (a + 1.0) / (a + b + 2.0):
        return float(min(1.0, front * beta_fraction(a, b, x) / a))
    return float(max(0.0, 1.0 - front * beta_fraction(b, a, 1.0 - x) / b))


@njit(cache=True)
def student_tail(t: float, df: float) -> float:
    """P(|T| >= |t|) of Student's t with `df` degrees of freedom: I_{df/(df+t^2)}(df/2, 1/2) (DLMF 8.17, A&S 26.7.1).

    >>> round(student_tail(2.0, 10.0), 6)
    0.073388
    """
    return float(beta_tail(0.5 * df, 0.5, df / (df + t * t)))


@njit(cache=True)
def student_log_density(t: float, df: float, scale: float) -> float:
    """Log density of `scale` times Student's t with `df` degrees of freedom, at `scale * t`.

    >>> round(student_log_density(0.0, 5.0, 1.0), 6)
    -0.96862
    """
    front = math.lgamma(0.5 * (df + 1.0)) - math.lgamma(0.5 * df) - 0.5 * math.log(df * math.pi) - math.log(scale)
    return front - 0.5 * (df + 1.0) * math.log1p(t * t / df)


@njit(cache=True)
def negative_binomial_tail(k: float, shape: float, rate: float, exposure: float) -> float:
    """P(N >= k) for N ~ Poisson(lambda * exposure), lambda ~ Gamma(shape, rate): the Gamma-Poisson mixture.

    The sum of the upper tail is I_q(k, shape), q = exposure / (rate + exposure) (Johnson, Kemp & Kotz 2005, 5.6).
    `k` need not be whole (quasi-counts); 1 for k <= 0.

    >>> round(negative_binomial_tail(3, 2.0, 1.0, 1.0), 6)
    0.3125
    """
    if k <= 0.0:
        return 1.0
    return float(beta_tail(k, shape, exposure / (rate + exposure)))


@njit(cache=True)
def normal_cdf(x: float) -> float:
    """P(Z <= x) of the standard normal, by the complementary error function.

    >>> round(normal_cdf(-1.0), 6)
    0.158655
    """
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@njit(cache=True)
def bounded_p(p: float) -> float:
    """`p` within (0, 1], no smaller than `SMALLEST_P`; NaN (not evaluated) stays NaN, whatever order max takes it in.

    >>> bounded_p(-1e-17), bounded_p(2.0), bounded_p(math.nan)
    (1e-15, 1.0, nan)
    """
    return p if math.isnan(p) else min(1.0, max(SMALLEST_P, p))

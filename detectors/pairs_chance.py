"""How often would two vehicles meet by chance? By how often they nearly meet: the local window is the null model.

On the occasions of the last weeks when both crossed the same way within two hours of each other, sort the time between
them: *met* (within 2 min), near (2 to 6 min, 2 to 15 min), same hours (within 2 h). Two vehicles with the same habit
and nothing to do with each other are as often some minutes apart as together, whatever the port's flow is at that
hour: near misses, per second of window, give the rate of chance meetings. The largest of the three rates is taken,
since habits may be sharper than two hours:

    expected = max(m6 11.5/22, m15 11.5/71, (n + 1) 11.5/655.5),   P(met >= k) = I_q(k, s),  q = expected/(s + expected)

the upper tail of a Gamma-Poisson count (negative binomial) with s = 1 + the near misses the rate rests on. Only
earlier occasions count: the meeting now is why the pair is looked at. The p-value of the best of N neighbours is 1 -
(1 - p)^N.

Source: Gamma-Poisson tail, Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, 5.6; local shifts as the
null of coincidence: Amarasingham et al. (2012), Conditional modeling and the jitter method, J. Neurophysiology 107;
Sidak (1967).
"""

from __future__ import annotations

import math

import numpy as np

from detectors.compiled import njit
from detectors.diary import DAYS, SIZE
from detectors.special import negative_binomial_tail

MET, NEAR, AROUND, HOURS = 11.0, 33.0, 82.0, 655.0  # windows in diary units: 121 s, 6 min, 15 min, 2 h
HALF = MET + 0.5  # units on one side in which a meeting falls
NONE = np.float32(np.nan)


@njit(cache=True, error_model="numpy", fastmath={"reassoc", "nsz"})
def meetings(a, b):  # type: ignore[no-untyped-def]
    """How often two diaries (f4[SIZE], NaN where empty) agree; the hot loop, eight entries at a time."""
    count = np.float32(0.0)
    for k in range(SIZE):
        count += np.float32(1.0) if abs(a[k] - b[k]) <= np.float32(MET) else np.float32(0.0)
    return count


@njit(cache=True)
def days_met(a, b):  # type: ignore[no-untyped-def]
    """Bit `d` is set where they met on a day = d modulo `DAYS`, in either direction."""
    days = 0
    for k in range(SIZE):
        if abs(a[k] - b[k]) <= MET:
            days |= 1 << (k % DAYS)
    return days


@njit(cache=True)
def bits(days):  # type: ignore[no-untyped-def]
    """How many days are set.

    >>> bits(0b1011)
    3
    """
    count = 0
    while days:
        days &= days - 1
        count += 1
    return count


@njit(cache=True)
def expected(a, b):  # type: ignore[no-untyped-def]
    """Expected chance meetings of two diaries, and the shape of that estimate."""
    met, near, around, hours = 0, 0, 0, 0
    for k in range(SIZE):
        apart = abs(a[k] - b[k])
        met += apart <= MET
        near += apart <= NEAR
        around += apart <= AROUND
        hours += apart <= HOURS
    return rate(met, near - met, around - met, hours)


@njit(cache=True)
def rate(met, near, around, hours):  # type: ignore[no-untyped-def]
    """The largest of the three rates, in meetings, and its shape.

    >>> tuple(round(x, 3) for x in rate(6, 0, 0, 6)), tuple(round(x, 3) for x in rate(6, 9, 20, 30))
    ((0.123, 1.0), (4.705, 10.0))
    """
    most, shape = HALF * (hours + 1.0) / (HOURS + 0.5), 1.0
    for misses, width in ((near, NEAR - MET), (around, AROUND - MET)):
        chance = HALF * misses / width
        if chance > most:
            most, shape = chance, 1.0 + misses
    return most, shape


@njit(cache=True)
def tail(met, chance, shape):  # type: ignore[no-untyped-def]
    """P(at least `met` chance meetings).

    >>> f"{tail(4.0, 0.088, 1.0):.1e}"
    '4.3e-05'
    """
    return negative_binomial_tail(met, shape, shape, chance)


@njit(cache=True)
def of_many(p, looked):  # type: ignore[no-untyped-def]
    """The p-value of the smallest of `looked` p-values (Sidak).

    >>> round(of_many(0.01, 10), 5)
    0.09562
    """
    return -math.expm1(looked * math.log1p(-min(p, 1.0 - 1e-15)))


@njit(cache=True)
def evidence_of(met, chance):  # type: ignore[no-untyped-def]
    """How far a count is beyond its expectation, in nats (Poisson log-likelihood ratio); 0 below it."""
    return met * math.log(met / chance) - (met - chance) if met > chance else 0.0


@njit(cache=True)
def days_seen(a, today):  # type: ignore[no-untyped-def]
    """Bit `k` is set where the diary has an entry `DAYS - 1 - k` days before `today`."""
    days = 0
    for k in range(SIZE):
        if not math.isnan(a[k]):
            days |= 1 << (k % DAYS - today - 1) % DAYS
    return days


@njit(cache=True)
def turned(days, today):  # type: ignore[no-untyped-def]
    """`days_met` in the order of `days_seen`: bit `DAYS - 1` is today.

    >>> turned(0b1, 0) == 1 << 31, turned(0b1, 1) == 1 << 30
    (True, True)
    """
    shift = (today + 1) % DAYS
    return (days >> shift | days << (DAYS - shift)) & ((1 << DAYS) - 1)


@njit(cache=True)
def apart_before(seen, met):  # type: ignore[no-untyped-def]
    """P(no meeting on the days before the first) had they always met as often as since.

    `a` days on which this vehicle was seen before the first meeting; since then, `s` further meetings
    (today's included) on `t` days: E[(1 - f)^a] for f ~ Beta(1 + s, 1 + t - s), Laplace's rule of succession.

    >>> round(apart_before(0b11111111_11111111, 0b10010000_00000000), 4)  # twelve days alone; then met, and on 2 of 4
    0.0147
    """
    first = met & -met
    a, s, since = bits(seen & (first - 1)), bits(met), max(bits(seen & ~(first - 1)), bits(met))
    p, b = 1.0, since - s + 1.0
    for k in range(s + 1):
        p *= (b + k) / (b + a + k)
    return p


@njit(cache=True)
def no_news(mine, theirs, met, today):  # type: ignore[no-untyped-def]
    """p of a pair that always went together as it does now: the smaller of both `apart_before`, times two."""
    days = turned(met, today)
    return min(1.0, 2.0 * min(apart_before(days_seen(mine, today), days), apart_before(days_seen(theirs, today), days)))

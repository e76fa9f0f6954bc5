"""Is somebody driving ahead? The vehicles that came minutes before, in another lane, and go back within the hour.

A possible scout has gone back within the hour on three of the last 32 days. Of the occasions on which it and this
vehicle crossed within two hours of each other, it led by 1 to 15 min on L. Chance leads are counted by the windows
beside that one (15 to 29 min ahead, and just behind), as chance meetings are in `detectors/pairs_chance.py`; that it
went back on R of the L is held against a beta-binomial whose prior are its other crossings, and the two are put
together by Fisher's method:

    P(R of L) = prod_{i<R} (a + i)/(a + b + i) for R = L,     p = x (1 - ln x), x = p_lead p_back

Source: Fisher (1932), Statistical Methods for Research Workers, 21.1; beta-binomial, Johnson, Kemp & Kotz (2005), 6.2.
"""

from __future__ import annotations

import math

from detectors.compiled import njit
from detectors.diary import DAYS
from detectors.pairs_found import JOINT, LEAD, LED, RETURNED, SCOUT, SCOUT_CHANCE, SCOUT_TAIL, SCOUTS_SEEN, named
from detectors.special import negative_binomial_tail

SHORT, LONG, BESIDE, HOURS = 5, 82, 163, 655  # diary units: 1 min, 15 min, 30 min, 2 h
HOUR = 327  # 1 h
LED_WIDTH, BESIDE_WIDTH, HOURS_WIDTH = 78.0, 163.0, 1311.0
SHARE = 0.85  # of the joint crossings are led, and of the led ones followed by a return
JOINT_LEAST = 6  # with the one now
PRIOR_BACK, PRIOR_STAY = 1.0, 4.0  # of going back within the hour, in crossings


@njit(cache=True)
def quick_returns(mine, direction):  # type: ignore[no-untyped-def]
    """On how many days it crossed in `direction` and came back within the hour."""
    count = 0
    for day in range(DAYS):
        stay = mine[(1 - direction) * DAYS + day] - mine[direction * DAYS + day]
        count += 0 < stay <= HOUR
    return count


@njit(cache=True)
def leads(mine, theirs, direction):  # type: ignore[no-untyped-def]
    """Earlier days in `direction`: led by them, returned after it, joint (within 15 min), beside, within 2 h."""
    led, returned, joint, beside, hours = 0, 0, 0, 0, 0
    for day in range(DAYS):
        lead = mine[direction * DAYS + day] - theirs[direction * DAYS + day]
        hit = SHORT <= lead <= LONG
        stay = theirs[(1 - direction) * DAYS + day] - theirs[direction * DAYS + day]
        led += hit
        returned += hit and 0 < stay <= HOUR
        joint += abs(lead) <= LONG
        beside += not hit and -(LONG - SHORT) <= lead <= BESIDE
        hours += abs(lead) <= HOURS
    return led, returned, joint, beside, hours


@njit(cache=True)
def back_tail(returned, led, quick, crossed):  # type: ignore[no-untyped-def]
    """P(R >= `returned` of `led`) given how often it returned on its other crossings: beta-binomial.

    >>> round(back_tail(5, 5, 0, 0), 5), round(back_tail(5, 5, 0, 20), 7)
    (0.00794, 8.4e-06)
    """
    a, b = PRIOR_BACK + quick, PRIOR_STAY + crossed - quick
    total = 0.0
    for r in range(returned, led + 1):
        log = math.lgamma(led + 1.0) - math.lgamma(r + 1.0) - math.lgamma(led - r + 1.0)
        log += math.lgamma(a + r) + math.lgamma(b + led - r) - math.lgamma(a + b + led)
        total += math.exp(log + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
    return min(1.0, total)


@njit(cache=True)
def scout_tail(led, returned, beside, hours, quick, crossed):  # type: ignore[no-untyped-def]
    """p of being led by a scout this often, and the chance leads expected."""
    chance, shape = LED_WIDTH * (hours + 1.0) / HOURS_WIDTH, 1.0
    if LED_WIDTH * beside / BESIDE_WIDTH > chance:
        chance, shape = LED_WIDTH * beside / BESIDE_WIDTH, 1.0 + beside
    x = negative_binomial_tail(led, shape, shape, chance)
    x = max(x * back_tail(returned, led, quick - returned, crossed - led), 1e-300)
    return min(1.0, x * (1.0 - math.log(x))), chance


@njit(cache=True)
def look_ahead(scouts, size, mine, key, time_ms, lane, direction, found):  # type: ignore[no-untyped-def]
    """Compare with the possible scouts of the last 15 min; fills their columns. The place of the best, or -1."""
    best, seen = -1, 0
    for place in range(1, min(size, scouts.count) + 1):
        at = (scouts.count - place) % size
        lead_s = (time_ms - scouts.time_ms[at]) / 1000.0
        if lead_s > 900.0:
            break
        if lead_s < 60.0 or scouts.key[at] == key:
            continue
        seen += 1
        theirs = scouts.diary[at]
        led, returned, joint, beside, hours = leads(mine, theirs, direction)
        if (
            scouts.lane[at] == lane
            or joint + 1 < JOINT_LEAST
            or led + 1 < SHARE * (joint + 1)
            or returned < SHARE * led
        ):
            continue
        crossed = 0
        for day in range(DAYS):
            crossed += not math.isnan(theirs[direction * DAYS + day])
        tail, chance = scout_tail(led, returned, beside, hours, quick_returns(theirs, direction), crossed)
        if best < 0 or tail < found[SCOUT_TAIL]:
            best = at
            found[SCOUT_TAIL], found[SCOUT], found[LED], found[JOINT] = tail, named(scouts.key[at]), led + 1, joint + 1
            found[RETURNED], found[LEAD], found[SCOUT_CHANCE] = returned, lead_s, chance
    found[SCOUTS_SEEN] = seen
    return best

"""Is somebody driving ahead? The vehicles that came minutes before, in another lane, and go back within the hour.

A possible scout has gone back within the hour on three of the last 32 days. Of the occasions on which it and this
vehicle crossed the same way within 15 min of each other (`JOINT_LEAST` or more, with the one now), it led by 1 to 15
min on L, and went back within the hour after those; 15 % of exceptions, or one, are allowed in both. How often it
would lead by chance is counted twice: by the windows beside that one (15 to 30 min ahead, and just behind), as chance
meetings are in `detectors/pairs_chance.py`, and by the habits of both (`detectors/pairs_habit.py`); the larger
p-value is said. That it goes back is asked for and adds no evidence: whoever brings children to school across the
border does so every day.
"""

from __future__ import annotations

from detectors.compiled import njit
from detectors.diary import DAYS
from detectors.pairs_found import JOINT, LEAD, LED, RETURNED, SCOUT, SCOUT_CHANCE, SCOUT_TAIL, SCOUTS_SEEN, named
from detectors.pairs_habit import habit_tail, shuffled
from detectors.special import negative_binomial_tail

SHORT, LONG, BESIDE, HOURS = 5, 82, 163, 655  # diary units: 1 min, 15 min, 30 min, 2 h
HOUR = 327  # 1 h
LED_WIDTH, BESIDE_WIDTH, HOURS_WIDTH = 78.0, 163.0, 1311.0
EXCEPTIONS = 0.15  # of the joint crossings are not led, and of the led ones not followed by a return
JOINT_LEAST = 5  # with the one now; the p-value asks for more at a busy port
LEAST_S, MOST_S = 60.0, 900.0


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
def chance_leads(beside, hours):  # type: ignore[no-untyped-def]
    """Chance leads expected by the windows beside, and the shape of that estimate."""
    chance, shape = LED_WIDTH * (hours + 1.0) / HOURS_WIDTH, 1.0
    if LED_WIDTH * beside / BESIDE_WIDTH > chance:
        chance, shape = LED_WIDTH * beside / BESIDE_WIDTH, 1.0 + beside
    return chance, shape


@njit(cache=True)
def look_ahead(scouts, size, mine, key, time_ms, lane, direction, found):  # type: ignore[no-untyped-def]
    """Compare with the possible scouts of the last 15 min; fills their columns. The place of the best, or -1."""
    best, seen = -1, 0
    for place in range(1, min(size, scouts.count) + 1):
        at = (scouts.count - place) % size
        lead_s = (time_ms - scouts.time_ms[at]) / 1000.0
        if lead_s > MOST_S:
            break
        if lead_s < LEAST_S or scouts.key[at] == key:
            continue
        seen += 1
        theirs = scouts.diary[at]
        led, returned, joint, beside, hours = leads(mine, theirs, direction)
        led_enough = joint + 1 >= JOINT_LEAST and led >= joint - max(1.0, EXCEPTIONS * joint)
        if scouts.lane[at] == lane or not led_enough or returned < led - max(1.0, EXCEPTIONS * led):
            continue
        chance, shape = chance_leads(beside, hours)
        both, expected = shuffled(mine, theirs, direction, SHORT, LONG)
        tail = max(negative_binomial_tail(led, shape, shape, chance), habit_tail(led, both, expected))
        if best < 0 or tail < found[SCOUT_TAIL]:
            best = at
            found[SCOUT_TAIL], found[SCOUT], found[LED], found[JOINT] = tail, named(scouts.key[at]), led + 1, joint + 1
            found[RETURNED], found[LEAD], found[SCOUT_CHANCE] = returned, lead_s, max(chance, expected)
    found[SCOUTS_SEEN] = seen
    return best

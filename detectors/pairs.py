"""Who is here together, again? For each crossing, the vehicles close to it whose diaries agree with its own.

At each port and direction the last crossings are kept with their diaries (`Ring`): `NEARBY` of all of them, and
`SCOUTS` of vehicles that often come back within the hour. Each new crossing is compared with those that are close:
within 120 s, or within 6 places and 10 min; scouts within 15 min. Comparing two diaries takes 10 ns, so every
neighbour is compared with every one: nothing is sampled, no pair needs to be asked for, and there is no table of
pairs that met by chance.

What is lost beyond the bounds: neighbours farther back than the last `NEARBY` crossings of a direction (at 1.1
crossings a second within 120 s) and scouts beyond the last `SCOUTS` of them within 15 min; meetings more than 32 days
ago, or hidden by a later crossing of the day in the same direction (`detectors/diary.py`); the first vehicle of a
convoy, since its companion has not come yet: the second is the one that can be told of.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from detectors import pairs_chance as chance_of
from detectors.base import DAY_MS
from detectors.compiled import njit
from detectors.diary import PORT_STEP, PORTS, SIZE
from detectors.pairs_chance import NONE
from detectors.pairs_found import (
    BEHIND,
    CHANCE,
    DAYS_MET,
    HISTORY,
    LOOKED,
    MET,
    PARTNER,
    SCOUT_TAIL,
    SECOND,
    SECOND_PARTNER,
    SEIZED,
    SEIZED_CHANCE,
    SEIZED_DAYS,
    SEIZED_MET,
    SEIZED_PARTNER,
    SEIZED_TAIL,
    TAIL,
    TOGETHER,
    named,
)  # fmt: skip
from detectors.pairs_known import ADMIT, KNOWN, familiar, mix, of_pair
from detectors.pairs_scout import JOINT_LEAST, look_ahead, quick_returns

NEARBY, SCOUTS = 128, 64
CLOSE_MS, PLACES, PLACES_MS = 120_000, 6, 600_000
QUICK_RETURNS = 3  # on so many of the last 32 days: a possible scout
SCOUT_SALT, SCOUT_ADMIT = 1, 1e-3
SEIZED_MS = 180 * DAY_MS


def ring(size: int) -> np.dtype[Any]:
    """The last `size` crossings of a direction: vehicle, when, lane, when something was seized from it, diary."""
    fields = [("key", "u8", (size,)), ("time_ms", "i8", (size,)), ("lane", "u8", (size,)), ("seized_ms", "i8", (size,))]
    return np.dtype([*fields, ("diary", "f4", (size, SIZE)), ("count", "i8")])


ROW = np.dtype([("near", ring(NEARBY), (2,)), ("scouts", ring(SCOUTS), (2,)), ("known", KNOWN)])


@njit(cache=True)
def read_diary(entries, port, mine):  # type: ignore[no-untyped-def]
    """The entries at this port as seconds-of-day units, NaN elsewhere; returns how many there are."""
    count, home = 0, port % PORTS
    for k in range(SIZE):
        here = entries[k] > 0 and (entries[k] - 1) // PORT_STEP == home
        mine[k] = np.float32(entries[k] - 1 - PORT_STEP * home) if here else NONE
        count += here
    return count


@njit(cache=True)
def put(ring, size, key, time_ms, lane, seized_ms, mine):  # type: ignore[no-untyped-def]
    """One more crossing, over the oldest."""
    at = ring.count % size
    ring.key[at], ring.time_ms[at], ring.lane[at], ring.seized_ms[at] = key, time_ms, lane, seized_ms
    diary = ring.diary[at]
    for k in range(SIZE):
        diary[k] = mine[k]
    ring.count += 1


@njit(cache=True)
def look_around(near, known, mine, key, time_ms, found, best):  # type: ignore[no-untyped-def]
    """Compare with the neighbours; fills the columns of companions. `best[2, 4]`: evidence, place, chance, shape."""
    day = time_ms // DAY_MS
    best[:] = 0.0
    looked = 0
    for place in range(1, min(NEARBY, near.count) + 1):
        at = (near.count - place) % NEARBY
        apart = abs(time_ms - near.time_ms[at])
        if apart > CLOSE_MS and place > PLACES:
            break
        if near.key[at] == key or apart > PLACES_MS:
            continue
        looked += 1
        theirs = near.diary[at]
        met = chance_of.meetings(mine, theirs)
        seized = near.seized_ms[at] > 0 and time_ms - near.seized_ms[at] <= SEIZED_MS
        if seized:
            meet_seized(mine, theirs, met, near, at, time_ms, found)
        if met < 2.0 or chance_of.bits(chance_of.days_met(mine, theirs)) < 2:
            continue
        chance, shape = chance_of.expected(mine, theirs)
        evidence = chance_of.evidence_of(met, chance)
        long_known = evidence > ADMIT and familiar(known, of_pair(key, near.key[at]), day)
        if long_known or evidence <= best[1, 0]:
            continue
        first = evidence > best[0, 0]
        if first:
            best[1] = best[0]
        put_at = 0 if first else 1
        best[put_at, 0], best[put_at, 1], best[put_at, 2], best[put_at, 3] = evidence, at, chance, shape
    found[LOOKED] = looked


@njit(cache=True)
def meet_seized(mine, theirs, met, near, at, time_ms, found):  # type: ignore[no-untyped-def]
    """A neighbour something was seized from: keep the one with the smallest tail."""
    chance, shape = chance_of.expected(mine, theirs)
    tail = chance_of.tail(met, chance, shape)
    found[SEIZED] = 1.0 + (0.0 if math.isnan(found[SEIZED]) else found[SEIZED])
    if math.isnan(found[SEIZED_TAIL]) or tail < found[SEIZED_TAIL]:
        found[SEIZED_TAIL], found[SEIZED_PARTNER] = tail, named(near.key[at])
        found[SEIZED_MET], found[SEIZED_CHANCE] = met + 1.0, chance
        found[SEIZED_DAYS] = (time_ms - near.seized_ms[at]) / DAY_MS


@njit(cache=True)
def tell(near, mine, time_ms, found, best):  # type: ignore[no-untyped-def]
    """Write the two best companions into the columns."""
    if best[0, 0] <= 0.0:
        return
    at = int(best[0, 1])
    met, days = chance_of.meetings(mine, near.diary[at]), chance_of.days_met(mine, near.diary[at])
    found[TAIL] = chance_of.tail(met, best[0, 2], best[0, 3])
    found[PARTNER], found[DAYS_MET], found[MET] = named(near.key[at]), chance_of.bits(days) + 1, met + 1.0
    found[CHANCE], found[BEHIND] = best[0, 2], (time_ms - near.time_ms[at]) / 1000.0
    if best[1, 0] <= 0.0:
        return
    at = int(best[1, 1])
    met, others = chance_of.meetings(mine, near.diary[at]), chance_of.days_met(mine, near.diary[at])
    found[SECOND] = chance_of.tail(met, best[1, 2], best[1, 3])
    found[SECOND_PARTNER], found[TOGETHER] = named(near.key[at]), chance_of.bits(days & others) + 1


@njit(cache=True)
def seized_at(seized_key, seized_ms, key, time_ms):  # type: ignore[no-untyped-def]
    """When something was last seized from this vehicle before `time_ms`; 0 for never. Sorted by key, then time."""
    low, high = 0, len(seized_key)
    while low < high:
        middle = (low + high) // 2
        if seized_key[middle] <= key:
            low = middle + 1
        else:
            high = middle
    while low > 0 and seized_key[low - 1] == key:
        low -= 1
        if seized_ms[low] <= time_ms:
            return seized_ms[low]
    return 0


@njit(cache=True)
def find(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, port, direction, vehicle_key, lane_key, diary, fresh, seized_key, seized_ms, found
):
    """Fill `found[n, len(FOUND)]`, all NaN before, crossing by crossing in order; each is then there for the next.

    `rows` are of `ROW`, one a port; `diary[n, SIZE]` as the vehicle stage gave it; `seized_key` sorted, with
    `seized_ms`. A vehicle that is not `fresh` is looked at, and takes no place in the rings: it pushes nobody out.
    """
    mine, best = np.empty(SIZE, np.float32), np.zeros((2, 4))
    for i in range(len(slots)):
        row, way, key, now = rows[slots[i]], direction[i], vehicle_key[i], time_ms[i]
        near, scouts = row.near[way], row.scouts[way]
        found[i, HISTORY] = read_diary(diary[i], port[i], mine)
        look_around(near, row.known, mine, key, now, found[i], best)
        tell(near, mine, now, found[i], best)
        if found[i, HISTORY] >= JOINT_LEAST - 1:
            ahead = look_ahead(scouts, SCOUTS, mine, key, now, lane_key[i], way, found[i])
            pair = mix(key, scouts.key[max(ahead, 0)], SCOUT_SALT)
            if ahead >= 0 and found[i, SCOUT_TAIL] < SCOUT_ADMIT and familiar(row.known, pair, now // DAY_MS):
                found[i, SCOUT_TAIL] = 1.0
        if fresh[i]:
            put(near, NEARBY, key, now, lane_key[i], seized_at(seized_key, seized_ms, key, now), mine)
            if quick_returns(mine, way) >= QUICK_RETURNS:
                put(scouts, SCOUTS, key, now, lane_key[i], 0, mine)

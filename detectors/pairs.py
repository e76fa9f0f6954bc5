"""Who is here together, again? For each crossing, the vehicles close to it whose diaries agree with its own.

At each port and direction the last crossings are kept with their diaries (`ring`): `NEARBY` of all of them, and
`SCOUTS` of vehicles that often come back within the hour. Each new crossing is compared with those that are close:
within 120 s, or within 6 places and 10 min; scouts within 15 min. Comparing two diaries takes 10 ns, so every
neighbour is compared with every one: nothing is sampled, no pair needs to be asked for, and there is no table of
pairs that met by chance. What stands out is noted in two bounded tables, `detectors/pairs_known.py` and
`detectors/pairs_memory.py`; the detectors judge what is found (`detectors/pairs_found.py`).

What is lost beyond the bounds: neighbours farther back than the last `NEARBY` crossings of a direction (at 1.1
crossings a second within 120 s) and scouts beyond the last `SCOUTS` of them within 15 min; meetings more than 32 days
ago, or hidden by a later crossing of the day in the same direction (`detectors/diary.py`). A pair is found when its
second vehicle crosses, since the companion of the first has not come yet; the first is told of at its next crossing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from detectors import pairs_chance as chance_of
from detectors.compiled import njit
from detectors.diary import DAYS, PORT_STEP, PORTS, SIZE, day_of
from detectors.pairs_chance import NONE
from detectors.pairs_found import (
    BEHIND,
    CHANCE,
    DAYS_MET,
    HISTORY,
    LED,
    LOOKED,
    MET,
    NEW,
    PARTNER,
    SCOUT_TAIL,
    SCOUTS_SEEN,
    SECOND,
    SECOND_NEW,
    SECOND_PARTNER,
    TAIL,
    TOGETHER,
    named,
)  # fmt: skip
from detectors.pairs_habit import habit_of_meeting
from detectors.pairs_known import ADMIT, KNOWN, growing, mix, of_pair
from detectors.pairs_memory import COMPANION, CONVOY, LEAD, MEMORY, recall_all, recall_seized, remember
from detectors.pairs_scout import JOINT_LEAST, look_ahead, quick_returns

NEARBY, SCOUTS = 128, 64
CLOSE_MS, PLACES, PLACES_MS = 120_000, 6, 600_000
ONCE_PLACES = 8  # one earlier meeting is looked at within so many places: farther back it is chance
ONCE = 2.0  # nats of evidence from which on a companion is remembered
QUICK_RETURNS = 3  # on so many of the last 32 days: a possible scout
DAYS_LEAST = 3  # joint days, today's included, of a convoy and of a group
SCOUT_SALT, SCOUT_ADMIT = 1, 1e-2


def ring(size: int) -> np.dtype[Any]:
    """The last `size` crossings of a direction: vehicle, when, lane, diary."""
    fields = [("key", "u8", (size,)), ("time_ms", "i8", (size,)), ("lane", "u8", (size,))]
    return np.dtype([*fields, ("diary", "f4", (size, SIZE)), ("count", "i8")])


ROW = np.dtype([("near", ring(NEARBY), (2,)), ("scouts", ring(SCOUTS), (2,)), ("known", KNOWN), ("memory", MEMORY)])


@njit(cache=True)
def read_diary(entries, port, mine):  # type: ignore[no-untyped-def]
    """The entries at this port as seconds-of-day units, NaN elsewhere; returns how many there are."""
    count, least = 0, PORT_STEP * (port % PORTS) + 1
    for k in range(SIZE):
        unit = np.int64(entries[k]) - least
        here = 0 <= unit < PORT_STEP
        mine[k] = np.float32(unit) if here else NONE
        count += here
    return count


@njit(cache=True)
def put(ring, size, key, time_ms, lane, mine):  # type: ignore[no-untyped-def]
    """One more crossing, over the oldest."""
    at = ring.count % size
    ring.key[at], ring.time_ms[at], ring.lane[at] = key, time_ms, lane
    diary = ring.diary[at]
    for k in range(SIZE):
        diary[k] = mine[k]
    ring.count += 1


@njit(cache=True)
def keep(place, evidence, at, chance, shape, new):  # type: ignore[no-untyped-def]
    """One of the rows of `best`."""
    place[0], place[1], place[2], place[3], place[4] = evidence, at, chance, shape, new


@njit(cache=True)
def look_around(near, known, mine, key, time_ms, day, best):  # type: ignore[no-untyped-def]
    """Compare with the neighbours, and return how many.

    `best[3, 5]` gets evidence, place, chance, shape and `new` of the two companions with the most evidence, and in its
    last row of the one that stands out most of all, though it be familiar or met but once before.
    """
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
        if met < (1.0 if place <= ONCE_PLACES else 2.0):
            continue
        chance, shape = chance_of.expected(mine, theirs)
        evidence = chance_of.evidence_of(met, chance)
        if evidence > best[2, 0]:
            keep(best[2], evidence, at, chance, shape, 1.0)
        if evidence <= min(best[1, 0], ADMIT):
            continue
        days, new = chance_of.days_met(mine, theirs), 1.0
        if days & (days - 1) == 0:  # a single day
            continue
        if evidence > ADMIT:
            new = growing(known, of_pair(key, near.key[at]), day, chance_of.no_news(mine, theirs, days, day % DAYS))
        if new < 0.0 or evidence <= best[1, 0]:
            continue
        if evidence > best[0, 0]:
            best[1] = best[0]
        keep(best[0 if evidence > best[0, 0] else 1], evidence, at, chance, shape, new)
    return looked


@njit(cache=True)
def tail_of(mine, theirs, met, kept):  # type: ignore[no-untyped-def]
    """p of a companion: of chance by near misses, and, where that is small, of habits too; the larger."""
    p = chance_of.tail(met, kept[2], kept[3])
    return max(p, habit_of_meeting(mine, theirs, int(met), chance_of.MET)) if kept[0] > ADMIT else p


@njit(cache=True)
def tell(near, mine, time_ms, day, found, best):  # type: ignore[no-untyped-def]
    """Write the two best companions into the columns."""
    if best[0, 0] <= 0.0:
        return
    at, today = int(best[0, 1]), 1 << day % DAYS
    met, days = chance_of.meetings(mine, near.diary[at]), chance_of.days_met(mine, near.diary[at])
    found[TAIL], found[NEW], found[CHANCE] = tail_of(mine, near.diary[at], met, best[0]), best[0, 4], best[0, 2]
    found[PARTNER], found[DAYS_MET], found[MET] = named(near.key[at]), chance_of.bits(days | today), met + 1.0
    found[BEHIND] = (time_ms - near.time_ms[at]) / 1000.0
    if best[1, 0] <= 0.0:
        return
    at = int(best[1, 1])
    met, others = chance_of.meetings(mine, near.diary[at]), chance_of.days_met(mine, near.diary[at])
    found[SECOND], found[SECOND_NEW] = tail_of(mine, near.diary[at], met, best[1]), best[1, 4]
    found[SECOND_PARTNER], found[TOGETHER] = named(near.key[at]), chance_of.bits(days & others | today)


@njit(cache=True)
def note(memory, near, mine, key, time_ms, found, best):  # type: ignore[no-untyped-def]
    """Remember the companion, for both: that they met, and that they are in a convoy now."""
    if best[2, 0] > ONCE:
        at = int(best[2, 1])
        met = chance_of.meetings(mine, near.diary[at])
        p = chance_of.tail(met, best[2, 2], best[2, 3])
        remember(memory, COMPANION, key, near.key[at], time_ms, p, met + 1)
        remember(memory, COMPANION, near.key[at], key, time_ms, p, met + 1)
    if found[DAYS_MET] >= DAYS_LEAST:
        other = near.key[int(best[0, 1])]
        p = chance_of.of_many(found[TAIL], found[LOOKED])
        remember(memory, CONVOY, key, other, time_ms, p, found[MET], found[NEW])
        remember(memory, CONVOY, other, key, time_ms, p, found[MET], found[NEW])


@njit(cache=True)
def note_scout(row, scouts, ahead, key, way, time_ms, day, found):  # type: ignore[no-untyped-def]
    """Remember for a scout whom it drives ahead of, while that is news."""
    if found[SCOUT_TAIL] > SCOUT_ADMIT:
        return
    other = scouts.key[ahead]
    if growing(row.known, mix(key, other, SCOUT_SALT), day, 1.0) < 0.0:
        found[SCOUT_TAIL] = 1.0
        return
    p = chance_of.of_many(found[SCOUT_TAIL], found[SCOUTS_SEEN])
    remember(row.memory, LEAD + way, other, key, time_ms, p, found[LED])


@njit(cache=True)
def find(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, local_ms, port, direction, vehicle_key, lane_key, diary, fresh, seized_key, seized_ms, found
):
    """Fill `found[n, len(FOUND)]`, all NaN before, crossing by crossing in order; each is then there for the next.

    `rows` are of `ROW`, one a port; `diary[n, SIZE]` as the vehicle stage gave it; `seized_key` sorted, with
    `seized_ms`. A vehicle that is not `fresh` is looked at, and takes no place in the rings: it pushes nobody out.
    """
    mine, best = np.empty(SIZE, np.float32), np.zeros((3, 5))
    for i in range(len(slots)):
        row, way, key, now = rows[slots[i]], direction[i], vehicle_key[i], time_ms[i]
        near, scouts, told, day = row.near[way], row.scouts[way], found[i], day_of(local_ms[i])
        told[HISTORY] = read_diary(diary[i], port[i], mine)
        told[LOOKED] = look_around(near, row.known, mine, key, now, day, best)
        tell(near, mine, now, day, told, best)
        recall_all(row.memory, key, way, now, told)
        note(row.memory, near, mine, key, now, told, best)
        if len(seized_key):
            recall_seized(row.memory, key, now, seized_key, seized_ms, told)
        if told[HISTORY] >= JOINT_LEAST - 1:
            ahead = look_ahead(scouts, SCOUTS, mine, key, now, lane_key[i], way, told)
            if ahead >= 0:
                note_scout(row, scouts, ahead, key, way, now, day, told)
        if fresh[i]:
            put(near, NEARBY, key, now, lane_key[i], mine)
            if quick_returns(mine, way) >= QUICK_RETURNS:
                put(scouts, SCOUTS, key, now, lane_key[i], mine)

"""Which pairs are known for long? A bounded table of the pairs whose meetings are beyond chance, one for each port.

Two cars of one household, a car pool, a shuttle and its relief bus travel together for years. Such a pair is news
while it grows: on the first `GROWING_DAYS` days on which its evidence stood, within `GROWING_SPAN` days of the first;
after that it is *familiar* and no detector speaks of it, until it has not met for `FORGET_DAYS`. Chance pairs never
come in here: what admits a pair is that both diaries already show more meetings than chance (`ADMIT` nats), so the
diaries are the doorkeeper and the table needs a place only for each true pair.

The bound: `BUCKETS * WAYS` pairs in 12 bytes each. A full bucket gives up the pair that was longest unseen (of
equals, the one with the smallest mark). What is lost: a pair that was given up counts as new when it meets again, and
may alert again.
"""

from __future__ import annotations

import math

import numpy as np

from detectors.compiled import njit

BUCKETS, WAYS = 1024, 8
GROWING_DAYS, GROWING_SPAN, FORGET_DAYS = 6, 21, 60
ADMIT = 9.0  # nats of evidence
PER_NAT = 1024.0
PAIR = np.dtype([("mark", "u4"), ("first", "u2"), ("last", "u2"), ("days", "u2"), ("new", "u2")])
KNOWN = np.dtype((PAIR, (BUCKETS, WAYS)))


@njit(cache=True)
def mix(one, other, salt):  # type: ignore[no-untyped-def]
    """A 64-bit number for an ordered pair of keys: murmur3's finaliser over their sum with different weights."""
    z = np.uint64(one) + np.uint64(other) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt)
    z = (z ^ (z >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    z = (z ^ (z >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return z ^ (z >> np.uint64(33))


@njit(cache=True)
def of_pair(one, other):  # type: ignore[no-untyped-def]
    """The same number whichever of two vehicles comes first."""
    return mix(one, other, 0) if one < other else mix(other, one, 0)


@njit(cache=True)
def growing(known, pair, day, new):  # type: ignore[no-untyped-def]
    """Note that the pair stands out on `day`; the smallest `new` (p of being no new pair) so far, -1 if familiar."""
    bucket = known[pair % np.uint64(BUCKETS)]
    mark = np.uint32(pair >> np.uint64(32)) | np.uint32(1)  # 0 is an empty place
    at = 0
    for k in range(WAYS):
        if bucket[k].mark == mark:
            at = k
            break
        oldest = bucket[at]
        if bucket[k].last < oldest.last or (bucket[k].last == oldest.last and bucket[k].mark < oldest.mark):
            at = k
    entry = bucket[at]
    if entry.mark != mark or day - entry.last > FORGET_DAYS:
        entry.mark, entry.first, entry.last, entry.days, entry.new = mark, day, day, 1, 0
    familiar = entry.days - (day <= entry.last) >= GROWING_DAYS or day - entry.first > GROWING_SPAN
    if day > entry.last:
        entry.last = day
        entry.days = min(entry.days + 1, 65535)
    entry.new = max(entry.new, min(65535, int(-math.log(max(new, 1e-14)) * PER_NAT)))
    return -1.0 if familiar else math.exp(-float(entry.new) / PER_NAT)

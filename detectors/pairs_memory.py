"""Who has crossed with whom lately? A bounded memory of what was found of a vehicle, one for each port.

What is found of a pair is found when the second of them crosses. The first is told of at its next crossing: on the
way back of the same trip (`CONVOY`), or when it drives ahead again (`LEAD`, by direction). And when something is
seized from a vehicle, those that crossed with it before are asked for (`COMPANION`), whether or not it crosses again.

The bound: `BUCKETS * WAYS` entries of 20 bytes. A full bucket gives up its weakest entry: the fewest nats of
evidence, less one for each 30 days of age. An entry weaker than all that are there is not taken: chance meetings push
no pair out. What is lost: at a port with 23,700 crossings a day all places are taken after some weeks; then
companions that met twice are remembered for one or two weeks, those that met more often for a month.
"""

from __future__ import annotations

import numpy as np

from detectors.base import DAY_MS
from detectors.compiled import njit
from detectors.pairs_found import (
    AHEAD,
    AHEAD_OF,
    AHEAD_S,
    AHEAD_TIMES,
    RECENT,
    RECENT_MET,
    RECENT_NEW,
    RECENT_PARTNER,
    RECENT_S,
    SEIZED_DAYS,
    SEIZED_MET,
    SEIZED_PARTNER,
    SEIZED_TAIL,
    named,
)  # fmt: skip
from detectors.pairs_known import mix

BUCKETS, WAYS = 1024, 8
COMPANION, CONVOY, LEAD = 10, 11, 12  # LEAD + direction; salts of the keys
FADE_MINUTES = 30 * 1440.0  # in which an entry loses a nat
PER_NAT = 8.0
CONVOY_MS, LEAD_MS, SEIZED_MS = DAY_MS, 21 * DAY_MS, 180 * DAY_MS  # how long each is told of
ENTRY = np.dtype([("mark", "u4"), ("minute", "u4"), ("partner", "u8"), ("nats", "u1"), ("met", "u1"), ("new", "u2")])
MEMORY = np.dtype((ENTRY, (BUCKETS, WAYS)))


@njit(cache=True)
def remember(memory, kind, key, partner, time_ms, p, met, new=1.0):  # type: ignore[no-untyped-def]
    """That `key` was found with `partner`; of a `COMPANION` one entry a partner, else the last one."""
    number = mix(key, kind, 0)
    bucket, mark, minute = memory[number % np.uint64(BUCKETS)], np.uint32(number >> np.uint64(32)), time_ms // 60_000
    nats = min(255, int(-np.log(max(p, 1e-14)) * PER_NAT))
    at, weakest = -1, 1e9
    for k in range(WAYS):
        entry = bucket[k]
        if entry.minute == 0:
            strength = -1e9
        elif entry.mark == mark and (kind != COMPANION or entry.partner == partner):
            at, weakest = k, -1e9
            break
        else:
            strength = entry.nats / PER_NAT - (minute - entry.minute) / FADE_MINUTES
        if strength < weakest:
            at, weakest = k, strength
    if weakest <= nats / PER_NAT:
        entry = bucket[at]
        entry.mark, entry.minute, entry.partner, entry.nats, entry.met = mark, minute, partner, nats, min(255, int(met))
        entry.new = round(65535.0 * new)


@njit(cache=True)
def recall(memory, kind, key, time_ms, within_ms):  # type: ignore[no-untyped-def]
    """(p, partner, times met, ms since, new) of the last entry of this kind; p = 2 where there is none in that time."""
    number = mix(key, kind, 0)
    bucket, mark = memory[number % np.uint64(BUCKETS)], np.uint32(number >> np.uint64(32))
    for k in range(WAYS):
        entry = bucket[k]
        since = time_ms - np.int64(entry.minute) * 60_000
        if entry.minute > 0 and entry.mark == mark and 0 <= since <= within_ms:
            return np.exp(-float(entry.nats) / PER_NAT), entry.partner, float(entry.met), since, entry.new / 65535.0
    return 2.0, np.uint64(0), 0.0, 0, 1.0


@njit(cache=True)
def recall_all(memory, key, direction, time_ms, found):  # type: ignore[no-untyped-def]
    """Fill the columns of a convoy within the last day, and of whom it drove ahead of lately in this direction."""
    p, partner, met, since, new = recall(memory, CONVOY, key, time_ms, CONVOY_MS)
    if p <= 1.0:
        found[RECENT], found[RECENT_PARTNER], found[RECENT_MET] = p, named(partner), met
        found[RECENT_NEW], found[RECENT_S] = new, since / 1000.0
    p, partner, met, since, _ = recall(memory, LEAD + direction, key, time_ms, LEAD_MS)
    if p <= 1.0:
        found[AHEAD], found[AHEAD_OF], found[AHEAD_TIMES], found[AHEAD_S] = p, named(partner), met, since / 1000.0


@njit(cache=True)
def seized_at(seized_key, seized_ms, key, time_ms):  # type: ignore[no-untyped-def]
    """When something was last seized from a vehicle before `time_ms`, 0 for never. Sorted by key, then time."""
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
def recall_seized(memory, key, time_ms, seized_key, seized_ms, found):  # type: ignore[no-untyped-def]
    """Fill the columns of the companion, among those remembered, that something was seized from; the rarest first."""
    number = mix(key, COMPANION, 0)
    bucket, mark = memory[number % np.uint64(BUCKETS)], np.uint32(number >> np.uint64(32))
    for k in range(WAYS):
        entry = bucket[k]
        if entry.minute == 0 or entry.mark != mark:
            continue
        when = seized_at(seized_key, seized_ms, entry.partner, time_ms)
        p = np.exp(-float(entry.nats) / PER_NAT)
        if when == 0 or time_ms - when > SEIZED_MS or found[SEIZED_TAIL] <= p:
            continue
        found[SEIZED_TAIL], found[SEIZED_PARTNER], found[SEIZED_MET] = p, named(entry.partner), float(entry.met)
        found[SEIZED_DAYS] = (time_ms - when) / DAY_MS

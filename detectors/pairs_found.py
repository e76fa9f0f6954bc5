"""What is found of each crossing by `detectors/pairs.py`? The columns of `partners`, for the detectors to judge."""

from __future__ import annotations

import math

import numpy as np

from detectors.compiled import njit

HALF_NAME = 2.0**24
FOUND = (  # NaN where there is nothing to say; days and meetings include today's
    "history",  # entries of its own diary at this port
    "looked",  # neighbours compared
    "tail", "new", "partner", "days", "met", "chance", "behind_s",  # the companion most beyond chance
    "second_tail", "second_new", "second_partner", "together_days",  # the next, and the days on which all three met
    "recent_tail", "recent_new", "recent_partner", "recent_met", "recent_s",  # its convoy of the last day
    "scouts",  # possible scouts compared
    "scout_tail", "scout", "led", "joint", "returned", "lead_s", "scout_chance",  # the best of them
    "ahead_tail", "ahead_of", "ahead_times", "ahead_s",  # whom it was found to drive ahead of lately, in this direction
    "seized_tail", "seized_partner", "seized_met", "seized_days",  # the companion that something was seized from
)  # fmt: skip
(HISTORY, LOOKED, TAIL, NEW, PARTNER, DAYS_MET, MET, CHANCE, BEHIND, SECOND, SECOND_NEW, SECOND_PARTNER, TOGETHER,
 RECENT, RECENT_NEW, RECENT_PARTNER, RECENT_MET, RECENT_S, SCOUTS_SEEN, SCOUT_TAIL, SCOUT, LED, JOINT, RETURNED, LEAD,
 SCOUT_CHANCE, AHEAD, AHEAD_OF, AHEAD_TIMES, AHEAD_S, SEIZED_TAIL, SEIZED_PARTNER, SEIZED_MET,
 SEIZED_DAYS) = range(len(FOUND))  # fmt: skip


@njit(cache=True)
def named(key):  # type: ignore[no-untyped-def]
    """The upper 48 bits of a vehicle's key, by which an analyst finds it: two numbers of evidence of 24 bits each."""
    return float(np.uint64(key) >> np.uint64(16))


@njit(cache=True)
def name(evidence, number):  # type: ignore[no-untyped-def]
    """Write a `named` vehicle into two columns of evidence, which are in single precision."""
    evidence[0] = math.floor(number / HALF_NAME)
    evidence[1] = number - HALF_NAME * math.floor(number / HALF_NAME)

"""What is found of each crossing by `detectors/pairs.py`? The columns of `partners`, for the detectors to judge."""

from __future__ import annotations

import numpy as np

from detectors.compiled import njit

FOUND = (  # NaN where there is nothing to say
    "history",  # entries of its own diary at this port
    "looked",  # neighbours compared
    "tail", "partner", "days", "met", "chance", "behind_s",  # the companion most beyond chance; with today
    "second_tail", "second_partner", "together_days",  # the next, and the days on which all three met
    "scouts",  # possible scouts compared
    "scout_tail", "scout", "led", "joint", "returned", "lead_s", "scout_chance",  # the best of them, earlier times
    "seized",  # neighbours something was seized from
    "seized_tail", "seized_partner", "seized_met", "seized_chance", "seized_days",  # the best of them
)  # fmt: skip
(HISTORY, LOOKED, TAIL, PARTNER, DAYS_MET, MET, CHANCE, BEHIND, SECOND, SECOND_PARTNER, TOGETHER, SCOUTS_SEEN,
 SCOUT_TAIL, SCOUT, LED, JOINT, RETURNED, LEAD, SCOUT_CHANCE, SEIZED, SEIZED_TAIL, SEIZED_PARTNER, SEIZED_MET,
 SEIZED_CHANCE, SEIZED_DAYS) = range(len(FOUND))  # fmt: skip


@njit(cache=True)
def named(key):  # type: ignore[no-untyped-def]
    """The upper 53 bits of a vehicle's key: as much as a float holds exactly."""
    return float(key >> np.uint64(11))

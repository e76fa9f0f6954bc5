"""When does a score become an alert? A threshold per port that keeps to the operators' budget of attention.

The threshold (in units of score, -log10 p) rises by `STEP` with each alert and sinks by `STEP` x budget each hour of
event time, so that in the long run alerts come at the budget's rate where traffic would give more (an integral
controller, a quantile tracked by stochastic approximation; Robbins & Monro 1951). It never sinks below the floor.
Two more rules: no more than `cap` alerts in any 60 minutes, and a guard: two typologies with calibrated p below
`GUARD_TWO`, or one below `GUARD_ONE`.

Sources: ISA-18.2 / EEMUA 191 for 6 alerts an hour on average and 12 at peak per operator.
"""

from __future__ import annotations

import numpy as np

from detectors.base import HOUR_MS
from detectors.compiled import njit

STEP = 0.05
GUARD_TWO = 1e-3
GUARD_ONE = 1e-4
RING = 256  # alerts remembered, so also the most in an hour that any cap allows
ROW = np.dtype([("threshold", "f8"), ("moved_ms", "i8"), ("alerts_ms", "i8", (RING,)), ("at", "i1")])


@njit(cache=True)
def threshold_at(row, now_ms, floor, budget_per_hour):  # type: ignore[no-untyped-def]
    """Let the threshold sink to `now_ms`, and return it."""
    if row.moved_ms == 0:
        row.threshold, row.moved_ms = floor, now_ms
    elapsed_h = max(0, now_ms - row.moved_ms) / HOUR_MS
    row.threshold = max(floor, row.threshold - STEP * budget_per_hour * elapsed_h)
    row.moved_ms = max(row.moved_ms, now_ms)
    return row.threshold


@njit(cache=True)
def within_cap(row, now_ms, cap):  # type: ignore[no-untyped-def]
    """Whether fewer than `cap` alerts were given in the last 60 minutes."""
    count = 0
    for k in range(RING):
        count += row.alerts_ms[k] > 0 and row.alerts_ms[k] + HOUR_MS > now_ms
    return count < min(cap, RING)


@njit(cache=True)
def note_alert(row, now_ms):  # type: ignore[no-untyped-def]
    """Count an alert and raise the threshold."""
    row.alerts_ms[row.at] = now_ms
    row.at = (row.at + 1) % RING
    row.threshold += STEP

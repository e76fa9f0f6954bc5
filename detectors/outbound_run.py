"""In for a moment and out again by night? `outbound_run`: a short stay inside, then outbound at night.

Model. Among the outbound crossings of a class that end a stay inside: the share that are by night (`NIGHT`, or in the
depth of it, `DEPTH`, for one that is) and after a stay in the same logarithmic bin or a shorter one. That is the p
among peers, with the stays of all hours as a prior of the nights'. A vehicle that always does so (a worker who goes
home late) is no news: the surprise is judged by its own nights too, as in `detectors/recurrence.py`. Only an outbound
crossing by night is asked about. A group that is first seen outbound is not looked for here.

Source: empirical distribution functions with a prior, Gelman et al., Bayesian Data Analysis, 3.4; and that of
`recurrence`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import DAY_MS, HOUR_MS, Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.decay import decay_factor
from detectors.phrase import clock, duration, percent
from detectors.recurrence import judged
from detectors.special import bounded_p
from schemas.batch import VEHICLE_CLASSES, Array

CLASSES = len(VEHICLE_CLASSES)
OUTBOUND = 1
BINS = 48  # of the logarithm of a stay, from 5 minutes to 60 days
LOW = math.log(300.0)
WIDTH = (math.log(60 * 86400.0) - LOW) / BINS
TOTAL = BINS
NIGHT = (20, 6)  # local hours, from and up to
DEPTH = (23, 5)
STRENGTH = 20.0  # weight of all hours' stays in those that end by night
LEAST = 100.0  # stays of the class, before anything is said
ROW = np.dtype([("n", "f4"), ("total", "f4"), ("last_s", "u4"), ("last", "i1")])


@njit(cache=True)
def bin_of(stay_s):  # type: ignore[no-untyped-def]
    """The bin of a stay in seconds; the shortest share the first, the longest the last."""
    return min(BINS - 1, max(0, int((math.log(max(1.0, stay_s)) - LOW) / WIDTH)))


@njit(cache=True)
def share_as_short_by_night(prior, by_night, at_all, level):  # type: ignore[no-untyped-def]
    """Share of all stays that end by night and are as short; the rows hold the nights' stays and all hours'."""
    night, whole = 0.0, 0.0
    for k in range(level + 1):
        night += prior[by_night, k]
        whole += prior[at_all, k]
    as_short = (whole + 5.0 * (level + 1) / BINS) / (prior[at_all, TOTAL] + 5.0)
    nights = (prior[by_night, TOTAL] + 5.0) / (prior[at_all, TOTAL] + 5.0)
    # the 1 is this crossing: a share is never said to be smaller than the nights seen allow
    return min(1.0, nights) * (night + 1.0 + STRENGTH * as_short) / (prior[by_night, TOTAL] + 1.0 + STRENGTH)


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, local_ms, direction, vehicle_class, seen, fresh, prior, tally, touched,
    p, llr, evidence, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        if now_s < row.last_s:
            continue
        ends_stay = seen[i] > 0 and direction[i] == OUTBOUND and row.last != OUTBOUND
        stay_s = now_s - row.last_s
        row.last_s, row.last = now_s, direction[i]
        if not ends_stay:
            continue
        hour = local_ms[i] % DAY_MS / HOUR_MS
        by_night = hour >= NIGHT[0] or hour < NIGHT[1]
        deep = hour >= DEPTH[0] or hour < DEPTH[1]
        all_row = 3 * vehicle_class[i]
        night_row, deep_row = all_row + 1, all_row + 2
        level = bin_of(stay_s)
        factor = decay_factor(stay_s, half_life_s)
        row.n *= factor
        row.total *= factor
        if by_night and prior[all_row, TOTAL] >= LEAST:
            share = share_as_short_by_night(prior, deep_row if deep else night_row, all_row, level)
            u = -math.log(share)
            p[i] = bounded_p(judged(u, row.n, row.total))
            evidence[i, 0] = stay_s
            evidence[i, 1] = hour
            evidence[i, 2] = share
            evidence[i, 3] = seen[i]
            row.n += 1.0
            row.total += u
        if fresh[i]:
            if by_night:
                tally[night_row, level] += 1
                tally[night_row, TOTAL] += 1
                touched[night_row] = 1
            if deep:
                tally[deep_row, level] += 1
                tally[deep_row, TOTAL] += 1
                touched[deep_row] = 1
            tally[all_row, level] += 1
            tally[all_row, TOTAL] += 1
            touched[all_row] = 1


@dataclass(frozen=True)
class OutboundRun(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "outbound_run"
    typologies: tuple[str, ...] = ("outbound_run",)
    reads: tuple[str, ...] = ("time_ms", "local_ms", "direction", "vehicle_class")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("stay_s", "hour", "share", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(BINS + 1, lambda ports: 3 * CLASSES),)
    source: str = "Gelman et al., Bayesian Data Analysis, 2.6 and 3.4"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out,
               self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The stay, the hour, and how few stays are as short and end by night.

        >>> numbers = {"stay_s": 2280.0, "hour": 2.25, "share": 0.0012, "seen": 57}
        >>> OutboundRun().explain(numbers, Context("2504", str, "outbound")).sentence
        'Out at 02:15 after 38 min inside; 0.12 % of the stays of its class are as short and end by night (57 earlier
        crossings).'
        """
        seen, stay = int(evidence["seen"]), evidence["stay_s"]
        what = f"Out at {clock(evidence['hour'])} after {duration(stay)} inside"
        rare = f"{percent(evidence['share'])} of the stays of its class are as short and end by night"
        sentence = f"{what}; {rare} ({seen} earlier crossings)."
        return Finding("outbound_run", round(stay / 60, 1), "min", None, seen, sentence, "by day")

"""Does it leave the lane it queued in? `lane_switch`: a booth seldom reached from there, or again and again.

Model. Each port has a matrix of lanes before the booth against booths, both by `BUCKETS` of their hash. The p of a
crossing among peers is the share of the crossings from its lane that went to booths at most as usual from there: the
next lane is usual, the far side is not, and where the two have other names altogether the matrix knows which belong
together. The port's rate of switches is a prior of `STRENGTH` crossings. The vehicle's own past is judged as in
`detectors/recurrence.py`; with a the judged p of this crossing and x the larger of a and the smallest of the `KEPT`
before it,

    p = 2 min(a, x P(Bin(KEPT, x) >= 1))

A crossing that kept its lane is not asked about, nor is one that carries no lane before the booth.

Source: Dirichlet-multinomial predictive, Gelman et al., Bayesian Data Analysis, 3.4; and that of `recurrence`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.phrase import percent
from detectors.recurrence import GRAIN, KEPT, ROW, full, judged, remember
from detectors.special import bounded_p
from schemas.batch import Array

BUCKETS = 32
ROWS = BUCKETS + 1  # of a port: one a lane before the booths, and one of all: switches in column 0
STRENGTH = 5.0  # weight of the port's rate of switches, in crossings from a lane
LEAST = 20.0  # crossings at the port, before anything is said


@njit(cache=True)
def share_as_rare(prior, row, all_row, booth):  # type: ignore[no-untyped-def]
    """Share of the crossings from a lane that went to booths at most as usual, this one included."""
    rate = (prior[all_row, 0] + 1.0) / (prior[all_row, BUCKETS] + 1.0)
    mass, limit = 1.0 + STRENGTH * rate, prior[row, booth]
    for k in range(BUCKETS):
        mass += prior[row, k] if prior[row, k] <= limit else 0.0
    return mass / (prior[row, BUCKETS] + 1.0 + STRENGTH)


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, port, lane_key, prequeue_lane, seen, fresh, prior, tally, touched, p, llr, evidence
):
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        if prequeue_lane[i] == 0:
            continue
        row = rows[slots[i]]
        all_row = ROWS * port[i] + BUCKETS
        before = ROWS * port[i] + int(prequeue_lane[i] % np.uint64(BUCKETS))
        booth = int(lane_key[i] % np.uint64(BUCKETS))
        share = 1.0
        switch = prequeue_lane[i] != lane_key[i]
        if switch and prior[all_row, BUCKETS] >= LEAST:
            share = share_as_rare(prior, before, all_row, booth)
            u, most, count = -math.log(share), 0.0, 1.0
            for k in range(KEPT):
                kept = max(0, row.recent[k] - 1) / GRAIN
                most = max(most, kept)
                count += kept > 0.0 and kept >= u
            once = judged(u, row.n, row.total)
            x = judged(min(u, most), row.n, row.total)
            again = x * (1.0 - (1.0 - x) ** KEPT)
            p[i] = bounded_p(2.0 * min(once, again))
            evidence[i, 0] = share
            evidence[i, 1] = count if full(row.recent) else 1.0
            evidence[i, 2] = seen[i]
        remember(-math.log(share), row)
        if fresh[i]:
            tally[before, booth] += 1
            tally[before, BUCKETS] += 1
            touched[before] = 1
            tally[all_row, 0] += switch
            tally[all_row, BUCKETS] += 1
            touched[all_row] = 1


@dataclass(frozen=True)
class LaneSwitch(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "lane_switch"
    typologies: tuple[str, ...] = ("lane_switch",)
    reads: tuple[str, ...] = ("port", "lane_key", "prequeue_lane")
    needs: tuple[str, ...] = ("prequeue_lane",)
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("share", "count", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(BUCKETS + 1, lambda ports: ROWS * ports),)
    source: str = "Gelman et al., Bayesian Data Analysis, 2.6 and 3.4"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """How few reach such a booth from its lane, and how often it did so lately.

        >>> numbers = {"share": 0.004, "count": 2, "seen": 57}
        >>> LaneSwitch().explain(numbers, Context("2504", str, "inbound")).sentence
        'At another booth than the lane it queued in leads to; at port 2504 0.4 % of those from there reach such a one
        (2 of its last 5 crossings, 57 earlier ones).'
        """
        count, seen = int(evidence["count"]), int(evidence["seen"])
        rare = f"at port {context.port} {percent(evidence['share'])} of those from there reach such a one"
        again = (
            f"{count} of its last {KEPT + 1} crossings, {seen} earlier ones"
            if count > 1
            else f"{seen} earlier crossings"
        )
        sentence = f"At another booth than the lane it queued in leads to; {rare} ({again})."
        return Finding("lane_switch", None, None, None, seen, sentence, "had it kept the lane it queued in")

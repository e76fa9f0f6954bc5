"""Does it come when the officers change? `shift_change`: most of its crossings lately within minutes of one.

Model. The times of the changes come from the setting `shift_changes`. A crossing is near when its local time is within
`NEAR_MIN` minutes of one. With q the share of the port's crossings that are near (traffic has its own hours), or the
vehicle's own share before its last `WINDOW` crossings where that is larger, a near crossing that makes k of the last
m gets the tail P(Bin(m, q) >= k). Who went to work at six all along has a past that says so, and is not odd; so
a past of `LEAST` crossings before the window is required.

Source: binomial tail as an incomplete beta function, DLMF 8.17; Gelman et al., Bayesian Data Analysis, 2.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import DAY_MS, Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.habit import ROW, WINDOW, hits_in, own_rate, push
from detectors.phrase import clock, percent
from detectors.special import beta_tail, bounded_p
from schemas.batch import Array

NEAR_MIN = 10.0
DAY_MIN = 1440.0
LEAST = 6.0
TRIALS, HITS = 0, 1
EVERYWHERE = 0  # row of all ports; port k has row 1 + k
STRENGTH = 300.0  # weight of all ports in one port's share


@njit(cache=True)
def nearest(minute, changes):  # type: ignore[no-untyped-def]
    """Minutes to the nearest change, on the circle of a day, and which one."""
    best, which = DAY_MIN, 0
    for k in range(len(changes)):
        apart = abs(minute - changes[k])
        apart = min(apart, DAY_MIN - apart)
        if apart < best:
            best, which = apart, k
    return best, which


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, local_ms, port, seen, fresh, prior, tally, touched, p, llr, evidence, changes
):
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    flat = min(0.5, 2.0 * NEAR_MIN * len(changes) / DAY_MIN)
    for i in range(len(slots)):
        row = rows[slots[i]]
        apart, which = nearest(local_ms[i] % DAY_MS / 60_000.0, changes)
        near = apart <= NEAR_MIN
        if near and row.n >= LEAST:
            hits = hits_in(row, WINDOW - 1) + 1
            everywhere = (prior[EVERYWHERE, HITS] + 50.0 * flat) / (prior[EVERYWHERE, TRIALS] + 50.0)
            here = 1 + port[i]
            rate = (prior[here, HITS] + STRENGTH * everywhere) / (prior[here, TRIALS] + STRENGTH)
            own = own_rate(row, rate)
            p[i] = bounded_p(beta_tail(hits, WINDOW - hits + 1.0, max(rate, own)))
            evidence[i, 0] = hits
            evidence[i, 1] = changes[which] / 60.0
            evidence[i, 2] = apart
            evidence[i, 3] = rate
            evidence[i, 4] = own
            evidence[i, 5] = seen[i]
        push(row, near)
        if fresh[i]:
            tally[EVERYWHERE, TRIALS] += 1
            tally[EVERYWHERE, HITS] += near
            tally[1 + port[i], TRIALS] += 1
            tally[1 + port[i], HITS] += near
            touched[EVERYWHERE] = 1
            touched[1 + port[i]] = 1


@dataclass(frozen=True)
class ShiftChange(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "shift_change"
    typologies: tuple[str, ...] = ("shift_change",)
    reads: tuple[str, ...] = ("local_ms", "port")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("near", "change_h", "apart_min", "port_rate", "own_rate", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(2, lambda ports: 1 + ports),)
    source: str = "DLMF 8.17; Gelman et al., Bayesian Data Analysis, 2.4"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        changes = np.array(self.parameters.shift_changes, np.float64)
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out, changes)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """How many of its last crossings were near a change, against the port's share and its own.

        >>> numbers = {"near": 6, "change_h": 14.0, "apart_min": 4.2, "port_rate": 0.05, "own_rate": 0.02, "seen": 57}
        >>> ShiftChange().explain(numbers, Context("2504", str, "inbound")).sentence
        'Within 5 min of the shift change at 14:00, as were 6 of its last 8 crossings within 10; at port 2504 it is 5 %,
        of its own before 2 % (57 earlier crossings).'
        """
        near, seen, own = int(evidence["near"]), int(evidence["seen"]), percent(evidence["own_rate"])
        this = f"Within {int(evidence['apart_min']) + 1} min of the shift change at {clock(evidence['change_h'])}"
        again = f"as were {near} of its last {WINDOW} crossings within {NEAR_MIN:.0f}"
        rates = f"at port {context.port} it is {percent(evidence['port_rate'])}, of its own before {own}"
        sentence = f"{this}, {again}; {rates} ({seen} earlier crossings)."
        usual = (0.0, round(WINDOW * max(evidence["port_rate"], evidence["own_rate"]), 2))
        without = f"more than {NEAR_MIN:.0f} min from a shift change"
        return Finding("shift_change", float(near), "crossings near a shift change", usual, seen, sentence, without)

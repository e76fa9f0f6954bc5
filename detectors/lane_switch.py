"""Does it leave the lane it queued in? `lane_switch`: booths other than the lane before them, more than peers do.

Model. A switch is a crossing whose booth lane is not its `prequeue_lane`. With q the port's rate of switches (shrunk
to all ports), or the vehicle's own rate before its last `WINDOW` such crossings where that is larger, a switch that
makes k of the last m gets the tail P(Bin(m, q) >= k). Where the two lanes have other names altogether, all switch
and q goes to 1. A crossing that kept its lane is not asked about, nor is one that carries no lane before the booth.

Source: binomial tail as an incomplete beta function, DLMF 8.17; Gelman et al., Bayesian Data Analysis, 2.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.habit import ROW, WINDOW, hits_in, own_rate, push, trials_in
from detectors.phrase import percent
from detectors.special import beta_tail, bounded_p
from schemas.batch import Array

TRIALS, SWITCHES = 0, 1
EVERYWHERE = 0  # row of all ports; port k has row 1 + k
STRENGTH = 50.0  # weight of all ports in one port's rate


@njit(cache=True)
def port_rate(prior, port):  # type: ignore[no-untyped-def]
    """Rate of switches at a port; one in ten before anything is published."""
    everywhere = (prior[EVERYWHERE, SWITCHES] + 2.0) / (prior[EVERYWHERE, TRIALS] + 20.0)
    return (prior[1 + port, SWITCHES] + STRENGTH * everywhere) / (prior[1 + port, TRIALS] + STRENGTH)


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, port, lane_key, prequeue_lane, seen, fresh, prior, tally, touched, p, llr, evidence
):
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        if prequeue_lane[i] == 0:
            continue
        row = rows[slots[i]]
        switch = prequeue_lane[i] != lane_key[i]
        before = trials_in(row)
        if switch and before >= WINDOW // 2:
            trials = min(before + 1, WINDOW)
            hits = hits_in(row, WINDOW - 1) + 1
            rate = port_rate(prior, port[i])
            q = max(rate, own_rate(row, rate))
            p[i] = bounded_p(beta_tail(hits, trials - hits + 1.0, q))
            evidence[i, 0] = hits
            evidence[i, 1] = trials
            evidence[i, 2] = rate
            evidence[i, 3] = q
            evidence[i, 4] = seen[i]
        push(row, switch)
        if fresh[i]:
            tally[EVERYWHERE, TRIALS] += 1
            tally[EVERYWHERE, SWITCHES] += switch
            tally[1 + port[i], TRIALS] += 1
            tally[1 + port[i], SWITCHES] += switch
            touched[EVERYWHERE] = 1
            touched[1 + port[i]] = 1


@dataclass(frozen=True)
class LaneSwitch(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "lane_switch"
    typologies: tuple[str, ...] = ("lane_switch",)
    reads: tuple[str, ...] = ("port", "lane_key", "prequeue_lane")
    needs: tuple[str, ...] = ("prequeue_lane",)
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("switches", "crossings", "port_rate", "expected_rate", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(2, lambda ports: 1 + ports),)
    source: str = "DLMF 8.17; Gelman et al., Bayesian Data Analysis, 2.4"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """How many of its last crossings switched, against the port's rate.

        >>> numbers = {"switches": 6, "crossings": 8, "port_rate": 0.07, "expected_rate": 0.07, "seen": 57}
        >>> LaneSwitch().explain(numbers, Context("2504", str, "inbound")).sentence
        'Left the lane it queued in on 6 of its last 8 crossings; at port 2504 that happens in 7 % (57 earlier
        crossings).'
        """
        switches, crossings, seen = int(evidence["switches"]), int(evidence["crossings"]), int(evidence["seen"])
        often = f"Left the lane it queued in on {switches} of its last {crossings} crossings"
        rate = f"at port {context.port} that happens in {percent(evidence['port_rate'])}"
        sentence = f"{often}; {rate} ({seen} earlier crossings)."
        usual = round(crossings * evidence["expected_rate"], 2)
        without = "had it kept the lane it queued in"
        return Finding("lane_switch", float(switches), "switches", (0.0, usual), seen, sentence, without)

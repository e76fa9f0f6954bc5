"""Does it try one port after the other? `port_shopping`: three or more in a week, or another one right after queueing.

Model. A crossing *changes* when its port is none of those of the seven days before. With q the vehicle's own decayed
rate of changes (shrunk to its class) and m the crossings that it makes in a week, the number of changes is
Gamma-Poisson, and a change that comes after k - 1 others within the week has

    p = q P(N >= k - 1),   N ~ NegativeBinomial(own changes before the week + A, own crossings + A / q_class, m)

The second half: within an hour of crossing here it is at another port, though it had queued there (`prequeue_lane`);
p is the class's rate of such hops, or the vehicle's rate of changes where that is larger. The smaller of the two
counts, doubled. Only a change of port is answered and, with twice that p, the way back over the same port right
after: there alone the question arises.

Source: Gelman et al., Bayesian Data Analysis, 2.4 and 2.6.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.decay import decay_factor
from detectors.phrase import duration
from detectors.special import bounded_p, negative_binomial_tail
from schemas.batch import VEHICLE_CLASSES, Array

CLASSES = len(VEHICLE_CLASSES)
KEPT = 4  # ports remembered; more in a week are said as "4 or more"
WEEK_S = 7 * 86400
HOP_S = 3600
STRENGTH = 1.0  # weight A of the class, in changes
TRIALS, CHANGES, HOPS = 0, 1, 2
NOTHING = math.nan
ROW = np.dtype(
    [
        ("at_s", "u4", (KEPT,)),
        ("port", "u2", (KEPT,)),
        ("n", "f4"),
        ("changes", "f4"),
        ("week", "f4"),
        ("queued", "u1"),
        ("changed", "u1"),
    ]
)


@njit(cache=True)
def short(port):  # type: ignore[no-untyped-def]
    """A port as it is remembered: two bytes, never 0."""
    return 1 + port % 65535


@njit(cache=True)
def latest(row):  # type: ignore[no-untyped-def]
    """The slot of the port used last."""
    best = 0
    for k in range(1, KEPT):
        if row.at_s[k] > row.at_s[best]:
            best = k
    return best


@njit(cache=True)
def slot_of(row, name):  # type: ignore[no-untyped-def]
    """The slot of a port; that of the port unseen for longest when it is not remembered."""
    oldest = 0
    for k in range(KEPT):
        if row.port[k] == name:
            return k
        if row.at_s[k] < row.at_s[oldest]:
            oldest = k
    return oldest


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, port, vehicle_class, prequeue_lane, seen, fresh, prior, tally, touched, p, llr, evidence,
    min_seen, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        last = latest(row)
        since_s = now_s - row.at_s[last]
        if since_s < 0:
            continue
        name, cls = short(port[i]), vehicle_class[i]
        here = slot_of(row, name)
        ports = 0  # others of the seven days before
        for k in range(KEPT):
            ports += k != here and row.port[k] > 0 and now_s - row.at_s[k] < WEEK_S
        again = row.port[here] == name and now_s - row.at_s[here] < WEEK_S
        known = row.port[last] > 0 and since_s < WEEK_S
        change = known and not again
        hop = change and since_s < HOP_S and row.queued
        rate = (prior[cls, CHANGES] + 1.0) / (prior[cls, TRIALS] + 20.0)
        week = row.week * math.exp(-since_s / WEEK_S)
        factor = decay_factor(since_s, half_life_s)
        n, changes = row.n * factor, row.changes * factor
        back = row.changed and here == last and again  # the way back from a change
        if (change or back) and seen[i] >= min_seen:
            before = max(0.0, changes - (ports - change))
            mean = (before + STRENGTH) / (n + STRENGTH / rate)
            shape, exposure = before + STRENGTH, max(week, float(ports))
            shopping = 1.0
            if ports >= 2:
                shopping = mean * negative_binomial_tail(ports - 1.0, shape, n + STRENGTH / rate, exposure)
            hopping = 1.0
            if hop:
                of_class = (prior[cls, HOPS] + 0.1) / (prior[cls, TRIALS] + 100.0)
                hopping = max(of_class, changes / (n + STRENGTH / of_class))
            p[i] = bounded_p((4.0 if back else 2.0) * min(shopping, hopping))
            evidence[i, 0] = ports + 1
            evidence[i, 1] = mean * week
            evidence[i, 2] = since_s if hopping < shopping else NOTHING
            evidence[i, 3] = seen[i]
        if fresh[i] and known:
            tally[cls, TRIALS] += 1
            tally[cls, CHANGES] += change
            tally[cls, HOPS] += hop
            touched[cls] = 1
        row.n = n + known
        row.changes = changes + change
        row.week = week + 1.0
        row.at_s[here] = now_s
        row.port[here] = name
        row.changed = change
        row.queued = prequeue_lane[i] != 0


@dataclass(frozen=True)
class PortShopping(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "port_shopping"
    typologies: tuple[str, ...] = ("port_shopping",)
    reads: tuple[str, ...] = ("time_ms", "port", "vehicle_class", "prequeue_lane")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("ports", "usual_changes", "hop_s", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(3, lambda ports: CLASSES),)
    source: str = "Gelman et al., Bayesian Data Analysis, 2.4 and 2.6"
    min_seen: int = 10

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out,
               self.min_seen, self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """How many ports in the week against how often it changes; or how soon after queueing elsewhere.

        >>> numbers = {"ports": 3, "usual_changes": 0.08, "hop_s": math.nan, "seen": 57}
        >>> PortShopping().explain(numbers, Context("2504", str, "inbound")).sentence
        'Port 2504 is its third port within 7 days; it usually takes another one 0.08 times a week (57 earlier
        crossings).'
        """
        seen, ports, usual = int(evidence["seen"]), int(evidence["ports"]), evidence["usual_changes"]
        nth = ("second", "third", "fourth")[ports - 2] if ports <= KEPT else "fifth or later"
        sentence = f"Port {context.port} is its {nth} port within 7 days"
        if not math.isnan(evidence["hop_s"]):
            sentence += f", {duration(evidence['hop_s'])} after it had queued at another one"
        sentence += f"; it usually takes another one {usual:.2g} times a week ({seen} earlier crossings)."
        return Finding("port_shopping", float(ports), "ports in 7 days", None, seen, sentence, "at a port of its week")

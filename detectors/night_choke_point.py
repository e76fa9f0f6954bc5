"""Does it keep coming when hardly anybody does? `night_choke_point`: port-hours rare among peers, 3 of the last 5.

Model. The peers' crossings of a class at a port over 2 day types (weekday, weekend) x 24 local hours, the port shrunk
to the class, the class to uniform. A crossing's p among peers is the mass of all cells at most as probable as its own.
Whether that happens again and again, and is new for this vehicle, is `detectors/recurrence.py`. It is asked of
crossings by night (`NIGHT`) only, and not before the log holds `LEAST_H` hours with traffic.

Source: Dirichlet-multinomial predictive, Gelman et al., Bayesian Data Analysis 3.4; and that of `recurrence`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import DAY_MS, HOUR_MS, Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.phrase import clock, percent
from detectors.recurrence import KEPT, ROW, full, remember, three_of_five
from detectors.special import bounded_p
from schemas.batch import VEHICLE_CLASSES, Array

HOURS = 24
CELLS = 2 * HOURS
CLASSES = len(VEHICLE_CLASSES)
HOURS_SO_FAR = 1  # column of the one row of the second table: hours of the log with traffic
NIGHT = (20, 6)  # local hours, from and up to
STRENGTH = 100.0  # weight of the class in a port's hours, in crossings
LEAST_H = 336.0  # hours with traffic before anything is said: until nights were seen, none of them is usual


@njit(cache=True)
def mass_at_most(prior, port_row, class_row, cell):  # type: ignore[no-untyped-def]
    """Share of the peers' crossings in cells at most as probable as `cell`; of others the part (limit / probability)^3.

    So nearly equal cells do not change places with a few crossings, and the mass is never too small.
    """
    of_class = STRENGTH / (prior[class_row, CELLS] + CELLS)
    limit = prior[port_row, cell] + of_class * (prior[class_row, cell] + 1.0)
    total = prior[port_row, CELLS] + STRENGTH
    if CELLS * limit >= 1.5 * total:  # more than on the average: nothing rare, and no sum over all cells
        return 1.0
    mass = 0.0
    for k in range(CELLS):
        here = prior[port_row, k] + of_class * (prior[class_row, k] + 1.0)
        mass += here if here <= limit else limit * (limit / here) ** 2
    return mass / total


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, local_ms, port, vehicle_class, seen, fresh, prior, tally, touched, log, log_tally, log_touched, p, llr,
    evidence
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        row = rows[slots[i]]
        day = local_ms[i] // DAY_MS
        weekend = (day + 3) % 7 >= 5
        hour = (local_ms[i] - day * DAY_MS) / HOUR_MS
        cell = (HOURS if weekend else 0) + int(hour)
        cls = vehicle_class[i]
        port_row = CLASSES * (1 + port[i]) + cls
        if log[0, HOURS_SO_FAR] >= LEAST_H:
            share = min(1.0, mass_at_most(prior, port_row, cls, cell))
            u = -math.log(max(share, 1e-9))
            if full(row.recent) and (hour >= NIGHT[0] or hour < NIGHT[1]):
                odd, x, count = three_of_five(u, row)
                p[i] = bounded_p(odd)
                evidence[i, 0] = hour
                evidence[i, 1] = weekend
                evidence[i, 2] = share
                evidence[i, 3] = x
                evidence[i, 4] = count
                evidence[i, 5] = seen[i]
            remember(u, row)
        if fresh[i]:
            tally[cls, cell] += 1
            tally[cls, CELLS] += 1
            tally[port_row, cell] += 1
            tally[port_row, CELLS] += 1
            touched[cls] = 1
            touched[port_row] = 1
            log_touched[0] = 1


@dataclass(frozen=True)
class NightChokePoint(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "night_choke_point"
    typologies: tuple[str, ...] = ("night_choke_point",)
    reads: tuple[str, ...] = ("local_ms", "port", "vehicle_class")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("hour", "weekend", "share", "judged", "count", "seen")
    shared: tuple[SharedSpec, ...] = (
        SharedSpec(CELLS + 1, lambda ports: CLASSES * (1 + ports)),
        SharedSpec(2, lambda ports: 1, half_life_days=36_500.0, counts_periods=True),
    )
    source: str = "Gelman et al., Bayesian Data Analysis, 2.6 and 3.4; David & Nagaraja, Order Statistics, 2.1"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *shared[1], *out)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The hour, how few cross then, and how many of the last five were like it.

        >>> numbers = {"hour": 3.25, "weekend": 0, "share": 0.008, "judged": 0.021, "count": 3, "seen": 57}
        >>> NightChokePoint().explain(numbers, Context("2504", str, "inbound")).sentence
        'At 03:15 on a weekday at port 2504, when 0.8 % of its class cross or fewer; so were 3 of its last 5 crossings,
        and new for it (57 earlier crossings).'
        """
        seen, count, hour = int(evidence["seen"]), int(evidence["count"]), evidence["hour"]
        day = "a weekend day" if evidence["weekend"] else "a weekday"
        when = f"At {clock(hour)} on {day} at port {context.port}, when {percent(evidence['share'])} of its class cross"
        again = f"so were {count} of its last {KEPT + 1} crossings, and new for it"
        if evidence["judged"] > 0.1:
            again = "its last crossings were not all at such hours, or that is its habit"
        sentence = f"{when} or fewer; {again} ({seen} earlier crossings)."
        return Finding("night_choke_point", round(hour, 2), "h", None, seen, sentence, "by day")

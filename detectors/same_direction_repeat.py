"""Did it cross the same way twice with no crossing back between? `same_direction_repeat`, beyond the miss rate.

Model. A repeat happens when the counterpart was not read. Its probability is a Beta-Bernoulli of the vehicle with
the port's rate of repeats as prior (the port shrunk to its class). A repeat has that probability as its p-value,
an ordinary crossing has 1. Where only one direction is recorded every crossing repeats, the rate goes to 1 and the
detector falls silent by itself.

Source: Gelman et al., Bayesian Data Analysis, 2.4 (Beta-binomial).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.decay import decay_factor
from detectors.phrase import duration
from detectors.special import bounded_p
from schemas.batch import VEHICLE_CLASSES, Array

CLASSES = len(VEHICLE_CLASSES)
TRIALS, REPEATS = 0, 1
STRENGTH = 8.0  # weight of the port's rate, in crossings
ROW = np.dtype([("n", "f4"), ("repeats", "f4"), ("last_s", "u4"), ("last", "i1")])


@njit(cache=True)
def miss_rate(prior, cls, port):  # type: ignore[no-untyped-def]
    """Rate of repeats at a port, shrunk to the class; 0.05 of 20 before anything is published."""
    of_class = (prior[cls, REPEATS] + 1.0) / (prior[cls, TRIALS] + 20.0)
    return (prior[CLASSES + port, REPEATS] + 20.0 * of_class) / (prior[CLASSES + port, TRIALS] + 20.0)


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, port, direction, vehicle_class, seen, fresh, prior, tally, touched, p, llr, evidence,
    min_seen, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        cls, here = vehicle_class[i], CLASSES + port[i]
        if seen[i] > 0 and now_s >= row.last_s:
            repeat = row.last == direction[i]
            if seen[i] >= min_seen:
                rate = miss_rate(prior, cls, port[i])
                own = (row.repeats + STRENGTH * rate) / (row.n + STRENGTH)
                p[i] = bounded_p(own) if repeat else 1.0
                evidence[i, 0] = repeat
                evidence[i, 1] = now_s - row.last_s
                evidence[i, 2] = row.repeats
                evidence[i, 3] = rate
                evidence[i, 4] = seen[i]
            if fresh[i]:
                tally[cls, TRIALS] += 1
                tally[cls, REPEATS] += repeat
                tally[here, TRIALS] += 1
                tally[here, REPEATS] += repeat
                touched[cls] = 1
                touched[here] = 1
            factor = decay_factor(now_s - row.last_s, half_life_s)
            row.n = row.n * factor + 1.0
            row.repeats = row.repeats * factor + repeat
        if now_s >= row.last_s:
            row.last = direction[i]
            row.last_s = now_s


@dataclass(frozen=True)
class SameDirectionRepeat(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "same_direction_repeat"
    typologies: tuple[str, ...] = ("same_direction_repeat",)
    reads: tuple[str, ...] = ("time_ms", "port", "direction", "vehicle_class")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("repeat", "gap_s", "own_repeats", "port_rate", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(2, lambda ports: CLASSES + ports),)
    source: str = "Gelman et al., Bayesian Data Analysis, 2.4"
    min_seen: int = 5

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out,
               self.min_seen, self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The repeat, the time between, and how often the port misses a crossing.

        >>> numbers = {"repeat": 1, "gap_s": 7200, "own_repeats": 0.0, "port_rate": 0.012, "seen": 57}
        >>> SameDirectionRepeat().explain(numbers, Context("2504", str, "inbound")).sentence
        'Inbound again after 2 h with no outbound crossing between; at this port that is expected in 1.2 % (57 earlier
        crossings).'
        """
        seen, gap = int(evidence["seen"]), evidence["gap_s"]
        if not evidence["repeat"]:
            sentence = f"The crossing before was the other way, {duration(gap)} earlier ({seen} earlier crossings)."
            return Finding("same_direction_repeat", round(gap / 60, 1), "min", None, seen, sentence, None)
        back = "outbound" if context.direction == "inbound" else "inbound"
        sentence = (
            f"{context.direction.capitalize()} again after {duration(gap)} with no {back} crossing between; "
            f"at this port that is expected in {100 * evidence['port_rate']:.2g} % ({seen} earlier crossings)."
        )
        without = f"after a recorded {back} crossing"
        return Finding("same_direction_repeat", round(gap / 60, 1), "min", None, seen, sentence, without)

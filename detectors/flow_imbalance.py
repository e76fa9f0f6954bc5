"""Does it come in more often than it leaves, or the other way? `flow_imbalance`: over a month, beyond the miss rate.

Model. Whoever comes in goes out before the next time, so ins and outs of a month (the present week and the four
before) differ by one at the most; each more is a crossing that was not read here. With k = |ins - outs| - 1 and m
crossings in the direction of the surplus, the number of unread ones between them is Gamma-Poisson: the port's rate of
repeats in that direction (shrunk to the class) as prior of `STRENGTH` repeats, the vehicle's own before this month as
data. The p-value is P(N >= k), doubled for the two directions. Unread crossings the other way would only make the
surplus smaller. Asked only when a crossing makes a surplus of two or more larger; who always leaves where nobody
reads has a past that says so.

Source: Gelman et al., Bayesian Data Analysis, 2.6 (Gamma-Poisson).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.decay import decay_factor
from detectors.special import bounded_p, negative_binomial_tail
from schemas.batch import VEHICLE_CLASSES, Array

CLASSES = len(VEHICLE_CLASSES)
PARTS = 5  # of the window: four full weeks and the present one
PART_S = 7 * 86400
MOST = 255  # crossings counted in a part
STRENGTH = 2.0  # weight of the port's rate, in repeats
TRIALS, REPEATS = 0, 2  # columns of a row: inbound, then outbound
ROW = np.dtype(
    [
        ("count", "u1", (2, PARTS)),
        ("n", "f4", (2,)),
        ("repeats", "f4", (2,)),
        ("last_s", "u4"),
        ("last", "i1"),
    ]
)


@njit(cache=True)
def miss_rate(prior, cls, port, way):  # type: ignore[no-untyped-def]
    """Rate of crossings in a direction that follow one in the same, at a port, shrunk to the class."""
    here = CLASSES + port
    of_class = (prior[cls, REPEATS + way] + 1.0) / (prior[cls, TRIALS + way] + 20.0)
    return (prior[here, REPEATS + way] + 20.0 * of_class) / (prior[here, TRIALS + way] + 20.0)


@njit(cache=True)
def forget(row, now_s):  # type: ignore[no-untyped-def]
    """Empty the parts of the window that have passed since the last crossing."""
    passed = now_s // PART_S - row.last_s // PART_S
    for k in range(min(PARTS, passed)):
        for way in range(2):
            row.count[way, (now_s // PART_S - k) % PARTS] = 0


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, port, direction, vehicle_class, seen, fresh, prior, tally, touched, p, llr, evidence,
    min_seen, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        if now_s < row.last_s:
            continue
        way, cls = direction[i], vehicle_class[i]
        repeat = seen[i] > 0 and row.last == way
        forget(row, now_s)
        part = (now_s // PART_S) % PARTS
        row.count[way, part] = min(MOST, row.count[way, part] + 1)
        mine, other = 0, 0
        for k in range(PARTS):
            mine += row.count[way, k]
            other += row.count[1 - way, k]
        missing = mine - other - 1
        if missing >= 1 and seen[i] >= min_seen:
            rate = miss_rate(prior, cls, port[i], way)
            before = max(0.0, row.repeats[way] - missing)  # this month's are what is judged
            trials = max(0.0, row.n[way] - mine)
            tail = negative_binomial_tail(missing, STRENGTH + before, STRENGTH / rate + trials, mine)
            p[i] = bounded_p(2.0 * tail)
            evidence[i, 0] = mine
            evidence[i, 1] = other
            evidence[i, 2] = mine * (STRENGTH + before) / (STRENGTH / rate + trials)
            evidence[i, 3] = seen[i]
        if seen[i] > 0:
            if fresh[i]:
                tally[cls, TRIALS + way] += 1
                tally[cls, REPEATS + way] += repeat
                tally[CLASSES + port[i], TRIALS + way] += 1
                tally[CLASSES + port[i], REPEATS + way] += repeat
                touched[cls] = 1
                touched[CLASSES + port[i]] = 1
            factor = decay_factor(now_s - row.last_s, half_life_s)
            for k in range(2):
                row.n[k] *= factor
                row.repeats[k] *= factor
            row.n[way] += 1.0
            row.repeats[way] += repeat
        row.last_s, row.last = now_s, way


@dataclass(frozen=True)
class FlowImbalance(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "flow_imbalance"
    typologies: tuple[str, ...] = ("flow_imbalance",)
    reads: tuple[str, ...] = ("time_ms", "port", "direction", "vehicle_class")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("this_way", "other_way", "expected", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(4, lambda ports: CLASSES + ports),)
    source: str = "Gelman et al., Bayesian Data Analysis, 2.6"
    min_seen: int = 5

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out,
               self.min_seen, self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """Both counts, and how many unread ones would be expected.

        >>> numbers = {"this_way": 9, "other_way": 3, "expected": 0.21, "seen": 57}
        >>> FlowImbalance().explain(numbers, Context("2504", str, "inbound")).sentence
        'Inbound 9 times in a month but outbound only 3; about 0.2 unread crossings are expected (57 earlier
        crossings).'
        """
        seen, mine, other = int(evidence["seen"]), int(evidence["this_way"]), int(evidence["other_way"])
        back = "outbound" if context.direction == "inbound" else "inbound"
        counts = f"{context.direction.capitalize()} {mine} times in a month but {back} only {other}"
        expected = f"about {evidence['expected']:.1g} unread crossings are expected"
        sentence = f"{counts}; {expected} ({seen} earlier crossings)."
        usual = (0.0, round(1.0 + evidence["expected"], 2))
        without = f"after as many {back} crossings"
        return Finding("flow_imbalance", float(mine - other), "crossings", usual, seen, sentence, without)

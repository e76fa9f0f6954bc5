"""Is it as light as an empty truck should be? `empty_mismatch`: declared empty, yet heavy.

The logarithm of the weight of crossings declared empty, against the vehicle's own earlier empties and those of its
class (`detectors/log_amount.py`); p is the upper tail, since only too heavy is odd. At its first empties the vehicle
is measured by its class alone, whose trucks differ, so that little is said; its own tare, once known, says more.
Tractors with ever other trailers have a wide habit.

Source: Gelman et al., Bayesian Data Analysis, 5.4.
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
from detectors.log_amount import (
    NUMBER,
    WIDTH,
    calm_amount,
    collect,
    moments_with,
    peers_of,
    predictive,
    ratio_of,
    tail_of,
)
from detectors.phrase import kilograms
from schemas.batch import VEHICLE_CLASSES, Array

CLASSES = len(VEHICLE_CLASSES)
USUAL = math.log(9_000.0)  # kg, before anything is published
LEAST_N = 1.5  # empties of its own behind it,
LEAST_PEERS = 200.0  # or of its class
ROW = np.dtype([("n", "f4"), ("mean", "f4"), ("m2", "f4"), ("last_s", "u4")])


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, vehicle_class, weight_kg, laden, seen, fresh, prior, tally, touched, p, llr, evidence,
    half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        if laden[i] != 0 or not weight_kg[i] > 0.0:
            continue
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        peers = vehicle_class[i]
        factor = decay_factor(now_s - row.last_s, half_life_s)
        n, mean, m2 = row.n * factor, row.mean, row.m2 * factor
        y = math.log(weight_kg[i])
        mu, within, between = peers_of(prior, peers, USUAL)
        centre, scale, df = predictive(n, mean, m2, mu, within, between)
        if n >= LEAST_N or (seen[i] > 0 and prior[peers, NUMBER] >= LEAST_PEERS):
            p[i] = tail_of((y - centre) / scale, df, True)
            llr[i] = ratio_of(y, centre, scale, df, mu, within, between)
            evidence[i, 0] = weight_kg[i]
            evidence[i, 1] = math.exp(centre - 1.2816 * scale)
            evidence[i, 2] = math.exp(centre + 1.2816 * scale)
            if p[i] < 0.05:
                evidence[i, 3] = calm_amount(y, centre, scale, df, mu, within, between, True)
            evidence[i, 4] = n
            evidence[i, 5] = seen[i]
        if fresh[i]:
            collect(tally, touched, peers, y, n, mean, mu, within, between)
        row.n, row.mean, row.m2 = moments_with(y, n, mean, m2, centre, scale)
        row.last_s = max(row.last_s, now_s)


@dataclass(frozen=True)
class EmptyMismatch(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "empty_mismatch"
    typologies: tuple[str, ...] = ("empty_mismatch",)
    reads: tuple[str, ...] = ("time_ms", "vehicle_class", "weight_kg", "laden")
    needs: tuple[str, ...] = ("weight_kg",)
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("weight_kg", "usual_from_kg", "usual_to_kg", "calm_kg", "empties", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(WIDTH, lambda ports: CLASSES),)
    source: str = "Gelman et al., Bayesian Data Analysis, 5.4"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out,
               self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The weight against the middle 80 % of what its own empties, or its class's, predict.

        >>> numbers = {"weight_kg": 14200.0, "usual_from_kg": 8720, "usual_to_kg": 9410, "calm_kg": 9960}
        >>> numbers |= {"empties": 21.0, "seen": 57}
        >>> finding = EmptyMismatch().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence, finding.without
        ('Declared empty at 14,200 kg; empty it usually weighs 8,700 to 9,400 kg (57 earlier crossings).', 'below 9,900
        kg')
        """
        weight, low, high = evidence["weight_kg"], evidence["usual_from_kg"], evidence["usual_to_kg"]
        seen, calm = int(evidence["seen"]), evidence["calm_kg"]
        whose = "empty it usually weighs" if evidence["empties"] >= LEAST_N else "empty ones of its class usually weigh"
        sentence = (
            f"Declared empty at {kilograms(weight)} kg; {whose} {kilograms(low)} to {kilograms(high)} kg "
            f"({seen} earlier crossings)."
        )
        without = None if math.isnan(calm) else f"below {kilograms(calm, up=False)} kg"
        usual = (float(round(low)), float(round(high)))
        return Finding("empty_mismatch", float(round(weight)), "kg", usual, seen, sentence, without)

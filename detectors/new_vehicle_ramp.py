"""Does a new vehicle cross faster than new ones do? `new_vehicle_ramp`: first seen less than 30 days ago.

Model. How many crossings had vehicles of this class behind them when they crossed at that age? One histogram of the
count (quarter octaves) for each class and age (`AGES`, in days), and the p-value is the share of crossings at that
age with a count in the same bin or above, this one included. A commuter who bought a car is among the peers.

When a log begins every vehicle is new. Hours in which anything crossed are counted; only a vehicle first seen when
the log was `DAYS` of them old is new, neither answered nor learnt from otherwise.

Source: randomisation p-value of an empirical distribution, Davison & Hinkley, Bootstrap Methods, 4.2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import DAY_MS, HOUR_MS, Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.phrase import duration, percent
from detectors.special import bounded_p
from schemas.batch import VEHICLE_CLASSES, Array

CLASSES = len(VEHICLE_CLASSES)
DAYS = 30
AGES = 10  # under 1, 1.4, 2, 2.8, ... 16, 23 days, and to the end
BINS = 48
TOTAL = BINS
LEAST = 10.0  # counts at an age, before anything is said
HOURS = 1  # column of the one row of the second table: hours of the log so far
NOTHING = np.dtype([])  # what is known of a vehicle's age and count is enough


@njit(cache=True)
def age_of(age_ms):  # type: ignore[no-untyped-def]
    """Which of `AGES`."""
    days = age_ms / DAY_MS
    return 0 if days < 1.0 else min(AGES - 1, 1 + int(2.0 * math.log2(days)))


@njit(cache=True)
def bin_of(count):  # type: ignore[no-untyped-def]
    """The bin of a count of 1 or more: four to an octave."""
    return min(BINS - 1, int(4.0 * math.log2(count)))


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    vehicle_class, seen, fresh, age_ms, prior, tally, touched, log, log_tally, log_touched,
    p, llr, evidence, min_seen
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(seen)):
        if fresh[i]:
            log_tally[0, 0] += 1
            log_touched[0] = 1
        if age_ms[i] >= DAYS * DAY_MS or seen[i] == 0 or log[0, HOURS] * HOUR_MS - age_ms[i] < DAYS * DAY_MS:
            continue
        age = age_of(age_ms[i])
        peers = AGES * vehicle_class[i] + age
        level = bin_of(seen[i])
        if seen[i] >= min_seen and prior[peers, TOTAL] >= LEAST:
            above = 1.0
            for k in range(level, BINS):
                above += prior[peers, k]
            p[i] = bounded_p(above / (prior[peers, TOTAL] + 1.0))
            evidence[i, 0] = age_ms[i] // 1000
            evidence[i, 1] = seen[i]
            evidence[i, 2] = p[i]
        if fresh[i]:
            tally[peers, level] += 1
            tally[peers, TOTAL] += 1
            touched[peers] = 1


@dataclass(frozen=True)
class NewVehicleRamp(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "new_vehicle_ramp"
    typologies: tuple[str, ...] = ("new_vehicle_ramp",)
    reads: tuple[str, ...] = ("vehicle_class",)
    row: np.dtype[Any] = NOTHING
    evidence: tuple[str, ...] = ("age_s", "seen", "share")
    shared: tuple[SharedSpec, ...] = (
        SharedSpec(BINS + 1, lambda ports: CLASSES * AGES),
        SharedSpec(2, lambda ports: 1, half_life_days=36_500.0, counts_periods=True),
    )
    source: str = "Davison & Hinkley 1997, Bootstrap Methods and their Application, 4.2"
    min_seen: int = 3

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(batch["vehicle_class"], *known, *shared[0], *shared[1], *out, self.min_seen)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """How new, how often, and how few new ones cross as often.

        >>> numbers = {"age_s": 12 * 86400.0, "seen": 61, "share": 0.0021}
        >>> NewVehicleRamp().explain(numbers, Context("2504", str, "inbound")).sentence
        'First seen 12 days ago and 61 crossings since; 0.21 % of crossings of vehicles as new have as many behind
        them.'
        """
        seen, age = int(evidence["seen"]), duration(evidence["age_s"])
        share = percent(evidence["share"])
        sentence = (
            f"First seen {age} ago and {seen} crossings since; "
            f"{share} of crossings of vehicles as new have as many behind them."
        )
        return Finding("new_vehicle_ramp", float(seen), "crossings", None, seen, sentence, None)

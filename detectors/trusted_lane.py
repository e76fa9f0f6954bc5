"""Is it in a trusted lane for the first time, or there unlike itself? `trusted_lane`: both, from the lane's type.

Model. The first use of a trusted lane by a vehicle with `min_seen` crossings in other lanes has as p the rate of such
first uses per crossing in its class; the second one, usually the way back, twice that. Afterwards a vehicle has a
routine there: counts of its crossings of trusted lanes over `PARTS` parts of the day, kept as whole numbers and halved
when one is full, with its class's as a prior of `PRIOR` crossings. The p-value is the mass of all parts at most as
probable as the observed one. Other lanes are not asked about.

Source: Dirichlet-multinomial predictive, Gelman et al., Bayesian Data Analysis, 2.4 and 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import DAY_MS, HOUR_MS, Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.phrase import clock, percent
from detectors.special import bounded_p
from schemas.batch import LANE_TYPES, VEHICLE_CLASSES, Array

TRUSTED, COMMERCIAL_TRUSTED = LANE_TYPES.index("trusted"), LANE_TYPES.index("commercial_trusted")
CLASSES = len(VEHICLE_CLASSES)
PARTS = 12
PART_H = 24.0 / PARTS
PRIOR = 1.0
FULL = 250  # of a count: halve all before it overflows
LEAST = 6.0  # crossings of trusted lanes, before there is a routine
MEMBER, JOINED = 1, 2  # of trusted lanes; just joined, after some crossings in others
TRIALS, FIRSTS, TOTAL = PARTS, PARTS + 1, PARTS + 2
ROW = np.dtype([("count", "u1", (PARTS,)), ("used", "u1")])


@njit(cache=True)
def routine_p(count, prior, cls, part):  # type: ignore[no-untyped-def]
    """The p of a part of the day, its share among the class, and the crossings that it rests on.

    A part counts half of each neighbour too: habits do not end with the hour.
    """
    n = 0.0
    for k in range(PARTS):
        n += count[k]
    scale = 1.0 / (2.0 * n + PRIOR)
    mass, limit = 0.0, 0.0
    for turn in range(PARTS):
        k = (part + turn) % PARTS  # the observed part first
        near = count[(k + 1) % PARTS] + count[(k - 1) % PARTS]
        peer = (prior[cls, k] + 1.0) / (prior[cls, TOTAL] + PARTS)
        weight = scale * (count[k] + 0.5 * near + PRIOR * peer)
        if turn == 0:
            limit = weight
        mass += weight if weight <= limit else 0.0
    return mass, n


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, local_ms, lane_type, vehicle_class, seen, fresh, prior, tally, touched, p, llr, evidence, min_seen
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        row = rows[slots[i]]
        trusted = lane_type[i] == TRUSTED or lane_type[i] == COMMERCIAL_TRUSTED
        cls = vehicle_class[i]
        could_be_first = row.used == 0 and seen[i] >= min_seen
        if could_be_first and fresh[i]:
            tally[cls, TRIALS] += 1
            tally[cls, FIRSTS] += trusted
            touched[cls] = 1
        if not trusted:
            continue
        hour = local_ms[i] % DAY_MS / HOUR_MS
        part = int(hour / PART_H)
        if could_be_first:
            rate = (prior[cls, FIRSTS] + 0.1) / (prior[cls, TRIALS] + 10.0)
            p[i] = bounded_p(rate)
            evidence[i, 0] = 1.0
            evidence[i, 1] = rate
            evidence[i, 3] = seen[i]
        elif row.used == JOINED:  # the way back from the first trip
            rate = (prior[cls, FIRSTS] + 0.1) / (prior[cls, TRIALS] + 10.0)
            p[i] = bounded_p(2.0 * rate)
            evidence[i, 0] = 2.0
            evidence[i, 1] = 2.0 * rate
            evidence[i, 3] = seen[i]
        elif row.used > 0:
            odd, n = routine_p(row.count, prior, cls, part)
            if n >= LEAST:
                p[i] = bounded_p(odd)
                evidence[i, 0] = 0.0
                evidence[i, 1] = odd
                evidence[i, 2] = hour
                evidence[i, 3] = n
        row.used = JOINED if could_be_first else MEMBER
        row.count[part] += 1
        if row.count[part] > FULL:
            for k in range(PARTS):
                row.count[k] >>= 1
        if fresh[i]:
            tally[cls, part] += 1
            tally[cls, TOTAL] += 1
            touched[cls] = 1


@dataclass(frozen=True)
class TrustedLane(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "trusted_lane"
    typologies: tuple[str, ...] = ("trusted_lane",)
    reads: tuple[str, ...] = ("local_ms", "lane_type", "vehicle_class")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("first", "share", "hour", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(PARTS + 3, lambda ports: CLASSES),)
    source: str = "Gelman et al., Bayesian Data Analysis, 2.4 and 3.4"
    min_seen: int = 10

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out, self.min_seen)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """First use after so many crossings in other lanes, or the hour against its routine there.

        >>> numbers = {"first": 1.0, "share": 0.002, "hour": float("nan"), "seen": 57}
        >>> TrustedLane().explain(numbers, Context("2504", str, "inbound")).sentence
        'First time in a trusted lane, after 57 crossings; 0.2 % of such crossings are.'
        """
        seen, share, hour = int(evidence["seen"]), percent(evidence["share"]), evidence["hour"]
        if evidence["first"]:
            nth = "First" if evidence["first"] == 1.0 else "First or second"
            sentence = f"{nth} time in a trusted lane, after {seen} crossings; {share} of such crossings are."
            return Finding("trusted_lane", None, None, None, seen, sentence, "in another lane")
        sentence = (
            f"In a trusted lane at {clock(hour)}; {share} of its crossings there are at hours as rare for it "
            f"({seen} earlier ones)."
        )
        return Finding("trusted_lane", round(hour, 2), "h", None, seen, sentence, "in another lane")

"""Does the plate come on another vehicle? `vehicle_mismatch`: make, model, colour or class differ from its history.

For each attribute the value read most often lately is kept, by majority vote, so that a repainted car is known by its
new colour after a few crossings. Cameras misread attributes; how often is learnt three times over:

    q    P(something differs), counted among vehicles with as many differences behind them (`detectors/novelty.py`):
         a silver-grey car that is read either way stays quiet
    f    the lane's rate of differences against that of all lanes: so does a reader that mistakes them all
    s    given a difference, the share of the sets of attributes that differ at most as often as this set: readers
         confuse colours every day, but make, model and colour at once hardly ever

    p = 1 - (1 - min(1, q f) s) (1 - COLLISION (1 - confidence))

where the last factor is a plate misread as this one. The evidence is the log of the set's probability for a vehicle
drawn at random, over q f times its share among the peers.

Source: Boyer & Moore (1991), MJRTY - a fast majority vote algorithm; Robbins (1956), An empirical Bayes approach.
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
from detectors.hashing import bucket, mix, pair
from detectors.impossible_journey import COLLISION
from detectors.novelty import CLASSES, ROWS, cell_of, count, novelty_rate, share_of_set, spec
from detectors.phrase import percent
from detectors.special import bounded_p
from schemas.batch import Array

ATTRIBUTES = ("make", "model", "colour", "class")
DIFFER = np.array([0.85, 0.97, 0.8, 0.3])  # chance that each differs on a vehicle drawn at random
CERTAIN = 6  # reads of a value beyond which no more are needed to outvote it
LANES = 1024  # lanes share these rows, by hash
LANE_STRENGTH = 50.0  # weight of the rate of all lanes, in crossings
LEAST_FACTOR, LEAST_LLR = 0.25, -3.0
ROW = np.dtype([("value", "u2", (4,)), ("votes", "u1", (4,)), ("n", "f4"), ("differed", "f4"), ("last_s", "u4")])


@njit(cache=True)
def vote(row, k, value):  # type: ignore[no-untyped-def]
    """One more read of attribute `k`."""
    if row.votes[k] == 0:
        row.value[k] = value
    if row.value[k] == value:
        row.votes[k] = min(row.votes[k] + 1, CERTAIN)
    else:
        row.votes[k] -= 1


@njit(cache=True)
def lane_factor(prior, lane, everywhere):  # type: ignore[no-untyped-def]
    """How much more often things differ at this lane than elsewhere."""
    rate = (prior[everywhere, 1] + 1.0) / (prior[everywhere, 0] + 50.0)
    here = (prior[lane, 1] + LANE_STRENGTH * rate) / (prior[lane, 0] + LANE_STRENGTH)
    return max(LEAST_FACTOR, here / rate)


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, port, lane_key, vehicle_class, confidence, make, model, colour, seen, fresh, prior, tally,
    touched, p, llr, evidence, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    read = np.empty(4, np.uint16)
    for i in range(len(slots)):
        if (make[i] == 0 and model[i] == 0 and colour[i] == 0) or math.isnan(confidence[i]):
            continue
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        for k, key in enumerate((make[i], model[i], colour[i])):
            read[k] = 0 if key == 0 else max(np.uint64(1), mix(key) >> np.uint64(48))
        read[3] = vehicle_class[i] + 1
        differing, compared, random = 0, 0, 1.0
        for k in range(4):
            if read[k] != 0 and row.votes[k] > 0:
                differs = read[k] != row.value[k]
                differing |= differs << k
                compared += k < 3
                random *= DIFFER[k] if differs else 1.0 - DIFFER[k]
        if compared > 0:
            usual_class = row.value[3] - 1
            of_class, everywhere = ROWS + usual_class, ROWS + CLASSES
            lane = everywhere + 1 + bucket(pair(lane_key[i], port[i]), 0, LANES)
            factor = decay_factor(now_s - row.last_s, half_life_s)
            n, differed, new = row.n * factor, row.differed * factor, differing != 0
            cell, column = cell_of(usual_class, n, differed)
            q = min(0.999, novelty_rate(prior, cell, column, n, differed) * lane_factor(prior, lane, everywhere))
            p[i] = 1.0
            llr[i] = max(LEAST_LLR, math.log(random / (1.0 - q)))
            if new:
                tail, share = share_of_set(prior, of_class, differing)
                p[i] = bounded_p(1.0 - (1.0 - q * tail) * (1.0 - COLLISION * (1.0 - confidence[i])))
                llr[i] = max(LEAST_LLR, math.log(random / (q * share)))
                evidence[i, 2] = tail
            evidence[i, 0] = differing
            evidence[i, 1] = q
            evidence[i, 3] = seen[i]
            if fresh[i]:
                count(tally, touched, cell, column, new)
                count(tally, touched, lane, 0, new)
                count(tally, touched, everywhere, 0, new)
                if new:
                    tally[of_class, differing] += 1
                    touched[of_class] = 1
            row.n, row.differed = n + 1.0, differed + new
        for k in range(4):
            if read[k] != 0:
                vote(row, k, read[k])
        row.last_s = max(row.last_s, now_s)


@dataclass(frozen=True)
class VehicleMismatch(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "vehicle_mismatch"
    typologies: tuple[str, ...] = ("vehicle_mismatch",)
    reads: tuple[str, ...] = (
        "time_ms", "port", "lane_key", "vehicle_class", "read_confidence", "make", "model", "colour"
    )  # fmt: skip
    needs: tuple[str, ...] = ("make", "model", "colour")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("differing", "rate", "set_share", "seen")
    shared: tuple[SharedSpec, ...] = (spec(CLASSES + 1 + LANES),)
    source: str = "Boyer & Moore 1991; Robbins 1956"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out,
               self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """What differs, and how often vehicles read as steadily as this one are read differently at such a lane.

        >>> numbers = {"differing": 5, "rate": 0.008, "set_share": 0.02, "seen": 57}
        >>> finding = VehicleMismatch().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence
        'Make and colour differ from what this plate was usually read with; something differs in 0.8 % of such reads,
        and 2 % of those differ in so unusual a way (57 earlier crossings).'
        >>> finding.without
        'with the make and colour it usually has'
        """
        seen, differing = int(evidence["seen"]), int(evidence["differing"])
        if not differing:
            sentence = "It looks as this plate was usually read."
            return Finding("vehicle_mismatch", None, None, None, seen, sentence, None)
        names = [name for k, name in enumerate(ATTRIBUTES) if differing >> k & 1]
        said = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        verb = "differ" if len(names) > 1 else "differs"
        sentence = (
            f"{said.capitalize()} {verb} from what this plate was usually read with; something differs in "
            f"{percent(evidence['rate'])} of such reads, and {percent(evidence['set_share'])} of those differ in so "
            f"unusual a way ({seen} earlier crossings)."
        )
        return Finding("vehicle_mismatch", None, None, None, seen, sentence, f"with the {said} it usually has")

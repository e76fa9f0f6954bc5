"""Does it meet one officer too often? `officer_affinity`: beyond the open lanes; to the integrity role only.

Model. The odds of meeting an officer on a crossing are that officer's share of the port's crossings, of late in lanes
of this type, or for a week or two at this time of day, whichever is larger: a commuter meets those who work at its
hours, a member those of the trusted lane. Officers share `BUCKETS` sums a row by their hash; one that shares a sum
with another is expected more often. For `KEPT` officers a vehicle (the one met least, at the best odds, makes room)
the odds and the meetings add up, from the first meeting on, which is not counted; both are halved when `FULL` are
expected. The p-value of N meetings where E are expected is

    P(X >= N) * officers tried,   X ~ NegativeBinomial(mean E, shape SHAPE)

SHAPE stands for what the odds do not know (a lane that both prefer); the factor is Bonferroni's.

Source: Gelman et al., Bayesian Data Analysis, 2.6; Dunn 1961, Multiple comparisons among means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import DAY_MS, HOUR_MS, Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.special import bounded_p, negative_binomial_tail
from schemas.batch import LANE_TYPES, Array

KEPT = 7
BUCKETS = 64
TOTAL = BUCKETS
TYPES = len(LANE_TYPES)
WATCHES = 6  # of four hours
SHAPE = 10.0
FLOOR, WEIGHT = 0.5, 5.0  # of an officer in a row, and of all of them
UNIT = 4096.0  # of the expected meetings in a slot
FULL = 8.0  # expected meetings: halve both, so that a long acquaintance is forgotten
SLOT = np.dtype([("officer", "u2"), ("expected", "u2"), ("port", "u1"), ("met", "u1")])
ROW = np.dtype([("slot", SLOT, (KEPT,)), ("tried", "u1")])


@njit(cache=True)
def odds(late, watch, late_row, watch_row, name):  # type: ignore[no-untyped-def]
    """Of meeting an officer: the larger share of the two rows."""
    bucket = name % BUCKETS
    of_late = (late[late_row, bucket] + FLOOR) / (late[late_row, TOTAL] + WEIGHT)
    by_watch = (watch[watch_row, bucket] + FLOOR) / (watch[watch_row, TOTAL] + WEIGHT)
    return max(of_late, by_watch)


@njit(cache=True)
def slot_of(row, name, place):  # type: ignore[no-untyped-def]
    """The slot of an officer, or the one to make room, which is marked by another name."""
    least = 0
    for k in range(KEPT):
        slot = row.slot[k]
        if slot.officer == name and slot.port == place:
            return k
        other = row.slot[least]
        if slot.met < other.met or (slot.met == other.met and slot.expected > other.expected):
            least = k
    for k in range(KEPT):
        if row.slot[k].officer == 0:
            return k
    return least


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, local_ms, port, lane_type, officer, seen, fresh, late, late_tally, late_touched, watch,
    watch_tally, watch_touched, p, llr, evidence
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        if officer[i] == 0:
            continue
        row = rows[slots[i]]
        name = 1 + int(officer[i] % np.uint64(65535))
        place = port[i] % 256
        late_row = TYPES * port[i] + lane_type[i]
        watch_row = WATCHES * port[i] + int(local_ms[i] % DAY_MS // (4 * HOUR_MS))
        here = slot_of(row, name, place)
        known = row.slot[here].officer == name and row.slot[here].port == place
        for k in range(KEPT):
            slot = row.slot[k]
            if slot.officer > 0 and slot.port == place:
                slot.expected += int(UNIT * odds(late, watch, late_row, watch_row, slot.officer))
                if slot.expected > FULL * UNIT:
                    slot.expected >>= 1
                    slot.met >>= 1
        slot = row.slot[here]
        if known:
            slot.met = min(255, slot.met + 1)
            if slot.met >= 2:
                expected = max(slot.expected / UNIT, 1e-3)
                tail = negative_binomial_tail(slot.met, SHAPE, SHAPE / expected, 1.0)
                p[i] = bounded_p(tail * row.tried)
                evidence[i, 0] = slot.met
                evidence[i, 1] = expected
                evidence[i, 2] = row.tried
                evidence[i, 3] = seen[i]
        else:
            slot.officer = name
            slot.port = place
            slot.met = 0
            slot.expected = 0
            row.tried = min(255, row.tried + 1)
        if fresh[i]:
            late_tally[late_row, name % BUCKETS] += 1
            late_tally[late_row, TOTAL] += 1
            late_touched[late_row] = 1
            watch_tally[watch_row, name % BUCKETS] += 1
            watch_tally[watch_row, TOTAL] += 1
            watch_touched[watch_row] = 1


@dataclass(frozen=True)
class OfficerAffinity(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "officer_affinity"
    audience: str = "integrity"
    typologies: tuple[str, ...] = ("officer_affinity",)
    reads: tuple[str, ...] = ("local_ms", "port", "lane_type", "officer")
    needs: tuple[str, ...] = ("officer",)
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("met", "expected", "tried", "seen")
    shared: tuple[SharedSpec, ...] = (
        SharedSpec(BUCKETS + 1, lambda ports: TYPES * ports, half_life_days=0.25),
        SharedSpec(BUCKETS + 1, lambda ports: WATCHES * ports, half_life_days=7.0),
    )
    source: str = "Gelman et al., Bayesian Data Analysis, 2.6; Dunn 1961"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *shared[1], *out)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """Meetings after the first against the odds, and of how many officers this one was picked.

        >>> numbers = {"met": 8.9, "expected": 1.84, "tried": 6, "seen": 57}
        >>> OfficerAffinity().explain(numbers, Context("2504", str, "inbound")).sentence
        'Met the same officer about 9 times again at port 2504; the open lanes give 1.8 (one of 6 officers met, 57
        earlier crossings).'
        """
        met, expected, tried = round(evidence["met"], 1), evidence["expected"], int(evidence["tried"])
        seen = int(evidence["seen"])
        officers = f"one of {tried} officers met" if tried > 1 else "the only officer met"
        sentence = (
            f"Met the same officer about {met:.0f} times again at port {context.port}; the open lanes give "
            f"{expected:.2g} ({officers}, {seen} earlier crossings)."
        )
        usual = (0.0, round(expected + 2.0 * math.sqrt(expected + expected**2 / SHAPE), 1))
        return Finding("officer_affinity", met, "meetings", usual, seen, sentence, None)

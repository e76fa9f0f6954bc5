"""Has a vehicle that fell silent come back to work? `dormant_reactivated`: a silence far beyond its own gaps, then two
crossings in 72 h.

Model. Logarithms of the gaps between its crossings, Normal-Inverse-Gamma with a fixed weak prior for the spread;
the p-value of the silence is the upper Student-t tail, said at the second crossing within 72 hours after it (and
at the ones after that within the same 72 hours). A silence is 45 days at least, longer than most leave: how far that
is beyond its own gaps the p-value says, and with a fixed 90 days a season's log could never speak. A vehicle first
seen under 45 days ago is not evaluated.

Source: Murphy (2007), Conjugate Bayesian analysis of the Gaussian distribution, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared
from detectors.compiled import njit
from detectors.decay import decay_factor
from detectors.phrase import duration
from detectors.special import bounded_p, student_tail
from schemas.batch import Array

SILENCE_S = 45 * 86400
BACK_S = 72 * 3600
PRIOR_DF = 4.0
PRIOR_VARIANCE = 1.0  # of the log gap within a vehicle
ROW = np.dtype(
    [
        ("n", "f4"),
        ("mean", "f4"),
        ("m2", "f4"),
        ("last_s", "u4"),
        ("silence_s", "u4"),
        ("woke_s", "u4"),
        ("usual_s", "f4"),
        ("p", "f4"),
    ]
)


@njit(cache=True)
def assess(rows, slots, time_ms, seen, age_ms, p, llr, evidence, min_seen, half_life_s):  # type: ignore[no-untyped-def]
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        gap_s = max(1, now_s - row.last_s) if seen[i] > 0 else 0
        if seen[i] >= min_seen and age_ms[i] >= 1000 * SILENCE_S and now_s >= row.last_s:
            p[i] = 1.0
            if row.silence_s > 0 and now_s - row.woke_s <= BACK_S:
                p[i] = bounded_p(row.p)
                evidence[i, 0] = row.silence_s
                evidence[i, 1] = now_s - row.woke_s
                evidence[i, 2] = row.usual_s
                evidence[i, 3] = seen[i]
        if gap_s > 0 and now_s > row.last_s:
            y = math.log(gap_s)
            df = PRIOR_DF + row.n
            scale = math.sqrt((PRIOR_DF * PRIOR_VARIANCE + row.m2) / df * (1.0 + 1.0 / (row.n + 0.3)))
            if gap_s >= SILENCE_S and seen[i] >= min_seen:  # a silence is odd only against gaps before it
                row.usual_s = math.exp(row.mean)
                t = (y - row.mean) / scale
                tail = 0.5 * student_tail(t, df)
                row.silence_s = gap_s
                row.woke_s = now_s
                row.p = tail if t > 0.0 else 1.0 - tail
            elif now_s - row.woke_s > BACK_S:
                row.silence_s = 0
            factor = decay_factor(gap_s, half_life_s)
            row.n = row.n * factor + 1.0
            row.m2 *= factor
            moved = min(y, row.mean + 3.0 * scale) if seen[i] >= min_seen else y
            delta = moved - row.mean
            row.mean += delta / row.n
            row.m2 += delta * (moved - row.mean)
        row.last_s = max(row.last_s, now_s)


@dataclass(frozen=True)
class DormantReactivated(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "dormant_reactivated"
    version: int = 2
    typologies: tuple[str, ...] = ("dormant_reactivated",)
    reads: tuple[str, ...] = ("time_ms",)
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("silence_s", "back_s", "usual_gap_s", "seen")
    source: str = "Murphy 2007, Conjugate Bayesian analysis of the Gaussian distribution, section 3"
    min_seen: int = 4

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, batch["time_ms"], known.seen, known.age_ms, *out,
               self.min_seen, self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The silence against its usual gap.

        >>> numbers = {"silence_s": 120 * 86400, "back_s": 7200, "usual_gap_s": 3 * 86400, "seen": 57}
        >>> DormantReactivated().explain(numbers, Context("2504", str, "inbound")).sentence
        'Silent for 120 days, then again within 2 h of coming back; its usual gap is 3 days (57 earlier crossings).'
        """
        silence = evidence["silence_s"]
        if math.isnan(silence):
            return Finding("dormant_reactivated", None, None, None, None, "Not back from a silence of 45 days.", None)
        seen = int(evidence["seen"])
        back = duration(evidence["back_s"], up=True)
        sentence = (
            f"Silent for {duration(silence)}, then again within {back} of coming back; "
            f"its usual gap is {duration(evidence['usual_gap_s'])} ({seen} earlier crossings)."
        )
        without = "after a silence under 45 days"
        return Finding("dormant_reactivated", round(silence / 86400, 1), "days", None, seen, sentence, without)

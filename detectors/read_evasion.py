"""Is its plate badly read again and again? `read_evasion`: low confidence on three of the last five reads.

Model. The read confidences of a port in `BINS` equal bins, shrunk to all ports: a dirty lens lowers everybody's.
A read's p among peers is the share of reads as low or lower. Whether that happens again and again, and is new
for this vehicle (a plate may be worn for years), is `detectors/recurrence.py`. A read of confidence 1, which stands
for one that was not said too, is never low.

Source: that of `recurrence`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.phrase import percent
from detectors.recurrence import KEPT, ROW, full, remember, three_of_five
from detectors.special import bounded_p
from schemas.batch import Array

BINS = 50
STRENGTH = 50.0  # weight of all ports in one port's reads
EVERYWHERE = 0  # row of all ports; port k has row 1 + k


@njit(cache=True)
def share_as_low(prior, row, confidence):  # type: ignore[no-untyped-def]
    """Share of a port's reads with at most this confidence, evenly spread within a bin; flat before a publication."""
    level = min(BINS - 1, int(confidence * BINS))
    within = 1.0 - (confidence * BINS - level)  # the part of the bin that lies above
    here = prior[row, BINS] - within * prior[row, level]
    everywhere = prior[EVERYWHERE, BINS] - within * prior[EVERYWHERE, level]
    for k in range(level + 1, BINS):  # most reads are good: few bins are above
        here -= prior[row, k]
        everywhere -= prior[EVERYWHERE, k]
    everywhere = (max(0.0, everywhere) + 10.0 * confidence + 1.0) / (prior[EVERYWHERE, BINS] + 11.0)
    return (max(0.0, here) + STRENGTH * everywhere) / (prior[row, BINS] + STRENGTH)


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, port, confidence, seen, fresh, prior, tally, touched, p, llr, evidence
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        if not (0.0 <= confidence[i] <= 1.0):
            continue
        row = rows[slots[i]]
        level = min(BINS - 1, int(confidence[i] * BINS))
        share, u = 1.0, 0.0
        if confidence[i] < 1.0:
            share = share_as_low(prior, 1 + port[i], confidence[i])
            u = -math.log(share)
        if full(row.recent) and confidence[i] < 1.0:
            odd, x, count = three_of_five(u, row)
            p[i] = bounded_p(odd)
            evidence[i, 0] = confidence[i]
            evidence[i, 1] = share
            evidence[i, 2] = x
            evidence[i, 3] = count
            evidence[i, 4] = seen[i]
        remember(u, row)
        if fresh[i]:
            tally[EVERYWHERE, level] += 1
            tally[EVERYWHERE, BINS] += 1
            tally[1 + port[i], level] += 1
            tally[1 + port[i], BINS] += 1
            touched[EVERYWHERE] = 1
            touched[1 + port[i]] = 1


@dataclass(frozen=True)
class ReadEvasion(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "read_evasion"
    typologies: tuple[str, ...] = ("read_evasion",)
    reads: tuple[str, ...] = ("port", "read_confidence")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("confidence", "share", "judged", "count", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(BINS + 1, lambda ports: 1 + ports),)
    source: str = "Gelman et al., Bayesian Data Analysis, 2.6; David & Nagaraja, Order Statistics, 2.1"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The confidence, how many reads are as low there, and how many of the last five were.

        >>> numbers = {"confidence": 0.62, "share": 0.031, "judged": 0.04, "count": 3, "seen": 57}
        >>> finding = ReadEvasion().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence
        'Read with confidence 0.62, as low as 3.1 % of reads at port 2504; so were 3 of its last 5 reads, and new for it
        (57 earlier crossings).'
        """
        seen, count, confidence = int(evidence["seen"]), int(evidence["count"]), round(evidence["confidence"], 3)
        low = f"Read with confidence {confidence:g}, as low as {percent(evidence['share'])} of reads"
        again = f"so were {count} of its last {KEPT + 1} reads, and new for it"
        if evidence["judged"] > 0.1:
            again = "its last reads were not all low, or it is always read so"
        sentence = f"{low} at port {context.port}; {again} ({seen} earlier crossings)."
        return Finding("read_evasion", confidence, "confidence", None, seen, sentence, "with a clear read")

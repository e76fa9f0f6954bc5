"""Is there suddenly more traffic between two parties than there ever was? `party_burst`, on the edges of a graph.

An edge is a carrier and a consignee, or a shipper and a commodity (`EDGES`). Two count-min sketches, seen two hours
late, hold decayed counts of each: s with a half-life of `SHORT_DAYS`, l with that of the settings. Were the edge as
busy as ever, s would be around e = l T_s / T_l, where T are the decayed hours that each sketch has collected. As in
MIDAS-R the surprise is a chi-square of the current count against the past, here with the variance of a decayed count
(half its mean) and one count of doubt:

    x = (s - e)^2 / ((e + 1) / 2) for s > e, else 0;    x' = x / phi,    phi = the edge's own mean x so far, shrunk to 1

phi is what an edge that always comes in batches has taught. The larger x' of the two edges is answered by the share of
the peers' crossings, on edges as busy, whose x' was in its bin or above: what bursts are worth on this border is
counted, not assumed. The chi-square tail only stands in until there are counts. No p is below one in those counted.

Beyond the bound: with many more than `SKETCH` edges within a half-life counts run together, l more than s, and bursts
are missed rather than made up. The first two hours of a burst are not seen.

Source: Bhatia, Hooi, Yoon, Shin & Faloutsos (2020), MIDAS: Microcluster-based detector of anomalies in edge streams.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.hashing import add, bucket, least, pair
from detectors.novelty import halvings
from detectors.phrase import amount, percent
from detectors.special import bounded_p
from schemas.batch import VEHICLE_CLASSES, Array

EDGES = ("this carrier to this consignee", "this shipper with this commodity")
SKETCH = 16_384  # rows of each sketch, after row 0, whose last column counts the hours
SHORT_DAYS = 0.5
COUNT, SURPRISE = 0, 2  # first columns of the counts and, in the long one, of the summed x
FIXED, MOST_X = 16.0, 64.0  # fixed-point scale of x, and how much of it one crossing may add
PHI_WEIGHT = 5.0  # of phi = 1, in crossings
LEAST_HOURS = 100.0  # with traffic, before anything is said
BUSY, BINS = 4, 24  # rows by e: below 1/4, 2, 16, and above; columns by x': below 1/2, then in steps of sqrt(2)
THEORY = 5.0  # weight of the chi-square tail, in crossings


@njit(cache=True)
def surprise(short, long, key):  # type: ignore[no-untyped-def]
    """x', x, e and s of an edge."""
    s = least(short, 1, key, COUNT, SKETCH)
    rows = 1 + bucket(key, 0, SKETCH), 1 + bucket(key, 1, SKETCH)
    k = 0 if long[rows[0], COUNT] <= long[rows[1], COUNT + 1] else 1
    count, past = long[rows[k], COUNT + k], long[rows[k], SURPRISE + k] / FIXED
    e = count * short[0, -1] / long[0, -1]
    if s <= e:
        return 0.0, 0.0, e, s
    x = (s - e) ** 2 / (0.5 * (e + 1.0))
    return x / max(1.0, (past + PHI_WEIGHT) / (count + PHI_WEIGHT)), x, e, s


@njit(cache=True)
def tail_share(prior, row, b, x):  # type: ignore[no-untyped-def]
    """Share of the peers' crossings on edges as busy whose x' was in bin `b` or above."""
    above, total = 0.5 + THEORY * (0.5 * math.erfc(math.sqrt(0.5 * x))), 0.5 + THEORY
    for k in range(BINS):
        total += prior[row, k]
        above += prior[row, k] if k >= b else 0.0
    return above / total


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    vehicle_class, carrier, shipper, consignee, commodity, seen, fresh, prior, tally, touched, short, tally_short,
    touched_short, long, tally_long, touched_long, p, llr, evidence
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(carrier)):
        first = pair(carrier[i] + np.uint64(5), consignee[i]) if carrier[i] != 0 and consignee[i] != 0 else np.uint64(0)
        other = pair(shipper[i] + np.uint64(6), commodity[i]) if shipper[i] != 0 and commodity[i] != 0 else np.uint64(0)
        if first == 0 and other == 0:
            continue
        known = short[0, -1] > 0.0 and long[0, -1] >= LEAST_HOURS
        best, best_e, best_s, edge = -1.0, 0.0, 0.0, 0
        for k, key in enumerate((first, other)):
            if key == 0:
                continue
            x = 0.0
            if known:
                relative, x, e, s = surprise(short, long, key)
                if relative > best:
                    best, best_e, best_s, edge = relative, e, s, k
            if fresh[i]:
                add(tally_short, touched_short, 1, key, COUNT, SKETCH, 1)
                add(tally_long, touched_long, 1, key, COUNT, SKETCH, 1)
                add(tally_long, touched_long, 1, key, SURPRISE, SKETCH, int(round(FIXED * min(x, MOST_X))))
        touched_short[0] = 1
        touched_long[0] = 1
        if not known:
            continue
        row = BUSY * vehicle_class[i] + halvings(16.0 * best_e, 9) // 3
        b = halvings(4.0 * best * best, BINS - 1)
        p[i] = 1.0 if best <= 0.0 else bounded_p(tail_share(prior, row, b, best))
        evidence[i, 0] = edge
        evidence[i, 1] = 24.0 * best_s / short[0, -1]
        evidence[i, 2] = 24.0 * best_e / short[0, -1]
        evidence[i, 3] = p[i]
        evidence[i, 4] = seen[i]
        if fresh[i]:
            tally[row, b] += 1
            touched[row] = 1


@dataclass(frozen=True)
class PartyBurst(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "party_burst"
    typologies: tuple[str, ...] = ("party_burst",)
    reads: tuple[str, ...] = ("vehicle_class", "carrier", "shipper", "consignee", "commodity")
    needs: tuple[str, ...] = ("carrier", "shipper", "consignee", "commodity")
    row: np.dtype[Any] = field(default_factory=lambda: np.dtype([]))
    evidence: tuple[str, ...] = ("edge", "lately_a_day", "usual_a_day", "share", "seen")
    shared: tuple[SharedSpec, ...] = (
        SharedSpec(BINS, lambda ports: BUSY * len(VEHICLE_CLASSES)),
        SharedSpec(3, lambda ports: 1 + SKETCH, half_life_days=SHORT_DAYS, counts_periods=True),
        SharedSpec(5, lambda ports: 1 + SKETCH, counts_periods=True),
    )
    source: str = "Bhatia et al. 2020, MIDAS: Microcluster-based detector of anomalies in edge streams, AAAI"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        tables = (array for view in shared for array in view)
        assess(*(batch[c] for c in self.reads), known.seen, known.fresh, *tables, *out)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The edge, how busy it is lately and usually, and how often such bursts come.

        >>> numbers = {"edge": 0, "lately_a_day": 14.2, "usual_a_day": 1.5, "share": 0.0031, "seen": 57}
        >>> finding = PartyBurst().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence
        'This carrier to this consignee: 14 crossings in 24 h lately, usually 1.5; edges as busy burst like this in
        0.31 % of crossings (57 earlier crossings of the vehicle).'
        >>> finding.without
        'at up to 1.5 crossings in 24 h'
        """
        seen, lately, usual = int(evidence["seen"]), evidence["lately_a_day"], evidence["usual_a_day"]
        edge = EDGES[int(evidence["edge"])]
        if lately <= usual:
            sentence = f"Between these parties traffic is no more than usual, {amount(usual)} crossings in 24 h."
            return Finding("party_burst", round(lately, 1), "a day", None, seen, sentence, None)
        sentence = (
            f"{edge[0].upper()}{edge[1:]}: {amount(lately)} crossings in 24 h lately, usually {amount(usual)}; "
            f"edges as busy burst like this in {percent(evidence['share'])} of crossings "
            f"({seen} earlier crossings of the vehicle)."
        )
        without = f"at up to {amount(usual, up=False)} crossings in 24 h"
        return Finding("party_burst", round(lately, 1), "a day", None, seen, sentence, without)

"""Does this vehicle cross at this hour of the week? `odd_hour`: an hour rare for it, whatever others do.

Model. An hour is novel when the vehicle never crossed, in this direction, within `REACH` hours of it. P(novel) is its
own decayed share of novel hours, shrunk to that of its peers with as many crossings behind them and habits as wide:

    q = (novelties + S q_peers) / (n + S)

How far a novel hour lies from the nearest habitual one has the distribution that those peers' novel hours had. The
other 1 - q is shared by the vehicle's own hours, smoothed over the hours beside, times its share of weekdays and
weekend days. The p-value is, for a novel hour, q times the share of novelties as far away or
further; otherwise q and the mass of all cells at most as probable. So it falls with the number of crossings that
kept the habit and with the distance, where a Dirichlet prior alone would give every hour never seen the same. The
evidence is log(peers / own) of the observed cell, the peers being those of the same port, class and direction.

Source: Good (1953), The population frequencies of species; kernel on the circle, Mardia & Jupp, Directional
Statistics 12.1. What it was measured against: docs/decisions/0012-novelty.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.combination import adds_nothing
from detectors.compiled import njit
from detectors.hour_cells import CELLS, HOURS, ROW, distance, learn, local_hour, read, weight_now, window
from detectors.phrase import clock
from detectors.special import bounded_p
from schemas.batch import VEHICLE_CLASSES, Array

CLASSES = len(VEHICLE_CLASSES)
REACH = 1.25  # hours from the middle of a habitual cell
HABITUAL = 0.25  # crossings that make a cell habitual
STRENGTH = 2.0  # weight of the peers' share of novelties
WIDTHS = (2, 4, 6, 9)  # habits of up to so many hours; the last kind is wider
WIDE_SHARE = 0.03  # of all crossings: an hour with less does not widen a habit
BUCKETS = 12  # of the number of crossings, by powers of two
STEPS = 24  # of the distance, half an hour each
TRIALS, NOVELTIES, FAR = 0, BUCKETS, 2 * BUCKETS  # columns of the novelty table
PEER_PRIOR = 20.0  # weight of the class in a port's hours
WEEKDAYS = 5.0 / 7.0
LEAST = 4.0  # decayed crossings in this direction, before it is evaluated
LEAST_PEERS = 2.0  # crossings before a vehicle tells what is common
FEW_DAYS = 3.0  # with fewer (decayed) crossings on a day type, the other one says what is usual


@njit(cache=True)
def peer_probability(prior, port_row, class_row, cell):  # type: ignore[no-untyped-def]
    """Share of the peers' crossings in a cell: port and class, shrunk to the class, shrunk to uniform."""
    of_class = (prior[class_row, cell] + 1.0) / (prior[class_row, CELLS] + CELLS)
    return (prior[port_row, cell] + PEER_PRIOR * of_class) / (prior[port_row, CELLS] + PEER_PRIOR)


@njit(cache=True)
def habit(counts, total, own):  # type: ignore[no-untyped-def]
    """Fill `own[24]` with P(hour) if not novel; returns the habitual hours as bits, and how wide the habit is."""
    habitual, wide = 0, 0
    for hour in range(HOURS):
        beside = counts[hour - 1] + counts[hour + 1 - HOURS]  # the last is beside the first
        own[hour] = (0.25 * beside + 0.5 * counts[hour]) / total
        if counts[hour] >= HABITUAL:
            habitual |= 1 << hour
        wide += counts[hour] >= WIDE_SHARE * total
    width = 0
    while width < len(WIDTHS) and wide > WIDTHS[width]:
        width += 1
    return habitual, width


@njit(cache=True)
def away(habitual, hour):  # type: ignore[no-untyped-def]
    """Hours from the nearest habitual one; 12 where there is none."""
    least = 12.0
    for k in range(HOURS):
        if habitual >> k & 1:
            least = min(least, distance(hour, k + 0.5))
    return least


@njit(cache=True)
def bucket_of(total):  # type: ignore[no-untyped-def]
    """floor(log2(total)), from 0 to BUCKETS - 1."""
    return min(BUCKETS - 1, max(0, int(math.log2(max(total, 1.0)))))


@njit(cache=True)
def novelty(prior, row, total, novel):  # type: ignore[no-untyped-def]
    """P(novel hour) for a vehicle with `total` crossings, `novel` of them at novel hours, among the peers of `row`."""
    b = bucket_of(total)
    peers = (prior[row, NOVELTIES + b] + 0.2) / (prior[row, TRIALS + b] + 2.0)
    return min(0.99, (novel + STRENGTH * peers) / (total + STRENGTH))


@njit(cache=True)
def answer(own, hour, of_type, weekend, far, q, prior, row, peer):  # type: ignore[no-untyped-def]
    """p and log(peers / own) of an hour `far` hours away from the habit; `of_type` is P(weekday)."""
    this, other = (1.0 - of_type, of_type) if weekend else (of_type, 1.0 - of_type)
    if far > REACH:
        step, further, total = min(STEPS - 1, int(2.0 * far)), 0.0, 0.0
        for k in range(STEPS):
            count = prior[row, FAR + k] + 0.5
            total += count
            further += count if k >= step else 0.0
        mine = q * (prior[row, FAR + step] + 0.5) / total * this
        return bounded_p(q * further / total), math.log(peer / mine)
    mass, limit = 0.0, own[hour]
    for k in range(HOURS):  # no branch: the hours of a habit are not predictable
        mass += this * own[k] if own[k] <= limit else 0.0
        mass += other * own[k] if other * own[k] <= this * limit else 0.0
    return bounded_p(q + (1.0 - q) * mass), math.log(peer / ((1.0 - q) * this * limit + 0.01 * q))


@njit(cache=True)
def calm(own, habitual, hour, of_type, weekend, q, prior, row, peers, port_row, class_row):  # type: ignore[no-untyped-def]
    """Whether a crossing anywhere in this hour would be no evidence at all."""
    peer = peer_probability(peers, port_row, class_row, HOURS * weekend + hour)
    far = max(away(habitual, float(hour)), away(habitual, hour + 1.0))
    p, ratio = answer(own, hour, of_type, weekend, far, q, prior, row, peer)
    return adds_nothing(p, ratio)


@njit(cache=True)
def calm_hours(own, habitual, of_type, weekend, q, prior, row, peers, port_row, class_row):  # type: ignore[no-untyped-def]
    """First hour and length of the run of calm hours around the likeliest one; -1 if there is none."""
    best = 0
    for hour in range(HOURS):
        if own[hour] > own[best]:
            best = hour
    if not calm(own, habitual, best, of_type, weekend, q, prior, row, peers, port_row, class_row):
        return -1, 0
    first, length = best, 1
    for back in range(1, HOURS):
        hour = (best - back) % HOURS
        if not calm(own, habitual, hour, of_type, weekend, q, prior, row, peers, port_row, class_row):
            break
        first, length = hour, length + 1
    while length < HOURS:
        hour = (first + length) % HOURS
        if not calm(own, habitual, hour, of_type, weekend, q, prior, row, peers, port_row, class_row):
            break
        length += 1
    return first, length


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, local_ms, port, direction, vehicle_class, seen, fresh,
    peers, peer_tally, peer_touched, prior, tally, touched, p, llr, evidence, min_seen, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    own, counts = np.empty(HOURS), np.empty(HOURS)
    for i in range(len(slots)):
        row, way = rows[slots[i]], direction[i]
        hour, weekend = local_hour(local_ms[i])
        unit = weight_now(row, time_ms[i] // 1000, half_life_s)
        class_row = 2 * vehicle_class[i] + way
        port_row = 2 * CLASSES * (1 + port[i]) + class_row
        cell = HOURS * weekend + int(hour)
        total = read(row.hours[way], unit, counts)
        novel = False
        if total >= LEAST_PEERS:
            habitual, width = habit(counts, total, own)
            kind_row = vehicle_class[i] * (len(WIDTHS) + 1) + width
            far = away(habitual, hour)
            novel = far > REACH
            if seen[i] >= min_seen and total >= LEAST:
                of_type = (row.days[way, 0] / unit + 0.5 * WEEKDAYS) / (total + 0.5)
                q = novelty(prior, kind_row, total, row.novel[way] / unit)
                peer = peer_probability(peers, port_row, class_row, cell)
                p[i], llr[i] = answer(own, int(hour), of_type, weekend, far, q, prior, kind_row, peer)
                evidence[i, 0] = hour
                evidence[i, 1] = weekend
                evidence[i, 6] = seen[i]
                if llr[i] > 1.0 or p[i] < 0.1:  # otherwise it is hardly a reason, and its sentence needs no numbers
                    evidence[i, 7] = row.days[way, weekend] / unit
                    first, length = window(counts, total)
                    evidence[i, 2] = first
                    evidence[i, 3] = (first + length) % HOURS
                    first, length = calm_hours(
                        own, habitual, of_type, weekend, q, prior, kind_row, peers, port_row, class_row
                    )
                    evidence[i, 4] = first
                    evidence[i, 5] = (first + length) % HOURS
            if fresh[i]:
                bucket = bucket_of(total)
                tally[kind_row, TRIALS + bucket] += 1
                if novel:
                    tally[kind_row, NOVELTIES + bucket] += 1
                    tally[kind_row, FAR + min(STEPS - 1, int(2.0 * far))] += 1
                touched[kind_row] = 1
        learn(row, way, hour, weekend, novel, unit)
        if fresh[i]:
            peer_tally[class_row, cell] += 1
            peer_tally[class_row, CELLS] += 1
            peer_tally[port_row, cell] += 1
            peer_tally[port_row, CELLS] += 1
            peer_touched[class_row] = 1
            peer_touched[port_row] = 1


@dataclass(frozen=True)
class OddHour(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "odd_hour"
    version: int = 2
    typologies: tuple[str, ...] = ("odd_hour",)
    reads: tuple[str, ...] = ("time_ms", "local_ms", "port", "direction", "vehicle_class")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = (
        "hour",
        "weekend",
        "usual_from",
        "usual_to",
        "calm_from",
        "calm_to",
        "seen",
        "days_like",
    )
    shared: tuple[SharedSpec, ...] = (
        SharedSpec(CELLS + 1, lambda ports: 2 * CLASSES * (1 + ports)),
        SharedSpec(FAR + STEPS, lambda ports: CLASSES * (len(WIDTHS) + 1)),
    )
    source: str = "Good 1953; Mardia & Jupp, Directional Statistics, 12.1; forward decay, Cormode et al. 2009"
    min_seen: int = 12

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *shared[1], *out,
               self.min_seen, max(1.0, self.parameters.half_life_days * 86400.0))  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """Local hour against the shortest window with 80 % of its crossings.

        >>> numbers = {"hour": 3.25, "weekend": 0, "usual_from": 6, "usual_to": 9, "seen": 57}
        >>> numbers |= {"calm_from": 5, "calm_to": 10, "days_like": 40.0}
        >>> OddHour().explain(numbers, Context("2504", str, "inbound")).sentence
        'Inbound at 03:15 on a weekday; then this vehicle usually comes inbound from 06:00 to 09:00 (57 earlier
        crossings).'
        """
        seen, hour, first, last = int(evidence["seen"]), evidence["hour"], evidence["usual_from"], evidence["usual_to"]
        day, other = ("a weekend day", "weekdays") if evidence["weekend"] else ("a weekday", "weekend days")
        when = f"{context.direction.capitalize()} at {clock(hour)} on {day}"
        if math.isnan(first):
            sentence = f"{when}, an hour that is not rare for this vehicle ({seen} earlier crossings)."
            return Finding("odd_hour", round(hour, 2), "h", None, seen, sentence, None)
        then = "; then" if evidence["days_like"] >= FEW_DAYS else f", when it seldom crosses; on {other}"
        verb = "comes" if context.direction == "inbound" else "goes"
        usually = f"this vehicle usually {verb} {context.direction} from {clock(first)} to {clock(last)}"
        sentence = f"{when}{then} {usually} ({seen} earlier crossings)."
        calm_from = evidence["calm_from"]
        without = f"from {clock(calm_from)} to {clock(evidence['calm_to'])}" if calm_from >= 0 else None
        return Finding("odd_hour", round(hour, 2), "h", (first, last), seen, sentence, without)

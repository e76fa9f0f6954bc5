"""Is this port new for a vehicle that has a settled one? `new_port`: first time here, or back from it, after many
elsewhere.

Model. P(a port never used before) is the vehicle's own decayed rate of novelties, shrunk to that of its peers
with as many crossings behind them (`BUCKETS` by powers of two). Known ports share the rest by decayed counts:

    q = (novelties + S q_peers) / (n + S)
    own(x) = (1 - q) c[x] / sum(c),  or for a port not known  q to(x | home)

to(x | home) is where others whose most used port is the same went when they went somewhere new: a neighbouring
port is less odd than a far one, and a new bridge that everybody tries is not odd at all. It is counted in `PLACES`
hashed places for each home, shrunk to all homes. The p-value is the mass of all ports at most as probable as this
one; the evidence is log(peer(x) / own(x)). The way back over a port that was new on the way out, within `TRIP_S`,
repeats the answer of the way out: the trip is the novelty, and it is inspected on its way in.

Source: Good (1953), The population frequencies of species; predictive of a Pitman-Yor process, Pitman & Yor (1997).
What it was measured against: docs/decisions/0012-novelty.md.
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
from detectors.phrase import duration
from detectors.special import bounded_p
from schemas.batch import VEHICLE_CLASSES, Array

LEAST = 1e-9  # a known port never counts zero, however long ago it was used: it is seldom, not new
KNOWN = 6  # ports remembered for a vehicle; the least used one makes room
STRENGTH = 4.0  # weight of the peers' novelty rate
HOME_PRIOR = 2.0  # weight of all homes in where those of one home go
PLACES = 64  # ports are hashed to so many places: with more ports than that some share one
TRIP_S = 2 * 86400
SETTLED = 3  # crossings before a vehicle has a home
CLASSES = len(VEHICLE_CLASSES)
BUCKETS = 12  # of the number of crossings seen, by powers of two
TRIALS, NOVELTIES, TOTAL = 0, BUCKETS, 2 * BUCKETS  # columns of a class row; a port row holds counts by class
ROW = np.dtype(
    [
        ("port", "i4", (KNOWN,)),
        ("count", "f4", (KNOWN,)),
        ("novel", "f4"),
        ("last_s", "u4"),
        ("trip_s", "u4"),  # when the last new port was first used
        ("trip_p", "f4"),  # and what was said of it
        ("trip_llr", "f4"),
        ("used", "i1"),
        ("trip_at", "i1"),  # its place in `port`, from 1; 0 = none
        ("trip_way", "i1"),
    ]
)


@njit(cache=True)
def bucket_of(seen):  # type: ignore[no-untyped-def]
    """floor(log2(seen)), at most BUCKETS - 1."""
    bucket = 0
    while seen > 1 and bucket < BUCKETS - 1:
        seen >>= 1
        bucket += 1
    return bucket


@njit(cache=True)
def peer_share(prior, port, vehicle_class):  # type: ignore[no-untyped-def]
    """Share of a port in the crossings of a class."""
    return (prior[CLASSES + port, vehicle_class] + 0.5) / (prior[vehicle_class, TOTAL] + 10.0)


@njit(cache=True)
def going(to, home, place):  # type: ignore[no-untyped-def]
    """P(place | somewhere new, home), of all places."""
    of_all = (to[0, place] + 1.0) / (to[0, PLACES] + PLACES)
    return (to[1 + home, place] + HOME_PRIOR * of_all) / (to[1 + home, PLACES] + HOME_PRIOR)


@njit(cache=True)
def at_most(to, home, row, place):  # type: ignore[no-untyped-def]
    """P(place | somewhere new, home) and the mass of all places at most as probable, known ports left out."""
    known = np.uint64(0)
    for k in range(row.used):
        known |= np.uint64(1) << np.uint64(row.port[k] % PLACES)
    mine = going(to, home, place)
    total, mass = 0.0, 0.0
    for k in range(PLACES):
        if k != place and known >> np.uint64(k) & np.uint64(1):
            continue
        other = going(to, home, k)
        total += other
        mass += other if other <= mine else 0.0
    return mine / total, mass / total


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, port, direction, vehicle_class, seen, fresh, prior, tally, touched,
    to, to_tally, to_touched, p, llr, evidence, min_seen, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        here = -1
        total, lower, top = 0.0, 0.0, 0
        for k in range(row.used):
            if row.port[k] == port[i]:
                here = k
            if row.count[k] > row.count[top]:
                top = k
            total += row.count[k]
        cls = vehicle_class[i]
        bucket = bucket_of(seen[i])
        back = row.trip_at == here + 1 and here >= 0 and row.trip_way != direction[i] and now_s - row.trip_s < TRIP_S
        if seen[i] >= min_seen:
            peers = (prior[cls, NOVELTIES + bucket] + 0.1) / (prior[cls, TRIALS + bucket] + 2.0)
            q = (row.novel + STRENGTH * peers) / (total + STRENGTH)
            q = min(q, 0.999)
            share = peer_share(prior, port[i], cls)
            if here < 0:
                going_there, mass = at_most(to, row.port[top], row, port[i] % PLACES)
                p[i] = bounded_p(q * mass)
                llr[i] = math.log(share / (q * going_there))
            else:
                for k in range(row.used):
                    if row.count[k] <= row.count[here]:
                        lower += row.count[k]
                p[i] = bounded_p(q + (1.0 - q) * lower / total)
                llr[i] = math.log(share / ((1.0 - q) * row.count[here] / total))
                if back and row.trip_p < p[i]:
                    p[i], llr[i] = row.trip_p, row.trip_llr
                    evidence[i, 6] = now_s - row.trip_s
            evidence[i, 0] = row.port[top]
            evidence[i, 1] = row.count[top] / total
            evidence[i, 2] = 0.0 if here < 0 else row.count[here]
            evidence[i, 3] = row.used
            evidence[i, 4] = seen[i]
            top_own = (1.0 - q) * row.count[top] / total
            evidence[i, 5] = math.log(peer_share(prior, row.port[top], cls) / top_own)
        if fresh[i]:
            if seen[i] > 0:
                tally[cls, TRIALS + bucket] += 1
                tally[cls, NOVELTIES + bucket] += here < 0
            tally[cls, TOTAL] += 1
            tally[CLASSES + port[i], cls] += 1
            touched[cls] = 1
            touched[CLASSES + port[i]] = 1
            if here < 0 and seen[i] >= SETTLED:
                for place_row in (0, 1 + row.port[top]):
                    to_tally[place_row, port[i] % PLACES] += 1
                    to_tally[place_row, PLACES] += 1
                    to_touched[place_row] = 1
        factor = decay_factor(now_s - row.last_s, half_life_s)
        for k in range(row.used):
            row.count[k] = max(row.count[k] * factor, LEAST)
        row.novel *= factor
        if here < 0:
            row.novel += seen[i] > 0
            here = row.used
            if here < KNOWN:
                row.used += 1
            else:
                here = 0
                for k in range(KNOWN):
                    if row.count[k] < row.count[here]:
                        here = k
            row.port[here] = port[i]
            row.count[here] = 0.0
            row.trip_at = 0
            if seen[i] >= min_seen:
                row.trip_at, row.trip_way, row.trip_s = here + 1, direction[i], now_s
                row.trip_p, row.trip_llr = p[i], llr[i]
        elif back:
            row.trip_at = 0
        row.count[here] += 1.0
        row.last_s = max(row.last_s, now_s)


@dataclass(frozen=True)
class NewPort(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "new_port"
    version: int = 2
    alone: bool = False  # a day out in a far town is new as well
    typologies: tuple[str, ...] = ("new_port",)
    reads: tuple[str, ...] = ("time_ms", "port", "direction", "vehicle_class")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("top_port", "top_share", "count_here", "ports", "seen", "top_llr", "trip_s")
    shared: tuple[SharedSpec, ...] = (
        SharedSpec(2 * BUCKETS + 1, lambda ports: CLASSES + ports),
        SharedSpec(PLACES + 1, lambda ports: 1 + ports),
    )
    source: str = "Good 1953; Pitman & Yor 1997"
    min_seen: int = 10

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *shared[1], *out,
               self.min_seen, self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """First or seldom here, against the port it knows best.

        >>> numbers = {"top_port": 3, "top_share": 0.95, "count_here": 0.0, "ports": 2, "seen": 57, "top_llr": -2.0}
        >>> numbers["trip_s"] = math.nan
        >>> NewPort().explain(numbers, Context("2504", lambda code: "2501", "inbound")).sentence
        'First time at port 2504; 95 % of its recent crossings were at port 2501 (57 earlier crossings).'
        """
        seen, top = int(evidence["seen"]), context.port_name(int(evidence["top_port"]))
        how = f"First time at port {context.port}"
        mostly = f"{100 * evidence['top_share']:.0f} % of its recent crossings were at port {top}"
        if (
            evidence["ports"] >= KNOWN
        ):  # others may have made room: neither "first time" nor a share of all would be true
            how = f"Port {context.port} is none of the {KNOWN} remembered of it"
            mostly = f"of those it uses port {top} most"
        if evidence["count_here"] > 0:
            how = f"Port {context.port} is not the one it uses most"
        if not math.isnan(evidence["trip_s"]):
            how = f"Back over port {context.port}, first used {duration(evidence['trip_s'])} ago"
        if top == context.port:
            how = f"Port {context.port} is the one it uses most"
        sentence = f"{how}; {mostly} ({seen} earlier crossings)."
        without = f"at port {top}" if evidence["top_llr"] <= 0 and top != context.port else None
        return Finding("new_port", None, None, None, seen, sentence, without)

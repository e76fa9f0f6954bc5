"""Does this vehicle cross at this hour of the week? `odd_hour`: an hour rare for it, whatever others do.

Model. For each direction apart (a commuter's way home is not at the hour of the way out), decayed counts over 2 day
types (weekday, weekend) x 24 local hours, each crossing spread over the circle by a triangular kernel of two hours
half-width. Predictive probability of a cell, with the peers of the same port, class and direction as a Dirichlet
prior of total weight `PRIOR`:

    P(type) P(hour | type),  P(hour | type) = (c[type,hour] + CROSS c[other,hour] + PRIOR peer) / (sum + PRIOR)

The p-value is the mass of all 48 cells at most as probable as the observed one; the evidence is log(peer / own) of
the observed cell. Counts are whole numbers under forward decay: a crossing weighs `UNIT` 2^(age of the row /
half-life), and all cells are halved when that weight has doubled, so that 96 cells take 192 bytes and need no decay
in between.

Source: Dirichlet-multinomial predictive, Gelman et al., Bayesian Data Analysis 3.4; kernel on the circle,
Mardia & Jupp, Directional Statistics 12.1; forward decay, Cormode et al. 2009.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import DAY_MS, HOUR_MS, Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.combination import adds_nothing
from detectors.compiled import njit
from detectors.decay import decay_factor
from detectors.phrase import clock
from detectors.special import bounded_p
from schemas.batch import VEHICLE_CLASSES, Array

HOURS = 24
CELLS = 2 * HOURS
CLASSES = len(VEHICLE_CLASSES)
PRIOR = 1.0  # total weight of the peers in a vehicle's hours
CROSS = 0.3  # what an hour on the other day type is worth
TYPE_SHARE = (5.0 / 7.0, 2.0 / 7.0)  # weekdays and weekend days in a week
PEER_PRIOR = 20.0  # weight of the class in a port's hours
UNIT = 64.0  # of a count in the cells
FULL = 60000  # of a cell: halve all before it overflows
LEAST = 4.0  # decayed crossings in this direction, before it is evaluated
FEW_DAYS = 3.0  # with fewer (decayed) crossings on a day type, the other one says what is usual
USUAL_SHARE = 0.8  # the "usual" window holds this share of the vehicle's crossings
ROW = np.dtype([("cells", "u2", (2 * CELLS,)), ("since_s", "u4")])


@njit(cache=True)
def peer_probability(prior, port_row, class_row, cell):  # type: ignore[no-untyped-def]
    """Share of the peers' crossings in a cell: port and class, shrunk to the class, shrunk to uniform."""
    of_class = (prior[class_row, cell] + 1.0) / (prior[class_row, CELLS] + CELLS)
    return (prior[port_row, cell] + PEER_PRIOR * of_class) / (prior[port_row, CELLS] + PEER_PRIOR)


@njit(cache=True)
def days_like(cells, start):  # type: ignore[no-untyped-def]
    """Decayed crossings of the vehicle on a day type."""
    total = 0.0
    for hour in range(HOURS):
        total += cells[start + hour]
    return total


@njit(cache=True)
def window(cells, start):  # type: ignore[no-untyped-def]
    """First hour and length of the shortest run of hours of a day type that holds `USUAL_SHARE` of its crossings."""
    total = days_like(cells, start)
    best_from, best_length = 0, HOURS
    for first in range(HOURS):
        mass = 0.0
        for length in range(1, best_length):
            mass += cells[start + (first + length - 1) % HOURS]
            if mass >= USUAL_SHARE * total:
                best_from, best_length = first, length
                break
    return best_from, best_length


@njit(cache=True)
def predictive(cells, out):  # type: ignore[no-untyped-def]
    """Fill `out[48]` with the vehicle's P(type) P(hour | type) under a flat prior, and `slack[2]` of each type.

    The slack is the weight that the prior has in every cell of the type, so that `with_peers` can give the
    observed cell the peers' shape without another pass over all cells.
    """
    sums = (days_like(cells, 0), days_like(cells, HOURS))
    slack = np.empty(2)
    for kind in range(2):
        type_share = (sums[kind] + PRIOR * TYPE_SHARE[kind]) / (sums[0] + sums[1] + PRIOR)
        scale = type_share / (sums[kind] + CROSS * sums[1 - kind] + PRIOR)
        slack[kind] = scale * PRIOR
        mine, other, flat = kind * HOURS, (1 - kind) * HOURS, slack[kind] / HOURS
        for hour in range(HOURS):
            out[mine + hour] = scale * (cells[mine + hour] + CROSS * cells[other + hour]) + flat
    return slack


@njit(cache=True)
def llr_of(weights, slack, prior, port_row, class_row, cell):  # type: ignore[no-untyped-def]
    """log(peers / own) of a cell, with the peers' shape in the place of the flat prior."""
    peer = peer_probability(prior, port_row, class_row, cell)
    kind = cell // HOURS
    own = weights[cell] + slack[kind] * (peer / TYPE_SHARE[kind] - 1.0 / HOURS)
    return math.log(peer / max(own, 1e-12))


@njit(cache=True)
def mass_at_most(weights, cell):  # type: ignore[no-untyped-def]
    """The p-value of a cell: the mass of all cells at most as probable."""
    mass, limit = 0.0, weights[cell]
    for k in range(CELLS):
        mass += weights[k] if weights[k] <= limit else 0.0  # no branch: the hours of a habit are not predictable
    return mass


@njit(cache=True)
def calm(weights, slack, prior, port_row, class_row, cell):  # type: ignore[no-untyped-def]
    """Whether a crossing in this cell would be no evidence at all."""
    p = bounded_p(mass_at_most(weights, cell))
    return adds_nothing(p, llr_of(weights, slack, prior, port_row, class_row, cell))


@njit(cache=True)
def calm_hours(weights, slack, prior, port_row, class_row, start):  # type: ignore[no-untyped-def]
    """First hour and length of the run of calm hours around the likeliest one; -1 if there is none."""
    best = 0
    for hour in range(HOURS):
        if weights[start + hour] > weights[start + best]:
            best = hour
    if not calm(weights, slack, prior, port_row, class_row, start + best):
        return -1, 0
    first, length = best, 1
    while length < HOURS and calm(weights, slack, prior, port_row, class_row, start + (first - 1) % HOURS):
        first, length = (first - 1) % HOURS, length + 1
    while length < HOURS and calm(weights, slack, prior, port_row, class_row, start + (first + length) % HOURS):
        length += 1
    return first, length


@njit(cache=True)
def halve(cells):  # type: ignore[no-untyped-def]
    """Half of every cell, rounded down."""
    for k in range(2 * CELLS):
        cells[k] >>= 1


@njit(cache=True)
def weight_now(row, now_s, half_life_s):  # type: ignore[no-untyped-def]
    """What a crossing weighs at `now_s`, in cell units; first brings the row to where that is under 2 `UNIT`.

    The half-life is one second at least, since a row steps by whole ones.
    """
    if row.since_s == 0 or now_s - row.since_s > 16 * half_life_s:
        row.cells[:] = 0
        row.since_s = now_s
    while now_s - row.since_s >= half_life_s:
        halve(row.cells)
        row.since_s += int(half_life_s)
    return UNIT / decay_factor(now_s - row.since_s, half_life_s)


@njit(cache=True)
def read(cells, base, unit, out):  # type: ignore[no-untyped-def]
    """Fill `out[48]` with the decayed counts of a direction; returns their sum."""
    total, scale = 0, 1.0 / unit
    for k in range(CELLS):
        total += cells[base + k]
        out[k] = cells[base + k] * scale
    return total * scale


@njit(cache=True)
def learn(cells, start, hour, unit):  # type: ignore[no-untyped-def]
    """Add one crossing: the kernel max(0, 2 - |distance|) / 4 at the cell centres sums to 1 on the circle."""
    base = int(math.floor(hour - 0.5)) - 1
    full = False
    for k in range(4):
        share = 2.0 - abs(hour - (base + k + 0.5))
        if share > 0.0:
            at = start + (base + k) % HOURS
            cells[at] += int(unit * share / 4.0 + 0.5)
            full |= cells[at] > FULL
    if full:
        halve(cells)


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, local_ms, port, direction, vehicle_class, seen, fresh, prior, tally, touched,
    p, llr, evidence, min_seen, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    weights, counts = np.empty(CELLS), np.empty(CELLS)
    for i in range(len(slots)):
        row = rows[slots[i]]
        day = local_ms[i] // DAY_MS
        weekend = (day + 3) % 7 >= 5
        hour = (local_ms[i] - day * DAY_MS) / HOUR_MS
        start = HOURS if weekend else 0
        cell = start + int(hour)
        unit = weight_now(row, time_ms[i] // 1000, half_life_s)
        base = direction[i] * CELLS
        class_row = 2 * vehicle_class[i] + direction[i]
        port_row = 2 * CLASSES * (1 + port[i]) + class_row
        if seen[i] >= min_seen and read(row.cells, base, unit, counts) >= LEAST:
            slack = predictive(counts, weights)
            p[i] = bounded_p(mass_at_most(weights, cell))
            llr[i] = llr_of(weights, slack, prior, port_row, class_row, cell)
            evidence[i, 0] = hour
            evidence[i, 1] = weekend
            evidence[i, 6] = seen[i]
            if llr[i] > 0.0 or p[i] < 0.25:  # otherwise it is hardly a reason, and its sentence needs no numbers
                evidence[i, 7] = days_like(counts, start)
                usual_start = start if evidence[i, 7] >= FEW_DAYS else HOURS - start
                if days_like(counts, usual_start) > 0.0:
                    first, length = window(counts, usual_start)
                    evidence[i, 2] = first
                    evidence[i, 3] = (first + length) % HOURS
                first, length = calm_hours(weights, slack, prior, port_row, class_row, start)
                evidence[i, 4] = first
                evidence[i, 5] = (first + length) % HOURS
        learn(row.cells, base + start, hour, unit)
        if fresh[i]:
            tally[class_row, cell] += 1
            tally[class_row, CELLS] += 1
            tally[port_row, cell] += 1
            tally[port_row, CELLS] += 1
            touched[class_row] = 1
            touched[port_row] = 1


@dataclass(frozen=True)
class OddHour(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "odd_hour"
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
    shared: tuple[SharedSpec, ...] = (SharedSpec(CELLS + 1, lambda ports: 2 * CLASSES * (1 + ports)),)
    source: str = (
        "Gelman et al., Bayesian Data Analysis, 3.4; Mardia & Jupp, Directional Statistics, 12.1; Cormode et al. 2009"
    )
    min_seen: int = 12

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out,
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

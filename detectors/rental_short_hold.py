"""Is a rented vehicle back too soon, or crossing by night? `rental_short_hold`: against other rentals.

Model. A rental has many drivers and so no habit of its own: the peers are the crossings of rentals of its class. The
p of its stay (since its last crossing the other way, abroad and inside apart) is the share of rentals' stays as short
or shorter; the p of its hour, by night (`NIGHT`) only, is the share of rentals' crossings in hours at most as
probable. The smaller of the two counts, doubled. A rented shuttle that always turns quickly is no news: the
surprise is judged by the vehicle's own past too, as in `detectors/recurrence.py`.

Source: empirical distribution functions with a flat prior, Gelman et al., Bayesian Data Analysis, 3.4; and that of
`recurrence`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import DAY_MS, HOUR_MS, Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.decay import decay_factor
from detectors.phrase import clock, duration, percent
from detectors.recurrence import judged
from detectors.special import bounded_p
from schemas.batch import VEHICLE_CLASSES, Array

CLASSES = len(VEHICLE_CLASSES)
BINS = 32  # of the logarithm of a stay, from 5 minutes to 60 days
LOW = math.log(300.0)
WIDTH = (math.log(60 * 86400.0) - LOW) / BINS
HOURS = 24
NIGHT = (22, 5)  # local hours, from and up to
STAYS, TOTAL, BY_HOUR, HOURLY = 0, BINS, 0, HOURS  # columns of a row of stays, of a row of hours
LEAST = 50.0  # stays or crossings of rentals, before anything is said
PRIOR = 1.0
ROW = np.dtype([("n", "f4"), ("total", "f4"), ("last_s", "u4"), ("last", "i1")])


@njit(cache=True)
def bin_of(stay_s):  # type: ignore[no-untyped-def]
    """The bin of a stay in seconds; the shortest share the first, the longest the last."""
    return min(BINS - 1, max(0, int((math.log(max(1.0, stay_s)) - LOW) / WIDTH)))


@njit(cache=True)
def share_as_short(prior, row, level):  # type: ignore[no-untyped-def]
    """Share of rentals' stays in the bin or below."""
    mass = 0.0
    for k in range(level + 1):
        mass += prior[row, k]
    return (mass + PRIOR * (level + 1) / BINS) / (prior[row, TOTAL] + PRIOR)


@njit(cache=True)
def share_as_rare(prior, row, hour):  # type: ignore[no-untyped-def]
    """Share of rentals' crossings in hours at most as probable."""
    mass, limit = 0.0, prior[row, hour]
    for k in range(HOURS):
        mass += prior[row, k] if prior[row, k] <= limit else 0.0
    return (mass + PRIOR) / (prior[row, HOURLY] + PRIOR)


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, local_ms, direction, vehicle_class, rental, seen, fresh, prior, tally, touched,
    p, llr, evidence, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        if rental[i] != 1:
            continue
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        if now_s < row.last_s:
            continue
        hour = local_ms[i] % DAY_MS / HOUR_MS
        by_night = hour >= NIGHT[0] or hour < NIGHT[1]
        known = row.last_s > 0 and row.last != direction[i]
        stay_row = 2 * vehicle_class[i] + direction[i]  # inbound ends a stay abroad
        hour_row = 2 * CLASSES + vehicle_class[i]
        stay_s = now_s - row.last_s
        level = bin_of(stay_s)
        said, stay_p, hour_p = False, 1.0, 1.0
        if known and prior[stay_row, TOTAL] >= LEAST:
            stay_p = share_as_short(prior, stay_row, level)
            said = True
        if by_night and prior[hour_row, HOURLY] >= LEAST:
            hour_p = share_as_rare(prior, hour_row, int(hour))
            said = True
        u = -math.log(min(1.0, 2.0 * min(stay_p, hour_p)))
        factor = decay_factor(stay_s, half_life_s)
        n, total = row.n * factor, row.total * factor
        if said:
            p[i] = bounded_p(judged(u, n, total))
            evidence[i, 0] = stay_s if known else math.nan
            evidence[i, 1] = stay_p
            evidence[i, 2] = hour
            evidence[i, 3] = hour_p
            evidence[i, 4] = seen[i]
            n += 1.0
            total += u
        if fresh[i]:
            if known:
                tally[stay_row, level] += 1
                tally[stay_row, TOTAL] += 1
                touched[stay_row] = 1
            tally[hour_row, int(hour)] += 1
            tally[hour_row, HOURLY] += 1
            touched[hour_row] = 1
        row.n, row.total = n, total
        row.last_s, row.last = now_s, direction[i]


@dataclass(frozen=True)
class RentalShortHold(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "rental_short_hold"
    typologies: tuple[str, ...] = ("rental_short_hold",)
    reads: tuple[str, ...] = ("time_ms", "local_ms", "direction", "vehicle_class", "rental")
    needs: tuple[str, ...] = ("rental",)
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("stay_s", "stay_share", "hour", "hour_share", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(BINS + 1, lambda ports: 3 * CLASSES),)
    source: str = "Gelman et al., Bayesian Data Analysis, 2.6 and 3.4"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out,
               self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The stay or the hour, whichever is rarer among rentals.

        >>> numbers = {"stay_s": 2280.0, "stay_share": 0.008, "hour": 3.25, "hour_share": 0.02, "seen": 4}
        >>> RentalShortHold().explain(numbers, Context("2504", str, "inbound")).sentence
        'A rental, back after 38 min; 0.8 % of rentals stay away as short (4 earlier crossings).'
        """
        seen, stay, hour = int(evidence["seen"]), evidence["stay_s"], evidence["hour"]
        if math.isnan(stay) or evidence["hour_share"] < evidence["stay_share"]:
            share = percent(evidence["hour_share"])
            sentence = (
                f"A rental at {clock(hour)}; {share} of rentals cross at hours as rare ({seen} earlier crossings)."
            )
            return Finding("rental_short_hold", round(hour, 2), "h", None, seen, sentence, "by day")
        what, where = ("back", "away") if context.direction == "inbound" else ("out again", "inside")
        share = percent(evidence["stay_share"])
        sentence = (
            f"A rental, {what} after {duration(stay)}; {share} of rentals stay {where} as short "
            f"({seen} earlier crossings)."
        )
        return Finding("rental_short_hold", round(stay / 60, 1), "min", None, seen, sentence, None)

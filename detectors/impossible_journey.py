"""Could one vehicle be at both ports? `impossible_journey`: faster than vehicles go, so a clone or a misread.

Model. P(a journey this fast) from the peers' histogram of log travel times of the ordered pair of ports, with a
prior of `PRIOR` journeys (a crossing at the same port as the last is no journey and not evaluated): a speed model
where the registry gives positions (great-circle distance, log-normal speeds around `SPEED_KMH`), a weak general one
where it does not. A misread that happens to spell this vehicle's plate explains the pair as well, so its probability
is a floor:

    p = 1 - (1 - p_fast) (1 - COLLISION (1 - confidence_now * confidence_then))

Source: great-circle distance by the haversine formula (Sinnott 1984); the histogram is shrunk as in Gelman et al. 3.4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.phrase import duration
from detectors.special import bounded_p, normal_cdf
from schemas.batch import Array

BINS = 32
LOW = math.log(1.0)  # 1 s .. 30 days
WIDTH = math.log(30 * 86400.0) / BINS
TOTAL = BINS
PRIOR = 3.0
SPEED_KMH = 75.0  # median door-to-door speed between ports
SPREAD = 0.25  # of log speed
LEAST = 20.0  # journeys of a pair of unknown distance, before which it is not evaluated
GENERAL_S = 12 * 3600.0  # median time between ports of unknown distance
COLLISION = 0.02  # share of misreads that spell the plate of a vehicle that exists
ROW = np.dtype([("last_ms", "i8"), ("port", "i4"), ("confidence", "f4")])


@njit(cache=True)
def pair_row(a, b):  # type: ignore[no-untyped-def]
    """Row of an ordered pair of ports; rows of known ports never move as ports are added (Szudzik's pairing)."""
    return a * a + a + b if a >= b else b * b + a


@njit(cache=True)
def distance_km(lat1, lon1, lat2, lon2):  # type: ignore[no-untyped-def]
    """Great-circle distance; NaN where a position is unknown."""
    to_rad = math.pi / 180.0
    sin_lat = math.sin((lat2 - lat1) * to_rad / 2.0)
    sin_lon = math.sin((lon2 - lon1) * to_rad / 2.0)
    h = sin_lat * sin_lat + math.cos(lat1 * to_rad) * math.cos(lat2 * to_rad) * sin_lon * sin_lon
    return 2.0 * 6371.0 * math.asin(math.sqrt(h if math.isnan(h) else min(1.0, h)))


@njit(cache=True)
def journeys_below(prior, row, elapsed_s):  # type: ignore[no-untyped-def]
    """How many of the pair's journeys took at most `elapsed_s`, by its histogram."""
    at = (math.log(max(1.0, elapsed_s)) - LOW) / WIDTH
    here = min(BINS - 1, int(at))
    below = 0.0
    for k in range(here):
        below += prior[row, k]
    share = 1.0 if here == 0 else min(1.0, at - here)  # clocks of whole seconds: the first bin counts whole
    return below + prior[row, here] * share


@njit(cache=True)
def faster(prior, row, elapsed_s, km):  # type: ignore[no-untyped-def]
    """P(a journey of this pair takes at most `elapsed_s`)."""
    if km > 0.0:
        expected = normal_cdf((math.log(SPEED_KMH) - math.log(km / max(elapsed_s, 1.0) * 3600.0)) / SPREAD)
    else:
        expected = max(1.0, elapsed_s) / (elapsed_s + GENERAL_S)
    return (journeys_below(prior, row, elapsed_s) + PRIOR * expected) / (prior[row, TOTAL] + PRIOR)


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, port, confidence, seen, fresh, prior, tally, touched, p, llr, evidence, latitude, longitude
):
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        row = rows[slots[i]]
        if seen[i] > 0 and row.port != port[i]:
            elapsed_s = abs(time_ms[i] - row.last_ms) / 1000.0
            late = time_ms[i] < row.last_ms  # then the journey went from here to the port it was at later
            a, b = (port[i], row.port) if late else (row.port, port[i])
            known = a < len(latitude) and b < len(latitude)
            km = distance_km(latitude[a], longitude[a], latitude[b], longitude[b]) if known else math.nan
            shared_row = pair_row(a, b)
            if km > 0.0 or prior[shared_row, TOTAL] >= LEAST:
                fast = faster(prior, shared_row, elapsed_s, km)
                misread = COLLISION * (1.0 - confidence[i] * row.confidence)
                p[i] = bounded_p(1.0 - (1.0 - fast) * (1.0 - misread))
                evidence[i, 0] = -elapsed_s if late else elapsed_s
                evidence[i, 1] = row.port
                evidence[i, 2] = km
                evidence[i, 3] = prior[shared_row, TOTAL]
                evidence[i, 4] = misread
                evidence[i, 6] = journeys_below(prior, shared_row, elapsed_s)
                if p[i] < 0.05:
                    slowest = elapsed_s
                    while slowest < 60 * 86400.0 and faster(prior, shared_row, slowest, km) < 0.25:
                        slowest = slowest * 1.1 + 1.0
                    evidence[i, 5] = slowest
            if fresh[i]:
                tally[shared_row, min(BINS - 1, int((math.log(max(1.0, elapsed_s)) - LOW) / WIDTH))] += 1
                tally[shared_row, TOTAL] += 1
                touched[shared_row] = 1
        if time_ms[i] >= row.last_ms:
            row.last_ms = time_ms[i]
            row.port = port[i]
            row.confidence = confidence[i]


@dataclass(frozen=True)
class ImpossibleJourney(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "impossible_journey"
    typologies: tuple[str, ...] = ("impossible_journey",)
    reads: tuple[str, ...] = ("time_ms", "port", "read_confidence")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("elapsed_s", "other_port", "km", "journeys", "p_misread", "calm_s", "journeys_below")
    shared: tuple[SharedSpec, ...] = (SharedSpec(BINS + 1, lambda ports: ports * ports),)
    source: str = "Sinnott 1984, Virtues of the haversine; Gelman et al., Bayesian Data Analysis, 3.4"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out,
               self.parameters.port_latitude, self.parameters.port_longitude)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The journey, its speed where the distance is known, and what a misread would explain.

        >>> numbers = {"elapsed_s": 600, "other_port": 3, "km": 210.0, "journeys": 41, "p_misread": 0.001}
        >>> numbers |= {"calm_s": 9000, "journeys_below": 0}
        >>> ImpossibleJourney().explain(numbers, Context("2504", lambda code: "2604", "inbound")).sentence
        'At port 2604 and 10 min later at port 2504, 210 km away (1260 km/h): one of the two may be another vehicle
        or a misread.'
        """
        elapsed, km = abs(evidence["elapsed_s"]), evidence["km"]
        there, here = context.port_name(int(evidence["other_port"])), context.port
        first, last = (there, here) if evidence["elapsed_s"] >= 0 else (here, there)
        away = ""
        if not math.isnan(km):
            away = f", {km:.0f} km away ({km / max(elapsed, 1.0) * 3600.0:.0f} km/h)"
        elif evidence["journeys"] >= 1:
            quicker = math.ceil(100 * evidence["journeys_below"] / evidence["journeys"])
            how_many = f"{quicker} %" if quicker else "none"
            away = f", where {how_many} of {evidence['journeys']:.0f} recent journeys were as fast"
        journey = f"At port {first} and {duration(elapsed)} later at port {last}{away}"
        sentence = f"{journey}: one of the two may be another vehicle or a misread."
        calm = evidence["calm_s"]
        without = None if math.isnan(calm) else f"after {duration(calm, up=True)} or more between them"
        return Finding("impossible_journey", round(elapsed / 60, 2), "min", None, None, sentence, without)

"""Does the vehicle come with a driver it never had, or the driver with ever new vehicles? `driver_churn`.

The last `KNOWN` drivers of a vehicle are remembered. A driver who is none of them is as likely as something new is
for a vehicle that has changed as seldom or as often as this one, q, counted among its peers (`detectors/novelty.py`):
the shuttle with rotating drivers stays quiet. Given that, how many other vehicles was the driver new to lately? The
more, the odder, against the drivers new to vehicles that change as seldom:

    p = q  P(M >= m | new),   m from a sketch of bounded size, two hours old (`detectors/hashing.py`)

counted in bins of m over its mean, so that more or less traffic by itself is no news. A driver the vehicle knows has
p-value 1. The evidence is log(new to anybody / new to this vehicle).

Beyond the bound: with many more than `DRIVERS` drivers within a half-life counts run together, and m says less.
The first crossing of a vehicle is never answered, whoever drives it.

Source: Good (1953), The population frequencies of species; Cormode & Muthukrishnan (2005), the count-min sketch.
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
from detectors.hashing import add, least, short
from detectors.novelty import (
    CLASSES,
    RATES,
    cell_of,
    count,
    halvings,
    log_ratio,
    novelty_rate,
    place_of,
    remember,
    spec,
)
from detectors.phrase import percent
from detectors.special import bounded_p
from schemas.batch import Array

KNOWN = 4  # drivers remembered of a vehicle
DRIVERS = 16_384  # rows of the sketch
DRIVER_DAYS = 30.0  # half-life of the vehicles counted for a driver,
COUNTS_DAYS = 14.0  # and of the shares of such counts, which rise and fall with the traffic
BINS = 12  # of the number of vehicles over its mean, by powers of two around 1: a row for each class and rate
SUM, FIXED = BINS, 16.0  # column of the sum of these numbers, and its fixed-point scale
USUAL, USUAL_WEIGHT = 1.0, 5.0  # their mean before anything is published, and its weight in new drivers
STRENGTH = 5.0  # weight of the prior of their shares, in new drivers: each bin half as likely as the one before
ROW = np.dtype([("known", "u4", (KNOWN,)), ("n", "f4"), ("novel", "f4"), ("last_s", "u4")])


@njit(cache=True)
def bin_and_share(prior, row, vehicles):  # type: ignore[no-untyped-def]
    """The bin of a driver's number of vehicles, and the share of new drivers in that bin or above."""
    number = 0.0
    for k in range(BINS):
        number += prior[row, k]
    mean = (prior[row, SUM] / FIXED + USUAL_WEIGHT * USUAL) / (number + USUAL_WEIGHT)
    first = halvings(math.sqrt(2.0) * vehicles / mean, BINS - 1)
    above = STRENGTH * 0.5**first
    for k in range(first, BINS):
        above += prior[row, k]
    return first, above / (number + STRENGTH)


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, vehicle_class, driver, seen, fresh, prior, tally, touched, shares, tally_shares,
    touched_shares, vehicles, tally_vehicles, touched_vehicles, p, llr, evidence, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        if driver[i] == 0:
            continue
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        value = short(driver[i])
        place = place_of(row.known, value)
        new = place < 0
        others = least(vehicles, 0, driver[i], 0, DRIVERS) if new else 0.0
        if row.known[0] != 0:
            factor = decay_factor(now_s - row.last_s, half_life_s)
            n, novel = row.n * factor, row.novel * factor
            cell, column = cell_of(vehicle_class[i], n, novel)
            q = novelty_rate(prior, cell, column, n, novel)
            alike = vehicle_class[i] * RATES + column // 2
            b, share = bin_and_share(shares, alike, others)
            p[i] = bounded_p(q * share) if new else 1.0
            llr[i] = log_ratio(q, new)
            evidence[i, 0] = new
            evidence[i, 1] = np.count_nonzero(row.known)
            evidence[i, 2] = q
            evidence[i, 3] = others
            evidence[i, 4] = share
            evidence[i, 5] = seen[i]
            if fresh[i]:
                count(tally, touched, cell, column, new)
                if new:
                    tally_shares[alike, b] += 1
                    tally_shares[alike, SUM] += int(round(FIXED * others))
                    touched_shares[alike] = 1
            row.n, row.novel = n + 1.0, novel + new
        if new and fresh[i]:
            add(tally_vehicles, touched_vehicles, 0, driver[i], 0, DRIVERS, 1)
        remember(row.known, place, value)
        row.last_s = max(row.last_s, now_s)


@dataclass(frozen=True)
class DriverChurn(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "driver_churn"
    typologies: tuple[str, ...] = ("driver_churn",)
    reads: tuple[str, ...] = ("time_ms", "vehicle_class", "driver")
    needs: tuple[str, ...] = ("driver",)
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("new", "known", "rate", "vehicles", "vehicles_share", "seen")
    shared: tuple[SharedSpec, ...] = (
        spec(),
        SharedSpec(BINS + 1, lambda ports: CLASSES * RATES, half_life_days=COUNTS_DAYS),
        SharedSpec(2, lambda ports: DRIVERS, half_life_days=DRIVER_DAYS),
    )
    source: str = "Good 1953; Robbins 1956; Cormode & Muthukrishnan 2005"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        tables = (array for view in shared for array in view)
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *tables, *out,
               self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The new driver, how seldom the vehicle changes, and how many vehicles the driver came with.

        >>> numbers = {"new": 1, "known": 1, "rate": 0.012, "vehicles": 5.6, "vehicles_share": 0.03, "seen": 57}
        >>> finding = DriverChurn().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence
        'First time with this driver: it always had the same one, and vehicles that change as seldom come with another
        in 1.2 % of crossings; the driver was new to about 6 other vehicles lately, as 3 % of such drivers are (57
        earlier crossings).'
        >>> finding.without
        'with a driver it had before'
        """
        seen, known, others = int(evidence["seen"]), int(evidence["known"]), evidence["vehicles"]
        if not evidence["new"]:
            return Finding("driver_churn", None, None, None, seen, "It has had this driver before.", None)
        how, had = "First time with this driver", "it always had the same one"
        if known == KNOWN:  # others may have made room: "first time" might not be true
            how, had = "This driver is none of those it had lately", f"{KNOWN} are remembered"
        elif known > 1:
            had = f"it had {known} others before"
        rate = f"vehicles that change as seldom come with another in {percent(evidence['rate'])} of crossings"
        also = ""
        if others >= 1.0:
            plural = "s" if math.floor(others + 0.5) > 1 else ""
            also = (
                f"; the driver was new to about {others:.0f} other vehicle{plural} lately, "
                f"as {percent(evidence['vehicles_share'])} of such drivers are"
            )
        sentence = f"{how}: {had}, and {rate}{also} ({seen} earlier crossings)."
        return Finding("driver_churn", None, None, None, seen, sentence, "with a driver it had before")

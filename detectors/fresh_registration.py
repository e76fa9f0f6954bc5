"""Was it registered or sold under thirty days ago? `fresh_registration`: seldom, but never enough by itself.

It speaks only of vehicles that are this young, and only where they are no more than a share `P` of the crossings of
their class; then it always says the same, p = `P`, which is no smaller than that share and so holds over all traffic.
How rare it is goes into the evidence, log(`OTHER` / share), bounded. Since all its answers are equal, its calibrated
rank is 1 (`detectors/calibration.py`): it can neither carry an alert through the guard of `detectors/budget.py` nor
add more than 0.6 nats, and helps another typology along, which is what the typology says. Everybody buys a car once.

Source: Gelman et al., Bayesian Data Analysis, 2.4 (the share, shrunk); design note, `fresh_registration`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import DAY_MS, Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.phrase import percent
from schemas.batch import VEHICLE_CLASSES, Array

DAYS = 30
P = 0.05
OTHER = 0.5  # share of vehicles this young among those used for a purpose
MOST_LLR = 5.0  # nats
CROSSINGS, YOUNG = 0, 1  # columns of a class
PRIOR, PRIOR_SHARE = 100.0, 0.02  # weight in crossings
LEAST = 100.0  # crossings of a class with a date, before anything is said of it


@njit(cache=True)
def age_of(today, registered_on, owner_changed_on):  # type: ignore[no-untyped-def]
    """Days since the later of the two dates that is not in the future; -1 where there is none."""
    age = -1
    for day in (registered_on, owner_changed_on):
        since = int(today) - int(day)
        if 0 <= since < 200 * 366 and (age < 0 or since < age):
            age = since
    return age


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    time_ms, vehicle_class, registered_on, owner_changed_on, seen, fresh, prior, tally, touched, p, llr, evidence
):
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(time_ms)):
        age = age_of(time_ms[i] // DAY_MS, registered_on[i], owner_changed_on[i])
        if age < 0:
            continue
        cls = vehicle_class[i]
        if age < DAYS and prior[cls, CROSSINGS] >= LEAST:
            share = (prior[cls, YOUNG] + PRIOR * PRIOR_SHARE) / (prior[cls, CROSSINGS] + PRIOR)
            if share <= P:
                p[i] = P
                llr[i] = min(MOST_LLR, math.log(OTHER / share))
                evidence[i, 0] = age
                evidence[i, 1] = registered_on[i] + age == time_ms[i] // DAY_MS
                evidence[i, 2] = share
                evidence[i, 3] = seen[i]
        if fresh[i]:
            tally[cls, CROSSINGS] += 1
            tally[cls, YOUNG] += age < DAYS
            touched[cls] = 1


@dataclass(frozen=True)
class FreshRegistration(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "fresh_registration"
    alone: bool = False
    typologies: tuple[str, ...] = ("fresh_registration",)
    reads: tuple[str, ...] = ("time_ms", "vehicle_class", "registered_on", "owner_changed_on")
    needs: tuple[str, ...] = ("registered_on", "owner_changed_on")
    row: np.dtype[Any] = field(default_factory=lambda: np.dtype([]))
    evidence: tuple[str, ...] = ("age_days", "registered", "share", "seen")
    shared: tuple[SharedSpec, ...] = (SharedSpec(2, lambda ports: len(VEHICLE_CLASSES)),)
    source: str = "Gelman et al., Bayesian Data Analysis, 2.4"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(*(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *out)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """How young, and how seldom that is.

        >>> numbers = {"age_days": 12, "registered": 0, "share": 0.011, "seen": 3}
        >>> finding = FreshRegistration().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence, finding.without
        ('Sold 12 days ago; of its class 1.1 % of crossings are by vehicles registered or sold under 30 days ago.', '30
        days after it was sold')
        """
        age = int(evidence["age_days"])
        what = "registered" if evidence["registered"] else "sold"
        when = "today" if age == 0 else "1 day ago" if age == 1 else f"{age} days ago"
        sentence = (
            f"{what.capitalize()} {when}; of its class {percent(evidence['share'])} of crossings are by vehicles "
            f"registered or sold under {DAYS} days ago."
        )
        without = f"{DAYS} days after it was {what}"
        return Finding("fresh_registration", float(age), "days", None, int(evidence["seen"]), sentence, without)

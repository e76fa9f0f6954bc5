"""Does somebody drive ahead of it? `spotter`: one leads by 1 to 15 min, in another lane, and is back within the hour.

Of five or more joint crossings in the same direction (within 15 min of each other, on as many of the last 32 days)
the other led 85 % and went back within the hour after 85 % of those, or all but one. Five, not the six of the
definition: the p-value is the better judge, and the diary ends after a month. p: see `detectors/pairs_scout.py`, for
the best of the possible scouts that crossed in the last 15 min, times the share of crossings that have any such scout
(`detectors/pairs_share.py`). The vehicle that follows is told of first: it is the one that carries. The one that
leads is told of at its next crossings in that direction for three weeks. What is known of the return is what it did
on earlier days.

Evaluated from the fifth entry of this vehicle's diary at the port on; 1 where nobody led. Pairs that are known for
long are passed over, as in `convoy`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.pairs_chance import of_many
from detectors.pairs_found import (
    AHEAD,
    AHEAD_OF,
    AHEAD_TIMES,
    JOINT,
    LEAD,
    LED,
    RETURNED,
    SCOUT,
    SCOUT_CHANCE,
    SCOUT_TAIL,
    SCOUTS_SEEN,
    name,
)
from detectors.pairs_share import SHARES, count, explained
from detectors.phrase import duration
from detectors.special import bounded_p
from schemas.batch import Array


@njit(cache=True)
def assess(partners, port, fresh, prior, tally, touched, p, evidence):  # type: ignore[no-untyped-def]
    """The compiled walk: p of the best possible scout of all that were looked at, or of driving ahead itself."""
    for i in range(len(p)):
        found = partners[i]
        if not found[SCOUTS_SEEN] >= 0.0:
            continue
        tail = of_many(found[SCOUT_TAIL], found[SCOUTS_SEEN]) if found[SCOUT_TAIL] < 1.0 else math.nan
        p[i] = bounded_p(explained(tail, 0.0, prior, port[i]))
        evidence[i, 0] = found[SCOUTS_SEEN]
        if fresh[i]:
            count(tail, port[i], tally, touched)
        if not math.isnan(tail):
            name(evidence[i, 1:3], found[SCOUT])
            for k, column in enumerate((LED, JOINT, RETURNED, LEAD, SCOUT_CHANCE)):
                evidence[i, 3 + k] = found[column]
        ahead = explained(found[AHEAD], 0.0, prior, port[i])
        if ahead < p[i]:
            p[i] = bounded_p(ahead)
            name(evidence[i, 1:3], found[AHEAD_OF])
            evidence[i, 3], evidence[i, 4:8] = found[AHEAD_TIMES], np.nan


@dataclass(frozen=True)
class Spotter(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "spotter"
    key: str = "port"
    typologies: tuple[str, ...] = ("spotter",)
    reads: tuple[str, ...] = ("partners", "port")
    row: np.dtype[Any] = field(default_factory=lambda: np.dtype([]))
    evidence: tuple[str, ...] = ("looked", "other", "other_low", "led", "joint", "returned", "lead_s", "chance")
    shared: tuple[SharedSpec, ...] = (SHARES,)
    source: str = (
        "Fisher 1932, Statistical Methods for Research Workers, 21.1; beta-binomial, Johnson, Kemp & Kotz 2005"
    )

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Judge what was found; see the module."""
        assess(batch["partners"], batch["port"], known.fresh, *shared[0], out.p, out.evidence)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """Who led how often, and went back.

        >>> numbers = {"looked": 2, "led": 7, "joint": 7, "returned": 6, "lead_s": 420, "chance": 0.5}
        >>> finding = Spotter().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence, finding.without
        ('The same vehicle drove 7 min ahead of it in another lane: it led by 1 to 15 min on 7 of 7 joint crossings and
        was back within the hour after 6 of the 6 before; chance would have it 0.5 times.', 'below 5 joint crossings')
        """
        if np.isnan(evidence["led"]):
            return Finding("spotter", None, None, None, None, "No vehicle drives ahead of it again and again.", None)
        led = int(evidence["led"])
        if np.isnan(evidence["joint"]):
            sentence = (
                f"On {led} days it drove 1 to 15 min ahead of the same other vehicle, and was back within the hour."
            )
            return Finding("spotter", float(led), "leads", None, led, sentence, "below 5 joint crossings")
        joint, returned = int(evidence["joint"]), int(evidence["returned"])
        sentence = (
            f"The same vehicle drove {duration(evidence['lead_s'])} ahead of it in another lane: it led by 1 to 15 min "
            f"on {led} of {joint} joint crossings and was back within the hour after {returned} of the {led - 1} "
            f"before; chance would have it {evidence['chance']:.1f} times."
        )
        usual = (0.0, round(evidence["chance"], 2))
        return Finding("spotter", float(led), "leads", usual, joint, sentence, "below 5 joint crossings")

"""Did it cross with a vehicle that had a confirmed seizure? `linked_to_seizure`: one hop, 180 days, never alone.

What is remembered of whom a vehicle crossed with (`detectors/pairs_memory.py`: two meetings or more, the best
companion of each crossing) is looked up in the list of vehicles that something was seized from in the last 180 days.
p is how often the two would have met by chance, as it stood at their last meeting. It is held at `LEAST` or above:
knowing somebody is weak evidence, and one answer alone never alerts there (an alert takes one below 1e-4, or two).

Evaluated only for such companions, so that it does not count in anybody's favour that nothing was ever seized around
them; their list comes from the dispositions, two event-time hours late.

Source: the tail of a pair as in `detectors/pairs_chance.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared
from detectors.compiled import njit
from detectors.pairs_found import SEIZED_DAYS, SEIZED_MET, SEIZED_PARTNER, SEIZED_TAIL, name
from schemas.batch import Array

LEAST = 2e-3


@njit(cache=True)
def assess(partners, p, evidence):  # type: ignore[no-untyped-def]
    """The compiled walk: p of the companion that something was seized from."""
    for i in range(len(p)):
        found = partners[i]
        if found[SEIZED_TAIL] <= 1.0:
            p[i] = max(LEAST, found[SEIZED_TAIL])
            name(evidence[i, 0:2], found[SEIZED_PARTNER])
            evidence[i, 2], evidence[i, 3] = found[SEIZED_MET], found[SEIZED_DAYS]


@dataclass(frozen=True)
class LinkedToSeizure(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "linked_to_seizure"
    alone: bool = False
    key: str = "port"
    typologies: tuple[str, ...] = ("linked_to_seizure",)
    reads: tuple[str, ...] = ("partners",)
    row: np.dtype[Any] = field(default_factory=lambda: np.dtype([]))
    evidence: tuple[str, ...] = ("partner", "partner_low", "met", "days_ago")
    source: str = "Gamma-Poisson tail, Johnson, Kemp & Kotz 2005, 5.6"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Judge what was found; see the module."""
        assess(batch["partners"], out.p, out.evidence)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """How often it met a vehicle with a seizure, and when that was.

        >>> numbers = {"met": 3, "days_ago": 40.2}
        >>> LinkedToSeizure().explain(numbers, Context("2504", str, "inbound")).sentence
        'Crossed 3 times within 2 min of a vehicle that had a confirmed seizure 40 days ago.'
        """
        met = int(evidence["met"])
        sentence = (
            f"Crossed {met} {'time' if met == 1 else 'times'} within 2 min of a vehicle that had a confirmed seizure "
            f"{evidence['days_ago']:.0f} days ago."
        )
        return Finding("linked_to_seizure", float(met), "meetings", None, met, sentence, "without those meetings")

"""Does it cross with a vehicle that had a confirmed seizure? `linked_to_seizure`: one hop, 180 days, never alone.

The neighbours of `detectors/pairs.py` that something was seized from in the last 180 days are few, so that their
meetings need not stand out among all pairs of the port: p is the tail of the best of those few, for any number of
earlier meetings in 32 days. It is held at `LEAST` or above: knowing somebody is weak evidence, and one answer alone
never alerts there (an alert takes one below 1e-4, or two). Familiar pairs are not passed over.

Evaluated only where such a neighbour is close; their list comes from the dispositions, two event-time hours late.

Source: the tail of a pair as in `detectors/pairs_chance.py`; best of many, Sidak 1967.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared
from detectors.compiled import njit
from detectors.diary import DAYS
from detectors.pairs_chance import of_many
from detectors.pairs_found import (
    HISTORY,
    SEIZED,
    SEIZED_CHANCE,
    SEIZED_DAYS,
    SEIZED_MET,
    SEIZED_PARTNER,
    SEIZED_TAIL,
)
from schemas.batch import Array

LEAST = 2e-3


@njit(cache=True)
def assess(partners, p, evidence):  # type: ignore[no-untyped-def]
    """The compiled walk: p of the best neighbour something was seized from."""
    for i in range(len(p)):
        found = partners[i]
        if not (found[HISTORY] > 0 and found[SEIZED] > 0):
            continue
        p[i] = min(1.0, max(LEAST, of_many(found[SEIZED_TAIL], found[SEIZED])))
        for k, column in enumerate((SEIZED_PARTNER, SEIZED_MET, SEIZED_CHANCE, SEIZED_DAYS)):
            evidence[i, k] = found[column]


@dataclass(frozen=True)
class LinkedToSeizure(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "linked_to_seizure"
    key: str = "port"
    typologies: tuple[str, ...] = ("linked_to_seizure",)
    reads: tuple[str, ...] = ("partners",)
    row: np.dtype[Any] = field(default_factory=lambda: np.dtype([]))
    evidence: tuple[str, ...] = ("partner", "met", "chance", "days_ago")
    source: str = "Gamma-Poisson tail, Johnson, Kemp & Kotz 2005, 5.6; best of many, Sidak 1967"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Judge what was found; see the module."""
        assess(batch["partners"], out.p, out.evidence)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """How often it met a vehicle with a seizure, and when that was.

        >>> numbers = {"partner": 1.0, "met": 3, "chance": 0.1, "days_ago": 40.2}
        >>> LinkedToSeizure().explain(numbers, Context("2504", str, "inbound")).sentence
        'Crossed within 2 min of a vehicle that had a confirmed seizure 40 days ago, 3 times in 32 days; chance would
        have it 0.1 times.'
        """
        met, chance = int(evidence["met"]), evidence["chance"]
        sentence = (
            f"Crossed within 2 min of a vehicle that had a confirmed seizure {evidence['days_ago']:.0f} days ago, "
            f"{met} {'time' if met == 1 else 'times'} in {DAYS} days; chance would have it {chance:.1f} times."
        )
        usual = (0.0, round(chance, 2))
        return Finding("linked_to_seizure", float(met), "meetings", usual, met, sentence, "without those meetings")

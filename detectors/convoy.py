"""Does it cross with the same other vehicle, again and again? `convoy`: met on three days of 32 or more, beyond chance.

`detectors/pairs.py` finds the neighbour whose diary agrees most with this vehicle's own; `detectors/pairs_chance.py`
says how often two such diaries would agree by chance, by their near misses. p is that of the best of all neighbours
looked at. A pair that is known for long (`detectors/pairs_known.py`) is passed over: one household's two cars are
news once.

Evaluated where somebody is near and this vehicle's diary has an entry at this port. The first vehicle of a convoy
cannot be told of, since its companion has not crossed yet: the second one is.

Source: Gamma-Poisson tail, Johnson, Kemp & Kotz 2005, 5.6; best of many, Sidak 1967, JASA 62.
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
from detectors.pairs_found import BEHIND, CHANCE, DAYS_MET, HISTORY, LOOKED, MET, PARTNER, TAIL
from detectors.phrase import duration
from detectors.special import bounded_p
from schemas.batch import Array

DAYS_LEAST = 3  # with today
HISTORY_LEAST = 2  # earlier entries at this port


@njit(cache=True)
def assess(partners, p, evidence):  # type: ignore[no-untyped-def]
    """The compiled walk: p of the best neighbour among all that were looked at."""
    for i in range(len(p)):
        found = partners[i]
        if not found[HISTORY] >= HISTORY_LEAST:
            continue
        p[i] = 1.0
        evidence[i, 0] = found[LOOKED]
        if found[DAYS_MET] >= DAYS_LEAST:
            p[i] = bounded_p(of_many(found[TAIL], found[LOOKED]))
            for k, column in enumerate((PARTNER, DAYS_MET, MET, CHANCE, BEHIND)):
                evidence[i, 1 + k] = found[column]


@dataclass(frozen=True)
class Convoy(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "convoy"
    key: str = "port"
    typologies: tuple[str, ...] = ("convoy",)
    reads: tuple[str, ...] = ("partners",)
    row: np.dtype[Any] = field(default_factory=lambda: np.dtype([]))  # the stage keeps what the four detectors share
    evidence: tuple[str, ...] = ("looked", "partner", "days", "met", "chance", "behind_s")
    source: str = "Gamma-Poisson tail, Johnson, Kemp & Kotz 2005, 5.6; best of many, Sidak 1967"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Judge what was found; see the module."""
        assess(batch["partners"], out.p, out.evidence)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """How often they met, and how often chance would have it.

        >>> numbers = {"looked": 9, "partner": 1.0, "days": 4, "met": 7, "chance": 0.12, "behind_s": 35}
        >>> finding = Convoy().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence, finding.without
        ('Crossed 35 s behind the same other vehicle as before: within 2 min of it 7 times on 4 of the last 32 days
        here; chance would have it 0.1 times.', 'on fewer than 3 days')
        """
        if np.isnan(evidence["days"]):
            sentence = f"No companion among the {evidence['looked']:.0f} vehicles near it."
            return Finding("convoy", None, None, None, None, sentence, None)
        days, met = int(evidence["days"]), int(evidence["met"])
        sentence = (
            f"Crossed {duration(abs(evidence['behind_s']))} behind the same other vehicle as before: within 2 min of "
            f"it {met} times on {days} of the last {DAYS} days here; "
            f"chance would have it {evidence['chance']:.1f} times."
        )
        usual = (0.0, round(evidence["chance"], 2))
        return Finding("convoy", float(met), "meetings", usual, met, sentence, f"on fewer than {DAYS_LEAST} days")

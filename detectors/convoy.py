"""Does it cross with the same other vehicle, again and again? `convoy`: met on three days of 32 or more, beyond chance.

`detectors/pairs.py` finds the neighbour whose diary agrees most with this vehicle's own. There are three innocent
explanations, and p is small only where all of them are unlikely: chance (near misses, `detectors/pairs_chance.py`),
the habits of both (`detectors/pairs_habit.py`), for the best of all N neighbours, 1 - (1 - x)^N; and two cars that
always go together, by how long either went alone before. What each weighs is learnt at the port
(`detectors/pairs_share.py`). So two vehicles never seen apart, such as a family on holiday, are hardly odd; and a
pair that is known for long (`detectors/pairs_known.py`) is passed over.

The first vehicle of a convoy cannot be told of, since its companion has not crossed yet: the second one is; the first
within the day, at its next crossing, with half of the evidence (the square root of p). Evaluated from the third entry
of its diary at this port on; 1 where no companion is near.

Source: Gamma-Poisson tail, Johnson, Kemp & Kotz (2005), 5.6; best of many, Sidak (1967), JASA 62, 626-633.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import Columns, Context, Defaults, Finding, Out, Parameters, Shared, SharedSpec
from detectors.compiled import njit
from detectors.diary import DAYS
from detectors.pairs import DAYS_LEAST
from detectors.pairs_chance import of_many
from detectors.pairs_found import (
    BEHIND,
    CHANCE,
    DAYS_MET,
    HISTORY,
    LOOKED,
    MET,
    NEW,
    PARTNER,
    RECENT,
    RECENT_MET,
    RECENT_NEW,
    RECENT_PARTNER,
    RECENT_S,
    TAIL,
    name,
)
from detectors.pairs_share import SHARES, count, explained
from detectors.phrase import duration
from detectors.special import bounded_p
from schemas.batch import Array

HISTORY_LEAST = 2  # earlier entries at this port


@njit(cache=True)
def assess(partners, port, fresh, prior, tally, touched, p, evidence):  # type: ignore[no-untyped-def]
    """The compiled walk: p of the best neighbour among all that were looked at, or of the convoy of this day."""
    for i in range(len(p)):
        found = partners[i]
        if not found[HISTORY] >= HISTORY_LEAST:
            continue
        tail = of_many(found[TAIL], found[LOOKED]) if found[DAYS_MET] >= DAYS_LEAST else math.nan
        p[i] = bounded_p(explained(tail, found[NEW], prior, port[i]))
        evidence[i, 0] = found[LOOKED]
        if fresh[i]:
            count(tail, port[i], tally, touched)
        if not math.isnan(tail):
            name(evidence[i, 1:3], found[PARTNER])
            for k, column in enumerate((MET, DAYS_MET, CHANCE, BEHIND)):
                evidence[i, 3 + k] = found[column]
        recent = explained(found[RECENT], found[RECENT_NEW], prior, port[i])
        if math.sqrt(recent) < p[i]:
            p[i] = bounded_p(math.sqrt(recent))
            name(evidence[i, 1:3], found[RECENT_PARTNER])
            evidence[i, 3], evidence[i, 7] = found[RECENT_MET], found[RECENT_S]
            evidence[i, 4:7] = np.nan


@dataclass(frozen=True)
class Convoy(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "convoy"
    key: str = "port"
    typologies: tuple[str, ...] = ("convoy",)
    reads: tuple[str, ...] = ("partners", "port")
    row: np.dtype[Any] = field(default_factory=lambda: np.dtype([]))  # the stage keeps what the four detectors share
    evidence: tuple[str, ...] = (
        "looked",
        "partner",
        "partner_low",
        "met",
        "days",
        "chance",
        "behind_s",
        "since_s",
    )
    shared: tuple[SharedSpec, ...] = (SHARES,)
    source: str = "Gamma-Poisson tail, Johnson, Kemp & Kotz 2005, 5.6; best of many, Sidak 1967"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Judge what was found; see the module."""
        assess(batch["partners"], batch["port"], known.fresh, *shared[0], out.p, out.evidence)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """How often they met, and how often chance would have it.

        >>> numbers = {
        ...     "looked": 9,
        ...     "partner": 1.0,
        ...     "met": 7,
        ...     "days": 4,
        ...     "chance": 0.12,
        ...     "behind_s": 35,
        ...     "since_s": math.nan,
        ... }
        >>> finding = Convoy().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence, finding.without
        ('Crossed 35 s behind the same other vehicle as before: within 2 min of it 7 times on 4 of the last 32 days
        here; chance would have it 0.1 times.', 'on fewer than 3 days')
        """
        if np.isnan(evidence["met"]):
            sentence = f"No companion among the {evidence['looked']:.0f} vehicles near it."
            return Finding("convoy", None, None, None, None, sentence, None)
        met = int(evidence["met"])
        if not np.isnan(evidence["since_s"]):
            sentence = (
                f"Crossed {duration(evidence['since_s'])} ago together with the same other vehicle as before: "
                f"within 2 min of it {met} times in {DAYS} days here."
            )
            return Finding("convoy", float(met), "meetings", None, met, sentence, "on another day")
        sentence = (
            f"Crossed {duration(abs(evidence['behind_s']))} behind the same other vehicle as before: within 2 min of "
            f"it {met} times on {evidence['days']:.0f} of the last {DAYS} days here; "
            f"chance would have it {evidence['chance']:.1f} times."
        )
        usual = (0.0, round(evidence["chance"], 2))
        return Finding("convoy", float(met), "meetings", usual, met, sentence, f"on fewer than {DAYS_LEAST} days")

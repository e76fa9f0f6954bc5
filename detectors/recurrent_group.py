"""Do three or more travel together, again and again? `recurrent_group`: two companions at once, on the same three days.

Of the neighbours that `detectors/pairs.py` finds, the second best is judged too. A pair is no group, so the best is
granted to be a true companion; p is the probability that the best of the N - 1 others agrees that well with this
vehicle's diary by chance or habit,

    p = 1 - (1 - x)^(N - 1),     x the tail probability of the second best of N

and it is only asked where all three met on three days or more, today included. As in `convoy`, vehicles that always
went together are the other explanation (`detectors/pairs_share.py`: three cars of a family are fewer than two), and
pairs that are known for long are passed over. Of larger groups the two companions with the most evidence are named.

Source: the tail of a pair as in `detectors/pairs_chance.py`; best of many, Sidak (1967), JASA 62, 626-633.
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
from detectors.pairs_found import HISTORY, LOOKED, NEW, PARTNER, SECOND, SECOND_NEW, SECOND_PARTNER, TOGETHER, name
from detectors.pairs_share import SHARES, count, explained
from detectors.special import bounded_p
from schemas.batch import Array

HISTORY_LEAST = 2  # earlier entries at this port


@njit(cache=True)
def assess(partners, port, fresh, prior, tally, touched, p, evidence):  # type: ignore[no-untyped-def]
    """The compiled walk: p of the second best neighbour among all that were looked at."""
    for i in range(len(p)):
        found = partners[i]
        if not found[HISTORY] >= HISTORY_LEAST:
            continue
        tail = of_many(found[SECOND], found[LOOKED] - 1.0) if found[TOGETHER] >= DAYS_LEAST else math.nan
        p[i] = bounded_p(explained(tail, min(found[NEW], found[SECOND_NEW]), prior, port[i]))
        evidence[i, 0] = found[LOOKED]
        if fresh[i]:
            count(tail, port[i], tally, touched)
        if not math.isnan(tail):
            name(evidence[i, 1:3], found[PARTNER])
            name(evidence[i, 3:5], found[SECOND_PARTNER])
            evidence[i, 5] = found[TOGETHER]


@dataclass(frozen=True)
class RecurrentGroup(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "recurrent_group"
    key: str = "port"
    typologies: tuple[str, ...] = ("recurrent_group",)
    reads: tuple[str, ...] = ("partners", "port")
    row: np.dtype[Any] = field(default_factory=lambda: np.dtype([]))
    evidence: tuple[str, ...] = ("looked", "partner", "partner_low", "second", "second_low", "days")
    shared: tuple[SharedSpec, ...] = (SHARES,)
    source: str = "Gamma-Poisson tail, Johnson, Kemp & Kotz 2005, 5.6; best of many, Sidak 1967"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Judge what was found; see the module."""
        assess(batch["partners"], batch["port"], known.fresh, *shared[0], out.p, out.evidence)

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """On how many days the three met.

        >>> numbers = {"looked": 9, "days": 4}
        >>> finding = RecurrentGroup().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence, finding.without
        ('Crossed with the same two other vehicles on 4 of the last 32 days here, all within 2 min.',
        'on fewer than 3 days')
        """
        if np.isnan(evidence["days"]):
            sentence = f"No two companions among the {evidence['looked']:.0f} vehicles near it."
            return Finding("recurrent_group", None, None, None, None, sentence, None)
        days = int(evidence["days"])
        sentence = f"Crossed with the same two other vehicles on {days} of the last {DAYS} days here, all within 2 min."
        without = f"on fewer than {DAYS_LEAST} days"
        return Finding("recurrent_group", float(days), "days", None, days, sentence, without)

"""Is this a trailer that the tractor never pulled before? `trailer_novelty`.

The last `KNOWN` trailers are remembered. One that is none of them has the probability of something new for a tractor
that has changed as seldom or as often as this one, q, counted among its peers (`detectors/novelty.py`): a drop-trailer
haulier with ever new trailers stays quiet, a tractor that was always seen with its own does not. Given that, trailers
that the carrier's other tractors were seen with (a sketch of bounded size, two hours old) are told from those that
nobody of the carrier had:

    p = q for a trailer of the carrier's, q P(not of the carrier's | new, tractors that change as often) for another

A trailer known has p-value 1. The evidence is log(new to anybody / new to this one). Where no carrier is given, all
tractors without one count as one carrier's. With many more than `SKETCH` trailers within a half-life some look known.

Source: Good (1953), The population frequencies of species; Robbins (1956), An empirical Bayes approach to statistics.
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
from detectors.hashing import add, least, pair, short
from detectors.novelty import (
    CLASSES,
    OTHER,
    RATES,
    ROWS,
    cell_of,
    count,
    log_ratio,
    novelty_rate,
    place_of,
    remember,
    spec,
)
from detectors.phrase import percent
from detectors.special import bounded_p
from schemas.batch import Array

KNOWN = 6  # trailers remembered of a tractor
SKETCH = 65_536  # rows of the sketch of the carriers' trailers
SELDOM = 0.3  # decayed sightings below which a trailer is not of the carrier's: one, 1.7 half-lives ago
PRIOR, PRIOR_STRANGE = 10.0, 0.5  # of the share of such trailers among new ones, in crossings
ROW = np.dtype([("known", "u4", (KNOWN,)), ("n", "f4"), ("novel", "f4"), ("last_s", "u4")])


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, vehicle_class, trailer, carrier, seen, fresh, prior, tally, touched, trailers, tally_trailers,
    touched_trailers, p, llr, evidence, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        if trailer[i] == 0:
            continue
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        value = short(trailer[i])
        place = place_of(row.known, value)
        if row.known[0] != 0:
            factor = decay_factor(now_s - row.last_s, half_life_s)
            n, novel, new = row.n * factor, row.novel * factor, place < 0
            cell, column = cell_of(vehicle_class[i], n, novel)
            q = novelty_rate(prior, cell, column, n, novel)
            p[i], llr[i], strange = 1.0, log_ratio(q, new), False
            if new:
                alike = ROWS + vehicle_class[i] * RATES + column // 2
                strange = least(trailers, 0, pair(carrier[i], trailer[i]), 0, SKETCH) < SELDOM
                share = (prior[alike, 1] + PRIOR * PRIOR_STRANGE) / (prior[alike, 0] + PRIOR)
                p[i] = bounded_p(q * share if strange else q)
                llr[i] = math.log(OTHER / (q * share) if strange else (1.0 - OTHER) / (q * (1.0 - share)))
                evidence[i, 4] = share
                if fresh[i]:
                    count(tally, touched, alike, 0, strange)
            evidence[i, 0] = new + strange
            evidence[i, 1] = np.count_nonzero(row.known)
            evidence[i, 2] = q
            evidence[i, 3] = seen[i]
            if fresh[i]:
                count(tally, touched, cell, column, new)
            row.n, row.novel = n + 1.0, novel + new
        if fresh[i]:
            add(tally_trailers, touched_trailers, 0, pair(carrier[i], trailer[i]), 0, SKETCH, 1)
        remember(row.known, place, value)
        row.last_s = max(row.last_s, now_s)


@dataclass(frozen=True)
class TrailerNovelty(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "trailer_novelty"
    typologies: tuple[str, ...] = ("trailer_novelty",)
    reads: tuple[str, ...] = ("time_ms", "vehicle_class", "trailer", "carrier")
    needs: tuple[str, ...] = ("trailer",)
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("new", "known", "rate", "seen", "strange_share")
    shared: tuple[SharedSpec, ...] = (spec(CLASSES * RATES), SharedSpec(2, lambda ports: SKETCH))
    source: str = "Good 1953; Robbins 1956"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *shared[1], *out,
               self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """How seldom a tractor that changes as seldom as this one comes with another trailer.

        >>> numbers = {"new": 2, "known": 1, "rate": 0.004, "seen": 57, "strange_share": 0.1}
        >>> finding = TrailerNovelty().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence
        'First time with this trailer: it always had the same one, and tractors that keep to theirs as it does come
        with another in 0.4 % of crossings; no other tractor of the carrier was seen with it, as with 10 % of those (57
        earlier crossings).'
        >>> finding.without
        'with a trailer it had before'
        """
        seen, known = int(evidence["seen"]), int(evidence["known"])
        if not evidence["new"]:
            return Finding("trailer_novelty", None, None, None, seen, "It has had this trailer before.", None)
        how, had = "First time with this trailer", "it always had the same one"
        if known == KNOWN:  # others may have made room: "first time" might not be true
            how, had = "This trailer is none of those it had lately", f"{KNOWN} are remembered"
        elif known > 1:
            had = f"it had {known} others before"
        strange = ""
        if evidence["new"] > 1:
            share = percent(evidence["strange_share"])
            strange = f"; no other tractor of the carrier was seen with it, as with {share} of those"
        sentence = (
            f"{how}: {had}, and tractors that keep to theirs as it does come with another in "
            f"{percent(evidence['rate'])} of crossings{strange} ({seen} earlier crossings)."
        )
        return Finding("trailer_novelty", None, None, None, seen, sentence, "with a trailer it had before")

"""Do these parties work together for the first time? `party_novelty`: a combination never or seldom seen.

Two questions, one after the other. Has this truck come with this carrier, shipper, consignee and commodity before (its
last `KNOWN` combinations are remembered)? If not: which pairs are new to everybody (`PAIRS`: the carrier's with the
others, and the shipper's with the commodity), counted in a sketch of bounded size?

    q    P(new combination) for a truck that changes as often, counted among its peers (`detectors/novelty.py`)
    c    given that, P(some pair is new) for a carrier that takes on new ones as often, likewise
    s    given that, the share of the sets of new pairs at most as frequent as this set, with such carriers

p is 1 for a known combination, q for a new one of known pairs, q c s where a pair is new. Carriers for anybody, with
ever new shippers, stay quiet; so does the truck from the pool of one that always carries the same.

Beyond the bound: with many more than `SKETCH` pairs within a half-life some new ones look known. A pair counts as new
again when its decayed count is below `SELDOM`, and for two hours after it was first seen.

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
from detectors.hashing import add, bucket, least, pair, short
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
    share_of_set,
    spec,
)
from detectors.phrase import percent
from detectors.special import bounded_p
from schemas.batch import Array

PAIRS = (
    "this carrier with this shipper",
    "this carrier with this consignee",
    "this carrier with this commodity",
    "this shipper with this commodity",
)
KNOWN = 4  # combinations remembered of a truck
SKETCH = 65_536  # rows of the sketch of pairs
CARRIERS = 8_192  # carriers share these rows, by hash
SELDOM = 0.3  # decayed sightings of a pair below which it is new: one, 1.7 half-lives ago
OTHER_PAIR = 0.7  # P(some pair is new) if a combination has nothing to do with the habits of truck and carrier
CELLS = ROWS  # the carriers' cells follow those of the trucks, and after them rows of sets, by class and rate
SETS = 2 * ROWS
ROW = np.dtype([("known", "u4", (KNOWN,)), ("n", "f4"), ("novel", "f4"), ("last_s", "u4")])


@njit(cache=True)
def pairs_of(carrier, shipper, consignee, commodity, keys):  # type: ignore[no-untyped-def]
    """Fill `keys[4]` with the hashes of the pairs, in the order of `PAIRS`; 0 where one of the two is absent."""
    keys[0] = pair(carrier + np.uint64(1), shipper) if carrier != 0 and shipper != 0 else 0
    keys[1] = pair(carrier + np.uint64(2), consignee) if carrier != 0 and consignee != 0 else 0
    keys[2] = pair(carrier + np.uint64(3), commodity) if carrier != 0 and commodity != 0 else 0
    keys[3] = pair(shipper + np.uint64(4), commodity) if shipper != 0 and commodity != 0 else 0


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, vehicle_class, carrier, shipper, consignee, commodity, seen, fresh, prior, tally, touched,
    pairs, tally_pairs, touched_pairs, carriers, tally_carriers, touched_carriers, p, llr, evidence, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    keys = np.empty(4, np.uint64)
    for i in range(len(slots)):
        if carrier[i] == 0 and shipper[i] == 0 and consignee[i] == 0 and commodity[i] == 0:
            continue
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        value = short(pair(pair(carrier[i], shipper[i]), pair(consignee[i], commodity[i])))
        place = place_of(row.known, value)
        known, new = row.known[0] != 0, place < 0
        factor = decay_factor(now_s - row.last_s, half_life_s)
        n, novel = row.n * factor, row.novel * factor
        cell, column = cell_of(vehicle_class[i], n, novel)
        q = novelty_rate(prior, cell, column, n, novel) if known else 1.0
        pairs_of(carrier[i], shipper[i], consignee[i], commodity[i], keys)
        of_carrier = bucket(carrier[i], 0, CARRIERS)
        work, taken_on = carriers[of_carrier, 0], carriers[of_carrier, 1]
        if new:
            members = 0
            for k in range(4):
                members |= (keys[k] != 0 and least(pairs, 0, keys[k], 0, SKETCH) < SELDOM) << k
            their, at = cell_of(vehicle_class[i], work, taken_on)
            sets = SETS + vehicle_class[i] * RATES + at // 2
            c = min(0.999, novelty_rate(prior, CELLS + their, at, work, taken_on))
            if known or (carrier[i] != 0 and work >= 1.0):
                tail = 1.0
                if members:
                    tail = c * share_of_set(prior, sets, members)[0]
                chance = OTHER_PAIR / c if members else (1.0 - OTHER_PAIR) / (1.0 - c)
                p[i] = bounded_p(q * tail)
                llr[i] = math.log(chance * (OTHER / q if known else 1.0))
                evidence[i, 0] = members
                evidence[i, 1] = q
                evidence[i, 2] = tail
                evidence[i, 3] = seen[i]
            if fresh[i] and carrier[i] != 0:
                count(tally, touched, CELLS + their, at, members != 0)
                count(tally_carriers, touched_carriers, of_carrier, 0, members != 0)
                if members:
                    tally[sets, members] += 1
                    touched[sets] = 1
        elif known:
            p[i] = 1.0
            llr[i] = log_ratio(q, False)
            evidence[i, 0] = -1
            evidence[i, 3] = seen[i]
        if known:
            if fresh[i]:
                count(tally, touched, cell, column, new)
            row.n, row.novel = n + 1.0, novel + new
        if fresh[i]:
            for k in range(4):
                if keys[k] != 0:
                    add(tally_pairs, touched_pairs, 0, keys[k], 0, SKETCH, 1)
        remember(row.known, place, value)
        row.last_s = max(row.last_s, now_s)


@dataclass(frozen=True)
class PartyNovelty(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "party_novelty"
    typologies: tuple[str, ...] = ("party_novelty",)
    reads: tuple[str, ...] = ("time_ms", "vehicle_class", "carrier", "shipper", "consignee", "commodity")
    needs: tuple[str, ...] = ("carrier", "shipper", "consignee", "commodity")
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("new_pairs", "rate", "pairs_share", "seen")
    shared: tuple[SharedSpec, ...] = (
        spec(ROWS + CLASSES * RATES),
        SharedSpec(2, lambda ports: SKETCH),
        SharedSpec(2, lambda ports: CARRIERS),
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
        """Which pairs are new, and how seldom that happens to such trucks and carriers.

        >>> numbers = {"new_pairs": 9, "rate": 0.04, "pairs_share": 0.03, "seen": 57}
        >>> finding = PartyNovelty().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence
        'Not or hardly seen together before: this carrier with this shipper, this shipper with this commodity; such
        trucks have new papers in 4 % of crossings, and of those 3 % with pairs as new to such a carrier (57 earlier
        crossings).'
        >>> finding.without
        'with parties it had before'
        """
        seen, members = int(evidence["seen"]), int(evidence["new_pairs"])
        if members < 0:
            sentence = "It has had these parties and this commodity before."
            return Finding("party_novelty", None, None, None, seen, sentence, None)
        rate = f"such trucks have new papers in {percent(evidence['rate'])} of crossings"
        if members == 0:
            sentence = f"First time with these parties together, each pair known; {rate} ({seen} earlier crossings)."
            return Finding("party_novelty", None, None, None, seen, sentence, "with parties it had before")
        pairs = ", ".join(text for k, text in enumerate(PAIRS) if members >> k & 1)
        sentence = (
            f"Not or hardly seen together before: {pairs}; {rate}, and of those {percent(evidence['pairs_share'])} "
            f"with pairs as new to such a carrier ({seen} earlier crossings)."
        )
        return Finding("party_novelty", None, None, None, seen, sentence, "with parties it had before")

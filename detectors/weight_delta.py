"""Does the truck weigh what it usually weighs with such goods? `weight_delta`: laden, far heavier or lighter.

What is modelled is the logarithm of the weight over that of its route, where a route is a direction, a shipper, a
consignee and a commodity, whichever are given. With n weights of sum s behind a route, in all trucks together, and the
mean mu and variance B of all weights of the class, and W within a habit (`detectors/log_amount.py`):

    route mean = (s + K mu) / (n + K),   its variance = W B / (n B + W),   K = W / B

Beside it stands the truck's own habit over its routes' means; the variance of the route's mean is added to the own
one, so that little is said of the first load on a route. Where no party is given there is no route: the habit is then
one of weights, inbound and outbound apart. p is two-sided. A truck whose loads vary has a wide habit and stays quiet;
one on fixed runs does not. Crossings declared empty are `empty_mismatch`'s question; where nobody says whether it is
laden, all of them make up the habit. Beyond the bound: with many more than `ROUTES` routes some share a mean, and less
is said.

Source: Gelman et al., Bayesian Data Analysis, 5.4.
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
from detectors.hashing import bucket, pair
from detectors.log_amount import (
    FIXED,
    WIDTH,
    calm_amount,
    collect,
    moments_with,
    peers_of,
    predictive,
    ratio_of,
    tail_of,
)
from detectors.phrase import kilograms
from schemas.batch import VEHICLE_CLASSES, Array

CLASSES = len(VEHICLE_CLASSES)
USUAL = math.log(18_000.0)  # kg, before anything is published
LEAST_N = 2.5  # loads behind the truck,
LEAST_LOADS = 5.0  # or on its route, before anything is said
ROUTES = 16_384  # rows of the table of routes, which share them by hash
MOST_UNSURE = 1.5  # variances within: a load on a route known less surely is not added to the truck's own habit
KINDS = 3  # habits: inbound and outbound without a route, and over the routes' means
ROUTED = 2
ROW = np.dtype([("n", "f4", (KINDS,)), ("mean", "f4", (KINDS,)), ("m2", "f4", (KINDS,)), ("last_s", "u4")])


@njit(cache=True)
def assess(  # type: ignore[no-untyped-def]
    rows, slots, time_ms, direction, vehicle_class, weight_kg, laden, shipper, consignee, commodity, seen, fresh, prior,
    tally, touched, routes, tally_routes, touched_routes, p, llr, evidence, half_life_s
):  # fmt: skip
    """The compiled walk: per crossing, in order, fill the outputs, then learn."""
    for i in range(len(slots)):
        if not weight_kg[i] > 0.0 or laden[i] == 0:
            continue
        row = rows[slots[i]]
        now_s = time_ms[i] // 1000
        routed = shipper[i] != 0 or consignee[i] != 0 or commodity[i] != 0
        kind = ROUTED if routed else direction[i]
        peers = KINDS * vehicle_class[i] + kind
        factor = decay_factor(now_s - row.last_s, half_life_s)
        for k in range(KINDS):
            row.n[k] *= factor
            row.m2[k] *= factor
        n, mean, m2 = row.n[kind], row.mean[kind], row.m2[kind]
        log_kg = math.log(weight_kg[i])
        mu, within, between = peers_of(prior, peers, 0.0 if routed else USUAL)
        all_mu, all_between = mu, between  # of the class's weights, whatever the route
        usual, unsure, route, loads = 0.0, 0.0, 0, 0.0
        if routed:
            route = bucket(pair(pair(shipper[i], consignee[i]), commodity[i] + np.uint64(direction[i])), 0, ROUTES)
            all_mu, _, all_between = peers_of(prior, KINDS * CLASSES + vehicle_class[i], USUAL)
            loads, k = routes[route, 0], within / all_between
            usual = (routes[route, 1] / FIXED + k * all_mu) / (loads + k)
            unsure = within * all_between / (loads * all_between + within)
        y = log_kg - usual
        centre, own_scale, df = predictive(n, mean, m2, mu, within, between)
        scale = math.sqrt(own_scale * own_scale + unsure)
        if n >= LEAST_N or loads >= LEAST_LOADS:
            p[i] = tail_of((y - centre) / scale, df, False)
            llr[i] = ratio_of(y, centre, scale, df, all_mu - usual, within, all_between)
            evidence[i, 0] = weight_kg[i]
            evidence[i, 1] = math.exp(usual + centre - 1.2816 * scale)
            evidence[i, 2] = math.exp(usual + centre + 1.2816 * scale)
            if p[i] < 0.05:
                calm = calm_amount(y, centre, scale, df, all_mu - usual, within, all_between, False)
                evidence[i, 3] = calm * math.exp(usual)
            evidence[i, 4] = seen[i]
            evidence[i, 5] = routed
        sure = unsure <= MOST_UNSURE * within
        if fresh[i]:
            if sure:
                collect(tally, touched, peers, y, n, mean, mu, within, between)
            if routed:
                collect(
                    tally, touched, KINDS * CLASSES + vehicle_class[i], log_kg, 0.0, 0.0, all_mu, within, all_between
                )
                bound = 5.0 * math.sqrt(within + all_between)
                tally_routes[route, 0] += 1
                tally_routes[route, 1] += int(round(FIXED * min(max(log_kg, all_mu - bound), all_mu + bound)))
                touched_routes[route] = 1
        if sure:
            row.n[kind], row.mean[kind], row.m2[kind] = moments_with(y, n, mean, m2, centre, scale)
        row.last_s = max(row.last_s, now_s)


@dataclass(frozen=True)
class WeightDelta(Defaults):
    """See the module."""

    parameters: Parameters = field(default_factory=Parameters)
    name: str = "weight_delta"
    typologies: tuple[str, ...] = ("weight_delta",)
    reads: tuple[str, ...] = (
        "time_ms", "direction", "vehicle_class", "weight_kg", "laden", "shipper", "consignee", "commodity"
    )  # fmt: skip
    needs: tuple[str, ...] = ("weight_kg",)
    row: np.dtype[Any] = ROW
    evidence: tuple[str, ...] = ("weight_kg", "usual_from_kg", "usual_to_kg", "calm_kg", "seen", "routed")
    shared: tuple[SharedSpec, ...] = (
        SharedSpec(WIDTH, lambda ports: (KINDS + 1) * CLASSES),
        SharedSpec(2, lambda ports: ROUTES),
    )
    source: str = "Gelman et al., Bayesian Data Analysis, 5.4"

    def assess(
        self, rows: Array, slots: Array, batch: Mapping[str, Array], known: Columns, shared: Shared, out: Out
    ) -> None:
        """Score, then learn; see the module for the model."""
        assess(rows, slots, *(batch[c] for c in self.reads), known.seen, known.fresh, *shared[0], *shared[1], *out,
               self.parameters.half_life_days * 86400.0)  # fmt: skip

    def explain(self, evidence: Mapping[str, float], context: Context) -> Finding:
        """The weight against the middle 80 % of what its own loads predict.

        >>> numbers = {"weight_kg": 29400.0, "usual_from_kg": 17820, "usual_to_kg": 19170, "calm_kg": 20433}
        >>> numbers |= {"seen": 57, "routed": 1}
        >>> finding = WeightDelta().explain(numbers, Context("2504", str, "inbound"))
        >>> finding.sentence, finding.without
        ('Weighs 29,400 kg; inbound with such goods it usually weighs 17,800 to 19,200 kg (57 earlier crossings).',
        'below 20,400 kg')
        """
        weight, low, high = evidence["weight_kg"], evidence["usual_from_kg"], evidence["usual_to_kg"]
        seen, calm = int(evidence["seen"]), evidence["calm_kg"]
        heavy = weight > math.sqrt(low * high)
        goods = " with such goods" if evidence["routed"] else ""
        sentence = (
            f"Weighs {kilograms(weight)} kg; {context.direction}{goods} it usually weighs "
            f"{kilograms(low)} to {kilograms(high)} kg ({seen} earlier crossings)."
        )
        without = None
        if not math.isnan(calm):
            without = f"{'below' if heavy else 'above'} {kilograms(calm, up=not heavy)} kg"
        usual = (float(round(low)), float(round(high)))
        return Finding("weight_delta", float(round(weight)), "kg", usual, seen, sentence, without)

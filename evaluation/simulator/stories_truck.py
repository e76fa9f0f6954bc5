"""What do odd trucks look like? Weights, trailers, and parties that never met or meet all of a sudden.

A function returns False, having changed nothing, when the truck's life has no room for the story, or its port does not
report the field.
"""

from __future__ import annotations

import numpy as np

from evaluation.simulator.ground import Ground, Mark
from evaluation.simulator.lives import leg, window
from evaluation.simulator.people import TRUCKER
from evaluation.simulator.ports import DAY_MS

COMMODITIES = 12


def weight_delta(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A truck weighs more than its habit; when plain, on the next journey as well."""
    run = window(ground, vehicle, before=8, days=40)
    if not len(run) or not ground.provides("weight_kg", leg(ground, int(run[0]) + 1)[1]):
        return False
    for row in run[: 1 + (strength > 0.6)].tolist():
        ground.rows.weight[row + 1] = 1.12 + 0.6 * strength * ground.rng.uniform(0.7, 1)
        ground.mark(row + 1, mark)
    return True


def empty_mismatch(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Said to be empty, and some tonnes too heavy for it."""
    row = ground.trip(vehicle, before=8)
    if row is None:
        return False
    k = row + int(ground.rng.integers(2))
    port = leg(ground, k)[1]
    if not (ground.provides("weight_kg", port) and ground.provides("laden", port)):
        return False
    ground.mark(k, mark)
    ground.set(k, "laden", value=False)
    ground.set(k, "weight_kg", float(ground.rng.normal(14_500, 600) * (1.18 + 0.8 * strength)))
    return True


def trailer_novelty(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A tractor with one trailer comes with another: an unknown one when plain, and yet another on the way back."""
    row = ground.trip(vehicle, before=8)
    if row is None or not ground.provides("trailer", leg(ground, row)[1]):
        return False
    first = ground.fresh()
    ground.mark(row, mark)
    ground.set(row, "trailer", first)
    ground.set(row + 1, "trailer", ground.fresh() if strength > 0.6 else first)
    if strength > 0.6:
        ground.mark(row + 1, mark)
    return True


def party_novelty(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Firms that never dealt with each other: a new shipper when subtle; a new consignee and other goods when plain."""
    row = ground.trip(vehicle, before=8)
    if row is None or not ground.provides("shipper", leg(ground, row)[1]):
        return False
    ground.mark(row, mark)
    for field, from_strength in (("shipper", 0.0), ("consignee", 0.4), ("carrier", 0.9)):
        if strength >= from_strength:
            ground.set(row, field, ground.fresh())
    ground.set(row, "laden", value=True)
    if strength > 0.6:
        ground.set(row, "commodity", int(ground.rng.integers(COMMODITIES)))
    return True


def party_burst(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Two firms that seldom deal send load after load within days, by any truck; from the third it is a burst."""
    row = ground.trip(vehicle, before=4)
    if row is None:
        return False
    at, port = leg(ground, row)
    if not ground.provides("shipper", port):
        return False
    rows, count = ground.rows, 5 + round(4 * strength)
    reach = (1.5 + 6 * (1 - strength)) * DAY_MS
    here = (rows.time_ms >= at) & (rows.time_ms < at + reach) & (rows.port == port) & (rows.label < 0)
    here &= (rows.direction == rows.direction[row]) & (ground.people.kind[rows.vehicle] == TRUCKER)
    here[row] = False
    index = np.flatnonzero(here & ~ground.gone & ~ground.used[rows.vehicle])
    if len(index) < count - 1:
        return False
    shipper, consignee, goods = ground.fresh(), ground.fresh(), int(ground.rng.integers(COMMODITIES))
    chosen = np.append(row, ground.rng.choice(index, count - 1, replace=False))
    for nth, k in enumerate(chosen[np.argsort(rows.time_ms[chosen], kind="stable")].tolist()):
        for field, value in (("shipper", shipper), ("consignee", consignee), ("commodity", goods), ("laden", True)):
            ground.set(k, field, value)
        if nth > 1:
            ground.mark(k, mark)
        ground.used[rows.vehicle[k]] = True
    return True

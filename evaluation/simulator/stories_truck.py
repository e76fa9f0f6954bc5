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
from evaluation.simulator.routes import COMMODITIES

TRACTOR = 4  # index in VEHICLE_CLASSES
LIMIT_KG = 36_000.0  # nobody drives over the scale with more


def weight_delta(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A truck weighs more than its route's habit; when plain, on the next journey as well."""
    run = window(ground, vehicle, before=8, days=40)
    usual = _empty_kg(ground, vehicle) + float(
        ground.routes.cargo_kg[_route(ground, vehicle, _laden_way(ground, vehicle))]
    )
    heavy = usual * (1.12 + 0.5 * strength)
    if not len(run) or heavy > LIMIT_KG:
        return False
    legs = run + int(ground.rows.direction[run[0]] != _laden_way(ground, vehicle))
    if not _reported(ground, "weight_kg", int(legs[0])):
        return False
    for k in legs[: 1 + (strength > 0.6)].tolist():
        ground.mark(k, mark)
        _load(ground, k, heavy * ground.rng.normal(1, 0.02))
    return True


def empty_mismatch(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Said to be empty, and some tonnes too heavy for it."""
    row = ground.trip(vehicle, before=8)
    if row is None:
        return False
    k = row + int(ground.rng.integers(2))
    if not (_reported(ground, "weight_kg", k) and _reported(ground, "laden", k)):
        return False
    ground.mark(k, mark)
    ground.set(k, "laden", value=False)
    ground.set(
        k, "weight_kg", round(_empty_kg(ground, vehicle) * (1.12 + 0.8 * strength * ground.rng.uniform(0.7, 1)), -1)
    )
    return True


def trailer_novelty(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A tractor comes with an unknown trailer; when plain, with yet another one on the way back, trip after trip."""
    run = window(ground, vehicle, before=8, days=30)[: 1 + round(2 * strength)]
    if not len(run) or ground.people.vehicle_class[vehicle] != TRACTOR or not _reported(ground, "trailer", int(run[0])):
        return False
    for row in run.tolist():
        out = ground.fresh()
        ground.mark(row, mark)
        ground.set(row, "trailer", out)
        ground.set(row + 1, "trailer", ground.fresh() if strength > 0.6 else out)
        if strength > 0.6:
            ground.mark(row + 1, mark)
    return True


def party_novelty(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Firms that never dealt with each other: a new shipper when subtle; when plain load after load of all new ones."""
    run = window(ground, vehicle, before=8, days=30)[: 1 + round(2 * strength)]
    if not len(run):
        return False
    legs = run + int(ground.rows.direction[run[0]] != _laden_way(ground, vehicle))
    if not _reported(ground, "shipper", int(legs[0])):
        return False
    for k in legs.tolist():
        ground.mark(k, mark)
        _load(ground, k)
        for field, from_strength in (("shipper", 0.0), ("consignee", 0.4), ("carrier", 0.9)):
            if strength >= from_strength:
                ground.set(k, field, ground.fresh())
        if strength > 0.6:
            ground.set(k, "commodity", int(ground.rng.integers(len(COMMODITIES))))
    return True


def party_burst(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Two firms that nobody met send load after load within days, by any truck; from the third it is a burst."""
    row = ground.trip(vehicle, before=4)
    if row is None or not _reported(ground, "shipper", row):
        return False
    at, port = leg(ground, row)
    rows, count = ground.rows, 5 + round(4 * strength)
    reach = (1.5 + 6 * (1 - strength)) * DAY_MS
    here = (rows.time_ms >= at) & (rows.time_ms < at + reach) & (rows.port == port) & (rows.label < 0)
    here &= (rows.direction == rows.direction[row]) & (ground.people.kind[rows.vehicle] == TRUCKER)
    here[row] = False
    index = np.flatnonzero(here & ~ground.gone & ~ground.used[rows.vehicle])
    if len(index) < count - 1:
        return False
    parties, goods = (ground.fresh(), ground.fresh()), int(ground.rng.integers(len(COMMODITIES)))
    chosen = np.append(row, ground.rng.choice(index, count - 1, replace=False))
    for nth, k in enumerate(chosen[np.argsort(rows.time_ms[chosen], kind="stable")].tolist()):
        _load(ground, k)
        for field, value in zip(("shipper", "consignee", "commodity"), (*parties, goods), strict=True):
            ground.set(k, field, value)
        if nth > 1:
            ground.mark(k, mark)
        ground.used[rows.vehicle[k]] = True
    return True


def _reported(ground: Ground, field: str, row: int) -> bool:
    """Whether the crossing can carry the field."""
    return ground.provides(field, leg(ground, row)[1], int(ground.rows.direction[row]))


def _empty_kg(ground: Ground, vehicle: int) -> float:
    """The truck and its trailer without a load."""
    return float(ground.routes.empty_kg[vehicle] + ground.routes.tare_kg[vehicle])


def _laden_way(ground: Ground, vehicle: int) -> int:
    """The direction in which the truck is laden more often."""
    return int(np.argmax(ground.routes.laden[vehicle]))


def _route(ground: Ground, vehicle: int, way: int) -> tuple[int, int, int]:
    """Where its usual route stands in the tables of `Routes`."""
    carrier = int(ground.routes.carrier[vehicle])
    return carrier, way, int(min(ground.routes.favourite[vehicle, way], ground.routes.count[carrier] - 1))


def _load(ground: Ground, row: int, weight_kg: float | None = None) -> None:
    """Makes sure that the truck carries something: the papers and the weight of its usual route, or a given weight."""
    vehicle, way = int(ground.rows.vehicle[row]), int(ground.rows.direction[row])
    routes, route = ground.routes, _route(ground, vehicle, way)
    cargo = float(routes.cargo_kg[route]) * ground.rng.lognormal(0, 0.1)
    weight = _empty_kg(ground, vehicle) + cargo if weight_kg is None else weight_kg
    for field, value in (
        ("laden", True), ("weight_kg", round(min(LIMIT_KG, weight), -1)), ("shipper", int(routes.shipper[route])),
        ("consignee", int(routes.consignee[route])), ("commodity", int(routes.commodity[route])),
        ("declared_value", round(cargo * float(routes.value_kg[route]))),
    ):  # fmt: skip
        ground.set(row, field, value)

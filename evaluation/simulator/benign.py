"""What looks odd and is innocent? Hard negatives, put into the same log and listed apart from the anomalies.

One-day trips are added here. A holiday wave and a changed habit are noted where the trips are drawn, reader outages,
misreads and changes of the clock where crossings are read (`reads.py`).
"""

from __future__ import annotations

import numpy as np

from evaluation.simulator.people import COMMUTER, SHIFT, SHOPPER, World
from evaluation.simulator.plant import Ground
from evaluation.simulator.ports import DAY_MS, HOUR_MS
from evaluation.simulator.trips import ONE_DAY_TRIP


def one_day_trips(ground: Ground, world: World) -> None:
    """A day out over a port somewhat further away, by daylight, on a free day."""
    people, rng = ground.people, ground.rng
    chance = world["one_day_trip"] * ground.days / 90
    who = np.flatnonzero(
        np.isin(people.kind, (COMMUTER, SHIFT, SHOPPER)) & ~ground.used & (rng.random(len(ground.used)) < chance)
    )
    for vehicle in who:
        _one_day_trip(ground, int(vehicle))


def _one_day_trip(ground: Ground, vehicle: int) -> None:
    rows, rng, places = ground.rows, ground.rng, ground.places
    row = ground.trip(vehicle, before=6)
    if row is None:
        return
    away = ground.away(vehicle)
    at_home = np.arange(row, int(ground.first[vehicle + 1]) - 1)
    at_home = at_home[rows.direction[at_home] != away]
    at_home = at_home[rows.time_ms[at_home + 1] - rows.time_ms[at_home] > 36 * HOUR_MS]
    home = int(rows.port[row])
    towns = np.flatnonzero((places.distance_km[home] > 15) & (places.distance_km[home] < 350))
    if not len(at_home) or not len(towns):
        return
    last, port = int(rng.choice(at_home)), int(rng.choice(towns))
    local = int(places.to_local(rows.time_ms[last : last + 1], rows.port[last : last + 1])[0])
    morning = (local // DAY_MS + 1) * DAY_MS + rng.uniform(7, 11) * HOUR_MS
    go = int(places.to_utc(np.array([int(morning)]), np.array([port]))[0])
    back = go + int(rng.uniform(5, 11) * HOUR_MS)
    if back + 6 * HOUR_MS > rows.time_ms[last + 1] or not ground.feasible(port, go, home, int(rows.time_ms[last])):
        return
    ground.add(vehicle, go, port, away, note=ONE_DAY_TRIP)
    ground.add(vehicle, back, port, 1 - away, note=ONE_DAY_TRIP)

"""What looks odd and is innocent? Hard negatives, put into the same log and listed apart from the anomalies.

One-day trips are added here, and a sample of what regular vehicles ordinarily do is noted, so that the alerts on nurses
or shuttles can be counted. A holiday wave and a changed habit are noted where the trips are drawn, reader outages,
misreads and changes of the clock where crossings are read (`reads.py`).
"""

from __future__ import annotations

import numpy as np

from evaluation.simulator.people import COMMUTER, KINDS, SHIFT, SHOPPER, World
from evaluation.simulator.plant import Ground
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array
from evaluation.simulator.trips import HOUSEHOLD, LIVES, MINUTE_MS, MISREAD, ONE_DAY_TRIP, Rows

SAMPLE = 6_000  # crossings of a kind that are noted at most
SETTLED = 0.35  # of the log has passed before: long enough to be known


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


def note_ordinary(ground: Ground, rows: Rows) -> None:
    """Notes a sample of what those do whose whole life may look odd, each kind under its name; `rows` as they are read.

    Crossings that are noted or labelled for something else, those of vehicles in a story, and the weeks around a change
    of habit are left alone. A household is two cars that were read together.
    """
    people = ground.people
    together = _together(ground, rows)
    rows.note[(rows.note == HOUSEHOLD) | (ground.used[rows.body] & (rows.note != MISREAD))] = 0
    late = rows.time_ms > ground.begin_ms + SETTLED * (ground.end_ms - ground.begin_ms)
    day = (rows.time_ms - ground.begin_ms) / DAY_MS
    plain = late & (rows.note == 0) & (rows.label < 0) & ~ground.used[rows.body] & (rows.body == rows.vehicle)
    _note(ground, rows, plain & together, HOUSEHOLD)
    plain &= ~together & (np.abs(day - people.change_day[rows.body]) > 21)
    for kind, note in LIVES.items():
        _note(ground, rows, plain & (people.kind[rows.body] == KINDS.index(kind)), note)


def _note(ground: Ground, rows: Rows, of: Array, note: int) -> None:
    rows.note[ground.rng.permutation(np.flatnonzero(of))[:SAMPLE]] = note


def _together(ground: Ground, rows: Rows) -> Array:
    """Mask of the crossings at which two cars of a household were read at one port within four minutes, of both."""
    leader = ground.people.leader[rows.body].astype(np.int64)
    follower = np.flatnonzero((leader >= 0) & (rows.body == rows.vehicle))
    span = 2 * (ground.end_ms - ground.begin_ms)
    key = rows.vehicle.astype(np.int64) * span + rows.time_ms - ground.begin_ms
    order = np.argsort(key, kind="stable")
    wanted = leader[follower] * span + rows.time_ms[follower] - ground.begin_ms
    together = np.zeros(len(key), bool)
    for side in (0, -1):
        other = order[np.clip(np.searchsorted(key[order], wanted) + side, 0, len(order) - 1)]
        near = (np.abs(key[other] - wanted) < 4 * MINUTE_MS) & (rows.port[other] == rows.port[follower])
        together[follower[near]] = together[other[near]] = True
    return together

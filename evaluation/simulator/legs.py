"""Which crossings are the trips made of? Two legs each, over the ports of the vehicle, possible ones only."""

from __future__ import annotations

import numpy as np

from evaluation.simulator.events import Event, detour
from evaluation.simulator.people import People
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array, Places
from evaluation.simulator.trips import MINUTE_MS, Rows, Trips, plain_rows
from evaluation.simulator.world import World


def draw_rows(
    world: World, people: People, places: Places, events: list[Event], trips: Trips, days: int, target: int | None,
    rng: np.random.Generator,
) -> Rows:  # fmt: skip
    """All crossings of all vehicles, by vehicle and time; about `target` of them if given and enough are made."""
    trips = _alive(people, trips)
    vehicle = trips.vehicle.astype(np.int64)
    stay_ms = np.maximum(trips.stay * HOUR_MS, 4 * MINUTE_MS).astype(np.int64)
    go, back = _routes(people, places, trips, rng)
    slow = rng.exponential(world["adopt_days"], len(people.kind))[vehicle]
    go, happens, there = detour(events, world, places, trips.start / 24, go, slow, rng)
    back, _, again = detour(events, world, places, (trips.start + trips.stay) / 24, back, slow, rng)
    out_ms = places.to_utc(places.start_ms + (trips.start * HOUR_MS).astype(np.int64), go)
    order = np.lexsort((out_ms, vehicle))
    order = order[happens[order]]
    vehicle, out_ms, stay_ms, go, back = (a[order] for a in (vehicle, out_ms, stay_ms, go, back))
    notes = np.stack([np.where(extra > 0, extra, trips.note)[order] for extra in (there, again)], axis=1)
    keep = _without_overlap(vehicle, out_ms, out_ms + stay_ms)
    end_ms = places.start_ms + days * DAY_MS
    made = sum(int((keep & (at >= places.start_ms) & (at < end_ms)).sum()) for at in (out_ms, out_ms + stay_ms))
    if target is not None and made > target:
        keep = keep & (rng.random(len(keep)) < target / made)
    index = np.flatnonzero(keep)
    first = people.inside[vehicle[index]].astype(np.int8)
    rows = plain_rows(
        np.repeat(vehicle[index], 2),
        np.stack([out_ms[index], out_ms[index] + stay_ms[index]], axis=1).ravel(),
        np.stack([go[index], back[index]], axis=1).ravel(),
        np.stack([first, 1 - first], axis=1).ravel(),
        notes[index].ravel(),
    )
    _possible(rows, places)
    rows = rows.take((rows.time_ms >= places.start_ms) & (rows.time_ms < end_ms)).by_vehicle()
    rows.handle = np.arange(len(rows.vehicle), dtype=np.int64)
    return rows


def _alive(people: People, trips: Trips) -> Trips:
    """Without the trips of vehicles that are not there yet, or no longer."""
    day = trips.start / 24
    keep = (day >= people.enters[trips.vehicle]) & (day <= people.leaves[trips.vehicle])
    return Trips(trips.vehicle[keep], trips.start[keep], trips.stay[keep], trips.note[keep])


def _routes(people: People, places: Places, trips: Trips, rng: np.random.Generator) -> tuple[Array, Array]:
    """The ports of both legs: home, rarely another; back by another one only if the stay allows the way."""
    vehicle = trips.vehicle
    draw = rng.random((4, len(vehicle)))
    home, other = people.home[vehicle], people.other[vehicle]
    home = np.where(trips.start / 24 >= people.change_day[vehicle], people.change_port[vehicle], home)
    elsewhere = np.where(draw[1] < 0.75, people.second[vehicle], people.third[vehicle])
    go = np.where(draw[0] < other, elsewhere, home)
    back = np.where(draw[2] < 0.3 * other, np.where(go == home, elsewhere, home), go)
    feasible = places.distance_km[go, back] < 50 * trips.stay
    return go, np.where(feasible, back, go)


def _without_overlap(vehicle: Array, start: Array, end: Array) -> Array:
    """Mask of trips that begin 20 minutes or more after all earlier ones of the vehicle ended (sorted input)."""
    if not len(vehicle):
        return np.zeros(0, bool)
    low = int(start.min())
    span = int(end.max()) - low + 1
    latest = (
        np.maximum.accumulate(end - low + vehicle * span) - vehicle * span + low
    )  # vehicles cannot reach each other
    keep = np.ones(len(vehicle), bool)
    same = vehicle[1:] == vehicle[:-1]
    keep[1:] = ~same | (start[1:] > latest[:-1] + 20 * MINUTE_MS)
    return keep


def _possible(rows: Rows, places: Places) -> None:
    """A journey faster than 80 km/h as the crow flies did not happen: the crossing was where the last one was."""
    for _ in range(2):
        hours = (rows.time_ms[1:] - rows.time_ms[:-1]) / HOUR_MS
        too_fast = (rows.vehicle[1:] == rows.vehicle[:-1]) & (
            places.distance_km[rows.port[1:], rows.port[:-1]] > 80 * hours
        )
        rows.port[1:][too_fast] = rows.port[:-1][too_fast]

"""What do oddities in what is said of a crossing look like? Lanes, drivers, cars, papers and reads.

A function returns False, having changed nothing, when the vehicle's life has no room for the story, or its port does
not report the field.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from evaluation.simulator.ground import Ground, Mark
from evaluation.simulator.lives import (
    UNMARKED,
    fits,
    leg,
    local_hour,
    midnight,
    some,
    told,
    trips,
    unknown_ports,
    window,
)
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array
from evaluation.simulator.trips import MINUTE_MS

INBOUND = 0
GENERAL, TRUSTED = 0, 2  # lane types
BUS_CLASS = 2
ANYBODY = (0, 1)  # lane types: general, ready


def _legs(ground: Ground, run: Array, direction: int) -> Array:
    """Of the trips that begin at `run`, the legs in one direction."""
    return run + (0 if len(run) and ground.rows.direction[run[0]] == direction else 1)


def trusted_lane(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A car that never used a trusted lane does: once, inbound. Plain: both ways, and at another hour."""
    people = ground.people
    row = ground.trip(vehicle, before=10)
    if row is None or people.trusted[vehicle] or people.vehicle_class[vehicle] != 0:
        return False
    (go, port), (back, _) = leg(ground, row), leg(ground, row + 1)
    shift = int(ground.rng.choice([-1, 1]) * ground.rng.uniform(3, 6) * HOUR_MS) if strength > 0.6 else 0
    if not fits(ground, row, go + shift, back + shift):
        return False
    for k, at in ((row, go + shift), (row + 1, back + shift)):
        odd = strength > 0.4 or ground.rows.direction[k] == INBOUND
        handle = ground.move(k, at, mark if odd else UNMARKED, port)
        if odd:
            ground.set(handle, "lane_type", TRUSTED)
    return True


def lane_switch(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """It queues for one lane and turns up in another one, some lanes away; when plain, far away and again and again."""
    legs = _legs(ground, window(ground, vehicle, before=6, days=30), INBOUND)[: 1 + round(2 * strength)]
    ports = {leg(ground, row)[1] for row in legs.tolist()}
    lanes = min((int(ground.roster.lanes[port, GENERAL]) for port in ports), default=0)
    far = 2 + round(4 * strength)
    if lanes <= far or ground.people.trusted[vehicle] or not all(ground.provides("prequeue_lane", p) for p in ports):
        return False
    for row in legs.tolist():
        there, booth = ground.rng.permutation([0, far]) + ground.rng.integers(lanes - far)
        ground.mark(row, mark)
        ground.set(row, "lane_type", GENERAL)
        ground.set(row, "lane", (int(booth) + 0.5) / int(ground.roster.lanes[leg(ground, row)[1], GENERAL]))
        ground.set(row, "prequeue_lane", int(there - booth))
    return True


def read_evasion(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """The plate is hard to read, again and again: dirt, a cover, a bent corner. From the third time it is a pattern."""
    run = window(ground, vehicle, before=4, days=30)
    count = 2 + round(2 * strength)
    if len(run) < count:
        return False
    level = 0.85 - 0.45 * strength
    for nth, row in enumerate(some(ground, run, count)):
        for k in (row, row + 1):
            ground.set(k, "confidence", float(np.clip(level + ground.rng.normal(0, 0.06), 0.3, 0.93)))
            if nth > 0:
                ground.mark(k, mark)
    return True


def fresh_registration(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Just sold or registered, and its first journey is odd: at night, back in no time, over a port where it never was.

    One of the three when subtle, two or all of them when plain.
    """
    run = window(ground, vehicle, before=6, days=20)
    field = str(ground.rng.choice(["registered_on", "owner_changed_on"]))
    if not len(run):
        return False
    row = int(run[0])
    (go, port), (back, _) = leg(ground, row), leg(ground, row + 1)
    odd = ground.rng.permutation(["night", "quick", "port"])[: 1 + round(2 * strength)].tolist()
    if "night" in odd:
        go = int(midnight(ground, go, port) + ground.rng.uniform(0, 5 - 2 * strength) * HOUR_MS)
    if "quick" in odd:
        back = go + int(max(8 * MINUTE_MS, (back - leg(ground, row)[0]) * (0.4 - 0.35 * strength)))
    else:
        back += go - leg(ground, row)[0]
    near = unknown_ports(ground, vehicle)[:6].tolist() if "port" in odd else [port]
    ports = [p for p in near if told(ground, field, p) and fits(ground, row, go, back, p)]
    if not ports:
        return False
    if field == "registered_on":  # the plate is new, so nobody saw it before
        ground.remove(np.arange(ground.first[vehicle], row))
    first = ground.move(row, go, mark if {"night", "port"} & set(odd) else UNMARKED, ports[0])
    second = ground.move(row + 1, back, mark, ports[0])
    day = int(go // DAY_MS) - int(ground.rng.integers(1, 6 + round(20 * (1 - strength))))
    for handle in [first, second, *range(row + 2, int(ground.first[vehicle + 1]))]:
        ground.set(handle, field, day)
        if field == "registered_on":
            ground.set(handle, "owner_changed_on", None)
    return True


def vehicle_mismatch(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """The plate is on another car for a trip: of the same model and another colour, or when plain of another class."""
    row = ground.trip(vehicle, before=6)
    if row is None or not told(ground, "colour", leg(ground, row)[1]):
        return False
    people, bodies, n = ground.people, ground.bodies, ground.vehicles
    alike = people.vehicle_class[:n] == people.vehicle_class[vehicle]
    other = bodies.colour[:n] != bodies.colour[vehicle]
    if strength > 0.8:
        other &= ~alike & (people.vehicle_class[:n] != BUS_CLASS)
    elif strength > 0.4:
        other &= alike & (bodies.model[:n] != bodies.model[vehicle])
    else:
        other &= alike & (bodies.model[:n] == bodies.model[vehicle])
    if not other.any():
        return False
    body = int(ground.rng.choice(np.flatnonzero(other)))
    for k in (row, row + 1):
        at, port = leg(ground, k)
        ground.remove(k)
        ground.add(vehicle, at, port, int(ground.rows.direction[k]), mark, int(ground.rows.note[k]), body)
    return True


def driver_churn(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """One driver after the other in the same vehicle within a month; from the second new one it is a pattern."""
    run = window(ground, vehicle, before=6, days=30)
    count = 3 + round(4 * strength)
    if len(run) < count or not told(ground, "driver", int(ground.people.home[vehicle])):
        return False
    for nth, row in enumerate(some(ground, run, count)):
        driver = ground.fresh()
        for k in (row, row + 1):
            ground.set(k, "driver", driver)
        if nth > 0:
            ground.mark(row, mark)
    return True


def rental_short_hold(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A rented car goes over at night, or is back within the hour, and is handed in."""
    row = ground.trip(vehicle, before=1, earliest=0.15)
    if row is None or not ground.provides("rental", leg(ground, row + 1)[1], 1 - ground.away(vehicle)):
        return False
    (go, port), (back, _) = leg(ground, row), leg(ground, row + 1)
    stay = min(back - go, ground.rng.uniform(0.4, 1 + 3 * (1 - strength)) * HOUR_MS)
    shift = ground.rng.uniform(-1, 1) * (4 + 8 * strength) * HOUR_MS
    if not fits(ground, row, go + shift, go + shift + stay):
        shift = 0.0
    if go + shift + stay > back and shift == 0.0:
        return False
    night = not 5 < local_hour(ground, go + shift, port) < 22
    ground.move(row, go + shift, mark if night else UNMARKED)
    ground.move(row + 1, go + shift + stay, mark, port)
    return True


def officer_affinity(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """It finds the lane of one officer, whichever that is on the day; from the third time it is a pattern.

    Officers move from booth to booth and shift to shift, so there are crossings without him too; when subtle it does
    not find him every time he is there.
    """
    legs = _legs(ground, trips(ground, vehicle, before=4), INBOUND).tolist()
    count = 4 + round(3 * strength)
    if ground.people.trusted[vehicle] or len(legs) < count or not ground.provides("officer", leg(ground, legs[0])[1]):
        return False
    booths = {row: _booths(ground, row) for row in legs}
    met = Counter(officer for on_duty in booths.values() for officer in on_duty)
    officer = max(met, key=lambda one: (met[one], one))
    there = [row for row in legs if officer in booths[row]]
    if len(there) < count:
        return False
    for nth, row in enumerate(there[:count] if strength > 0.4 else some(ground, np.array(there), count)):
        lane_type, lane = booths[row][officer]
        ground.set(row, "lane_type", lane_type)
        ground.set(row, "lane", lane)
        if nth > 1:
            ground.mark(row, mark)
    return True


def _booths(ground: Ground, row: int) -> dict[int, tuple[int, float]]:
    """Officers in the lanes that anybody may take when a crossing happens: lane type and value for the field `lane`."""
    at, port = leg(ground, row)
    found = {}
    for lane_type in ANYBODY:
        officers = ground.roster.at_booth(port, at, lane_type).tolist()
        found.update({officer: (lane_type, (n + 0.5) / len(officers)) for n, officer in enumerate(officers)})
    return found

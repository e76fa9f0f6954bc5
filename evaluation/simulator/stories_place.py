"""What do oddities of place and direction look like? Ports, clones, and legs that are missing or too many.

A function returns False, having changed nothing, when the vehicle's life has no room for the story.
"""

from __future__ import annotations

import numpy as np

from evaluation.simulator.ground import Ground, Mark
from evaluation.simulator.lives import fits, leg, unknown_ports, usual_stay_ms, window
from evaluation.simulator.ports import HOUR_MS


def new_port(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """A trip over a port where the vehicle never was: a neighbour when subtle, a far one when plain."""
    row = ground.trip(vehicle, before=12)
    if row is None:
        return False
    (go, _), (back, _) = leg(ground, row), leg(ground, row + 1)
    possible = [int(p) for p in unknown_ports(ground, vehicle) if fits(ground, row, go, back, int(p))]
    if not possible:
        return False
    port = possible[round(strength * (len(possible) - 1))]
    ground.move(row, go, mark, port)
    ground.move(row + 1, back, mark, port)
    return True


def port_shopping(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """After a settled habit, two to four other ports within a week."""
    run = window(ground, vehicle, before=12, days=7)
    places, rows = ground.places, ground.rows
    home, count = int(ground.people.home[vehicle]), 2 + round(2 * strength)
    near = [p for p in np.argsort(places.distance_km[home], kind="stable").tolist() if p != home]
    near = ground.rng.permutation([p for p in near if places.distance_km[home, p] < 450]).tolist()
    moves: list[tuple[int, int]] = []
    since: tuple[int, int] | None = None
    for row in run.tolist():
        (go, _), (back, _) = leg(ground, row), leg(ground, row + 1)
        possible = [
            port
            for port in near
            if fits(ground, row, go, back, port) and (since is None or ground.feasible(port, go, *since[::-1]))
        ]
        if possible and len(moves) < count:
            near.remove(possible[0])
            moves.append((row, possible[0]))
            since = (back, possible[0])
        else:
            since = (back, int(rows.port[row + 1]))
    if len(moves) < count:
        return False
    for row, port in moves:
        for k in (row, row + 1):
            ground.move(k, int(rows.time_ms[k]), mark, port)
    return True


def impossible_journey(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """The same plate at another, far port within a part of the time the way takes: a clone.

    When subtle it looks the same, when plain it is any car of the class. Nobody can tell which of two crossings is the
    clone's, so the next one of the vehicle is odd too, if it comes too soon.
    """
    row = ground.trip(vehicle, before=4)
    if row is None:
        return False
    places, people = ground.places, ground.people
    at, here = leg(ground, row)
    far = np.flatnonzero(places.distance_km[here] > 150)
    alike = np.flatnonzero(people.vehicle_class[: ground.vehicles] == people.vehicle_class[vehicle])
    if not len(far):
        return False
    port = int(ground.rng.choice(far))
    hours = places.distance_km[here, port] / 90 * (0.5 - 0.46 * strength)
    body = int(ground.rng.choice(alike)) if strength > 0.4 else None
    seen_ms = at + hours * HOUR_MS
    ground.add(vehicle, seen_ms, port, int(ground.rng.integers(2)), mark, body=body)
    next_ms, next_port = leg(ground, row + 1)
    if next_ms > seen_ms and not ground.feasible(port, int(seen_ms), next_port, next_ms, speed=110):
        ground.mark(row + 1, mark)
    return True


def same_direction_repeat(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """In, in without an out between: some hours later when subtle, minutes later and more than once when plain."""
    row = ground.trip(vehicle, before=6)
    if row is None:
        return False
    (at, port), (until, _) = leg(ground, row), leg(ground, row + 1)
    first = at + min((until - at) * 0.6, HOUR_MS * (0.2 + 5 * (1 - strength)) * ground.rng.uniform(0.7, 1.3))
    for k in range(1 + (strength > 0.6) + (strength > 0.9)):
        ground.add(vehicle, first + k * (until - first) * 0.25, port, ground.away(vehicle), mark)
    return True


def flow_imbalance(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Within a month it goes and goes and is not seen to come back: from the second missing return it is a pattern.

    When subtle every third trip or so, when plain nearly every one: it comes back under another plate.
    """
    run = window(ground, vehicle, before=6, days=30)
    count, every = 3 + round(3 * strength), 1 + round(2 * (1 - strength) * ground.rng.uniform(0.5, 1))
    lost = run[:-1][:: max(1, every)][:count]
    if len(lost) < count:
        return False
    ground.remove(lost + 1)
    following = lost[1:] + 2  # the next first leg repeats the direction
    ground.mark(following, mark)
    return True


def peer_outlier(ground: Ground, vehicle: int, strength: float, mark: Mark) -> bool:
    """Nothing decisive, but everything a little: hour, stay, port, people, on the edge of its habit all at once."""
    row = ground.trip(vehicle, before=12)
    if row is None:
        return False
    people, rng = ground.people, ground.rng
    (go, port), (back, _) = leg(ground, row), leg(ground, row + 1)
    reach = 1.8 + 2.4 * strength  # standard deviations
    go += int(rng.choice([-1, 1]) * reach * people.jitter[vehicle] * HOUR_MS)
    usual = usual_stay_ms(ground, vehicle)
    back = go + int(usual * np.exp(rng.choice([-1, 1]) * reach * people.spread[vehicle]))
    other = int(people.second[vehicle])
    port = other if strength > 0.4 and fits(ground, row, go, back, other) else port
    if not fits(ground, row, go, back, port):
        return False
    for k, at in ((row, go), (row + 1, back)):
        handle = ground.move(k, at, mark, port)
        ground.set(handle, "occupants", int(rng.integers(1, 5)))
    return True

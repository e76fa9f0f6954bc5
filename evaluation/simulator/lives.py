"""Where does a vehicle's life leave room for a story? Its trips, who could come along, when its port is quiet."""

from __future__ import annotations

import numpy as np

from evaluation.simulator.ground import Ground, Mark
from evaluation.simulator.people import OCCASIONAL
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array
from evaluation.simulator.trips import MINUTE_MS

UNMARKED: Mark = (-1, -1)  # a crossing of a story that is not odd by itself
MARGIN_MS = 30 * MINUTE_MS  # between a moved crossing and those around it


def trips(ground: Ground, vehicle: int, before: int, earliest: float = 0.25, latest: float = 0.95) -> Array:
    """Rows that are first legs followed by their second, `before` rows or more into the history, in order of time.

    `earliest` and `latest` are shares of the log: stories begin late enough that there is a habit to break.
    """
    low, high = int(ground.first[vehicle]), int(ground.first[vehicle + 1])
    span = ground.end_ms - ground.begin_ms
    index = np.arange(low + before, high - 1)
    time_ms = ground.rows.time_ms[index]
    fits = (time_ms > ground.begin_ms + earliest * span) & (time_ms < ground.begin_ms + latest * span)
    found: Array = index[fits & (ground.rows.direction[index] == ground.away(vehicle))]
    return found


def window(ground: Ground, vehicle: int, before: int, days: float, latest: float = 0.9) -> Array:
    """The `trips` of a stretch of `days` that begins with one drawn at random; empty where there is none."""
    index = trips(ground, vehicle, before, latest=latest)
    if not len(index):
        return index
    start = int(ground.rng.integers(len(index)))
    index = index[start:]
    kept: Array = index[ground.rows.time_ms[index] < ground.rows.time_ms[index[0]] + days * DAY_MS]
    return kept


def some(ground: Ground, index: Array, count: int) -> list[int]:
    """`count` of these, drawn, in their order."""
    return sorted(ground.rng.choice(index, count, replace=False).tolist())


def leg(ground: Ground, row: int) -> tuple[int, int]:
    """Time and port of a row."""
    return int(ground.rows.time_ms[row]), int(ground.rows.port[row])


def usual_stay_ms(ground: Ground, vehicle: int) -> float:
    """The vehicle's median stay."""
    return float(np.exp(ground.people.log_stay[vehicle]) * HOUR_MS)


def fits(ground: Ground, row: int, go: float, back: float, port: int | None = None, since: float = 0) -> bool:
    """Whether the trip at `row` could run from `go` to `back`, over `port`, between the trips around it.

    `since` is the end of the trip before where that one is moved as well.
    """
    rows = ground.rows
    vehicle = int(rows.vehicle[row])
    before, after = ground.room(vehicle, row)
    if not (max(before, since) + MARGIN_MS < go < back < after - MARGIN_MS):
        return False
    if port is None or port == rows.port[row]:
        return True
    low, high = int(ground.first[vehicle]), int(ground.first[vehicle + 1])
    earlier = int(rows.port[row - 1]) if row > low else port
    later = int(rows.port[row + 2]) if row + 2 < high else port
    return ground.feasible(port, int(go), earlier, before) and ground.feasible(port, int(back), later, after)


def midnight(ground: Ground, at_ms: float, port: int) -> int:
    """The UTC time at which the port's wall clock last stood at midnight."""
    local = int(ground.places.to_local(np.array([int(at_ms)]), np.array([port]))[0])
    return int(at_ms) - local % DAY_MS


def local_hour(ground: Ground, at_ms: float, port: int) -> float:
    """The port's wall clock, 0 to 24."""
    return (int(at_ms) - midnight(ground, at_ms, port)) / HOUR_MS


def quiet_hours(ground: Ground, port: int) -> Array:
    """The 24 local hours at a port, the one with the fewest crossings first."""
    here = np.flatnonzero(ground.rows.port == port)
    local = ground.places.to_local(ground.rows.time_ms[here], ground.rows.port[here])
    order: Array = np.argsort(np.bincount(local % DAY_MS // HOUR_MS, minlength=24), kind="stable")
    return order


def told(ground: Ground, field: str, port: int) -> bool:
    """Whether the port reports a field of crossings both in and out."""
    return ground.provides(field, port, 0) and ground.provides(field, port, 1)


def unknown_ports(ground: Ground, vehicle: int) -> Array:
    """Ports where the vehicle never was, the one nearest to its home first."""
    places, home = ground.places, int(ground.people.home[vehicle])
    seen = np.unique(ground.rows.port[ground.first[vehicle] : ground.first[vehicle + 1]])
    order = np.argsort(places.distance_km[home], kind="stable")
    never: Array = order[~np.isin(order, np.append(seen, home))]
    return never


def companions(ground: Ground, vehicle: int, most: int = 14) -> Array:
    """Seldom seen cars of the same town and side that could come along; in no story so far."""
    people = ground.people
    could = (people.home == people.home[vehicle]) & (people.inside == people.inside[vehicle]) & ~ground.used
    could &= (
        (people.vehicle_class == 0)
        & (people.kind == OCCASIONAL)
        & (people.leader < 0)
        & (np.diff(ground.first) <= most)
    )
    could &= np.arange(len(could)) < ground.vehicles
    could[vehicle] = False
    return np.flatnonzero(could)


def recruit(ground: Ground, vehicle: int, count: int, most: int = 14) -> list[int]:
    """`count` companions drawn, none where there are too few; whoever is told about must be marked as used."""
    could = companions(ground, vehicle, most)
    return ground.rng.choice(could, count, replace=False).tolist() if len(could) >= count else []


def clear(ground: Ground, vehicle: int, start_ms: float, until_ms: float) -> None:
    """Takes out the whole trips of a vehicle that touch a span, so that in and out still take turns around it."""
    own = np.arange(ground.first[vehicle], ground.first[vehicle + 1])
    if not len(own):
        return
    time_ms, away = ground.rows.time_ms[own], ground.rows.direction[own] == ground.away(vehicle)
    low, high = np.searchsorted(time_ms, (start_ms, until_ms)).tolist()
    if low > 0 and away[low - 1]:  # it is away when the span begins
        low -= 1
    if low < high < len(own) and away[high - 1]:  # ... and when it ends
        high += 1
    ground.remove(own[low:high])

"""What do the optional fields of each crossing say? Columns for all crossings, from bodies, drivers, booths and clocks.

What a vehicle is and who drives it belongs to the body under the plate. A driver stays for a whole trip. Values that a
story has set come last, where the port reports the field.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from evaluation.simulator.bodies import MODELS
from evaluation.simulator.cast import Cast
from evaluation.simulator.overrides import Overrides
from evaluation.simulator.people import People
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array, Places
from evaluation.simulator.reported import GROUPS
from evaluation.simulator.roster import LANES
from evaluation.simulator.trips import Rows
from evaluation.simulator.world import World
from schemas.batch import NO_DAY

RENTERS = 1 << 26  # numbers of the drivers of rented vehicles begin here, one a trip
_LANE_WAIT = np.array([1.0, 0.7, 0.25, 1.3, 0.5, 0.5])
_CLASS_TIME = np.array([1.0, 0.8, 6.0, 1.6, 1.8, 1.2])
_ALIKE = {0: 3, 3: 2, 2: 3, 1: 5, 5: 1, 4: 6, 6: 4, 7: 1, 8: 0, 9: 4, 10: 9}  # colours taken for each other
_SWAPPED_CLASS = np.array([5, 0, 5, 4, 3, 0], np.int8)


@dataclass(slots=True)
class Fields:
    """One entry a crossing; -1 (dates: NO_DAY) where the field is absent."""

    occupants: Array  # i2
    driver: Array  # i4
    model: Array  # i2, index in bodies.MODELS
    colour: Array  # i1, index in bodies.COLOURS
    registered_on: Array  # i4, days since 1970
    owner_changed_on: Array  # i4
    rental: Array  # i1
    officer: Array  # i4
    wait_s: Array  # i4
    inspection_s: Array  # i4
    prequeue_lane: Array  # i2, as Traffic.lane

    def take(self, index: Array) -> Fields:
        """The crossings at an index."""
        return Fields(*(getattr(self, f.name)[index] for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Seen:
    """The crossings as they were seen, with the lane that is known by now."""

    rows: Rows
    lane_type: Array
    number: Array  # of the lane among those of its type
    vehicle_class: Array  # of the body


def trips_of(people: People, rows: Rows) -> Array:
    """i8[n]: a number for every trip; a crossing back home belongs to the one away before it, if that was read."""
    order = np.lexsort((rows.time_ms, rows.body))
    body = rows.body[order]
    away = rows.direction[order] == people.inside[body]
    begins = away.copy()
    begins[1:] |= (body[1:] != body[:-1]) | ~away[:-1]
    trip = np.empty(len(order), np.int64)
    trip[order] = np.cumsum(begins) - (begins[0] if len(begins) else 0)
    return trip


def draw_fields(
    world: World, places: Places, cast: Cast, seen: Seen, trip: Array, overrides: Overrides,
    rng: np.random.Generator,
) -> Fields:  # fmt: skip
    """The columns, in the order of the rows."""
    rows = seen.rows
    columns = Fields(
        **_people(cast, rows, trip, rng), **_looks(world, cast, rows, rng), **_dates(cast, rows, places),
        rental=cast.bodies.rental[rows.body].astype(np.int8), **_booth(cast, seen, rng),
        **_clock(world, cast, places, seen, rng),
    )  # fmt: skip
    left_out = {group: rng.random(len(rows.body)) < world["left_out"] for group in GROUPS}
    day = (places.to_local(rows.time_ms, rows.port) // DAY_MS).astype(np.int32)
    for f in fields(columns):
        column = getattr(columns, f.name)
        absent = NO_DAY if f.name in {"registered_on", "owner_changed_on"} else -1
        group = next(name for name, members in GROUPS.items() if f.name in members)
        column[left_out[group]] = absent
        at, values = overrides.found(f.name, rows.handle)
        if len(at):
            known = np.array([absent if value is None else value for value in values])
            column[at] = seen.number[at] + known if f.name == "prequeue_lane" else known
        column[~cast.reported.mask(f.name, rows.port, rows.direction)] = absent
        if absent == NO_DAY:
            column[column > day] = NO_DAY
    lanes = cast.roster.lanes[rows.port, seen.lane_type]
    there = columns.prequeue_lane >= 0
    number = np.minimum(columns.prequeue_lane, lanes - 1)
    columns.prequeue_lane = np.where(there, seen.lane_type * LANES + number, -1).astype(np.int16)
    return columns


def _people(cast: Cast, rows: Rows, trip: Array, rng: np.random.Generator) -> dict[str, Array]:
    """Who drives, and how many are in the vehicle: drawn for a trip, so the same on the way back."""
    bodies, body = cast.bodies, rows.body
    draw = rng.random((2, int(trip.max()) + 1 if len(trip) else 0))[:, trip]
    main = bodies.main[body]
    count = (bodies.drivers[body] >= 0).sum(axis=1)
    other = 1 + np.floor((draw[0] - main) / np.maximum(1 - main, 1e-6) * (count - 1)).astype(np.int64)
    which = np.where((draw[0] < main) | (count == 1), 0, np.clip(other, 0, count - 1))
    driver = np.where(bodies.rental[body], RENTERS + trip, bodies.drivers[body, which])
    beside = rng.poisson(bodies.party[body] * (0.4 + 1.2 * draw[1]))
    return {"occupants": (1 + beside).clip(1, 80).astype(np.int16), "driver": driver.astype(np.int32)}


def _looks(world: World, cast: Cast, rows: Rows, rng: np.random.Generator) -> dict[str, Array]:
    """What the camera makes of the body; some bodies are misjudged more often than others."""
    n = len(rows.body)
    model, colour = cast.bodies.model[rows.body], cast.bodies.colour[rows.body]
    trouble = rng.gamma(0.5, 2.0, len(cast.bodies.model))[rows.body]
    wrong = np.flatnonzero(rng.random(n) < world["wrong_model"] * trouble)
    first = np.array([next(i for i, m in enumerate(MODELS) if m[2] == of) for of in range(6)])
    count = np.array([sum(m[2] == of for m in MODELS) for of in range(6)])
    of = np.array([m[2] for m in MODELS])[model[wrong]]
    model[wrong] = first[of] + (rng.random(len(wrong)) * count[of]).astype(np.int64)
    wrong = np.flatnonzero(rng.random(n) < world["wrong_colour"] * trouble)
    alike = np.array([_ALIKE[c] for c in range(len(_ALIKE))], np.int8)
    colour[wrong] = np.where(rng.random(len(wrong)) < 0.8, alike[colour[wrong]], rng.integers(0, 11, len(wrong)))
    return {"model": model, "colour": colour}


def _dates(cast: Cast, rows: Rows, places: Places) -> dict[str, Array]:
    bodies, body = cast.bodies, rows.body
    day = places.to_local(rows.time_ms, rows.port) // DAY_MS
    owner = np.where(bodies.owner_changed_on[body] <= day, bodies.owner_changed_on[body], bodies.owner_before[body])
    return {"registered_on": bodies.registered_on[body], "owner_changed_on": owner}


def _booth(cast: Cast, seen: Seen, rng: np.random.Generator) -> dict[str, Array]:
    """The officer of the lane and shift; the lane before the booths, mostly the one that leads there."""
    rows, roster, n = seen.rows, cast.roster, len(seen.rows.body)
    straight = rng.uniform(0.82, 0.97, len(roster.team))[rows.port]
    step = np.where(rng.random(n) < straight, 0, rng.choice([-2, -1, -1, 1, 1, 1, 2, 3], n))
    officer = roster.officer(rows.port, seen.lane_type, seen.number, rows.time_ms)
    return {"officer": officer.astype(np.int32), "prequeue_lane": np.maximum(seen.number + step, 0)}


def _clock(world: World, cast: Cast, places: Places, seen: Seen, rng: np.random.Generator) -> dict[str, Array]:
    """The wait grows with the traffic of the hour; a look into the trunk takes longer, some officers always do."""
    rows, n = seen.rows, len(seen.rows.body)
    hour = (rows.time_ms - places.start_ms) // HOUR_MS
    cell = rows.port.astype(np.int64) * (int(hour.max()) + 1 if n else 1) + hour
    busy = np.bincount(cell)[cell] if n else np.zeros(0)
    ports = len(places.codes)
    usual = np.bincount(rows.port, busy, ports) / np.maximum(np.bincount(rows.port, minlength=ports), 1)
    load = (busy / np.maximum(usual, 1)[rows.port]) ** 1.5
    wait = world["wait_scale_s"] * load * _LANE_WAIT[seen.lane_type] * rng.lognormal(0, 0.4, n)
    thorough = rng.lognormal(0, 0.2, int(cast.roster.base[-1] + 40_000))
    officer = cast.roster.officer(rows.port, seen.lane_type, seen.number, rows.time_ms) % len(thorough)
    look = np.where(rng.random(n) < 0.03, rng.lognormal(1.8, 0.5, n), rng.lognormal(0, 0.45, n))
    inspection = world["inspection_s"] * _CLASS_TIME[seen.vehicle_class] * thorough[officer] * look
    return {"wait_s": wait.clip(0, 14_400).astype(np.int32), "inspection_s": inspection.clip(5, 7_200).astype(np.int32)}


def seen_class(world: World, vehicle_class: Array, rng: np.random.Generator) -> Array:
    """The class that the reader gives; a few are wrong."""
    wrong = rng.random(len(vehicle_class)) < world["wrong_class"]
    return np.where(wrong, _SWAPPED_CLASS[vehicle_class], vehicle_class).astype(np.int8)

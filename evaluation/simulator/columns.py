"""How do the crossings that were read become a log? With lane, class and fields, in order of time and of arrival."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from evaluation.simulator.fields import Seen, draw_fields, seen_class, trips_of
from evaluation.simulator.ground import Ground
from evaluation.simulator.overrides import Overrides
from evaluation.simulator.papers import draw_freight
from evaluation.simulator.people import People, World
from evaluation.simulator.plant import LABELS, Episode
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array, Places
from evaluation.simulator.reads import Read
from evaluation.simulator.roster import LANES, Roster
from evaluation.simulator.traffic import Traffic
from evaluation.simulator.trips import BENIGN, Rows
from schemas.batch import DIRECTIONS

_LANE_LETTERS = ("G", "R", "T", "C", "F", "B")  # general, ready, trusted, commercial, commercial trusted, bus


def to_traffic(
    seed: int, world: World, ground: Ground, read: Read, episodes: list[Episode], rng: np.random.Generator
) -> Traffic:
    """Sorts by time and draws what the lane, the camera, the booth and the papers say."""
    people, rows = ground.people, read.rows
    order = np.lexsort((rows.vehicle, rows.time_ms))
    rows, confidence = rows.take(order), read.confidence[order]
    true_class = people.vehicle_class[rows.body]
    seen = Seen(rows, *_lanes(ground, rows, _lane_types(people, rows, rng), rng), true_class)
    trip = trips_of(people, rows)
    shown = seen_class(world, true_class, rng)
    _say(ground.overrides, rows, {"vehicle_class": shown, "confidence": confidence})
    marked = np.flatnonzero(rows.label >= 0)
    return Traffic(
        seed=seed,
        places=ground.places,
        vehicle_names=[_name(seed, v) for v in range(read.plates)],
        lane_names=[f"{letter}{n + 1:02d}" for letter in _LANE_LETTERS for n in range(LANES)],
        time_ms=rows.time_ms,
        vehicle=rows.vehicle,
        port=rows.port,
        direction=rows.direction,
        lane=(seen.lane_type.astype(np.int16) * LANES + seen.number).astype(np.int16),
        lane_type=seen.lane_type,
        vehicle_class=shown,
        confidence=confidence,
        fields=draw_fields(world, ground.places, ground.cast, seen, trip, ground.overrides, rng),
        freight=draw_freight(world, people, ground.cast, rows, trip, ground.overrides, rng),
        arrival=_arrival(world, rows.time_ms, rng),
        labels=[(_id(seed, row), LABELS[rows.label[row]], int(rows.episode[row])) for row in marked.tolist()],
        benign=_innocent(seed, rows),
        episodes=episodes,
        outages=[
            (ground.places.codes[port], DIRECTIONS[direction], _moment(begin), _moment(end))
            for port, direction, begin, end in sorted(read.outages, key=lambda outage: outage.from_ms)
        ],
    )


def _moment(time_ms: int) -> str:
    return f"{np.datetime64(time_ms // 1000, 's')}Z"


def _id(seed: int, row: int) -> str:
    return f"{seed:x}-{row:09d}"


def _name(seed: int, vehicle: int) -> str:
    return blake2b(f"{seed}/{vehicle}".encode(), digest_size=16).hexdigest()


def _innocent(seed: int, rows: Rows) -> list[tuple[str, str, int]]:
    """What looks odd and is not."""
    row = np.flatnonzero((rows.label < 0) & (rows.note > 0))
    names = [f"benign:{name}" for name in BENIGN]
    return [
        (_id(seed, r), names[n], v)
        for r, n, v in zip(row.tolist(), rows.note[row].tolist(), rows.vehicle[row].tolist(), strict=True)
    ]


def _say(overrides: Overrides, rows: Rows, columns: dict[str, Array]) -> None:
    """Puts what stories set over the columns, in place."""
    for name, column in columns.items():
        at, values = overrides.found(name, rows.handle)
        column[at] = values


def _lane_types(people: People, rows: Rows, rng: np.random.Generator) -> Array:
    """Trusted vehicles mostly use their lanes; ready lanes are taken inbound by some."""
    kind, trusted = people.vehicle_class[rows.body], people.trusted[rows.body]
    draw = rng.random(len(rows.body))
    ready = (rng.random(len(people.kind)) < 0.35)[rows.body] & (rows.direction == 0) & (draw < 0.9)
    car = np.where(trusted & (draw < 0.96), 2, np.where(ready, 1, 0))
    truck = np.where(trusted & (draw < 0.98), 4, 3)
    return np.where(np.isin(kind, (3, 4)), truck, np.where(kind == 2, 5, car)).astype(np.int8)


def _lanes(ground: Ground, rows: Rows, lane_type: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Lane type and number: one of those open at the hour; some drivers have a favourite one.

    Who comes along takes a lane of the leader's type where it may: no car a truck's lane, nor a trusted one by chance.
    """
    people, roster = ground.people, ground.roster
    share = _open(ground.places, rows)
    pick = _habitual(len(people.kind), rows, rng) * share
    _say(ground.overrides, rows, {"lane_type": lane_type})
    pick = np.where(np.isnan(rows.lane), pick, rows.lane)
    _say(ground.overrides, rows, {"lane": pick})
    number = _number(roster, rows.port, lane_type, pick)
    at, leader, apart = ground.overrides.companions(rows.handle)
    may = (lane_type[leader] < 2) & (lane_type[at] < 2) | (lane_type[leader] == lane_type[at])
    at, leader, apart = at[may], leader[may], apart[may]
    lane_type[at] = lane_type[leader]
    lanes = np.ceil(roster.lanes[rows.port[at], lane_type[at]] * share[at]).astype(np.int64)
    number[at] = (number[leader] + apart) % np.maximum(lanes, 1)
    return lane_type, number


def _habitual(vehicles: int, rows: Rows, rng: np.random.Generator) -> Array:
    """Where among the lanes, 0 to 1: near the driver's favourite on some share of crossings, else anywhere."""
    n = len(rows.body)
    favourite, faithful = rng.random(vehicles)[rows.body], rng.beta(0.8, 2.0, vehicles)[rows.body]
    near = np.clip(favourite + rng.normal(0, 0.05, n), 0, 0.999)
    return np.where(rng.random(n) < faithful, near, rng.random(n))


def _open(places: Places, rows: Rows) -> Array:
    """The share of lanes that are open at the local hour."""
    by_hour = np.interp(np.arange(24), [0, 4, 6, 9, 19, 23], [0.4, 0.3, 0.7, 1.0, 1.0, 0.5])
    return np.asarray(by_hour[places.to_local(rows.time_ms, rows.port) % DAY_MS // HOUR_MS])


def _number(roster: Roster, port: Array, lane_type: Array, pick: Array) -> Array:
    count = roster.lanes[port, lane_type]
    return np.asarray(np.minimum(np.floor(pick * count), count - 1).astype(np.int64))


def _arrival(world: World, time_ms: Array, rng: np.random.Generator) -> Array:
    """The order of arrival: a few are late by less than 250 ms, very few by up to ten minutes, a few come twice."""
    n = len(time_ms)
    draw = rng.random(n)
    delay = np.where(draw < world["late"], rng.integers(1, 250, n), 0)
    delay = np.where(
        draw > 1 - world["very_late"], np.exp(rng.uniform(np.log(300), np.log(600_000), n)).astype(np.int64), delay
    )
    twice = np.flatnonzero(rng.random(n) < world["duplicate"])
    arrives = np.concatenate([time_ms + delay, time_ms[twice] + delay[twice] + rng.integers(0, 5_000, len(twice))])
    row = np.concatenate([np.arange(n), twice])
    return row[np.lexsort((row, arrives))]

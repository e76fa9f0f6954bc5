"""What do the readers make of the crossings? Missed reads, misreads, outages, and the hours around a change of the clock."""

from __future__ import annotations

import numpy as np

from evaluation.simulator.ground import Ground
from evaluation.simulator.people import BUS, COMMUTER, SHIFT, World
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array
from evaluation.simulator.trips import DST, MISREAD, READER_OUTAGE, Rows


def read(rows: Rows, ground: Ground, world: World, rng: np.random.Generator) -> tuple[Rows, Array]:
    """What the readers make of the crossings: (rows that were read, by vehicle and time; their confidence f8[n])."""
    ports = len(ground.places.codes)
    missed = np.clip(world["missed_read"] * rng.lognormal(0, 0.4, (ports, 2)), 0.005, 0.03)
    down = _outages(rows, ground, world, rng)
    lost = down | (rng.random(len(rows.vehicle)) < missed[rows.port, rows.direction])
    _note_after(rows, down, ~lost)
    rows = rows.take(~lost)
    quality = rng.uniform(0.93, 0.99, ports)
    confidence = 1 - (1 - quality[rows.port]) * rng.gamma(1.3, 1 / 1.3, len(rows.vehicle))
    swapped = np.flatnonzero((rng.random(len(rows.vehicle)) < world["misread"]) & (rows.label < 0))
    rows.vehicle[swapped] = rng.choice(rows.vehicle, len(swapped)) if len(swapped) else 0
    rows.note[swapped] = MISREAD
    confidence[swapped] = rng.uniform(0.35, 0.8, len(swapped))
    _note_clock_changes(rows, ground)
    return rows, np.clip(confidence, 0.2, 0.999)


def _outages(rows: Rows, ground: Ground, world: World, rng: np.random.Generator) -> Array:
    """Mask of the crossings that fall in an outage of their port's readers in their direction."""
    down = np.zeros(len(rows.vehicle), bool)
    for port in range(len(ground.places.codes)):
        for _ in range(rng.poisson(world["outages"] * ground.days / 90)):
            start = rng.uniform(ground.begin_ms, ground.end_ms)
            end, direction = start + rng.uniform(1.5, 10) * HOUR_MS, rng.integers(2)
            down |= (rows.port == port) & (rows.direction == direction) & (rows.time_ms >= start) & (rows.time_ms < end)
    return down


def _note_after(rows: Rows, down: Array, kept: Array) -> None:
    """The next crossing read of a vehicle whose crossing fell in an outage misses its counterpart innocently."""
    index = np.flatnonzero(kept)
    following = np.searchsorted(index, np.flatnonzero(down))
    lost = np.flatnonzero(down)[following < len(index)]
    after = index[following[following < len(index)]]
    after = after[rows.vehicle[after] == rows.vehicle[lost]]
    rows.note[after] = READER_OUTAGE


def _note_clock_changes(rows: Rows, ground: Ground) -> None:
    """Regular vehicles in the two days after a change of the clock: the same wall clock, another UTC hour."""
    regular = np.isin(ground.people.kind[rows.vehicle], (COMMUTER, SHIFT, BUS))
    for zone, at_ms in ground.places.clock_changes():
        near = (rows.time_ms >= at_ms) & (rows.time_ms < at_ms + 2 * DAY_MS) & (ground.places.zone[rows.port] == zone)
        rows.note[near & regular & (rows.note == 0)] = DST

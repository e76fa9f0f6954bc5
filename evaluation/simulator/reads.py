"""What do the readers make of the crossings? Missed reads, misreads, outages, and clocks that change.

A misread takes a crossing from its vehicle and gives it to another plate. Confusable characters (O and 0, B and 8) make
some plates prone to it, and always the same other plate comes out: one that exists (`confusable` of `World`) or one
that nobody has, a phantom that turns up again and again. The confidence is low, mostly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from evaluation.simulator.ground import Ground
from evaluation.simulator.people import BUS, COMMUTER, SHIFT, World
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array
from evaluation.simulator.trips import DST, MISREAD, READER_OUTAGE, Rows

_CHARACTERS, _CONFUSABLE = 7, 0.28  # of a plate; 0 O D Q B 8 1 I 5 S: ten of 36
_WAYS = 2  # other plates that come out of one


class Outage(NamedTuple):
    """A port's readers in one direction are down."""

    port: int
    direction: int
    from_ms: int
    until_ms: int


class Read(NamedTuple):
    """The crossings that were read, by vehicle and time."""

    rows: Rows
    confidence: Array  # f8
    plates: int  # those of the population, then phantoms
    outages: list[Outage]


def read(ground: Ground, world: World, rng: np.random.Generator) -> Read:
    """What comes out of the readers. A planted crossing that is missed or misread has no label any more."""
    rows = ground.finish()
    ports = len(ground.places.codes)
    missed = np.clip(world["missed_read"] * rng.lognormal(0, 0.4, (ports, 2)), 0.005, 0.03)
    outages = _draw_outages(ground, world, rng)
    down = _down(rows, outages)
    lost = down | (rng.random(len(rows.vehicle)) < missed[rows.port, rows.direction])
    _note_after(rows, down, ~lost)
    rows = rows.take(~lost)
    confidence = _confidence(rows, ports, rng)
    _note_clock_changes(rows, ground)
    plates = len(ground.people.kind)
    phantoms = _misread(rows, confidence, world, plates, ground.vehicles, rng)
    return Read(rows, np.clip(confidence, 0.2, 0.999), plates + phantoms, outages)


def _confidence(rows: Rows, ports: int, rng: np.random.Generator) -> Array:
    """Better at some ports, worse for some plates (dirt, a bent frame), on any day a little different."""
    quality = rng.uniform(0.93, 0.99, ports)
    dirt = rng.lognormal(0, 0.5, int(rows.vehicle.max(initial=0)) + 1)
    n = len(rows.vehicle)
    confidence: Array = 1 - (1 - quality[rows.port]) * dirt[rows.vehicle] * rng.gamma(1.3, 1 / 1.3, n)
    return confidence


def _misread(rows: Rows, confidence: Array, world: World, plates: int, vehicles: int, rng: np.random.Generator) -> int:
    """Gives some crossings to another plate, in place; returns how many phantoms there are."""
    if not len(rows.vehicle) or not world["misread"]:
        return 0
    prone = (0.3 + rng.binomial(_CHARACTERS, _CONFUSABLE, plates)) * rng.lognormal(0, 0.5, plates)
    chance = prone[rows.vehicle]
    chance *= world["misread"] / chance.mean()
    wrong = np.flatnonzero(rng.random(len(chance)) < chance)
    exists = rng.random((plates, _WAYS)) < world["confusable"]
    phantom = plates + np.arange(plates * _WAYS).reshape(plates, _WAYS)
    other = np.where(exists, rng.integers(0, vehicles, (plates, _WAYS)), phantom)
    taken = other[rows.vehicle[wrong], (rng.random(len(wrong)) > 0.8).astype(np.int64)]
    seen = np.unique(taken[taken >= plates])  # numbered through, so that nobody is named who never comes
    rows.vehicle[wrong] = np.where(taken < plates, taken, plates + np.searchsorted(seen, taken))
    rows.note[wrong], rows.label[wrong], rows.episode[wrong] = MISREAD, -1, -1
    sure = rng.random(len(wrong)) < 0.12  # some readers are wrong and sure of it
    confidence[wrong] = np.where(sure, confidence[wrong], rng.beta(6, 3, len(wrong)))
    return len(seen)


def _draw_outages(ground: Ground, world: World, rng: np.random.Generator) -> list[Outage]:
    """Some hours each, at any port and time."""
    outages = []
    for port in range(len(ground.places.codes)):
        for _ in range(rng.poisson(world["outages"] * ground.days / 90)):
            start = int(rng.uniform(ground.begin_ms, ground.end_ms))
            outages.append(Outage(port, int(rng.integers(2)), start, start + int(rng.uniform(1.5, 10) * HOUR_MS)))
    return outages


def _down(rows: Rows, outages: list[Outage]) -> Array:
    """Mask of the crossings that fall in an outage."""
    down = np.zeros(len(rows.vehicle), bool)
    for port, direction, begin, end in outages:
        down |= (rows.port == port) & (rows.direction == direction) & (rows.time_ms >= begin) & (rows.time_ms < end)
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

"""What is a crossing before it is read, and a trip before it is two crossings? The columns, and the innocent oddities.

A trip is a first leg, a stay and a second leg the other way (`outings.py` draws trips, `legs.py` makes rows of them).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from evaluation.simulator.ports import Array

MINUTE_MS = 60_000
BENIGN = (
    "", "habit_change", "holiday_wave", "one_day_trip", "reader_outage", "misread", "dst", "new_bridge", "closure",
    "household", "odd_day", "commuter", "night_shift", "school_run", "shuttle", "tour_bus", "car_haulier", "rental",
)  # fmt: skip
HABIT_CHANGE, HOLIDAY_WAVE, ONE_DAY_TRIP, READER_OUTAGE, MISREAD, DST = range(1, 7)
NEW_BRIDGE, REOPENING, HOUSEHOLD, ODD_DAY = range(7, 11)
LIVES = {"commuter": 11, "shift": 12, "school": 13, "bus": 14, "tour": 15, "haulier": 16, "rental": 17}  # of a kind


@dataclass(slots=True)
class Rows:
    """Crossings before they are read; one entry a crossing."""

    vehicle: Array  # i4
    time_ms: Array  # i8, UTC
    port: Array  # i2
    direction: Array  # i1, 0 inbound, 1 outbound
    note: Array  # i1, index in BENIGN
    label: Array  # i1, index in plant.LABELS, -1 for none
    episode: Array  # i4, -1 for none
    weight: Array  # f4, factor on the truck's weight
    lane: Array  # f4, where in the port's lanes it goes (0 to 1), nan for anywhere
    body: Array  # i4, the vehicle under the plate: another than `vehicle` where plates were swapped or misread
    handle: Array  # i8, by which a story knows it; each once

    def take(self, index: Array) -> Rows:
        """The crossings at an index or mask."""
        return Rows(*(getattr(self, f.name)[index] for f in fields(self)))

    def join(self, other: Rows) -> Rows:
        """These and then the others."""
        return Rows(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))

    def by_vehicle(self) -> Rows:
        """Ordered by vehicle, then time."""
        return self.take(np.lexsort((self.time_ms, self.vehicle)))


def plain_rows(vehicle: Array, time_ms: Array, port: Array, direction: Array, note: Array) -> Rows:
    """Crossings that nobody has labelled."""
    n = len(vehicle)
    return Rows(
        vehicle.astype(np.int32), time_ms.astype(np.int64), port.astype(np.int16), direction.astype(np.int8),
        note.astype(np.int8), np.full(n, -1, np.int8), np.full(n, -1, np.int32), np.ones(n, np.float32),
        np.full(n, np.nan, np.float32), vehicle.astype(np.int32), np.arange(n, dtype=np.int64),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trips:
    """One entry a trip."""

    vehicle: Array
    start: Array  # local hours since the first day
    stay: Array  # hours
    note: Array  # index in BENIGN

    @classmethod
    def join(cls, parts: list[Trips]) -> Trips:
        """All of them."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

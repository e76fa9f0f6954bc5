"""What would a port write by hand? Volume and watch rules; the score is how many of them a crossing breaks.

Equal counts are ordered by the crossings of the last 24 hours, then by a keyed hash: an operator who has to choose
among equals takes the busier vehicle. All rules look back only. A rule whose field no crossing carries breaks never.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from evaluation.baselines.base import F8, Rows, Tick, uniform
from evaluation.scores import Scores
from schemas.batch import DETECTOR_COLUMNS, VEHICLE_CLASSES, Array

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
TRUCKS = [VEHICLE_CLASSES.index("truck"), VEHICLE_CLASSES.index("tractor_trailer")]

Mask = NDArray[np.bool_]


class Lives:
    """The crossings by vehicle and time, and what lies before each in its vehicle's life."""

    def __init__(self, scores: Scores) -> None:
        self.scores = scores
        self.order = np.lexsort((np.arange(len(scores)), scores.time_ms, scores.vehicle_key))
        self.time = scores.time_ms[self.order]
        vehicle = scores.vehicle_key[self.order]
        first = np.append(True, vehicle[1:] != vehicle[:-1])
        self.vehicle = np.cumsum(first) - 1
        self.begin = np.flatnonzero(first)[self.vehicle]  # index of the vehicle's first crossing
        self.before = np.arange(len(vehicle)) - self.begin  # earlier crossings

    def column(self, name: str) -> Array:
        """A column in this order; the absent value where no crossing carries the field."""
        columns = self.scores.columns
        if name in columns:
            return columns[name][self.order]
        dtype, missing = DETECTOR_COLUMNS[name]
        return np.full(len(self.order), missing, dtype)

    def carries(self, name: str) -> Mask:
        """Where the field is present."""
        column, missing = self.column(name), DETECTOR_COLUMNS[name][1]
        found: Mask = ~np.isnan(column) if np.isnan(missing) else column != missing
        return found

    def last(self, name: str) -> Array:
        """The vehicle's value one crossing earlier (its own where there is none)."""
        found: Array = self.column(name)[np.maximum(np.arange(len(self.time)) - 1, self.begin)]
        return found

    @cached_property
    def gap_ms(self) -> Array:
        """Time since the vehicle's crossing before; very long where there is none."""
        return np.where(self.before > 0, np.diff(self.time, prepend=0), 2**60)

    @cached_property
    def turned(self) -> Mask:
        """The crossing before went the other way."""
        found: Mask = (self.before > 0) & (self.column("direction") != self.last("direction"))
        return found

    def within(self, window_ms: int) -> Array:
        """Crossings of the vehicle in the window that ends with this one, itself included."""
        span = int(self.time.max() - self.time.min()) + window_ms + 1
        line = self.vehicle * span + (self.time - self.time.min())
        start = np.maximum(np.searchsorted(line, line - window_ms, side="right"), self.begin)
        found: Array = np.arange(len(line)) - start + 1
        return found

    def new(self, *names: str) -> Mask:
        """The vehicle was never seen with these values before (the first crossing is new as well)."""
        keys = [self.column(name) for name in names]
        order = np.lexsort((np.arange(len(self.time)), *keys, self.vehicle))
        same = np.ones(len(order) - 1, bool)
        for key in (self.vehicle, *keys):
            same &= key[order][1:] == key[order][:-1]
        found = np.empty(len(order), bool)
        found[order] = np.append(True, ~same)
        return found

    @cached_property
    def night(self) -> Mask:
        """Between midnight and 04:00 on the port's clock."""
        found: Mask = self.column("local_ms") % DAY_MS < 4 * HOUR_MS
        return found

    @cached_property
    def quick(self) -> Mask:
        """Back within the hour."""
        return self.turned & (self.gap_ms < HOUR_MS)


def _young(lives: Lives, name: str) -> Mask:
    """Not 30 days since the date in a field."""
    age = lives.column("local_ms") // DAY_MS - lives.column(name)
    found: Mask = lives.carries(name) & (age < 30)
    return found


def _weight_changed(lives: Lives) -> Mask:
    now, last = lives.column("weight_kg"), lives.last("weight_kg")
    found: Mask = (lives.before > 0) & (np.abs(now - last) > 0.3 * last)  # NaN is not greater
    return found


def _heavy_empty(lives: Lives) -> Mask:
    truck = np.isin(lives.column("vehicle_class"), TRUCKS)
    found: Mask = truck & (lives.column("laden") == 0) & (lives.column("weight_kg") > 18_000)
    return found


def _differs(lives: Lives) -> Mask:
    changed = np.zeros(len(lives.time), bool)
    for name in ("colour", "make", "model"):
        now, last = lives.column(name), lives.last(name)
        changed |= (now != last) & (now != 0) & (last != 0)
    return changed


RULES: dict[str, Callable[[Lives], Mask]] = {
    "more than 6 crossings in 24 hours": lambda x: x.within(DAY_MS) > 6,
    "more than 20 crossings in 7 days": lambda x: x.within(7 * DAY_MS) > 20,
    "between midnight and 04:00": lambda x: x.night,
    "first time at this port, after 10 crossings elsewhere": lambda x: x.new("port") & (x.before >= 10),
    "back within the hour": lambda x: x.quick,
    "back after more than 30 days": lambda x: x.turned & (x.gap_ms > 30 * DAY_MS),
    "at another port within 60 minutes": lambda x: (
        (x.before > 0) & (x.column("port") != x.last("port")) & (x.gap_ms < HOUR_MS)
    ),
    "the same direction twice": lambda x: (x.before > 0) & ~x.turned,
    "unseen for 60 days": lambda x: (x.before > 0) & (x.gap_ms > 60 * DAY_MS),
    "first seen under 30 days ago, more than 10 crossings": lambda x: (
        (x.before > 10) & (x.time - x.time[x.begin] < 30 * DAY_MS)
    ),
    "read with confidence below 0.6": lambda x: x.column("read_confidence") < 0.6,
    "registered or sold under 30 days ago": lambda x: _young(x, "registered_on") | _young(x, "owner_changed_on"),
    "rental, at night or back within the hour": lambda x: (x.column("rental") == 1) & (x.night | x.quick),
    "a driver new to the vehicle, after 5 crossings": lambda x: x.carries("driver") & x.new("driver") & (x.before >= 5),
    "a trailer new to the tractor, after 5 crossings": lambda x: (
        x.carries("trailer") & x.new("trailer") & (x.before >= 5)
    ),
    "weight 30 % off the last one": _weight_changed,
    "declared empty, over 18 t": _heavy_empty,
    "booth lane is not the queue's": lambda x: (
        x.carries("prequeue_lane") & (x.column("prequeue_lane") != x.column("lane_key"))
    ),
    "colour, make or model differ from last time": _differs,
    "carrier and consignee new together, after 5 crossings": lambda x: (
        x.carries("carrier") & x.new("carrier", "consignee") & (x.before >= 5)
    ),
}  # fmt: skip


def run(scores: Scores, rows: Rows, tick: Tick) -> F8:
    """How many rules each crossing breaks, and a fraction for its order among equals."""
    lives = Lives(scores)
    broken = np.zeros(len(scores))
    for number, rule in enumerate(RULES.values(), 1):
        broken += rule(lives)
        tick(len(rows) * number // len(RULES))
    busy = lives.within(DAY_MS)
    found = np.empty(len(scores))
    found[lives.order] = broken + 0.9 * busy / (busy + 5.0)
    return (found + 1e-3 * uniform(scores.crossing_key, 3))[rows]

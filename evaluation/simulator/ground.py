"""What can a story do to the generated border? Ground: the crossings of all vehicles, and the edits to them.

Every crossing has a handle: an ordinary one its row, an added one the number that `add` returned (-1: it fell outside
the log, and whatever is done to it is ignored). Nothing is written here but what happened; what is read, and which
fields a port reports, comes later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from evaluation.simulator.bodies import draw_models
from evaluation.simulator.cast import Cast
from evaluation.simulator.overrides import Overrides
from evaluation.simulator.people import People
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array, Places
from evaluation.simulator.trips import Rows

Mark = tuple[int, int]  # label, episode
_FRESH = 1 << 28  # numbers of drivers, trailers and firms that nobody else has begin here


class Decided(NamedTuple):
    """A disposition that a story rests on: what came of looking at the vehicle when it crossed at about `time_ms`."""

    vehicle: int
    time_ms: int
    outcome: str


@dataclass(slots=True)
class Added:
    """Crossings an episode adds, as lists that become columns."""

    vehicle: list[int] = field(default_factory=list)
    time_ms: list[int] = field(default_factory=list)
    port: list[int] = field(default_factory=list)
    direction: list[int] = field(default_factory=list)
    note: list[int] = field(default_factory=list)
    label: list[int] = field(default_factory=list)
    episode: list[int] = field(default_factory=list)
    body: list[int] = field(default_factory=list)


class Ground:
    """The crossings that stories are planted in: rows by vehicle and time, and the edits so far."""

    def __init__(
        self, rows: Rows, people: People, places: Places, days: int, rng: np.random.Generator, vehicles: int, cast: Cast
    ) -> None:
        """The first `vehicles` of the people exist; the others are left for `newcomer`."""
        self.rows, self.people, self.places, self.rng = rows, people, places, rng
        self.begin_ms, self.end_ms = places.start_ms, places.start_ms + days * DAY_MS
        self.days = days
        self.first = np.searchsorted(rows.vehicle, np.arange(len(people.kind) + 1))
        self.gone = np.zeros(len(rows.vehicle), bool)
        self.used = np.zeros(len(people.kind), bool)
        self.added = Added()
        self.labelled = 0
        self.overrides = Overrides()
        self.vehicles = vehicles  # so far; further ones are new
        self.cast, self.bodies, self.routes, self.roster = cast, cast.bodies, cast.routes, cast.roster
        self.decided: list[Decided] = []
        self._fresh = _FRESH

    def trip(self, vehicle: int, before: int, earliest: float = 0.25, latest: float = 0.95) -> int | None:
        """A row that is the first leg of a trip followed by its second, `before` rows or more into the history."""
        low, high = int(self.first[vehicle]), int(self.first[vehicle + 1])
        span = self.end_ms - self.begin_ms
        index = np.arange(low + before, high - 1)
        time_ms = self.rows.time_ms[index]
        fits = (time_ms > self.begin_ms + earliest * span) & (time_ms < self.begin_ms + latest * span)
        fits &= self.rows.direction[index] == self.away(vehicle)
        index = index[fits]
        return int(self.rng.choice(index)) if len(index) else None

    def away(self, vehicle: int) -> int:
        """The direction of the first leg of this vehicle's trips."""
        return int(self.people.inside[vehicle])

    def room(self, vehicle: int, row: int) -> tuple[int, int]:
        """The times of the crossings before `row` and after `row + 1`, or the ends of the log."""
        low, high = int(self.first[vehicle]), int(self.first[vehicle + 1])
        before = int(self.rows.time_ms[row - 1]) if row > low else self.begin_ms
        after = int(self.rows.time_ms[row + 2]) if row + 2 < high else self.end_ms
        return before, after

    def feasible(self, port: int, at_ms: int, other_port: int, other_ms: int, speed: float = 75.0) -> bool:
        """Whether a vehicle gets from one crossing to the other at `speed` km/h as the crow flies, over open ports."""
        return self.is_open(port, at_ms) and bool(
            self.places.distance_km[port, other_port] <= abs(at_ms - other_ms) / HOUR_MS * speed
        )

    def at(self, handle: int) -> tuple[int, int, int, int]:
        """(vehicle, time_ms, port, direction) of a crossing."""
        base = len(self.rows.vehicle)
        source, row = (self.rows, handle) if handle < base else (self.added, handle - base)
        return int(source.vehicle[row]), int(source.time_ms[row]), int(source.port[row]), int(source.direction[row])

    def newcomer(self, like: int, **profile: Any) -> int | None:
        """A vehicle that was never seen, like another but for what `profile` says; None: no more left.

        It makes no crossings by itself. Names are those of the columns of `People` and `Bodies`; make, model, colour
        and drivers are its own unless given. Raises AttributeError for another name.
        """
        if self.vehicles == len(self.people.kind):
            return None
        vehicle = self.vehicles
        self.vehicles += 1
        self.people.copy(like, vehicle)
        self.routes.copy(like, vehicle)
        for name in ("registered_on", "rental", "party", "main"):
            getattr(self.bodies, name)[vehicle] = getattr(self.bodies, name)[like]
        for name, value in profile.items():
            getattr(self.people if hasattr(self.people, name) else self.bodies, name)[vehicle] = value
        if "model" not in profile:
            self.bodies.model[vehicle : vehicle + 1] = draw_models(
                self.people.vehicle_class[vehicle : vehicle + 1], self.rng
            )
        return vehicle

    def fresh(self) -> int:
        """The number of a driver, trailer, carrier, shipper, consignee or officer that nobody has met."""
        self._fresh += 1
        return self._fresh

    def provides(self, field: str, port: int, direction: int = 0) -> bool:
        """Whether crossings of the port report the field; where they do not, what is set is not written."""
        return self.cast.reported.provides(field, port, direction)

    def is_open(self, port: int, at_ms: float) -> bool:
        """Whether anybody crosses there then: no port is closed for a time, no bridge still to open."""
        day = (at_ms - self.begin_ms) / DAY_MS
        return not any(e.port == port and e.from_day <= day < e.until_day for e in self.cast.events)

    def shift_hours(self, port: int) -> list[int]:
        """Local hours of the day at which the officers of a port change."""
        return self.roster.hours(port)

    def remove(self, index: Array | int) -> None:
        """Takes rows out of the log."""
        self.gone[index] = True

    def add(
        self, vehicle: int, time_ms: float, port: int, direction: int, mark: Mark = (-1, -1), note: int = 0,
        body: int | None = None,
    ) -> int:  # fmt: skip
        """Adds a crossing and returns its handle; `mark` is (label, episode).

        `body` is the vehicle that carries the plate of `vehicle`, where it is another one: class, make, colour, driver,
        papers and weight are the body's. What falls outside the log is left out: -1; where the port is closed,
        it is the nearest one that is not.
        """
        if not self.begin_ms <= time_ms < self.end_ms:
            return -1
        if not self.is_open(port, time_ms):  # like everybody else
            shut = {event.port for event in self.cast.events}
            port = next((p for p in np.argsort(self.places.distance_km[port]).tolist() if p not in shut), port)
        columns = self.added
        columns.vehicle.append(vehicle)
        columns.time_ms.append(int(time_ms))
        columns.port.append(int(port))
        columns.direction.append(int(direction))
        columns.note.append(note)
        columns.label.append(mark[0])
        columns.episode.append(mark[1])
        columns.body.append(vehicle if body is None else body)
        self.labelled += mark[0] >= 0
        return len(self.rows.vehicle) + len(columns.vehicle) - 1

    def beside(
        self, handle: int, vehicle: int, seconds: float, lanes_apart: int | None = 0, mark: Mark = (-1, -1),
        note: int = 0,
    ) -> int:  # fmt: skip
        """Adds a crossing of `vehicle` in the queue of another: `seconds` after it (negative: before), and so far away.

        The lane is of the same type; 0 lanes apart is the same lane, None any lane that suits the vehicle.
        """
        if handle < 0:
            return -1
        _, time_ms, port, direction = self.at(handle)
        joined = self.add(vehicle, time_ms + seconds * 1000, port, direction, mark, note)
        if joined >= 0 and lanes_apart is not None:
            self.overrides.beside[joined] = (handle, lanes_apart)
        return joined

    def set(self, handle: int, field: str, value: Any) -> None:
        """Another value for one field of one crossing (names: overrides.SETTABLE); None is absent, -1 is ignored."""
        self.overrides.set(handle, field, value)

    def mark(self, index: Array | int, mark: Mark) -> None:
        """Labels rows that stay as they are."""
        self.rows.label[index], self.rows.episode[index] = mark
        self.labelled += int(np.size(index))

    def move(self, row: int, time_ms: float, mark: Mark = (-1, -1), port: int | None = None) -> int:
        """Another time, and perhaps port, for a crossing; returns its new handle."""
        rows = self.rows
        self.remove(row)
        at = int(rows.port[row]) if port is None else port
        return self.add(int(rows.vehicle[row]), time_ms, at, int(rows.direction[row]), mark, int(rows.note[row]))

    def finish(self) -> Rows:
        """The rows after all edits, by vehicle and time."""
        add = self.added
        n = len(add.vehicle)
        extra = Rows(
            np.array(add.vehicle, np.int32), np.array(add.time_ms, np.int64), np.array(add.port, np.int16),
            np.array(add.direction, np.int8), np.array(add.note, np.int8), np.array(add.label, np.int8),
            np.array(add.episode, np.int32), np.ones(n, np.float32), np.full(n, np.nan, np.float32),
            np.array(add.body, np.int32), len(self.rows.vehicle) + np.arange(n, dtype=np.int64),
        )  # fmt: skip
        return self.rows.take(~self.gone).join(extra).by_vehicle()

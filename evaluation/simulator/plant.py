"""Which crossings are planted oddities? Episodes of labelled kinds, from subtle to plain, put into ordinary lives.

Each episode takes one vehicle, changes, adds or removes some of its crossings, and labels what is odd. The share of
labelled crossings is the one asked for, spread evenly over the kinds. Nothing here knows a detector's threshold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from evaluation.simulator.people import People
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array, Places
from evaluation.simulator.trips import Rows

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)  # subtle to plain
Mark = tuple[int, int]  # label, episode


@dataclass(frozen=True, slots=True)
class Episode:
    """One planted story; `strength` runs from 0 (subtle) to 1 (plain)."""

    number: int
    label: str
    strength: float
    vehicle: int


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


class Ground:
    """The crossings that stories are planted in: rows by vehicle and time, and the edits so far."""

    def __init__(self, rows: Rows, people: People, places: Places, days: int, rng: np.random.Generator) -> None:
        self.rows, self.people, self.places, self.rng = rows, people, places, rng
        self.begin_ms, self.end_ms = places.start_ms, places.start_ms + days * DAY_MS
        self.days = days
        self.first = np.searchsorted(rows.vehicle, np.arange(len(people.kind) + 1))
        self.gone = np.zeros(len(rows.vehicle), bool)
        self.used = np.zeros(len(people.kind), bool)
        self.added = Added()
        self.labelled = 0

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
        """Whether a vehicle gets from one crossing to the other at `speed` km/h as the crow flies."""
        return bool(self.places.distance_km[port, other_port] <= abs(at_ms - other_ms) / HOUR_MS * speed)

    def remove(self, index: Array | int) -> None:
        """Takes rows out of the log."""
        self.gone[index] = True

    def add(
        self, vehicle: int, time_ms: float, port: int, direction: int, mark: Mark = (-1, -1), note: int = 0
    ) -> None:
        """Adds a crossing; `mark` is (label, episode). What falls after the end of the log is left out."""
        if not self.begin_ms <= time_ms < self.end_ms:
            return
        columns = self.added
        columns.vehicle.append(vehicle)
        columns.time_ms.append(int(time_ms))
        columns.port.append(int(port))
        columns.direction.append(int(direction))
        columns.note.append(note)
        columns.label.append(mark[0])
        columns.episode.append(mark[1])
        self.labelled += mark[0] >= 0

    def mark(self, index: Array | int, mark: Mark) -> None:
        """Labels rows that stay as they are."""
        self.rows.label[index], self.rows.episode[index] = mark
        self.labelled += int(np.size(index))

    def move(self, row: int, time_ms: float, mark: Mark = (-1, -1), port: int | None = None) -> None:
        """Another time, and perhaps port, for a crossing."""
        rows = self.rows
        self.remove(row)
        at = int(rows.port[row]) if port is None else port
        self.add(int(rows.vehicle[row]), time_ms, at, int(rows.direction[row]), mark, int(rows.note[row]))

    def finish(self) -> Rows:
        """The rows after all edits, by vehicle and time."""
        add = self.added
        n = len(add.vehicle)
        extra = Rows(
            np.array(add.vehicle, np.int32), np.array(add.time_ms, np.int64), np.array(add.port, np.int16),
            np.array(add.direction, np.int8), np.array(add.note, np.int8), np.array(add.label, np.int8),
            np.array(add.episode, np.int32), np.ones(n, np.float32), np.full(n, np.nan, np.float32),
        )  # fmt: skip
        return self.rows.take(~self.gone).join(extra).by_vehicle()


@dataclass(frozen=True, slots=True)
class Story:
    """How a kind is planted: who may play it, how much history, ports and days it needs, how many labels it makes."""

    label: str
    tell: Callable[[Ground, int, float, Mark], bool]
    kinds: tuple[int, ...]
    typical: int
    crossings: int
    ports: int = 1
    days: int = 7


def plant(ground: Ground, rate: float, stories: tuple[Story, ...]) -> list[Episode]:
    """Plants episodes until about `rate` of all crossings are labelled; returns them in the order of their numbers."""
    total = rate * len(ground.rows.vehicle)
    usable = [s for s in stories if len(ground.places.codes) >= s.ports and ground.days >= s.days]
    episodes: list[Episode] = []
    order = ground.rng.permutation(len(usable)) if total >= 1 else np.empty(0, int)
    for position, which in enumerate(order):
        story = usable[which]
        quota = ground.labelled + (total - ground.labelled) / (len(order) - position)
        eligible = np.isin(ground.people.kind, story.kinds) & (np.diff(ground.first) >= story.crossings)
        candidates = ground.rng.permutation(np.flatnonzero(eligible & ~ground.used))
        for vehicle in candidates:
            if ground.labelled + story.typical / 2 > quota:
                break
            if ground.used[vehicle]:
                continue
            strength = STRENGTHS[int(ground.rng.integers(len(STRENGTHS)))]
            mark = (stories.index(story), len(episodes))
            if story.tell(ground, int(vehicle), strength, mark):
                ground.used[vehicle] = True
                episodes.append(Episode(mark[1], story.label, strength, int(vehicle)))
    return episodes

"""Which crossings are planted oddities? Episodes of labelled kinds, from subtle to plain, put into ordinary lives.

An episode changes, adds or removes crossings of one vehicle, or of a few, and labels what is odd. A crossing is labelled
when it is odd given what came before it: of a convoy those from the third joint day on, of a burst all but the first
trip. What leads there and is ordinary in itself is not. Every vehicle plays in one episode at most. Nothing here knows
a detector's threshold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from evaluation.simulator.people import People
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array, Places
from evaluation.simulator.trips import Rows, plain_rows

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)  # subtle to plain
ROUNDS = 3  # every kind gets as many episodes before any gets more
ATTEMPTS = 300  # vehicles tried for an episode before its kind is given up
Mark = tuple[int, int]  # label, episode
NONE: Mark = (-1, -1)


@dataclass(frozen=True, slots=True)
class Episode:
    """One planted story; `strength` runs from 0 (subtle) to 1 (plain)."""

    number: int
    label: str
    strength: float
    vehicle: int


class Decided(NamedTuple):
    """A disposition that a story rests on: what came of looking at the vehicle when it crossed at about `time_ms`."""

    vehicle: int
    time_ms: int
    outcome: str


@dataclass(slots=True)
class Added:
    """Crossings that episodes add, as lists that become columns; `said` holds what else is said of one."""

    vehicle: list[int] = field(default_factory=list)
    time_ms: list[int] = field(default_factory=list)
    port: list[int] = field(default_factory=list)
    direction: list[int] = field(default_factory=list)
    note: list[int] = field(default_factory=list)
    label: list[int] = field(default_factory=list)
    episode: list[int] = field(default_factory=list)
    said: list[dict[str, float]] = field(default_factory=list)


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
        self.decided: list[Decided] = []
        self._busy: Array | None = None

    # -- what is there

    def trips(self, vehicle: int, before: int, earliest: float = 0.25, latest: float = 0.95) -> Array:
        """Rows that are first legs followed by their second, `before` rows or more into the history.

        `earliest` and `latest` are shares of the log. Stories begin late enough that there is a habit to break.
        """
        low, high = int(self.first[vehicle]), int(self.first[vehicle + 1])
        span = self.end_ms - self.begin_ms
        index = np.arange(low + before, high - 1)
        time_ms = self.rows.time_ms[index]
        fits = (time_ms > self.begin_ms + earliest * span) & (time_ms < self.begin_ms + latest * span)
        fits &= self.rows.direction[index] == self.away(vehicle)
        found: Array = index[fits]
        return found

    def trip(self, vehicle: int, before: int, earliest: float = 0.25, latest: float = 0.95) -> int | None:
        """One of `trips`, if there is one."""
        index = self.trips(vehicle, before, earliest, latest)
        return int(self.rng.choice(index)) if len(index) else None

    def away(self, vehicle: int) -> int:
        """The direction of the first leg of this vehicle's trips."""
        return int(self.people.inside[vehicle])

    def own(self, vehicle: int) -> Array:
        """All rows of a vehicle."""
        return np.arange(self.first[vehicle], self.first[vehicle + 1])

    def at(self, row: int) -> tuple[int, int, int]:
        """Times of both legs of the trip that begins at `row`, and the port of the first."""
        return int(self.rows.time_ms[row]), int(self.rows.time_ms[row + 1]), int(self.rows.port[row])

    def room(self, vehicle: int, row: int) -> tuple[int, int]:
        """The times of the crossings before `row` and after `row + 1`, or the ends of the log."""
        low, high = int(self.first[vehicle]), int(self.first[vehicle + 1])
        before = int(self.rows.time_ms[row - 1]) if row > low else self.begin_ms
        after = int(self.rows.time_ms[row + 2]) if row + 2 < high else self.end_ms
        return before, after

    def feasible(self, port: int, at_ms: float, other_port: int, other_ms: float, speed: float = 75.0) -> bool:
        """Whether a vehicle gets from one crossing to the other at `speed` km/h as the crow flies."""
        return bool(self.places.distance_km[port, other_port] <= abs(at_ms - other_ms) / HOUR_MS * speed)

    def midnight(self, at_ms: float, port: int) -> int:
        """The UTC time at which the wall clock of the port last stood at midnight."""
        local = int(self.places.to_local(np.array([int(at_ms)]), np.array([port]))[0])
        return int(at_ms) - local % DAY_MS

    def companions(self, vehicle: int, most: int = 14) -> Array:
        """Seldom seen vehicles of the same town and side that could come along."""
        people = self.people
        fits = (people.home == people.home[vehicle]) & (people.inside == people.inside[vehicle]) & ~self.used
        fits &= (people.vehicle_class == 0) & (people.leader < 0) & (np.diff(self.first) <= most)
        fits[vehicle] = False
        found: Array = np.flatnonzero(fits)
        return found

    def quiet_hours(self, port: int) -> Array:
        """The 24 local hours at a port, the one with the fewest crossings first."""
        if self._busy is None:
            rows = self.rows
            hour = self.places.to_local(rows.time_ms, rows.port) % DAY_MS // HOUR_MS
            ports = len(self.places.codes)
            self._busy = np.bincount(rows.port * 24 + hour, minlength=24 * ports).reshape(ports, 24)
        order: Array = np.argsort(self._busy[port], kind="stable")
        return order

    # -- what is changed

    def remove(self, index: Array | int) -> None:
        """Takes rows out of the log."""
        self.gone[index] = True

    def clear(self, vehicle: int, start_ms: float, until_ms: float) -> None:
        """Takes out all whole trips of a vehicle that touch a span, so that in and out still take turns."""
        own = self.own(vehicle)
        touched = own[(self.rows.time_ms[own] >= start_ms) & (self.rows.time_ms[own] <= until_ms)]
        around = own[self.rows.time_ms[own] < start_ms][-1:]
        if len(around) and self.rows.direction[around[0]] == self.away(vehicle):  # away when the span begins
            touched = np.append(around, touched)
        if len(touched) and self.rows.direction[touched[-1]] == self.away(vehicle) and touched[-1] + 1 <= own[-1]:
            touched = np.append(touched, touched[-1] + 1)
        self.remove(touched)

    def add(
        self, vehicle: int, time_ms: float, port: int, direction: int, mark: Mark = NONE, note: int = 0, **said: float
    ) -> None:
        """Adds a crossing; what falls after the end of the log is left out. `said`: columns of Rows, by name."""
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
        columns.said.append(said)
        self.labelled += mark[0] >= 0

    def mark(self, index: Array | int, mark: Mark, **said: float) -> None:
        """Labels rows that stay where they are; `said`: what is different about them."""
        self.rows.label[index], self.rows.episode[index] = mark
        self.labelled += int(np.size(index)) * (mark[0] >= 0)
        for name, value in said.items():
            getattr(self.rows, name)[index] = value

    def move(self, row: int, time_ms: float, mark: Mark = NONE, port: int | None = None, **said: float) -> None:
        """Another time, and perhaps port, for a crossing."""
        rows = self.rows
        self.remove(row)
        at = int(rows.port[row]) if port is None else port
        self.add(int(rows.vehicle[row]), time_ms, at, int(rows.direction[row]), mark, int(rows.note[row]), **said)

    def finish(self) -> Rows:
        """The rows after all edits, by vehicle and time."""
        add = self.added
        columns = (add.vehicle, add.time_ms, add.port, add.direction, add.note)
        extra = plain_rows(*(np.array(column, np.int64) for column in columns))
        extra.label[:], extra.episode[:] = add.label, add.episode
        for i, said in enumerate(add.said):
            for name, value in said.items():
                getattr(extra, name)[i] = value
        return self.rows.take(~self.gone).join(extra).by_vehicle()


@dataclass(frozen=True, slots=True)
class Story:
    """How a kind is planted: who may play it, how much history, ports and days it needs, how many labels it makes.

    `after`: it builds on episodes already told, so it is not among the first. `tell` returns False, having changed
    nothing, when the vehicle's life has no room for the story.
    """

    label: str
    tell: Callable[[Ground, int, float, Mark], bool]
    kinds: tuple[int, ...]
    typical: int
    crossings: int
    ports: int = 1
    days: int = 7


class _Kind:
    """One kind while it is planted: the vehicles that may play it, its strengths in turn, its labels so far."""

    def __init__(self, story: Story, number: int, ground: Ground) -> None:
        self.story, self.number, self.labels, self.told = story, number, 0, 0
        eligible = np.isin(ground.people.kind, story.kinds) & (np.diff(ground.first) >= story.crossings)
        self.candidates = iter(ground.rng.permutation(np.flatnonzero(eligible)).tolist())
        self.strengths = ground.rng.permutation(STRENGTHS).tolist()

    def tell(self, ground: Ground, number: int) -> Episode | None:
        """One more episode, with the next vehicle that has room for it."""
        strength = self.strengths[self.told % len(self.strengths)]
        before, attempts = ground.labelled, 0
        for vehicle in self.candidates:
            if ground.used[vehicle]:
                continue
            if self.story.tell(ground, vehicle, strength, (self.number, number)):
                ground.used[vehicle] = True
                self.told += 1
                self.labels += ground.labelled - before
                return Episode(number, self.story.label, strength, vehicle)
            attempts += 1
            if attempts >= ATTEMPTS:
                break
        return None


def plant(ground: Ground, rate: float, stories: tuple[Story, ...]) -> list[Episode]:
    """Plants episodes until about `rate` of all crossings are labelled; returns them in the order of their numbers.

    Every kind gets an episode, in an order drawn, then every kind a second and a third; from then on the kind with the
    fewest labels is next. So short stories come more often than long ones, and no kind is left out for its length.
    """
    total = rate * len(ground.rows.vehicle)
    kinds = [
        _Kind(story, number, ground)
        for number, story in enumerate(stories)
        if len(ground.places.codes) >= story.ports and ground.days >= story.days
    ]
    order = ground.rng.permutation(len(kinds))
    open_kinds = [kinds[i] for i in order] if total >= 1 else []
    episodes: list[Episode] = []
    while open_kinds:
        kind = min(open_kinds, key=lambda k: (k.told if k.told < ROUNDS else ROUNDS, k.labels * (k.told >= ROUNDS)))
        fits = ground.labelled + kind.story.typical / 2 <= total
        episode = kind.tell(ground, len(episodes)) if fits else None
        if episode is None:
            open_kinds.remove(kind)
        else:
            episodes.append(episode)
    return episodes

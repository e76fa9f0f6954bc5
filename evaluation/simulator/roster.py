"""Which officer sits at which booth, and when do they change? A roster for every port, by whole arithmetic.

Teams take turns shift by shift; within a shift the officers of a team move on from booth to booth every hour or two,
so that nobody can know whom he will meet, unless somebody tells him.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.simulator.ports import HOUR_MS, Array, Places
from evaluation.simulator.world import World

_LANE_SHARES = np.array([0.5, 0.3, 0.2, 0.4, 0.2, 0.05])  # general, ready, trusted, commercial, commercial trusted, bus
LANES = 20  # of a type, at most


@dataclass(frozen=True, slots=True)
class Roster:
    """Lanes and officers of every port; local times."""

    places: Places
    lanes: Array  # i8[P, lane types]
    first_slot: Array  # i8[P, lane types]: lanes of a port counted through
    length_h: Array  # i8[P], of a shift
    first_h: Array  # i8[P], local hour at which one begins
    stays_h: Array  # i8[P], at a booth
    teams: Array  # i8[P]
    team: Array  # i8[P], officers in one
    base: Array  # i8[P], number of the port's first officer

    def officer(self, port: Array, lane_type: Array, number: Array, time_ms: Array) -> Array:
        """The officer (a number) at the `number`th lane of a type at a UTC time; arrays of one length."""
        hours = self.places.to_local(time_ms, port) // HOUR_MS - self.first_h[port]
        shift, within = np.divmod(hours, self.length_h[port])
        slot = self.first_slot[port, lane_type] + number
        seat = (slot + within // self.stays_h[port] * 7 + shift * 3) % self.team[port]
        found: Array = self.base[port] + (shift % self.teams[port]) * self.team[port] + seat
        return found

    def at_booth(self, port: int, time_ms: int, lane_type: int) -> Array:
        """The officers at all lanes of a type, in the order of the lanes."""
        count = int(self.lanes[port, lane_type])
        of = np.arange(count)
        return self.officer(np.full(count, port), np.full(count, lane_type), of, np.full(count, time_ms))

    def lane_of(self, officer: int, port: int, time_ms: int, lane_type: int) -> float | None:
        """Which lane to choose to meet an officer, as a value for the field `lane`; None: not in one of this type."""
        at = np.flatnonzero(self.at_booth(port, time_ms, lane_type) == officer)
        return (int(at[0]) + 0.5) / int(self.lanes[port, lane_type]) if len(at) else None

    def changes(self, port: int, from_ms: int, until_ms: int) -> Array:
        """UTC times at which shifts change."""
        local = self.places.to_local(np.array([from_ms, until_ms]), np.array([port, port]))
        length, first = int(self.length_h[port]) * HOUR_MS, int(self.first_h[port]) * HOUR_MS
        low, high = (local - first) // length
        at = np.arange(low, high + 2) * length + first
        utc = self.places.to_utc(at, np.full(len(at), port))
        found: Array = utc[(utc >= from_ms) & (utc < until_ms)]
        return found

    def hours(self, port: int) -> list[int]:
        """Local hours of the day at which shifts change."""
        length = int(self.length_h[port])
        return sorted((int(self.first_h[port]) + k * length) % 24 for k in range(24 // length))


def draw_roster(world: World, places: Places, rng: np.random.Generator) -> Roster:
    """Lanes by volume; shifts of 8 or 12 hours, the same everywhere; teams with some officers more than booths."""
    ports = len(places.codes)
    cars = np.clip(np.ceil(np.sqrt(places.volume[0] / places.volume[0].max()) * 20), 1, 20)
    lanes = np.maximum(1, np.ceil(cars[:, None] * _LANE_SHARES)).astype(np.int64)
    team = np.ceil(lanes.sum(axis=1) * world["officers"] * rng.uniform(0.9, 1.2, ports)).astype(np.int64)
    twelve = rng.random() < world["twelve_hours"]
    length = np.full(ports, 12 if twelve else 8)
    teams = rng.integers(4, 6, ports)
    return Roster(
        places=places,
        lanes=lanes,
        first_slot=np.concatenate([np.zeros((ports, 1), np.int64), np.cumsum(lanes, axis=1)[:, :-1]], axis=1),
        length_h=length,
        first_h=np.full(ports, rng.integers(6, 8 if twelve else 9)),
        stays_h=rng.integers(1, 3, ports),
        teams=teams,
        team=team,
        base=np.concatenate([[0], np.cumsum(team * teams)[:-1]]),
    )

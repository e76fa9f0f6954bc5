"""Who crosses the generated border? Vehicles with personal habits, in the mix that the ports had in 2024.

The shares of passenger vehicles are drawn (`world.py`); trucks and buses are as many as make their part of all
crossings what it was at these ports. Every vehicle draws its own hours, stays and regularity (`habits.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from evaluation.simulator.habits import draw_habits
from evaluation.simulator.kinds import (
    BUS,
    COMMUTER,
    FREIGHT,
    HAULIER,
    KINDS,
    OCCASIONAL,
    RENTAL,
    SCHOOL,
    SHIFT,
    SHOPPER,
    TOUR,
    TRUCKER,
)
from evaluation.simulator.ports import Array, Places
from evaluation.simulator.world import RANGES, World

__all__ = [
    "BUS", "COMMUTER", "FREIGHT", "HAULIER", "KINDS", "OCCASIONAL", "RANGES", "RENTAL", "SCHOOL", "SHIFT", "SHOPPER",
    "TOUR", "TRUCKER", "People", "World", "draw_people",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class People:
    """One entry a vehicle: what it is and what its habits are. Hours and stays in hours of local time."""

    kind: Array  # i1, index in KINDS
    home: Array  # i2, port
    second: Array  # i2, the other port it may use
    third: Array  # i2
    other: Array  # f8, probability of using another port than home on a trip
    inside: Array  # bool, lives on this side: the first leg of a trip is outbound
    vehicle_class: Array  # i1, index in schemas.batch.VEHICLE_CLASSES
    trusted: Array  # bool
    hour: Array  # f8, local hour at which a trip starts
    jitter: Array  # f8, its standard deviation in hours
    log_stay: Array  # f8, log of hours
    spread: Array  # f8, standard deviation of the log
    rate: Array  # f8, by kind: share of days, weeks or trips a day
    leader: Array  # i4, vehicle of the same household, -1 for none
    change_day: Array  # f8, day on which the habit changes for good, inf for never
    change_hours: Array  # f8, by how much
    change_port: Array  # i2, where it goes from then on
    change_stay: Array  # f8, factor on its stays
    enters: Array  # f8, day of the log before which it does not exist
    leaves: Array  # f8, day after which it is gone

    def grown(self, by: int) -> People:
        """The same with `by` more entries, which nobody is yet: occasional, at the first port, never seen."""
        columns = (getattr(self, f.name) for f in fields(self))
        return People(*(np.concatenate([c, np.zeros((by, *c.shape[1:]), c.dtype)]) for c in columns))

    def copy(self, source: int, target: int) -> None:
        """Gives one vehicle the habits of another; it leads and follows nobody."""
        for f in fields(self):
            getattr(self, f.name)[target] = getattr(self, f.name)[source]
        self.leader[target] = -1


def draw_people(
    world: World, places: Places, vehicles: int, days: int, target: float | None, rng: np.random.Generator
) -> People:
    """`vehicles` vehicles; `target` is the mean number of crossings a vehicle to aim at (None: as the world has it)."""
    kind = rng.choice(len(KINDS), vehicles, p=_shares(world, places, days, target)).astype(np.int8)
    for rare in (BUS, TOUR, HAULIER, RENTAL, SCHOOL):  # a few of each, however small the border
        if vehicles >= 500 and (kind == rare).sum() < 2:
            kind[rng.choice(np.flatnonzero(kind == np.bincount(kind).argmax()), 2, replace=False)] = rare
    home, second, third = _ports(kind, places, rng)
    regular = kind != OCCASIONAL
    hour, jitter, log_stay, spread, rate = draw_habits(world, kind, days, target, rng)
    leader = np.full(vehicles, -1, np.int32)
    cars = np.flatnonzero(np.isin(kind, (COMMUTER, SHIFT, SHOPPER, SCHOOL)))
    if len(cars):
        followers = np.flatnonzero(~regular & (rng.random(vehicles) < world["household"]))
        leader[followers] = rng.choice(cars, len(followers))
        for port in (home, second, third):
            port[followers] = port[leader[followers]]
    inside = rng.random(vehicles) < world["live_inside"]
    inside = np.where(leader >= 0, inside[leader], inside)
    enters, leaves = _turnover(world, vehicles, days, rng)
    return People(
        kind, home, second, third, _other(world, kind, rng), inside, _classes(kind, rng),
        trusted=regular & (kind != RENTAL) & (rng.random(vehicles) < world["trusted"]),
        hour=hour, jitter=jitter, log_stay=log_stay, spread=spread, rate=rate, leader=leader,
        **_changes(world, kind, home, second, days, rng), enters=enters, leaves=leaves,
    )  # fmt: skip


def _shares(world: World, places: Places, days: int, target: float | None) -> Array:
    """Shares of the kinds of vehicles: the passenger kinds as drawn, trucks and buses by the ports' volumes.

    With a target the passenger kinds are tilted exponentially until the mean number of crossings a vehicle is met.
    """
    weeks = days / 7
    mean = np.array([
        2 * 5 * weeks * world["attendance"] * 0.92, 2 * 3.8 * weeks * world["attendance"],
        2 * weeks * world["shopper_week"], 2 * weeks * world["truck_week"] * 1.2, 2 * 15 * weeks,
        2 * days / 90 * world["occasional_quarter"] * 1.5, 4 * 5 * weeks * 0.75, 2 * days / 90 * 7,
        2 * weeks * world["truck_week"] * 1.2, 2 * weeks * 0.8,
    ])  # fmt: skip
    base = np.zeros(len(KINDS))
    passenger = np.array([COMMUTER, SHIFT, SHOPPER, SCHOOL, RENTAL, OCCASIONAL])
    base[passenger[:-1]] = [world[f"share_{KINDS[k]}"] for k in passenger[:-1]]
    base[OCCASIONAL] = 1 - base.sum()
    per_car = places.crossings_2024[1:] / places.crossings_2024[0]
    capped = np.minimum(mean, mean[COMMUTER])  # else a high target would be met by a few

    def shares(tilt: float) -> Array:
        some = base * np.exp(tilt * capped)
        some /= some.sum()
        crossings = float(some @ mean)
        for kinds, part, split in (
            ((TRUCKER, HAULIER), per_car[0], world["share_haulier"]), ((BUS, TOUR), per_car[1], world["share_tour"]),
        ):  # fmt: skip
            two = np.array([1 - split, split])
            some[list(kinds)] = two * part * crossings / (two @ mean[list(kinds)])
        return np.asarray(some / some.sum())

    if target is None:
        return shares(0.0)
    margin = 1.15 + 0.6 * np.exp(-days / 7)  # a few days may be quiet ones; what is too much is left out later
    low, high = -4.0 / mean[COMMUTER], 12.0 / mean[COMMUTER]
    for _ in range(60):
        tilt = (low + high) / 2
        low, high = (tilt, high) if shares(tilt) @ mean < margin * target else (low, tilt)
    return shares(tilt)


def _classes(kind: Array, rng: np.random.Generator) -> Array:
    draw = rng.random(len(kind))
    cars = np.where(draw < 0.97, 0, np.where(draw < 0.985, 1, 5))
    cars = np.where(np.isin(kind, (SCHOOL, RENTAL)), 0, cars)
    trucks = np.where(kind == HAULIER, 4, np.where(draw < 0.3, 3, 4))
    return np.select([np.isin(kind, FREIGHT), np.isin(kind, (BUS, TOUR))], [trucks, 2], cars).astype(np.int8)


def _ports(kind: Array, places: Places, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    count = len(places.codes)
    volume = np.where(np.isin(kind, FREIGHT), 1, np.where(np.isin(kind, (BUS, TOUR)), 2, 0))
    home = np.empty(len(kind), np.int16)
    for row in range(3):
        of = np.flatnonzero(volume == row)
        even = (np.arange(len(of)) + rng.random()) / max(len(of), 1)  # few trucks, and each port gets its share
        home[of] = rng.permutation(np.minimum(np.searchsorted(np.cumsum(places.volume[row]), even), count - 1))
    second, third = (_neighbour(home, volume, places, rng) for _ in range(2))
    return home, second, third


def _neighbour(home: Array, volume: Array, places: Places, rng: np.random.Generator) -> Array:
    """Another port nearby for each: rather the near ones, rather those that see many of its like; home if none does."""
    near = places.near(6, within_km=250.0)
    other = home.copy()
    cells, which = np.unique(volume * len(places.codes) + home, return_inverse=True)
    for cell, code in enumerate(cells):
        row, port = divmod(int(code), len(places.codes))
        weight = places.volume[row, near[port]] ** 0.7 * 0.6 ** np.arange(6)
        mine = np.flatnonzero(which == cell)
        if places.volume[row, near[port]].max() > 1e-9:
            other[mine] = rng.choice(near[port], len(mine), p=weight / weight.sum())
    return other


def _other(world: World, kind: Array, rng: np.random.Generator) -> Array:
    n = len(kind)
    other = np.clip(world["other_port"] * rng.lognormal(0, 0.7, n), 0, 0.3)
    away = np.clip(4 * other, 0, 0.5)
    freight = rng.beta(1, 6, n)
    return np.select([np.isin(kind, (OCCASIONAL, RENTAL, TOUR)), np.isin(kind, FREIGHT)], [away, freight], other)


def _turnover(world: World, vehicles: int, days: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Days on which vehicles come into the population and leave it; infinite for most."""
    coming, going = rng.random((2, vehicles)) < world["turnover"] / 2 * days / 90
    at = rng.uniform(0, days, (2, vehicles))
    return np.where(coming, at[0], -np.inf), np.where(going, at[1], np.inf)


def _changes(
    world: World, kind: Array, home: Array, second: Array, days: int, rng: np.random.Generator
) -> dict[str, Array]:
    """Some regulars get another job, school or shift: another hour, another port or another length of the day."""
    n = len(kind)
    changes = ~np.isin(kind, (BUS, OCCASIONAL, RENTAL)) & (rng.random(n) < world["habit_change"] * days / 90)
    what = rng.choice(3, n, p=[0.55, 0.25, 0.2])
    return {
        "change_day": np.where(changes, rng.uniform(0.15, 0.95, n) * days, np.inf),
        "change_hours": np.where(what == 0, rng.choice([-1.0, 1.0], n) * rng.uniform(1.0, 8.0, n), 0.0),
        "change_port": np.where(what == 1, second, home),
        "change_stay": np.where(what == 2, np.exp(rng.choice([-1.0, 1.0], n) * rng.uniform(0.2, 0.9, n)), 1.0),
    }

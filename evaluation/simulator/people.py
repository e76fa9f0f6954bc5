"""Who crosses the generated border? Vehicles with personal habits, and the constants of one generated world.

Nothing here is a constant: `World` draws every share and rate from a range once a seed, and every vehicle draws its
own hours, stays and regularity from the world, so that a detector cannot be fitted to one set of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from evaluation.simulator.ports import Array, Places

KINDS = ("commuter", "shift", "shopper", "trucker", "bus", "occasional")
COMMUTER, SHIFT, SHOPPER, TRUCKER, BUS, OCCASIONAL = range(6)

RANGES: dict[str, tuple[float, float]] = {
    "share_commuter": (0.04, 0.09),  # of vehicles, when no number of crossings is asked for
    "share_shift": (0.008, 0.02),
    "share_shopper": (0.06, 0.14),
    "share_trucker": (0.03, 0.08),
    "share_bus": (0.0005, 0.003),
    "attendance": (0.78, 0.93),  # mean share of working days worked
    "leave_probability": (0.2, 0.6),  # of one block of leave a quarter
    "commuter_hour": (6.0, 8.0),
    "commuter_hour_spread": (0.9, 1.8),
    "commuter_stay_h": (8.6, 9.8),
    "jitter_h": (0.12, 0.35),  # median of the personal jitter of the hour
    "shift_hour": (18.5, 22.5),
    "shift_stay_h": (8.5, 12.3),
    "shopper_hour": (10.5, 14.0),
    "shopper_week": (0.35, 0.7),  # mean probability of shopping in a week
    "shopper_stay_h": (1.4, 3.2),
    "truck_week": (1.2, 3.0),  # median round trips a week
    "truck_stay_h": (4.0, 14.0),
    "occasional_quarter": (1.0, 1.9),  # median trips in 90 days
    "occasional_stay_h": (9.0, 26.0),
    "occasional_spread": (0.5, 0.9),
    "live_inside": (0.35, 0.6),  # share of passenger vehicles that live on this side
    "trusted": (0.15, 0.4),  # of the regulars
    "other_port": (0.006, 0.03),  # median personal probability of another port than the home port
    "household": (0.03, 0.09),  # share of the occasional that follow a vehicle of the same home
    "habit_change": (0.03, 0.08),  # of regulars, a quarter
    "holidays": (1.2, 4.0),  # public holidays a quarter
    "holiday_wave": (2.0, 5.0),  # factor on occasional travel
    "weekend": (1.2, 2.0),  # the same at weekends
    "missed_read": (0.005, 0.03),  # mean over ports
    "misread": (0.00004, 0.0002),  # plate read as somebody else's
    "outages": (0.2, 0.8),  # reader outages a port and quarter
    "duplicate": (0.0002, 0.002),
    "late": (0.002, 0.01),  # arrives out of order by less than 250 ms
    "very_late": (0.00002, 0.0002),  # by up to some minutes
    "one_day_trip": (0.01, 0.04),  # of regulars, a quarter
}


@dataclass(frozen=True, slots=True)
class World:
    """The constants of one generated border, by the names of `RANGES`."""

    values: dict[str, float]

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    @classmethod
    def draw(cls, rng: np.random.Generator) -> World:
        """One world; the order of the draws is the order of the table."""
        return cls({name: float(rng.uniform(low, high)) for name, (low, high) in RANGES.items()})


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
    shares = _shares(world, days, target)
    kind = rng.choice(len(KINDS), vehicles, p=shares).astype(np.int8)
    vehicle_class = _classes(kind, rng)
    home, second, third = _ports(kind, places, rng)
    regular = kind != OCCASIONAL
    hour, jitter, log_stay, spread, rate = _habits(world, kind, days, target, rng)
    other = np.clip(world["other_port"] * rng.lognormal(0, 0.7, vehicles), 0, 0.3)
    other = np.where(kind == OCCASIONAL, np.clip(4 * other, 0, 0.5), other)
    other = np.where(kind == TRUCKER, rng.beta(1, 3, vehicles), other)
    changes = regular & (kind != BUS) & (rng.random(vehicles) < world["habit_change"] * days / 90)
    leader = np.full(vehicles, -1, np.int32)
    if regular.any():
        followers = np.flatnonzero(~regular & (rng.random(vehicles) < world["household"]))
        cars = np.flatnonzero(regular & (kind != TRUCKER) & (kind != BUS))
        leader[followers] = rng.choice(cars, len(followers)) if len(cars) else -1
        home[followers] = np.where(leader[followers] >= 0, home[leader[followers]], home[followers])
    inside = rng.random(vehicles) < world["live_inside"]
    inside = np.where(leader >= 0, inside[leader], inside)
    return People(
        kind, home, second, third, other, inside, vehicle_class,
        trusted=regular & (rng.random(vehicles) < world["trusted"]),
        hour=hour, jitter=jitter, log_stay=log_stay, spread=spread, rate=rate, leader=leader,
        change_day=np.where(changes, rng.uniform(0.15, 0.95, vehicles) * days, np.inf),
        change_hours=rng.choice([-1.0, 1.0], vehicles) * rng.uniform(1.5, 8.0, vehicles),
    )  # fmt: skip


def _shares(world: World, days: int, target: float | None) -> Array:
    """Shares of the kinds; tilted exponentially until the mean number of crossings a vehicle is the target."""
    base = np.array([world[f"share_{name}"] for name in KINDS[:-1]])
    base = np.append(base, 1 - base.sum())
    if target is None:
        return base
    weeks = days / 7
    mean = np.array([
        2 * 5 * weeks * world["attendance"] * 0.95, 2 * 3.8 * weeks * world["attendance"],
        2 * weeks * world["shopper_week"], 2 * weeks * world["truck_week"] * 1.1,
        2 * 15 * weeks, 2 * days / 90 * world["occasional_quarter"] * 1.5,
    ])  # fmt: skip
    capped = np.minimum(mean, mean[COMMUTER])  # else a high target would be met by buses alone
    low, high = -4.0 / mean[COMMUTER], 12.0 / mean[COMMUTER]
    for _ in range(60):
        tilt = (low + high) / 2
        shares = base * np.exp(tilt * capped)
        shares = shares / shares.sum()
        low, high = (tilt, high) if shares @ mean < 1.12 * target else (low, tilt)
    return np.asarray(shares)


def _classes(kind: Array, rng: np.random.Generator) -> Array:
    draw = rng.random(len(kind))
    cars = np.where(draw < 0.97, 0, np.where(draw < 0.985, 1, 5))
    trucks = np.where(draw < 0.3, 3, 4)
    return np.where(kind == TRUCKER, trucks, np.where(kind == BUS, 2, cars)).astype(np.int8)


def _ports(kind: Array, places: Places, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    count = len(places.codes)
    volume = np.where(kind == TRUCKER, 1, np.where(kind == BUS, 2, 0))
    home = np.empty(len(kind), np.int16)
    for row in range(3):
        of = np.flatnonzero(volume == row)
        home[of] = rng.choice(count, len(of), p=places.volume[row])
    near = places.near(6, within_km=250.0)
    pick = np.minimum(rng.geometric(0.5, (2, len(kind))) - 1, 5)
    return home, near[home, pick[0]], near[home, pick[1]]


def _habits(
    world: World, kind: Array, days: int, target: float | None, rng: np.random.Generator
) -> tuple[Array, Array, Array, Array, Array]:
    """Hour, jitter, log stay, spread and rate of every vehicle."""
    n = len(kind)
    normal = rng.standard_normal((5, n))
    uniform = rng.random((3, n))
    of = [kind == k for k in range(len(KINDS))]
    late = uniform[0] < 0.2  # commuters of a late start
    hour = np.select(of, [
        world["commuter_hour"] + world["commuter_hour_spread"] * normal[0] + 5 * late,
        world["shift_hour"] + 1.2 * normal[0],
        world["shopper_hour"] + 1.8 * normal[0],
        np.where(uniform[0] < 0.3, 24 * uniform[1], 9 + 3.5 * normal[0]),
        6 + 1.5 * normal[0],
        13 + 3.6 * normal[0],
    ])  # fmt: skip
    jitter = np.select(of, [
        world["jitter_h"] * np.exp(0.5 * normal[1]), world["jitter_h"] * np.exp(0.5 * normal[1]),
        0.6 + 1.2 * uniform[1],
        np.where(uniform[0] < 0.3, 5.0, 0.8 + 2.5 * uniform[2]), 0.03 + 0.15 * uniform[1], 1.5 + 3 * uniform[1],
    ])  # fmt: skip
    log_stay = np.select(of, [
        np.log(world["commuter_stay_h"]) + 0.08 * normal[2], np.log(world["shift_stay_h"]) + 0.1 * normal[2],
        np.log(world["shopper_stay_h"]) + 0.35 * normal[2], np.log(world["truck_stay_h"]) + 0.8 * normal[2],
        np.log(1.0 + 1.5 * uniform[2]), np.log(world["occasional_stay_h"]) + 1.3 * normal[2],
    ])  # fmt: skip
    spread = np.select(of, [
        0.05 + 0.15 * uniform[1], 0.03 + 0.1 * uniform[1], 0.2 + 0.35 * uniform[2],
        0.15 + 0.5 * uniform[2], 0.04 + 0.08 * uniform[1], world["occasional_spread"] * np.exp(0.3 * normal[3]),
    ])  # fmt: skip
    quarter = world["occasional_quarter"]
    if target is not None:
        quarter = min(quarter, max(0.2, target * 90 / days / 3))
    rate = np.select(of, [
        np.clip(world["attendance"] + 0.08 * normal[4], 0.3, 0.99),
        np.clip(world["attendance"] + 0.06 * normal[4], 0.3, 0.99),
        np.clip(world["shopper_week"] + 0.2 * normal[4], 0.08, 0.98), world["truck_week"] / 7 * np.exp(0.6 * normal[4]),
        np.clip(0.9 + 0.05 * normal[4], 0.6, 1.0), quarter / 90 * np.exp(0.9 * normal[4]),
    ])  # fmt: skip
    return hour, jitter, log_stay, spread, rate

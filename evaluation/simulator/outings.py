"""When does each vehicle travel? Trips drawn from its habits and the calendar, kind by kind.

Days run from a month before the log, so that the log begins with some vehicles away from home.
"""

from __future__ import annotations

import numpy as np

from evaluation.simulator.kinds import (
    BUS,
    COMMUTER,
    HAULIER,
    OCCASIONAL,
    RENTAL,
    SCHOOL,
    SHIFT,
    SHOPPER,
    TOUR,
    TRUCKER,
)
from evaluation.simulator.people import People
from evaluation.simulator.ports import Array, Places
from evaluation.simulator.seasons import BEFORE, Seasons
from evaluation.simulator.trips import HABIT_CHANGE, HOLIDAY_WAVE, HOUSEHOLD, ODD_DAY, Trips
from evaluation.simulator.world import World


def draw_trips(world: World, people: People, places: Places, seasons: Seasons, rng: np.random.Generator) -> Trips:
    """The trips of all vehicles, in no order."""
    regular = _changed(world, people, _daily(world, people, places, seasons, rng), rng)
    return Trips.join([
        regular,
        _changed(world, people, _school(people, seasons, rng), rng),
        _buses(people, seasons, rng),
        _changed(world, people, _steady(people, places, seasons, (TRUCKER, HAULIER), (1.25, 0.35), rng), rng),
        _steady(people, places, seasons, (TOUR,), (0.7, 1.7), rng),
        _leisure(world, people, places, seasons, rng),
        _followers(people, regular, rng),
    ])  # fmt: skip


def _works(people: People, places: Places, who: Array) -> Array:
    """The country in which each works, as a number: this side's for those who live on the other."""
    return np.where(people.inside[who], 1 + places.mexico[people.home[who]], 0)


def _daily(world: World, people: People, places: Places, seasons: Seasons, rng: np.random.Generator) -> Trips:
    """Commuters, shift workers and shoppers: at most one trip a day, decided day by day."""
    who = np.flatnonzero(np.isin(people.kind, (COMMUTER, SHIFT, SHOPPER)))
    kind, rate, n = people.kind[who][:, None], people.rate[who][:, None], len(who)
    days = len(seasons.weekday)
    day = np.arange(-BEFORE, days - BEFORE)
    # most work from Monday to Friday, some, in shops and hotels, five days of another kind
    begins = np.where(rng.random(n) < 0.88, 0, rng.integers(0, 7, n))[:, None]
    working = np.where((seasons.weekday - begins) % 7 < 5, 1.0, 0.03) * rate
    working = working * np.where(seasons.holiday[_works(people, places, who)], 0.15, 1.0)
    cycle_on, cycle_off, phase = rng.integers(3, 6, (n, 1)), rng.integers(2, 5, (n, 1)), rng.integers(0, 9, (n, 1))
    on_shift = np.mod(day + phase, cycle_on + cycle_off) < cycle_on
    favourite = rng.choice(7, (n, 1), p=[0.06, 0.06, 0.06, 0.08, 0.16, 0.34, 0.24])
    shopping = np.where(seasons.weekday == favourite, rate, 0.012)
    probability = np.where(kind == COMMUTER, working, np.where(kind == SHIFT, on_shift * rate, shopping))
    leave = np.where(rng.random(n) < world["leave_probability"], rng.integers(0, days, n) - BEFORE, days + 1)[:, None]
    probability = np.where((day >= leave) & (day < leave + rng.integers(4, 15, (n, 1))), 0.0, probability)
    at, on = np.nonzero(rng.random(probability.shape) < probability)
    return _at_own_hour(people, who[at], day[on], rng)


def _at_own_hour(people: People, vehicle: Array, date: Array, rng: np.random.Generator) -> Trips:
    noise = rng.standard_normal((2, len(vehicle)))
    start = date * 24.0 + people.hour[vehicle] + people.jitter[vehicle] * noise[0]
    stay = np.exp(people.log_stay[vehicle] + people.spread[vehicle] * noise[1])
    return Trips(vehicle, start, stay, np.zeros(len(vehicle), np.int8))


def _changed(world: World, people: People, trips: Trips, rng: np.random.Generator) -> Trips:
    """Habits that have changed, and days on which a trip is at another hour for once."""
    vehicle, n = trips.vehicle, len(trips.vehicle)
    since = trips.start / 24 - people.change_day[vehicle]
    odd = (rng.random(n) < world["odd_day"]) & (since < 0)
    start = trips.start + np.where(odd, rng.choice([-1.0, 1.0], n) * rng.gamma(2, 1.3, n), 0.0)
    start = start + np.where(since >= 0, people.change_hours[vehicle], 0.0)
    stay = trips.stay * np.where(since >= 0, people.change_stay[vehicle], 1.0)
    stay = stay * np.where(odd, np.exp(rng.normal(0, 0.4, n)), 1.0)
    note = np.where((since >= 0) & (since < 14), HABIT_CHANGE, np.where(odd, ODD_DAY, 0))
    return Trips(vehicle, start, stay, note)


def _school(people: People, seasons: Seasons, rng: np.random.Generator) -> Trips:
    """There and back in the morning, and again in the afternoon, on days of school."""
    who = np.flatnonzero(people.kind == SCHOOL)
    day = np.flatnonzero(seasons.school) - BEFORE
    at, on, half = np.nonzero(rng.random((len(who), len(day), 2)) < people.rate[who][:, None, None])
    trips = _at_own_hour(people, who[at], day[on], rng)
    length = rng.uniform(6.5, 8.0, len(who))
    return Trips(trips.vehicle, trips.start + half * length[at], trips.stay, trips.note)


def _buses(people: People, seasons: Seasons, rng: np.random.Generator) -> Trips:
    """Shuttles on a timetable: some round trips a day, every day the same."""
    who = np.flatnonzero(people.kind == BUS)
    runs = rng.integers(1, 5, len(who))
    every = 2.3 * np.exp(people.log_stay[who])
    day, run = np.arange(len(seasons.weekday)) - BEFORE, np.arange(4)
    chance = rng.random((len(who), len(day), 4)) < people.rate[who][:, None, None]
    at, on, nth = np.nonzero((run[None, None, :] < runs[:, None, None]) & chance)
    trips = _at_own_hour(people, who[at], day[on], rng)
    return Trips(trips.vehicle, trips.start + nth * every[at], trips.stay, trips.note)


def _steady(
    people: People, places: Places, seasons: Seasons, kinds: tuple[int, ...], factors: tuple[float, float],
    rng: np.random.Generator,
) -> Trips:  # fmt: skip
    """Trucks and tours: on any day with some probability, with factors for working days and weekends."""
    who = np.flatnonzero(np.isin(people.kind, kinds))
    weekday, weekend = factors
    free = (seasons.weekday >= 5) | (seasons.holiday[0] & (weekday > weekend))
    factor = np.where(free, weekend, weekday) * seasons.season[places.mexico[people.home[who]].astype(int), 1]
    at, on = np.nonzero(rng.random(factor.shape) < people.rate[who][:, None] * factor)
    return _at_own_hour(people, who[at], on - BEFORE, rng)


def _leisure(world: World, people: People, places: Places, seasons: Seasons, rng: np.random.Generator) -> Trips:
    """A few trips each: by season, weekday and the holidays of the traveller's side, at his hour or the port's."""
    who = np.flatnonzero(np.isin(people.kind, (OCCASIONAL, RENTAL)))
    vehicle = np.repeat(who, rng.poisson(people.rate[who] * len(seasons.weekday)))
    mexico = places.mexico[people.home[vehicle]].astype(int)
    origin = np.where(people.inside[vehicle], 0, 1 + mexico)
    start, note = np.empty(len(vehicle)), np.zeros(len(vehicle), np.int8)
    by_day = seasons.hour_of_week.sum(axis=1)[seasons.weekday]
    by_day = by_day * np.where(seasons.weekday >= 5, world["weekend"], 1.0)
    hours = np.cumsum(seasons.hour_of_week, axis=1)
    for border in (0, 1):
        for country in (0, 1 + border):
            mine = np.flatnonzero((mexico == border) & (origin == country))
            weight = np.cumsum(by_day * seasons.season[border, 0] * seasons.wave[country])
            on = np.searchsorted(weight, rng.random(len(mine)) * weight[-1])
            at_port = rng.random(len(mine)) * hours[seasons.weekday[on], 23]
            hour = (hours[seasons.weekday[on]] <= at_port[:, None]).sum(axis=1) + rng.random(len(mine))
            own = people.hour[vehicle[mine]] + people.jitter[vehicle[mine]] * rng.standard_normal(len(mine))
            start[mine] = (on - BEFORE) * 24 + np.where(rng.random(len(mine)) < world["own_hour"], own, hour)
            note[mine] = np.where(seasons.wave[country, on] > 1.15, HOLIDAY_WAVE, 0)
    log_stay = people.log_stay[vehicle] + people.spread[vehicle] * rng.standard_normal(len(vehicle))
    return Trips(vehicle, start, np.exp(np.clip(log_stay, np.log(0.4), np.log(24 * 25))), note)


def _followers(people: People, trips: Trips, rng: np.random.Generator) -> Trips:
    """The second car of a household comes along on some trips, seconds to some minutes behind."""
    follower = np.flatnonzero(people.leader >= 0)
    second = np.full(len(people.kind), -1, np.int64)
    second[people.leader[follower]] = follower
    willing = rng.beta(1, 5, len(people.kind))
    take = np.flatnonzero((second[trips.vehicle] >= 0) & (rng.random(len(trips.vehicle)) < willing[trips.vehicle]))
    behind = rng.uniform(15, 200, len(take)) / 3600
    stay = trips.stay[take] * np.exp(rng.normal(0, 0.02, len(take)))
    return Trips(second[trips.vehicle[take]], trips.start[take] + behind, stay, np.full(len(take), HOUSEHOLD, np.int8))

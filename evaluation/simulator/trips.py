"""When does each vehicle cross? Trips drawn from its habits, and the crossings they are made of.

A trip is a first leg, a stay and a second leg the other way. Days run from a month before the log, so that the log
begins with some vehicles away from home; what falls outside is cut.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from evaluation.simulator.people import BUS, COMMUTER, OCCASIONAL, SHIFT, SHOPPER, TRUCKER, People, World
from evaluation.simulator.ports import DAY_MS, HOUR_MS, Array, Places

BEFORE = 28  # days simulated before the log begins
MINUTE_MS = 60_000
BENIGN = ("", "habit_change", "holiday_wave", "one_day_trip", "reader_outage", "misread", "dst")
HABIT_CHANGE, HOLIDAY_WAVE, ONE_DAY_TRIP, READER_OUTAGE, MISREAD, DST = range(1, 7)


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
class _Trips:
    vehicle: Array
    start: Array  # local hours since the first day
    stay: Array  # hours
    note: Array


def draw_rows(
    world: World, people: People, places: Places, days: int, target: int | None, rng: np.random.Generator
) -> Rows:
    """All crossings of all vehicles, by vehicle and time; about `target` of them if given and enough are made."""
    holiday = _holidays(world, days, rng)
    parts = [
        _daily(world, people, days, holiday, rng),
        _buses(people, days, rng),
        _truckers(people, days, rng),
        _occasional(world, people, days, holiday, rng),
    ]
    parts.append(_followers(people, parts, rng))
    trips = _Trips(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(_Trips)))
    return _legs(people, places, trips, days, target, rng)


def _holidays(world: World, days: int, rng: np.random.Generator) -> Array:
    """bool[BEFORE + days]: public holidays."""
    count = rng.poisson(world["holidays"] * (days + BEFORE) / 90)
    holiday = np.zeros(days + BEFORE, bool)
    holiday[rng.integers(0, days + BEFORE, count)] = True
    return holiday


def _daily(world: World, people: People, days: int, holiday: Array, rng: np.random.Generator) -> _Trips:
    """Commuters, shift workers and shoppers: at most one trip a day, decided day by day."""
    who = np.flatnonzero((people.kind == COMMUTER) | (people.kind == SHIFT) | (people.kind == SHOPPER))
    day = np.arange(-BEFORE, days)
    weekday = np.mod(day, 7)  # days count from a Monday, whatever the date says: a week is a week
    kind, rate, n = people.kind[who][:, None], people.rate[who][:, None], len(who)
    working = np.where(weekday < 5, np.where(holiday, 0.15, 1.0), 0.03) * rate
    cycle_on, cycle_off, phase = rng.integers(3, 6, (n, 1)), rng.integers(2, 5, (n, 1)), rng.integers(0, 9, (n, 1))
    on_shift = np.mod(day + phase, cycle_on + cycle_off) < cycle_on
    favourite = rng.choice(7, (n, 1), p=[0.06, 0.06, 0.06, 0.08, 0.16, 0.34, 0.24])
    shopping = np.where(weekday == favourite, rate, 0.012)
    probability = np.where(kind == COMMUTER, working, np.where(kind == SHIFT, on_shift * rate, shopping))
    leave = np.where(rng.random(n) < world["leave_probability"], rng.integers(0, max(days, 1), n), days + 1)[:, None]
    probability = np.where((day >= leave) & (day < leave + rng.integers(4, 15, (n, 1))), 0.0, probability)
    at, on = np.nonzero(rng.random(probability.shape) < probability)
    vehicle, date = who[at], day[on]
    since = date - people.change_day[vehicle]
    hour = people.hour[vehicle] + people.jitter[vehicle] * rng.standard_normal(len(vehicle))
    hour = hour + np.where(since >= 0, people.change_hours[vehicle], 0.0)
    stay = np.exp(people.log_stay[vehicle] + people.spread[vehicle] * rng.standard_normal(len(vehicle)))
    note = np.where((since >= 0) & (since < 14), HABIT_CHANGE, 0)
    return _Trips(vehicle, date * 24 + hour, stay, note)


def _buses(people: People, days: int, rng: np.random.Generator) -> _Trips:
    """Shuttles on a timetable: some round trips a day."""
    who = np.flatnonzero(people.kind == BUS)
    runs = rng.integers(1, 5, len(who))
    every = 2.3 * np.exp(people.log_stay[who])
    day, run = np.arange(-BEFORE, days), np.arange(4)
    keep = (run[None, None, :] < runs[:, None, None]) & (
        rng.random((len(who), len(day), 4)) < people.rate[who][:, None, None]
    )
    at, on, nth = np.nonzero(keep)
    vehicle = who[at]
    noise = rng.standard_normal((2, len(vehicle)))
    start = day[on] * 24 + people.hour[vehicle] + nth * every[at] + people.jitter[vehicle] * noise[0]
    return _Trips(
        vehicle, start, np.exp(people.log_stay[vehicle] + people.spread[vehicle] * noise[1]), np.zeros(len(vehicle))
    )


def _truckers(people: People, days: int, rng: np.random.Generator) -> _Trips:
    who = np.flatnonzero(people.kind == TRUCKER)
    day = np.arange(-BEFORE, days)
    works = np.where(np.mod(day, 7) < 5, 1.25, 0.35)
    at, on = np.nonzero(rng.random((len(who), len(day))) < people.rate[who][:, None] * works)
    vehicle = who[at]
    noise = rng.standard_normal((2, len(vehicle)))
    start = day[on] * 24 + people.hour[vehicle] + people.jitter[vehicle] * noise[0]
    return _Trips(
        vehicle, start, np.exp(people.log_stay[vehicle] + people.spread[vehicle] * noise[1]), np.zeros(len(vehicle))
    )


def _occasional(world: World, people: People, days: int, holiday: Array, rng: np.random.Generator) -> _Trips:
    """A few trips each, more at weekends and around holidays (the wave: the day before, the day, the day after)."""
    who = np.flatnonzero(people.kind == OCCASIONAL)
    vehicle = np.repeat(who, rng.poisson(people.rate[who] * (days + BEFORE)))
    wave = holiday | np.append(holiday[1:], False) | np.append(False, holiday[:-1])
    weight = np.where(np.mod(np.arange(-BEFORE, days), 7) >= 5, world["weekend"], 1.0)
    weight = np.cumsum(weight * np.where(wave, world["holiday_wave"], 1.0))
    on = np.searchsorted(weight, rng.random(len(vehicle)) * weight[-1])
    noise = rng.standard_normal((2, len(vehicle)))
    start = (on - BEFORE) * 24 + people.hour[vehicle] + people.jitter[vehicle] * noise[0]
    stay = np.exp(np.clip(people.log_stay[vehicle] + people.spread[vehicle] * noise[1], np.log(0.4), np.log(24 * 25)))
    return _Trips(vehicle, start, stay, np.where(wave[on], HOLIDAY_WAVE, 0))


def _followers(people: People, parts: list[_Trips], rng: np.random.Generator) -> _Trips:
    """The second car of a household comes along on some trips, half a minute to some minutes behind."""
    follower = np.flatnonzero(people.leader >= 0)
    if not len(follower):
        return _Trips(*(np.empty(0) for _ in range(4)))
    trips = parts[0]
    second = np.full(len(people.kind), -1, np.int64)
    second[people.leader[follower]] = follower
    willing = rng.beta(1, 5, len(people.kind))
    take = np.flatnonzero((second[trips.vehicle] >= 0) & (rng.random(len(trips.vehicle)) < willing[trips.vehicle]))
    behind = rng.uniform(15, 200, len(take)) / 3600
    stay = trips.stay[take] * np.exp(rng.normal(0, 0.02, len(take)))
    return _Trips(second[trips.vehicle[take]], trips.start[take] + behind, stay, np.zeros(len(take)))


def _legs(
    people: People, places: Places, trips: _Trips, days: int, target: int | None, rng: np.random.Generator
) -> Rows:
    vehicle = trips.vehicle.astype(np.int64)
    stay_ms = np.maximum(trips.stay * HOUR_MS, 4 * MINUTE_MS).astype(np.int64)
    go, back = _routes(people, places, vehicle, trips.stay, rng)
    out_ms = places.to_utc(places.start_ms + (trips.start * HOUR_MS).astype(np.int64), go)
    order = np.lexsort((out_ms, vehicle))
    vehicle, out_ms, stay_ms = vehicle[order], out_ms[order], stay_ms[order]
    go, back, note = go[order], back[order], trips.note[order]
    keep = _without_overlap(vehicle, out_ms, out_ms + stay_ms)
    end_ms = places.start_ms + days * DAY_MS
    back_ms = out_ms + stay_ms
    made = sum(int((keep & (at >= places.start_ms) & (at < end_ms)).sum()) for at in (out_ms, back_ms))
    if target is not None and made > target:
        keep = keep & (rng.random(len(keep)) < target / made)
    index = np.flatnonzero(keep)
    first = people.inside[vehicle[index]].astype(np.int8)
    rows = plain_rows(
        np.repeat(vehicle[index], 2),
        np.stack([out_ms[index], out_ms[index] + stay_ms[index]], axis=1).ravel(),
        np.stack([go[index], back[index]], axis=1).ravel(),
        np.stack([first, 1 - first], axis=1).ravel(),
        np.repeat(note[index], 2),
    )
    _possible(rows, places)
    rows = rows.take((rows.time_ms >= places.start_ms) & (rows.time_ms < end_ms)).by_vehicle()
    rows.handle = np.arange(len(rows.vehicle), dtype=np.int64)
    return rows


def _routes(
    people: People, places: Places, vehicle: Array, stay_h: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """The ports of both legs: home, rarely another; back by another one only if the stay allows the way."""
    draw = rng.random((4, len(vehicle)))
    home, other = people.home[vehicle], people.other[vehicle]
    elsewhere = np.where(draw[1] < 0.75, people.second[vehicle], people.third[vehicle])
    go = np.where(draw[0] < other, elsewhere, home)
    back = np.where(draw[2] < 0.3 * other, np.where(go == home, elsewhere, home), go)
    feasible = places.distance_km[go, back] < 50 * stay_h
    return go, np.where(feasible, back, go)


def _without_overlap(vehicle: Array, start: Array, end: Array) -> Array:
    """Mask of trips that begin 20 minutes or more after all earlier ones of the vehicle ended (sorted input)."""
    if not len(vehicle):
        return np.zeros(0, bool)
    low = int(start.min())
    span = int(end.max()) - low + 1
    latest = (
        np.maximum.accumulate(end - low + vehicle * span) - vehicle * span + low
    )  # vehicles cannot reach each other
    keep = np.ones(len(vehicle), bool)
    same = vehicle[1:] == vehicle[:-1]
    keep[1:] = ~same | (start[1:] > latest[:-1] + 20 * MINUTE_MS)
    return keep


def _possible(rows: Rows, places: Places) -> None:
    """A journey faster than 80 km/h as the crow flies did not happen: the crossing was where the last one was."""
    for _ in range(2):
        hours = (rows.time_ms[1:] - rows.time_ms[:-1]) / HOUR_MS
        too_fast = (rows.vehicle[1:] == rows.vehicle[:-1]) & (
            places.distance_km[rows.port[1:], rows.port[:-1]] > 80 * hours
        )
        rows.port[1:][too_fast] = rows.port[:-1][too_fast]

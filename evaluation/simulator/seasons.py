"""On which days and at which hours do people travel? Weekdays, public holidays of three countries, seasons, hours.

Holidays are those of the `holidays` package for the dates of the log: on both sides of a border, since each side
travels on its own. Hours and seasons are measured shapes (`make_shapes.py` says where from).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources

import numpy as np
from holidays import country_holidays

from evaluation.simulator.ports import Array
from evaluation.simulator.world import World

BEFORE = 28  # days simulated before the log begins
COUNTRIES = ("US", "CA", "MX")


@dataclass(frozen=True, slots=True)
class Seasons:
    """One entry a day, from `BEFORE` days before the log to its end."""

    weekday: Array  # i8[D], 0 is Monday
    holiday: Array  # bool[3, D], by country: a day off
    wave: Array  # f8[3, D], by country: factor on leisure travel around holidays
    school: Array  # bool[D], a day of school on this side
    season: Array  # f8[2, 2, D]: border (Canada, Mexico), personal vehicles or trucks
    hour_of_week: Array  # f8[7, 24], mean 1: arrivals of leisure travellers


def draw_seasons(world: World, start: str, days: int, rng: np.random.Generator) -> Seasons:
    """The calendar of a log of `days` from `start` (ISO date); holidays differ in how much travel they make."""
    dates = [date.fromisoformat(start) + timedelta(days=d) for d in range(-BEFORE, days)]
    years = list(range(dates[0].year, dates[-1].year + 1))
    found = [set(country_holidays(country, years=years)) for country in COUNTRIES]
    off = np.array([[day in of_country for day in dates] for of_country in found])
    months = _table("months.csv")
    month = np.array([day.month - 1 for day in dates])
    weekday = np.array([day.weekday() for day in dates])
    return Seasons(
        weekday=weekday,
        holiday=off,
        wave=np.array([_wave(world, of_country, rng) for of_country in off]),
        school=(weekday < 5) & ~off[0] & ~np.isin(month, (6, 7)) & ~_breaks(dates),
        season=np.array([[months[f"{b}_{m}"][month] for m in ("personal", "trucks")] for b in ("canada", "mexico")]),
        hour_of_week=_hours(world),
    )


def _wave(world: World, off: Array, rng: np.random.Generator) -> Array:
    """Most on the day itself and the eve; a long weekend is one wave. Each holiday has a strength of its own."""
    wave = np.ones(len(off))
    for day in np.flatnonzero(off):
        strength = (world["holiday_wave"] - 1) * rng.uniform(0.2, 1.0)
        for near, part in ((-2, 0.3), (-1, 0.9), (0, 1.0), (1, 0.8), (2, 0.2)):
            if 0 <= day + near < len(wave):
                wave[day + near] = max(wave[day + near], 1 + strength * part)
    return wave


def _breaks(dates: list[date]) -> Array:
    """No school from Christmas Eve to the 4th of January, nor in the third week of March."""
    days = np.array([100 * day.month + day.day for day in dates])
    return np.asarray((days >= 1224) | (days <= 104) | ((days >= 315) & (days <= 321)))


def _hours(world: World) -> Array:
    """Flow from delay: as a power of it, with half a minute added so that no hour is empty."""
    flow = (_table("hour_of_week.csv")["delay_minutes"] + 0.5) ** world["hour_power"]
    return np.asarray(flow.reshape(7, 24) / flow.mean())


def _table(name: str) -> dict[str, Array]:
    with resources.files("evaluation.simulator").joinpath(name).open("r", encoding="ascii") as source:
        rows = list(csv.DictReader(source))
    return {column: np.array([float(row[column]) for row in rows]) for column in rows[0]}

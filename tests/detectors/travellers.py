"""Who crosses in the tests of pairs? A crowd at one port, people of habit, and companions at their side."""

from __future__ import annotations

from typing import Any

import numpy as np

from schemas.batch import Array
from tests.detectors.bench import DAY, HOUR, MONDAY, Traffic, crossings

MINUTE = 60_000
CROWD = 1000  # vehicles of the crowd are numbered from here


def there_and_back(vehicle: int, days: Any, out_h: Any, back_h: Any, **columns: Any) -> Traffic:
    """One vehicle that goes out at `out_h` and comes back at `back_h` (hours, one number or one a day)."""
    day = np.asarray(days, np.int64)
    times = np.stack([day * 24 + np.broadcast_to(out_h, day.shape), day * 24 + np.broadcast_to(back_h, day.shape)], 1)
    columns.setdefault("port", 1)
    columns.setdefault("lane_key", 1)
    times_ms = MONDAY + (times.ravel() * HOUR).astype(np.int64)
    return crossings(times_ms, vehicle, direction=np.tile([1, 0], len(day)), **columns)


def regular(vehicle: int, days: int, hour: float, jitter_h: float, seed: int, share: float = 0.9) -> Traffic:
    """A commuter on most days: the hour and the length of the day vary."""
    rng = np.random.default_rng(seed)
    on = np.flatnonzero(rng.random(days) < share)
    out = hour + jitter_h * rng.normal(size=len(on))
    return there_and_back(vehicle, on, out, out + 9.0 + 2 * jitter_h * rng.normal(size=len(on)))


def beside(other: Traffic, vehicle: int, seconds: Any, days: Any = None, **columns: Any) -> Traffic:
    """A companion so many seconds behind every crossing of `other`, or behind those on `days`."""
    day = (other.columns["time_ms"] - MONDAY) // DAY
    there = other.take(slice(None) if days is None else np.isin(day, days))
    times = there.columns["time_ms"] + np.asarray(np.multiply(seconds, 1000), np.int64)
    columns = {"port": 1, "lane_key": 2, "direction": there.columns["direction"]} | columns
    return crossings(times, vehicle, **columns)


def crowd(
    days: int, a_day: int, seed: int = 3, vehicles: int = 400, hour: float = 12.0, spread_h: float = 4.0
) -> Traffic:
    """Crossings of many, each vehicle at its own hour of the day, with some minutes to hours of variation."""
    rng = np.random.default_rng(seed)
    own, jitter = rng.normal(hour, spread_h, vehicles), rng.uniform(0.1, 1.0, vehicles)
    n = days * a_day // 2
    who, day = rng.integers(0, vehicles, n), rng.integers(0, days, n)
    out = day * 24 + own[who] + jitter[who] * rng.normal(size=n)
    times = np.stack([out, out + rng.lognormal(1.5, 0.5, n)], 1).ravel()
    times_ms = MONDAY + (times * HOUR).astype(np.int64)
    return crossings(times_ms, np.repeat(who + CROWD, 2), port=1, direction=np.tile([1, 0], n), lane_key=3)


def together(*parts: Traffic) -> Traffic:
    """All of them in the order of time."""
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.then(part)
    return whole.take(np.argsort(whole.columns["time_ms"], kind="stable"))


def of(traffic: Traffic, vehicle: int, values: Array) -> Array:
    """Those of one vehicle."""
    mine: Array = values[traffic.vehicle == vehicle]
    return mine

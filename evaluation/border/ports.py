"""Which ports is the generated border made of? Places, clocks and volumes, and the distances between them.

Volumes, positions and codes: US Bureau of Transportation Statistics, Border Crossing Entry Data (keg4-3bc2, public
domain), year 2024, thousands of personal vehicles, trucks and buses; the zone is the town's. When more ports are
asked for than the table has, synthetic ones are added along a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ZONES = {
    "LA": "America/Los_Angeles",
    "AK": "America/Anchorage",
    "PH": "America/Phoenix",
    "DE": "America/Denver",
    "CH": "America/Chicago",
    "DT": "America/Detroit",
    "NY": "America/New_York",
}
# code latitude longitude zone personal trucks buses (thousands in 2024), largest first
_TABLE = """
2504 32.543 -117.029 LA 14829 0 45.8
2304 27.500 -99.507 CH 5088 3027 34.5
2402 31.764 -106.451 DE 7545 134 14.9
2506 32.550 -116.939 LA 6516 1060 0
2305 26.095 -98.271 CH 4819 721 11
2503 32.673 -115.388 LA 5381 0 0
0901 43.095 -79.056 NY 4395 899 9.8
2301 25.952 -97.401 CH 4800 304 4.1
3801 42.332 -83.048 DT 3692 1398 8
2401 31.673 -106.335 DE 3687 671 0
2604 31.333 -110.943 PH 3779 405 10.9
3004 48.994 -122.749 LA 3244 350 6.8
2608 32.485 -114.782 PH 3391 44 0.1
2507 32.673 -115.388 LA 2886 463 0.9
2303 28.705 -100.512 CH 2935 256 6.3
3802 42.999 -82.424 DT 1036 916 0.7
2302 29.327 -100.928 CH 1751 76 0
2601 31.334 -109.560 PH 1563 29 0.2
2309 26.062 -97.950 CH 1480 58 0
0712 45.009 -73.453 NY 979 274 6.6
2505 32.576 -116.626 LA 1081 60 0
2408 31.784 -106.679 DE 781 169 0.7
2310 26.404 -99.019 CH 851 46 0.6
0704 44.991 -74.740 NY 862 23 1.3
0708 44.347 -75.984 NY 568 190 0.4
2404 31.435 -106.143 DE 735 21 0
2403 29.562 -104.395 CH 737 12 1.5
3017 49.002 -123.068 LA 739 7 0.3
3009 49.002 -122.265 LA 590 142 0.4
0115 45.189 -67.275 NY 570 60 0.1
2502 32.718 -114.728 LA 610 0 0
0212 45.015 -73.085 NY 488 96 2.2
3803 46.509 -84.361 DT 532 33 0.3
0209 45.006 -72.099 NY 432 83 1.1
3023 49.002 -122.485 LA 468 44 0
2307 26.366 -98.803 CH 470 41 0
3401 49.000 -97.237 CH 240 248 0.3
2406 31.784 -107.628 DE 419 18 0.9
2602 31.880 -112.817 PH 403 1 0.6
2603 31.334 -109.948 PH 338 3 0
3310 48.998 -111.960 DE 166 158 0.1
0109 47.360 -68.329 NY 298 6 0
0701 44.733 -75.458 NY 258 37 0.1
3604 48.608 -93.401 CH 265 18 0.1
0106 46.135 -67.781 NY 194 89 0.1
0104 45.806 -70.397 NY 150 65 0
3019 49.000 -119.462 LA 144 24 0.1
3613 48.001 -89.585 CH 152 12 0.1
3403 48.999 -102.552 CH 65 97 0.1
3424 48.719 -94.590 CH 141 4 0.1
3302 49.001 -116.181 LA 88 53 0
3318 49.000 -115.056 DE 129 10 0
0108 47.160 -67.931 NY 117 18 0
0715 44.992 -74.308 NY 114 11 0
0103 44.859 -66.980 NY 122 2 0
3316 48.998 -113.379 DE 105 2 0
3423 48.999 -95.377 CH 85 7 0.4
0110 47.249 -68.604 NY 83 7 0
3308 49.000 -116.499 LA 88 1 0
0107 46.765 -67.789 NY 80 7 0
0203 45.012 -72.589 NY 84 3 0
3422 48.999 -100.052 CH 53 27 0
0206 45.013 -71.505 NY 59 8 0
3020 49.000 -117.832 LA 40 27 0.1
3104 62.615 -141.001 AK 52 9 0.1
3103 59.630 -135.164 AK 47 2 10.1
3007 48.122 -123.431 LA 51 0 0.1
3814 42.618 -82.531 DT 41 0 0
3301 48.999 -104.574 DE 23 15 0
0127 46.450 -67.785 NY 31 4 0
3426 49.000 -95.766 CH 31 2 0
3016 49.000 -118.224 LA 27 6 0
3407 49.000 -97.908 CH 24 6 0
3025 49.000 -117.299 LA 22 6 0.1
3430 49.000 -96.801 CH 21 5 0
3404 49.001 -97.557 CH 17 8 0
3012 49.000 -118.504 LA 21 0 0
0211 45.011 -71.793 NY 15 6 0
3322 48.999 -112.788 DE 16 1 0
3106 59.451 -136.362 AK 16 1 0.1
3420 48.999 -103.004 CH 15 2 0
3015 49.001 -117.628 LA 16 0 0
3414 48.999 -101.628 CH 13 3 0
0105 45.569 -67.429 NY 14 1 0
0118 46.925 -67.790 NY 12 1 0
3323 48.999 -110.215 DE 12 0 0
3406 48.999 -102.275 CH 8 4 0
3013 49.000 -118.761 LA 12 0 0
3417 49.000 -103.809 CH 9 2 0
3421 48.999 -100.556 CH 9 1 0
0112 44.400 -68.225 NY 10 0 0
2606 31.483 -111.544 PH 10 0 0
3405 48.999 -99.659 CH 7 1 0
3413 48.999 -101.296 CH 6 1 0
3419 49.000 -101.017 CH 5 1 0
3306 49.000 -108.388 DE 6 1 0
3309 49.000 -105.408 DE 6 1 0
3011 49.000 -119.671 LA 5 0 0
3415 49.000 -99.347 CH 5 0 0
3416 49.000 -98.365 CH 4 1 0
3319 49.000 -107.832 DE 4 0 0
3325 49.000 -109.731 DE 4 0 0
0706 44.135 -76.352 NY 4 0 0
3409 49.000 -98.938 CH 3 1 0
3425 49.000 -95.978 CH 2 0 0
3317 49.000 -106.378 DE 2 0 0
3410 48.999 -103.487 CH 1 0 0
3321 48.997 -111.258 DE 1 0 0
3408 49.000 -98.694 CH 1 0 0
"""


@dataclass(frozen=True, slots=True)
class Places:
    """The ports of one generated border; every array has one entry a port."""

    codes: list[str]
    zone_names: list[str]
    zone: Array  # i2[P], index in zone_names
    latitude: Array  # f8[P], degrees
    longitude: Array  # f8[P], degrees
    volume: Array  # f8[3, P]: personal vehicles, trucks, buses; each row sums to 1
    distance_km: Array  # f8[P, P], great circle
    start_ms: int  # UTC midnight of the first day
    first_hour: int  # hours from start_ms to the first entry of offset_ms (negative)
    offset_ms: Array  # i8[Z, H]: local minus UTC in the UTC hour
    local_offset_ms: Array  # i8[Z, H]: the same, looked up by local hour

    def to_utc(self, local_ms: Array, port: Array) -> Array:
        """UTC ms of a wall clock (ms as if it were UTC) at a port; a skipped hour is read as an hour later."""
        return local_ms - self._look(self.local_offset_ms, local_ms, port)

    def to_local(self, utc_ms: Array, port: Array) -> Array:
        """The port's wall clock at a UTC time."""
        return utc_ms + self._look(self.offset_ms, utc_ms, port)

    def clock_changes(self) -> list[tuple[int, int]]:
        """(zone, UTC ms) of every change of the clock inside the span."""
        zone, hour = np.nonzero(np.diff(self.offset_ms, axis=1))
        return [
            (int(z), self.start_ms + (int(h) + 1 + self.first_hour) * HOUR_MS) for z, h in zip(zone, hour, strict=True)
        ]

    def near(self, count: int) -> Array:
        """i2[P, count]: the ports nearest to each, nearest first; the port itself where there are too few."""
        order = np.argsort(self.distance_km, axis=1, kind="stable")[:, 1 : count + 1]
        missing = count - order.shape[1]
        own = np.repeat(np.arange(len(self.codes))[:, None], missing, axis=1)
        return np.concatenate([order, own], axis=1).astype(np.int16)

    def _look(self, table: Array, ms: Array, port: Array) -> Array:
        hour = np.clip((ms - self.start_ms) // HOUR_MS - self.first_hour, 0, table.shape[1] - 1)
        found: Array = table[self.zone[port], hour]
        return found


def places(count: int, start: str, days: int, rng: np.random.Generator) -> Places:
    """The `count` busiest ports, with clocks for `days` from `start` (ISO date) and a margin on both sides."""
    rows = [line.split() for line in _TABLE.split("\n") if line][:count]
    rows += [_synthetic(i, rng) for i in range(len(rows), count)]
    latitude, longitude = np.array([float(r[1]) for r in rows]), np.array([float(r[2]) for r in rows])
    zone_keys = sorted({r[3] for r in rows})
    volume = np.array([[float(r[column]) for r in rows] for column in (4, 5, 6)]) + 1e-9
    start_ms = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp() * 1000)
    first_hour, hours = -45 * 24, (days + 90) * 24
    at = [datetime.fromtimestamp(start_ms / 1000, UTC) + timedelta(hours=first_hour + h) for h in range(hours)]
    zones = [_zone(ZONES[key]) for key in zone_keys]
    return Places(
        codes=[r[0] for r in rows],
        zone_names=[ZONES[key] for key in zone_keys],
        zone=np.array([zone_keys.index(r[3]) for r in rows], np.int16),
        latitude=latitude,
        longitude=longitude,
        volume=volume / volume.sum(axis=1, keepdims=True),
        distance_km=_distances(latitude, longitude),
        start_ms=start_ms,
        first_hour=first_hour,
        offset_ms=np.array([[_offset_ms(t.astimezone(zone)) for t in at] for zone in zones]),
        local_offset_ms=np.array([[_offset_ms(t.replace(tzinfo=zone)) for t in at] for zone in zones]),
    )


def _synthetic(index: int, rng: np.random.Generator) -> list[str]:
    zone = ("NY", "CH", "DE", "LA")[index % 4]
    longitude = -70.0 - 0.27 * (index % 200) - rng.uniform(0, 0.2)
    volume = 400.0 / (1 + index % 37)
    return [
        f"X{index:03d}",
        f"{49 + rng.uniform(0, 2):.3f}",
        f"{longitude:.3f}",
        zone,
        f"{volume}",
        f"{volume / 8}",
        "1",
    ]


def _zone(name: str) -> ZoneInfo:
    """The rules of the pinned tzdata package, so that a machine's own cannot change the log."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as source:
        return ZoneInfo.from_file(source, key=name)


def _offset_ms(at: datetime) -> int:
    offset = at.utcoffset()
    return 0 if offset is None else int(offset.total_seconds() * 1000)


def _distances(latitude: Array, longitude: Array) -> Array:
    """Great-circle distances in km (haversine, radius 6371 km)."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    half = np.sin((phi[:, None] - phi) / 2) ** 2
    half = half + np.cos(phi[:, None]) * np.cos(phi) * np.sin((lam[:, None] - lam) / 2) ** 2
    km: Array = 2 * 6371.0 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return km

"""Which ports is the generated border made of? Places, clocks and volumes, and the distances between them.

Codes, places, zones and the volumes of 2024 are those of `schemas/us_land_ports.csv` (US Bureau of Transportation
Statistics; `schemas/make_us_ports.py` says more). Where more are asked for, synthetic ones are added along a line.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.zones import load_zone

Array = NDArray[Any]
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_MEXICO = ("Arizona", "California", "New Mexico", "Texas")
_VOLUMES = ("personal_vehicles_2024", "trucks_2024", "buses_2024")


@dataclass(frozen=True, slots=True)
class Places:
    """The ports of one generated border; every array has one entry a port."""

    codes: list[str]
    zone_names: list[str]
    zone: Array  # i2[P], index in zone_names
    latitude: Array  # f8[P], degrees
    longitude: Array  # f8[P], degrees
    volume: Array  # f8[3, P]: personal vehicles, trucks, buses; each row sums to 1
    crossings_2024: Array  # f8[3]: of all these ports together, the same three
    mexico: Array  # bool[P]: the other side is Mexico, else Canada
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

    def near(self, count: int, within_km: float) -> Array:
        """i2[P, count]: the ports nearest to each, nearest first; the port itself where there are too few."""
        order = np.argsort(self.distance_km, axis=1, kind="stable")[:, 1 : count + 1]
        own = np.repeat(np.arange(len(self.codes))[:, None], count, axis=1)
        near = own.copy()
        near[:, : order.shape[1]] = np.where(
            np.take_along_axis(self.distance_km, order, 1) <= within_km, order, own[:, :1]
        )
        return near.astype(np.int16)

    def _look(self, table: Array, ms: Array, port: Array) -> Array:
        hour = np.clip((ms - self.start_ms) // HOUR_MS - self.first_hour, 0, table.shape[1] - 1)
        found: Array = table[self.zone[port], hour]
        return found


def places(which: int | Sequence[str], start: str, days: int, rng: np.random.Generator) -> Places:
    """The busiest ports, so many, or those with these codes; clocks for `days` from `start` (ISO date) and a margin.

    Raises ValueError for a code that no port has which vehicles crossed at in 2024, and for one given twice.
    """
    rows = _busiest()
    if isinstance(which, int):
        rows = rows[:which] + [_synthetic(i, rng) for i in range(len(rows), which)]
    else:
        known = {row["code"]: row for row in rows}
        if unknown := [code for code in which if code not in known]:
            raise ValueError(f"no port in use is called {', '.join(unknown)}; codes look like {rows[0]['code']}")
        if len(set(which)) < len(which) or not which:
            raise ValueError("each port once, and at least one")
        rows = [known[code] for code in which]
    latitude, longitude = (np.array([float(row[name]) for row in rows]) for name in ("latitude", "longitude"))
    names = sorted({row["time_zone"] for row in rows})
    volume = np.array([[float(row[name]) for row in rows] for name in _VOLUMES]) + 1e-6
    start_ms = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp() * 1000)
    first_hour, hours = -45 * 24, (days + 90) * 24
    at = [datetime.fromtimestamp(start_ms / 1000, UTC) + timedelta(hours=first_hour + h) for h in range(hours)]
    zones = [load_zone(name) for name in names]
    return Places(
        codes=[row["code"] for row in rows],
        zone_names=names,
        zone=np.array([names.index(row["time_zone"]) for row in rows], np.int16),
        latitude=latitude,
        longitude=longitude,
        volume=volume / volume.sum(axis=1, keepdims=True),
        crossings_2024=volume.sum(axis=1),
        mexico=np.array([row["state"] in _MEXICO for row in rows]),
        distance_km=_distances(latitude, longitude),
        start_ms=start_ms,
        first_hour=first_hour,
        offset_ms=np.array([[_offset_ms(t.astimezone(zone)) for t in at] for zone in zones]),
        local_offset_ms=np.array([[_offset_ms(t.replace(tzinfo=zone)) for t in at] for zone in zones]),
    )


def _busiest() -> list[dict[str, str]]:
    """The ports that vehicles crossed at in 2024, busiest first."""
    with resources.files("schemas").joinpath("us_land_ports.csv").open("r", encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    total = [sum(int(row[name]) for name in _VOLUMES) for row in rows]
    return [rows[i] for i in sorted(range(len(rows)), key=lambda i: (-total[i], rows[i]["code"])) if total[i]]


def _synthetic(index: int, rng: np.random.Generator) -> dict[str, str]:
    volume = 400_000 // (1 + index % 37)
    return {
        "code": f"X{index:03d}",
        "state": "made up, opposite Canada",
        "latitude": f"{49 + rng.uniform(0, 2):.3f}",
        "longitude": f"{-70.0 - 0.27 * (index % 200) - rng.uniform(0, 0.2):.3f}",
        "time_zone": f"America/{('New_York', 'Chicago', 'Denver', 'Los_Angeles')[index % 4]}",
    } | {name: str(v) for name, v in zip(_VOLUMES, (volume, volume // 8, volume // 400), strict=True)}


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

"""What does the clock on the wall of a port show?

Zone rules come from the pinned `tzdata` package, never from the machine, so that a replay shows the same local hours
everywhere. Offsets are looked up once per zone and quarter of an hour: since 1973 every change of one falls on such.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import numpy as np

from schemas.batch import Array
from schemas.errors import ConfigError

QUARTER_MS = 900_000
_CACHE_LIMIT = 1 << 20  # about 30 years of quarters of one zone
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@cache  # of files that never change
def load_zone(name: str) -> ZoneInfo:
    """The zone of that name, such as "America/Tijuana". Raises ConfigError for one that `tzdata` does not know."""
    folder, *parts = ("zoneinfo", *name.split("/"))
    if all(part and part not in (".", "..") for part in parts):
        try:
            with resources.files("tzdata").joinpath(folder, *parts).open("rb") as file:
                return ZoneInfo.from_file(file, key=name)
        except (OSError, ValueError):
            pass  # no such zone, a folder, or another of the package's files
    raise ConfigError(f"time zone {name!r}: a name from the tz database is required, such as America/Los_Angeles")


class LocalClock:
    """Turns UTC into the wall clocks of zones that are numbered in the order of `add`."""

    def __init__(self) -> None:
        self._zones: list[ZoneInfo] = []
        self._numbers: dict[str, int] = {}
        self._offsets: dict[tuple[int, int], int] = {}

    def add(self, name: str) -> int:
        """The number of the zone; raises ConfigError where it is unknown."""
        number = self._numbers.get(name)
        if number is None:
            self._zones.append(load_zone(name))
            number = self._numbers[name] = len(self._zones) - 1
        return number

    def local_ms(self, time_ms: Array, zone: Array) -> Array:
        """Wall clock as if it were UTC: int64 ms since 1970; both arguments of shape (n,), zones by number."""
        if len(time_ms) == 0:
            return np.empty(0, np.int64)
        cells = np.floor_divide(time_ms, QUARTER_MS) * len(self._zones) + zone
        distinct, where = np.unique(cells, return_inverse=True)
        pairs = zip(*(part.tolist() for part in np.divmod(distinct, len(self._zones))), strict=True)
        offsets = np.array([self._offset(quarter, number) for quarter, number in pairs], np.int64)
        return time_ms + offsets[where]

    def _offset(self, quarter: int, number: int) -> int:
        known = self._offsets.get((quarter, number))
        if known is not None:
            return known
        if len(self._offsets) >= _CACHE_LIMIT:
            self._offsets.clear()
        moment = _EPOCH + dt.timedelta(milliseconds=quarter * QUARTER_MS)
        offset = moment.astimezone(self._zones[number]).utcoffset() or dt.timedelta()
        return self._offsets.setdefault((quarter, number), offset // dt.timedelta(milliseconds=1))

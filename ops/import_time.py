"""Which instant does a written time mean? ISO, epoch or strptime text, in a zone, to milliseconds UTC.

A local time that the clocks skipped (spring) is refused, because nobody can have seen it on a clock that was right.
One that came twice (autumn) is taken as the first unless the map says `fold: 1`. Zone rules come from the pinned
`tzdata` package, never from the machine, so that a log is the same wherever it is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from ops.mapping import Time, closest
from schemas.errors import ConfigError
from schemas.zones import load_zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_WORDS = {"iso", "epoch_s", "epoch_ms"}


class TimeReader:
    """Reads the time of a row. `ambiguous` counts the local times that came twice.

    Raises ConfigError for an unknown zone or a format that is none.
    """

    def __init__(self, time: Time) -> None:
        self._columns = time.columns
        self._format = time.format
        self._fold = time.fold
        self._zone = _zone(time.zone) if time.zone else None
        self.ambiguous = 0
        if time.format not in _WORDS and "%" not in time.format:
            raise ConfigError(
                f"time.format: {time.format!r} is no format{closest(time.format, _WORDS)}; "
                "use iso, epoch_s, epoch_ms or strptime codes such as %Y-%m-%d %H:%M:%S"
            )

    def read(self, values: Mapping[str, Any]) -> int:
        """Milliseconds UTC, fractions of one cut off. ValueError says why the text is no time or none that ever was."""
        if len(self._columns) == 1:
            value = values[self._columns[0]]
        else:
            value = " ".join(str(values[column]).strip() for column in self._columns)
        if isinstance(value, datetime):  # a Parquet timestamp
            return self._instant(value)
        text = str(value).strip()
        if self._format in ("epoch_s", "epoch_ms"):
            return _epoch(text, 1000 if self._format == "epoch_s" else 1)
        try:
            moment = self._parse(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a time of the form {self._format}") from None
        return self._instant(moment)

    def _parse(self, text: str) -> datetime:
        if self._format == "iso":
            return datetime.fromisoformat(text)
        return datetime.strptime(text, self._format)  # noqa: DTZ007 - the zone is put on in _instant

    def _instant(self, moment: datetime) -> int:
        if moment.tzinfo is not None:
            return (moment - _EPOCH) // _MS
        if self._zone is None:
            raise ValueError(f"{moment.isoformat(sep=' ')} has no zone and the map gives none (time.zone)")
        offset, gap, twice = _local(self._zone, moment.replace(second=0, microsecond=0), self._fold)
        if gap:
            raise ValueError(f"{moment.isoformat(sep=' ')} did not exist in {self._zone.key}: the clocks skipped it")
        self.ambiguous += twice
        return (moment.replace(tzinfo=UTC) - offset - _EPOCH) // _MS


def _epoch(text: str, factor: int) -> int:
    """Exact for whole numbers; decimals are cut to the millisecond. Infinite and huge ones are a ValueError."""
    try:
        return int(text) * factor
    except ValueError:
        pass
    try:
        return int(float(text) * factor // 1)
    except (ValueError, OverflowError):
        unit = "seconds" if factor == 1000 else "milliseconds"
        raise ValueError(f"{text!r} is not a number of {unit}") from None


@lru_cache(maxsize=65_536)
def _local(zone: ZoneInfo, minute: datetime, fold: int) -> tuple[timedelta, bool, bool]:
    """(offset, skipped, came twice) of a local minute; the rules since 1990 change on whole minutes only."""
    first, second = (minute.replace(tzinfo=zone, fold=f).utcoffset() for f in (0, 1))
    offset = first if fold == 0 else second
    if first is None or second is None or offset is None:
        raise ValueError(f"{zone.key} has no offset at {minute}")
    gap = first < second  # in a gap fold=0 uses the offset from before it, which is the smaller one
    return offset, gap, first > second


def _zone(key: str) -> ZoneInfo:
    try:
        return load_zone(key)
    except ConfigError as error:
        names = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
        raise ConfigError(f"time.zone: {error}{closest(key, names)}") from None


def iso(time_ms: int) -> str:
    """`2021-10-07T23:30:51.000Z`. Raises ValueError outside the years 1 to 9999."""
    try:
        return (_EPOCH + time_ms * _MS).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    except OverflowError:
        raise ValueError(f"{time_ms} ms since 1970 is outside the years 1 to 9999") from None

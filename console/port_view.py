"""How does each port do now? Its flow against the usual, its readers, its alerts: what the pages of ports show.

All figures are of whole hours, up to the last one that has ended; `now_ms` is the moment that the page is about.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from console import traffic
from console.traffic import READER, Counts, Seen
from console.usual import (
    DAY_MS,
    HOUR_MS,
    LEAST,
    WEEK_MS,
    WEEKS,
    Floats,
    Flow,
    Integers,
    Range,
    Reading,
    flow,
    hours,
    quartiles,
    range_of,
    reading,
    samples,
)  # fmt: skip
from schemas.batch import DIRECTIONS

RATE = 10_000  # alerts for so many crossings
HEAT_DAYS = 28
SPARK = 24  # hours
TROUBLE = ("silent", "unsure")


class Series(NamedTuple):
    """What was counted hour by hour or day by day, and the usual range of each; `starts` ms on the local clock."""

    starts: list[int]
    counts: list[int]
    usual: list[Range]


class Line(NamedTuple):
    """One port in the overview."""

    code: str
    crossed: int  # crossings in the last full hour
    usual: Range
    state: Flow
    waiting: int
    alerts: int  # in the last 24 full hours
    notices: int  # in the last 24 hours
    readers: Counter[Reading]

    @property
    def odd(self) -> bool:
        """Whether somebody should look."""
        return self.state in ("low", "high") or bool(self.readers["silent"] or self.readers["unsure"])


class Reader(NamedTuple):
    """One lane's reader in one direction."""

    lane: str
    direction: str
    last_ms: int
    reads: int  # in the last full hour
    usual: Range
    confidence: float  # mean of the last full hour; nan without a read
    usually: float
    state: Reading


class Cell(NamedTuple):
    """Alerts and crossings in one hour of the day."""

    crossings: int
    alerts: int

    @property
    def rate(self) -> float:
        """Alerts per 10,000 crossings."""
        return RATE * self.alerts / self.crossings if self.crossings else 0.0


def lines(connection: Connection, now_ms: int, known: Mapping[str, Seen]) -> list[Line]:
    """All ports with traffic (`known`), in their order, or one of them."""
    end = now_ms // HOUR_MS * HOUR_MS
    some = list(known) if len(known) == 1 else None
    read = traffic.by_hour(connection, hours(end, 1), READER, some)
    states: dict[str, Counter[Reading]] = {}
    for (port, _, _), one in zip(read.keys, _readings(read), strict=True):
        states.setdefault(port, Counter())[one[-1]] += 1
    flows = dict(zip(known, _series(_together(read, list(known)), known, hours(end, 1)), strict=True))
    alerted = traffic.alerts_at(connection, end - DAY_MS, end)
    waits, noted = traffic.waiting(connection), traffic.notices_at(connection, now_ms - DAY_MS, now_ms)
    return [
        Line(
            port, series.counts[0], series.usual[0], flow(series.counts[0], series.usual[0]),
            waits.get(port, 0), alerted.get(port, 0), noted.get(port, 0), states.get(port, Counter()),
        )
        for port, series in flows.items()
    ]  # fmt: skip


def _together(read: Counts, codes: list[str]) -> Counts:
    """The readers of each port as one series; ports without any get one of zeros."""
    number = {code: k for k, code in enumerate(codes)}
    shape = (len(codes), *read.crossed.shape[1:])
    count, offset = np.zeros(shape), np.zeros(shape)
    port = np.array([number[key[0]] for key in read.keys], np.int64)
    np.add.at(count, port, read.crossed)
    offset[port] = read.offset
    return Counts([(code,) for code in codes], count, np.zeros(shape), offset)


def _series(read: Counts, known: Mapping[str, Seen], grid: Integers) -> list[Series]:
    """Of each series the present hours; keys begin with the port, whose first hour begins what is known."""
    first = np.array([known[key[0]].first_ms for key in read.keys], np.int64)
    since = grid[None] >= first[:, None, None]
    usual = quartiles(samples(read.crossed, read.offset, since))
    starts = grid[-1, 1:-1] + (HOUR_MS * read.offset[:, -1, 1:-1]).astype(np.int64)
    return [
        Series(
            starts[k].tolist(), read.crossed[k, -1, 1:-1].astype(int).tolist(),
            [range_of(column) for column in usual[:, k].T],
        )
        for k in range(len(read.keys))
    ]  # fmt: skip


def sparks(connection: Connection, now_ms: int, known: Mapping[str, Seen], some: Sequence[str]) -> dict[str, Series]:
    """The last 24 hours of some ports."""
    grid = hours(now_ms // HOUR_MS * HOUR_MS, SPARK)
    read = traffic.by_hour(connection, grid, ("port",), some)
    found = {key[0]: series for key, series in zip(read.keys, _series(read, known, grid), strict=True)}
    return {code: found[code] for code in some if code in found}


def _readings(read: Counts) -> list[tuple[int, Range, float, float, Reading]]:
    """Count, usual, mean confidence, usual confidence and state of each reader, over a grid of one hour.

    What is known of a reader begins with the first week in which it read anything at this hour.
    """
    place = np.arange(math.prod(read.crossed.shape[1:])).reshape(read.crossed.shape[1:])
    since = place[None] >= read.first()[:, None, None]
    past = samples(read.crossed, read.offset, since)
    sure = samples(read.confidence, read.offset, since)
    usual = quartiles(past)[:, :, 0]
    with np.errstate(invalid="ignore"):
        usually = np.nansum(sure, axis=1)[:, 0] / np.nansum(past, axis=1)[:, 0]
        now = read.confidence[:, -1, 1] / read.crossed[:, -1, 1]
    found = []
    for k, count in enumerate(read.crossed[:, -1, 1].astype(int).tolist()):
        one = range_of(usual[:, k])
        found.append((count, one, float(now[k]), float(usually[k]), reading(count, one, now[k], usually[k])))
    return found


def readers(connection: Connection, now_ms: int, port: str) -> list[Reader]:
    """Every reader of a port that has read anything in eight weeks; those in trouble first."""
    end = now_ms // HOUR_MS * HOUR_MS
    read = traffic.by_hour(connection, hours(end, 1), ("lane", "direction"), [port])
    figures = dict(zip(read.keys, _readings(read), strict=True))
    nan = float("nan")
    found = []
    for (lane, way), seen in traffic.readers(connection, port, end - WEEKS * WEEK_MS).items():
        never: Reading = "ok" if seen.first_ms <= end - LEAST * WEEK_MS else "not enough history"  # at this hour
        idle = (0, Range(0, 0, 0, WEEKS) if never == "ok" else Range(nan, nan, nan, 0), nan, nan, never)
        found.append(Reader(lane, way, seen.last_ms, *figures.get((lane, way), idle)))
    return sorted(found, key=lambda one: (one.state not in TROUBLE, one.direction, len(one.lane), one.lane))


def flows(connection: Connection, now_ms: int, port: str, known: Mapping[str, Seen], count: int) -> dict[str, Series]:
    """The last hours of a port in each direction that it has."""
    grid = hours(now_ms // HOUR_MS * HOUR_MS, count)
    read = traffic.by_hour(connection, grid, ("port", "direction"), [port])
    return {key[1]: series for key, series in zip(read.keys, _series(read, known, grid), strict=True)}


def days(connection: Connection, now_ms: int, port: str, count: int) -> dict[str, Series]:
    """The last full days of a port in each direction, against the same weekday of the eight weeks before."""
    found = traffic.by_day(connection, port, now_ms - (count + 2) * DAY_MS - WEEKS * WEEK_MS, now_ms)
    if not found:
        return {}
    first, last = min(day for day, _ in found), traffic.today(connection, port, now_ms)  # neither is whole
    grid = np.arange(last - count, last) - 7 * np.arange(1, WEEKS + 1)[:, None]
    result = {}
    for way in DIRECTIONS:
        if not any(direction == way for _, direction in found):
            continue
        past = [[float(found.get((day, way), 0)) if day > first else np.nan for day in row] for row in grid.tolist()]
        usual: Floats = quartiles(np.array([past]))[:, 0]
        shown = range(last - count, last)
        counts = [found.get((day, way), 0) for day in shown]
        result[way] = Series([day * DAY_MS for day in shown], counts, [range_of(column) for column in usual.T])
    return result


def day_rate(line: Line, day: Series | None) -> float | None:
    """Alerts per 10,000 crossings of the port's last 24 full hours (`sparks`); None where nothing crossed."""
    crossings = sum(day.counts) if day is not None else 0
    return Cell(crossings, line.alerts).rate if crossings else None


def heat(connection: Connection, now_ms: int, some: Sequence[str]) -> dict[str, list[Cell]]:
    """Alerts and crossings of 28 days in each hour of the port's own day."""
    end = now_ms // HOUR_MS * HOUR_MS
    since = end - HEAT_DAYS * DAY_MS
    crossed = traffic.by_clock(connection, since, end, some)
    alerted: Counter[tuple[str, int]] = Counter()
    for port, local_ms, count in traffic.alerts_by_local_hour(connection, since, end, some):
        alerted[port, local_ms // HOUR_MS % 24] += count
    return {
        port: [Cell(crossed.get((port, hour), 0), alerted[port, hour]) for hour in range(24)] for port in some
    }  # fmt: skip


def total(cells: Iterable[Cell]) -> Cell:
    """All of them as one."""
    cells = list(cells)
    return Cell(sum(cell.crossings for cell in cells), sum(cell.alerts for cell in cells))


def alert_days(connection: Connection, now_ms: int, port: str) -> list[tuple[int, Cell]]:
    """The last 28 full local days (ms on the port's clock)."""
    since = now_ms - (HEAT_DAYS + 2) * DAY_MS
    crossed: Counter[int] = Counter()
    for (day, _), count in traffic.by_day(connection, port, since, now_ms).items():
        crossed[day] += count
    alerted: Counter[int] = Counter()
    for _, local_ms, count in traffic.alerts_by_local_hour(connection, since, now_ms, [port]):
        alerted[local_ms // DAY_MS] += count
    if not crossed:
        return []
    last = traffic.today(connection, port, now_ms)  # not whole
    return [(day * DAY_MS, Cell(crossed[day], alerted[day])) for day in range(last - HEAT_DAYS, last)]

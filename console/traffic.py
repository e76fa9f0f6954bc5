"""How much crossed, where and when, and how often did it alert? Sums over the console's tables, no judgement.

Everything is by hour of UTC, or by hour or day of the port's own clock (`local`). Notices are those for operators and
supervisors; what the integrity role is told is not asked for here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, String, and_, cast, desc, func, select

from console.queue import WAITS
from console.tables import alerts, notices, traffic
from console.usual import DAY_MS, HOUR_MS, Floats, Integers, offsets
from schemas.models import Notice

AUDIENCES = ("operator", "supervisor")
MOST_ALERTS = 5_000  # read for their typologies
READER = ("port", "lane", "direction")
TOTAL = func.sum(traffic.c.count)


class Seen(NamedTuple):
    """When something was first and last recorded, ms since 1970."""

    first_ms: int
    last_ms: int


class Counts(NamedTuple):
    """Series over a grid of hours (`console.usual.hours`), each [n, WEEKS + 1, hours + 2]."""

    keys: list[tuple[str, ...]]
    crossed: Floats
    confidence: Floats  # sums
    offset: Floats  # local time minus UTC, in hours

    def first(self) -> Integers:
        """For each series the place in the grid, oldest hour 0, of its first crossing; beyond its end without one."""
        flat = self.crossed.reshape(len(self.keys), self.crossed.shape[1] * self.crossed.shape[2]) > 0
        first: Integers = np.where(flat.any(axis=1), flat.argmax(axis=1), flat.shape[1])
        return first


def ports(connection: Connection) -> dict[str, Seen]:
    """Every port with traffic, by a step in the index for each: not by reading its rows."""
    lowest = select(func.min(traffic.c.port)).scalar_subquery()
    steps = select(lowest.label("port")).cte("steps", recursive=True)
    after = select(func.min(traffic.c.port)).where(traffic.c.port > steps.c.port).scalar_subquery()
    steps = steps.union_all(select(cast(after, String(32))).where(steps.c.port.is_not(None)))
    ends = [
        select(end(traffic.c.hour_ms)).where(traffic.c.port == steps.c.port).scalar_subquery()
        for end in (func.min, func.max)
    ]
    rows = connection.execute(select(steps.c.port, *ends).where(steps.c.port.is_not(None)))
    return {port: Seen(first, last) for port, first, last in rows}


def readers(connection: Connection, port: str, since_ms: int) -> dict[tuple[str, str], Seen]:
    """Lane and direction of every reader of a port, from `since_ms` on."""
    key = (traffic.c.lane, traffic.c.direction)
    wanted = select(*key, func.min(traffic.c.hour_ms), func.max(traffic.c.last_ms)).group_by(*key)
    rows = connection.execute(wanted.where(traffic.c.port == port, traffic.c.hour_ms >= since_ms))
    return {(lane, direction): Seen(first, last) for lane, direction, first, last in rows}


def by_hour(
    connection: Connection, grid: Integers, key: Sequence[str], some: Sequence[str] | None = None
) -> Counts:  # fmt: skip
    """Crossings in the hours of a grid; a series for each value of the columns `key`, of some ports or all."""
    columns = [traffic.c[name] for name in key]
    if set(READER) <= set(key):  # the table's own key: nothing to add up
        figures = [traffic.c.count, traffic.c.confidence, traffic.c.local_ms]
        wanted = select(*columns, traffic.c.hour_ms, *figures)
    else:
        sums = [TOTAL, func.sum(traffic.c.confidence), func.min(traffic.c.local_ms)]
        wanted = select(*columns, traffic.c.hour_ms, *sums).group_by(*columns, traffic.c.hour_ms)
    wanted = _of(wanted.where(traffic.c.hour_ms.in_(grid.ravel().tolist())), traffic.c.port, some)
    return _spread(connection.execute(wanted).all(), grid, len(key))


def _spread(rows: Sequence[Any], grid: Integers, width: int) -> Counts:
    """Rows of key, hour, count, confidence and local hour, on the grid."""
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) if rows else [()] * (width + 4)
    number: dict[tuple[str, ...], int] = {}
    series = np.array([number.setdefault(key, len(number)) for key in zip(*columns[:width], strict=True)], np.int64)
    hour, local = np.array(columns[width], np.int64), np.array(columns[width + 3], np.int64)
    place = series, np.searchsorted(grid.ravel(), hour)
    crossed, confidence, offset = (np.full((len(number), grid.size), fill) for fill in (0.0, 0.0, np.nan))
    crossed[place], confidence[place] = columns[width + 1], columns[width + 2]
    offset[place] = (local - hour) / HOUR_MS
    shape = (len(number), *grid.shape)
    return Counts(list(number), crossed.reshape(shape), confidence.reshape(shape), offsets(offset).reshape(shape))


def _of(wanted: Select[Any], column: Any, some: Sequence[str] | None) -> Select[Any]:
    return wanted if some is None else wanted.where(column.in_(list(some)))


def today(connection: Connection, port: str, now_ms: int) -> int:
    """The day on the port's clock, as its newest crossings tell it: days since 1970; UTC where there are none."""
    offset = select(traffic.c.local_ms - traffic.c.hour_ms).where(traffic.c.port == port)
    found = connection.execute(offset.order_by(desc(traffic.c.hour_ms)).limit(1)).scalar()
    return (now_ms + int(found or 0)) // DAY_MS


def by_day(connection: Connection, port: str, since_ms: int, until_ms: int) -> dict[tuple[int, str], int]:
    """Crossings of a port by local day (days since 1970) and direction."""
    day = (traffic.c.local_ms // DAY_MS).label("day")
    wanted = select(day, traffic.c.direction, TOTAL).group_by(day, traffic.c.direction)
    rows = connection.execute(wanted.where(traffic.c.port == port, _within(traffic.c.hour_ms, since_ms, until_ms)))
    return {(int(day), direction): int(count) for day, direction, count in rows}


def by_clock(connection: Connection, since_ms: int, until_ms: int, some: Sequence[str]) -> dict[tuple[str, int], int]:
    """Crossings by port and local hour of the day."""
    hour = (traffic.c.local_ms // HOUR_MS % 24).label("hour")
    wanted = select(traffic.c.port, hour, TOTAL).group_by(traffic.c.port, hour)
    rows = connection.execute(_of(wanted.where(_within(traffic.c.hour_ms, since_ms, until_ms)), traffic.c.port, some))
    return {(port, int(hour)): int(count) for port, hour, count in rows}


# -- alerts ------------------------------------------------------------------------------------------------------------


def alerts_at(connection: Connection, since_ms: int, until_ms: int) -> dict[str, int]:
    """How many alerts there were at each port, decided and hidden ones too."""
    wanted = select(alerts.c.port, func.count()).group_by(alerts.c.port)
    rows = connection.execute(wanted.where(_within(alerts.c.occurred_ms, since_ms, until_ms)))
    return {port: int(count) for port, count in rows}


def waiting(connection: Connection) -> dict[str, int]:
    """How many wait at each port."""
    wanted = select(alerts.c.port, func.count()).where(WAITS).group_by(alerts.c.port)
    return {port: int(count) for port, count in connection.execute(wanted)}


def alerts_by_local_hour(
    connection: Connection, since_ms: int, until_ms: int, some: Sequence[str]
) -> list[tuple[str, int, int]]:  # fmt: skip
    """Port, local hour (ms on the port's clock) and number of alerts; the clock is that of the hour's traffic."""
    hour = (alerts.c.occurred_ms - alerts.c.occurred_ms % HOUR_MS).label("hour_ms")
    counted = select(alerts.c.port, hour, func.count().label("count")).group_by(alerts.c.port, hour)
    within = _of(counted.where(_within(alerts.c.occurred_ms, since_ms, until_ms)), alerts.c.port, some).subquery()
    there = (traffic.c.port == within.c.port, traffic.c.hour_ms == within.c.hour_ms)
    local = select(func.min(traffic.c.local_ms)).where(*there).scalar_subquery()
    rows = connection.execute(select(within.c.port, local, within.c.count))
    return [(port, int(local_ms), int(count)) for port, local_ms, count in rows if local_ms is not None]


class _Typologies(msgspec.Struct):
    typologies: list[str]


def typologies(connection: Connection, port: str, since_ms: int, until_ms: int) -> list[tuple[str, int]]:
    """The typologies of a port's alerts (the newest `MOST_ALERTS`) and how many name each, most first."""
    wanted = select(alerts.c.body).where(alerts.c.port == port, _within(alerts.c.occurred_ms, since_ms, until_ms))
    decoder = msgspec.json.Decoder(_Typologies)
    bodies = connection.execute(wanted.order_by(desc(alerts.c.occurred_ms)).limit(MOST_ALERTS)).scalars()
    found = Counter(name for body in bodies for name in decoder.decode(body).typologies)
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


# -- notices -----------------------------------------------------------------------------------------------------------


def said(connection: Connection, until_ms: int, port: str | None = None, limit: int = 30) -> list[Notice]:
    """Notices, of one port or all, newest first."""
    wanted = select(notices.c.body).where(notices.c.audience.in_(AUDIENCES), notices.c.occurred_ms <= until_ms)
    if port is not None:
        wanted = wanted.where(notices.c.port == port)
    newest_first = wanted.order_by(desc(notices.c.occurred_ms), notices.c.notice_id).limit(limit)
    return [Notice.model_validate_json(body) for body in connection.execute(newest_first).scalars()]


def notices_at(connection: Connection, since_ms: int, until_ms: int) -> dict[str, int]:
    """How many notices there were about each port."""
    wanted = select(notices.c.port, func.count()).where(notices.c.audience.in_(AUDIENCES), notices.c.port.is_not(None))
    wanted = wanted.where(notices.c.occurred_ms > since_ms, notices.c.occurred_ms <= until_ms)
    return {port: int(count) for port, count in connection.execute(wanted.group_by(notices.c.port))}


def _within(column: Any, since_ms: int, until_ms: int) -> ColumnElement[bool]:
    return and_(column >= since_ms, column < until_ms)

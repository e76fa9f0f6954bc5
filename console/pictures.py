"""Where does each mark of a vehicle's pictures go? Geometry in px of the viewBox; the templates draw it.

Three pictures stand beside an alert: the weekly clock (when does this vehicle cross?), the strip (where was it lately?)
and the company (who crosses beside it?). Each says in words what it shows, for who cannot see it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from console.vehicles import Company, Crossing
from console.words import OF_DAY, moment, short
from schemas.models import Reason

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CELL, LEFT, TOP = 20, 40, 20  # px of the weekly clock
WIDTH, ROW = 640, 26  # px of the strip
STRIP = 20  # crossings on it
LOG_FROM = 30.0  # from this ratio of its ends on, a scale is logarithmic


class Mark(NamedTuple):
    """A dot."""

    x: float
    y: float
    r: float
    kind: str  # a direction, or "now"
    title: str


class Label(NamedTuple):
    """A word or two."""

    x: float
    y: float
    text: str


class Clock(NamedTuple):
    """Seven days by 24 hours: an area for how many crossings there were, a cross for this one."""

    width: int
    height: int
    marks: list[Mark]
    labels: list[Label]
    now: Mark | None
    words: str


class Strip(NamedTuple):
    """The last crossings on a time line, a row for each port."""

    width: int
    height: int
    marks: list[Mark]
    rows: list[Label]
    ticks: list[Label]
    words: str


class Spoke(NamedTuple):
    """A line between two vehicles."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float


class Star(NamedTuple):
    """The vehicle in the middle, who crosses beside it around."""

    width: int
    height: int
    spokes: list[Spoke]
    nodes: list[Mark]
    labels: list[Label]
    words: str


class Range(NamedTuple):
    """What was seen, against what is usual: places from 0 to 100."""

    low: float
    high: float
    seen: float


def hour_of_week(local_ms: int) -> tuple[int, int]:
    """Day (0 Monday) and hour.

    >>> hour_of_week(0)  # 1 January 1970 was a Thursday
    (3, 0)
    """
    return (local_ms // DAY_MS + 3) % 7, local_ms % DAY_MS // HOUR_MS


def clock(some: Sequence[Crossing], now: Crossing | None) -> Clock:
    """When the vehicle crossed, in the direction of `now` and (fainter) the other; `now` is one of them or None."""
    earlier = [one for one in some if now is None or one.crossing_id != now.crossing_id]
    counts = Counter((*hour_of_week(one.local_ms), one.direction) for one in earlier)
    most = max(counts.values(), default=1)
    marks = [
        Mark(
            _x(hour),
            _y(day),
            2 + 6.5 * math.sqrt(count / most),
            direction,
            f"{DAYS[day]} {hour:02}:00 {direction}: {count}",
        )
        for (day, hour, direction), count in sorted(counts.items(), key=lambda item: -item[1])
    ]
    labels = [Label(LEFT - 8, _y(day) + 4, name) for day, name in enumerate(DAYS)]
    labels += [Label(_x(hour), TOP - 7, f"{hour:02}") for hour in range(0, 24, 3)]
    here = None
    words = f"{len(earlier)} crossings are known"
    if now is not None:
        day, hour = hour_of_week(now.local_ms)
        same = counts[day, hour, now.direction]
        here = Mark(_x(hour), _y(day), 8, "now", f"this one: {moment(now.local_ms)}")
        words = (
            f"{len(earlier)} earlier crossings; {same or 'none'} of them {now.direction} at {DAYS[day]} {hour:02}:00 "
            f"to {hour + 1:02}:00, when it crossed now"
        )
    return Clock(LEFT + 24 * CELL + 4, TOP + 7 * CELL + 2, marks, labels, here, words + ".")


def _x(hour: int) -> float:
    return LEFT + CELL * (hour + 0.5)


def _y(day: int) -> float:
    return TOP + CELL * (day + 0.5)


def strip(some: Sequence[Crossing], now: Crossing | None) -> Strip:
    """The last crossings, up to `now` where there is one."""
    last = list(some)[-STRIP:]
    if not last:
        return Strip(WIDTH, ROW, [], [], [], "No crossing is known.")
    ports = sorted({one.port for one in last}, key=lambda port: (-sum(one.port == port for one in last), port))
    left = 14 + 8 * max(len(port) for port in ports)
    begin, end = last[0].local_ms, max(last[-1].local_ms, last[0].local_ms + HOUR_MS)

    def x(local_ms: float) -> float:
        return left + (WIDTH - left - 12) * (local_ms - begin) / (end - begin)

    rows = [Label(left - 12, ROW * (k + 0.5) + 4, port) for k, port in enumerate(ports)]
    marks = [
        Mark(
            x(one.local_ms), ROW * (ports.index(one.port) + 0.5), 6,
            "now" if now is not None and one.crossing_id == now.crossing_id else one.direction,
            f"{moment(one.local_ms)} {one.direction} at {one.port}, lane {one.lane}",
        )
        for one in last
    ]  # fmt: skip
    spread = end - begin
    at = [begin + spread * k / 4 for k in range(5)]
    ticks = [Label(x(ms), ROW * len(ports) + 14, moment(int(ms), short=spread > 3 * DAY_MS)) for ms in at]
    words = f"The last {len(last)} crossings, from {moment(begin)} on: " + ", ".join(
        f"{sum(one.port == port for one in last)} at {port}" for port in ports
    )
    return Strip(WIDTH, ROW * len(ports) + 20, marks, rows, ticks, words + ".")


def star(some: Company, vehicle: str) -> Star:
    """Thicker lines for more days."""
    width, height, radius = 420, 230, 82
    middle = (width / 2, height / 2)
    count = len(some.companions)
    angles = [2 * math.pi * k / max(1, count) - math.pi / 2 for k in range(count)]
    places = [(middle[0] + 1.35 * radius * math.cos(a), middle[1] + radius * math.sin(a)) for a in angles]
    spokes = [
        Spoke(*middle, *place, 1 + 5 * c.days / max(1, some.looked_at))
        for place, c in zip(places, some.companions, strict=True)
    ]
    spokes += [Spoke(*places[a], *places[b], 1) for a, b in some.pairs]
    nodes = [Mark(*middle, 9, "now", short(vehicle))]
    labels = [Label(middle[0], middle[1] - 14, "this one")]
    for (x, y), companion in zip(places, some.companions, strict=True):
        said = f"{companion.days} days"
        nodes.append(Mark(x, y, 6, "other", f"{short(companion.vehicle)}: {companion.times} times on {said}"))
        labels.append(Label(x, y + (20 if y >= middle[1] else -12), f"{short(companion.vehicle)} · {said}"))
    who = f"{count or 'No'} other {'vehicle' if count == 1 else 'vehicles'} crossed beside it on three days or more"
    words = f"{who}, of its last {some.looked_at} crossings"
    return Star(width, height, spokes, nodes, labels, words + ".")


def range_of(reason: Reason) -> Range | None:
    """Where what was seen lies against what is usual; None where either is no number.

    Nor for hours of the day: they go round midnight, as a line cannot, and the weekly clock shows them.
    """
    if reason.usual is None or isinstance(reason.observed, str | None) or reason.unit == OF_DAY:
        return None
    low, high = map(float, reason.usual)
    seen = float(reason.observed)
    least, most = min(low, high, seen), max(low, high, seen)
    if least > 0 and most / least > LOG_FROM:
        low, high, seen, least, most = map(math.log, (low, high, seen, least, most))
    least -= 0.08 * (most - least)
    span = (most - least) * 1.08 or 1.0
    return Range(*(round(100 * (value - least) / span, 2) for value in (low, high, seen)))

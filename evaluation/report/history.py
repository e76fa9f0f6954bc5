"""What did a vehicle's life look like around an event? Its weekly clock, its crossings by port, its last trips.

Everything here is plain numbers and texts for the page's drawing macros; times are the port's wall clock.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evaluation.scores import Scores
from schemas.batch import DIRECTIONS

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LEVELS = 4  # shades of the clock
BEFORE_DAYS, AFTER_DAYS = 28, 3  # what the strip shows around the event
STRIP_WIDTH, STRIP_LEFT, ROW_HEIGHT = 340, 58, 18
MOST_PORTS = 6
LISTED = 5  # crossings listed before the event, and after it

Rows = NDArray[np.int64]


class Clock(NamedTuple):
    """7 x 24 shades of the vehicle's earlier crossings, and where the event falls."""

    shades: list[list[int]]
    events: list[tuple[int, int]]  # (weekday, hour)
    text: str


class Mark(NamedTuple):
    """One crossing on the strip."""

    x: float
    y: float
    inbound: bool
    event: bool


class Strip(NamedTuple):
    """Crossings by port over time."""

    width: int
    height: int
    left: int
    ports: list[tuple[float, str]]
    weeks: list[tuple[float, str]]
    marks: list[Mark]
    text: str


class Trip(NamedTuple):
    """One line of the list of crossings."""

    when: str
    port: str
    direction: str
    gap: str
    p: str
    event: bool


class History(NamedTuple):
    """A vehicle around an event."""

    clock: Clock
    strip: Strip
    trips: list[Trip]
    earlier: int


def history(scores: Scores, events: Rows, port_name: list[str]) -> History:
    """The vehicle of the first of `events` (rows of one vehicle, rising)."""
    mine = np.flatnonzero(scores.vehicle_key == scores.vehicle_key[events[0]])
    return History(
        _clock(scores, mine, events), _strip(scores, mine, events, port_name), _trips(scores, mine, events, port_name),
        int((mine < events[0]).sum()),
    )  # fmt: skip


def cell(local_ms: int) -> tuple[int, int]:
    """(weekday from Monday, hour) on the wall clock.

    >>> cell(0)
    (3, 0)
    """
    return (local_ms // DAY_MS + 3) % 7, local_ms % DAY_MS // HOUR_MS


def wall(local_ms: int, form: str = "%a %-d %b %H:%M") -> str:
    """A wall-clock time as text.

    >>> wall(0)
    'Thu 1 Jan 00:00'
    """
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=local_ms)
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    form = form.replace("%a", DAYS[moment.weekday()]).replace("%-d", str(moment.day))
    return moment.strftime(form.replace("%b", months[moment.month - 1]))  # the same words in every locale


def duration(ms: int) -> str:
    """A length of time in the unit that people would use.

    >>> duration(38 * 60_000), duration(9 * HOUR_MS), duration(3 * DAY_MS)
    ('38 min', '9.0 h', '3.0 days')
    """
    if ms < 90 * 60_000:
        return f"{ms / 60_000:.0f} min"
    return f"{ms / HOUR_MS:.1f} h" if ms < 48 * HOUR_MS else f"{ms / DAY_MS:.1f} days"


def probability(p: float) -> str:
    """A p-value as text.

    >>> probability(0.2), probability(0.00012)
    ('0.2', '0.00012')
    """
    return f"{p:.2g}" if p >= 1e-4 else f"{p:.1e}"


def _clock(scores: Scores, mine: Rows, events: Rows) -> Clock:
    earlier = mine[mine < events[0]]
    counts = Counter(cell(t) for t in scores.local_ms[earlier].tolist())
    most = max(counts.values(), default=1)
    shades = [
        [-(-counts.get((day, hour), 0) * LEVELS // most) if counts.get((day, hour)) else 0 for hour in range(24)]
        for day in range(7)
    ]
    places = sorted({cell(t) for t in scores.local_ms[events].tolist()})
    usual = ", ".join(f"{DAYS[d]} {h:02d} h ({n})" for (d, h), n in counts.most_common(3))
    now = ", ".join(f"{DAYS[d]} {h:02d} h" for d, h in places[:4])
    return Clock(shades, places, f"{len(earlier)} earlier crossings, most often {usual or 'never'}; the event: {now}.")


def _strip(scores: Scores, mine: Rows, events: Rows, port_name: list[str]) -> Strip:
    time = scores.local_ms[mine]
    begin = int(scores.local_ms[events[0]]) - BEFORE_DAYS * DAY_MS
    end = int(scores.local_ms[events[-1]]) + AFTER_DAYS * DAY_MS
    shown = mine[(time >= begin) & (time <= end)]
    ports = _ports(scores, shown, events)
    span = STRIP_WIDTH - STRIP_LEFT - 8
    row_of = {port: k for k, port in enumerate(ports)}
    height = ROW_HEIGHT * (len(ports) + 1)
    is_event = set(events.tolist())
    marks = [
        Mark(
            round(STRIP_LEFT + span * (int(scores.local_ms[row]) - begin) / (end - begin), 1),
            ROW_HEIGHT * (row_of[int(scores.port[row])] + 0.6), DIRECTIONS[scores.direction[row]] == "inbound",
            row in is_event,
        )
        for row in shown.tolist() if int(scores.port[row]) in row_of
    ]  # fmt: skip
    step = 7 if end - begin < 60 * DAY_MS else 28
    first = begin // DAY_MS + 1
    weeks = [
        (round(STRIP_LEFT + span * (day * DAY_MS - begin) / (end - begin), 1), wall(day * DAY_MS, "%-d %b"))
        for day in range(first, end // DAY_MS + 1, step)
    ]
    listed = [(ROW_HEIGHT * (row_of[port] + 0.6), port_name[port]) for port in ports]
    text = f"{len(shown)} crossings from {wall(begin, '%-d %b')} to {wall(end, '%-d %b')} at {len(ports)} ports."
    return Strip(STRIP_WIDTH, height, STRIP_LEFT, listed, weeks, sorted(marks, key=lambda m: m.event), text)


def _ports(scores: Scores, shown: Rows, events: Rows) -> list[int]:
    """The event's ports, then the vehicle's others, the busiest first."""
    counts = Counter(scores.port[shown].tolist())
    at_event = list(dict.fromkeys(scores.port[events].tolist()))
    others = [port for port, _ in counts.most_common() if port not in at_event]
    return (at_event + others)[:MOST_PORTS]


def _trips(scores: Scores, mine: Rows, events: Rows, port_name: list[str]) -> list[Trip]:
    is_event = set(events.tolist())
    first, last = int(np.searchsorted(mine, events[0])), int(np.searchsorted(mine, events[-1]))
    around = range(max(0, first - LISTED), min(len(mine), last + 3))
    kept = [k for k in around if int(mine[k]) in is_event or k < first or k > last or last - first <= 8]
    found = []
    for k in kept:
        row = int(mine[k])
        gap = int(scores.time_ms[row] - scores.time_ms[mine[k - 1]]) if k else 0
        found.append(
            Trip(
                wall(int(scores.local_ms[row])), port_name[scores.port[row]], DIRECTIONS[scores.direction[row]],
                duration(gap) if k else "first", probability(10 ** -float(scores.score[row])), row in is_event,
            )
        )  # fmt: skip
    return found[:18]

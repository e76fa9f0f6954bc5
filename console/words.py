"""How do the pages say times, codes and numbers?"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

from detectors.phrase import clock as time_of_day
from detectors.phrase import duration, duration_range
from schemas.models import Reason

SHAPES = {"low": "○", "medium": "◐", "high": "●", "critical": "◆"}  # beside the word: never colour alone
OF_DAY = "h"  # the unit of hours since midnight; how long something took is in minutes or days
LONG_MIN = 90  # from here on minutes are said in hours or days
DASH = "\N{EN DASH}"  # where there is no number


def words(code: str) -> str:
    """A code as words.

    >>> words("referred_nothing")
    'referred nothing'
    """
    return code.replace("_", " ")


def clock(moment: dt.datetime) -> str:
    """Time of day, in the zone it came with."""
    return moment.strftime("%H:%M:%S")


def day(moment: dt.datetime) -> str:
    """Date and weekday."""
    return moment.strftime("%a %d %b %Y")


def utc(at_ms: int) -> dt.datetime:
    """A moment of ms since 1970; of a port's clock when the ms are those."""
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC)


def instant(at_ms: int) -> str:
    """Date and time in UTC, to the second.

    >>> instant(0)
    '1970-01-01 00:00:00'
    """
    return utc(at_ms).strftime("%Y-%m-%d %H:%M:%S")


def moment(local_ms: int, *, short: bool = False) -> str:
    """Day and minute on a port's wall clock, from ms as if it were UTC.

    >>> moment(0), moment(0, short=True)
    ('Thu 1 Jan 00:00', '1 Jan')
    """
    at = dt.datetime.fromtimestamp(local_ms / 1000, dt.UTC)
    return f"{at.day} {at:%b}" if short else f"{at:%a} {at.day} {at:%b %H:%M}"


def short(pseudonym: str) -> str:
    """The beginning of a pseudonym: enough to tell vehicles on one screen apart."""
    return pseudonym[:8]


def observed(reason: Reason) -> str:
    """What was seen, with its unit; where there is a number. Times as in the sentences."""
    value = reason.observed
    if value is None:
        return "not known"
    if reason.unit == OF_DAY and not isinstance(value, str):
        return time_of_day(value)
    if reason.unit == "min" and not isinstance(value, str) and value >= LONG_MIN:
        return duration(60.0 * value)
    return f"{number(value)} {reason.unit or ''}".strip()


def usual(reason: Reason) -> str:
    """The usual range, with its unit. Times as in the sentences."""
    if reason.usual is None:
        return "not known"
    low, high = reason.usual
    if reason.unit == OF_DAY:
        return f"{time_of_day(low)} to {time_of_day(high)}"
    if reason.unit == "min" and high >= LONG_MIN:
        return duration_range(60.0 * low, 60.0 * high)
    return f"{number(low)} to {number(high)} {reason.unit or ''}".strip()


def number(value: float | str) -> str:
    """Three significant digits, as in the sentences; no exponent where it can be helped.

    >>> number(38), number(0.01234), number(12345.6), number("left")
    ('38', '0.0123', '12,300', 'left')
    """
    if isinstance(value, str):
        return value
    return f"{float(f'{value:.3g}'):,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def span(low: float, high: float) -> str:
    """A range of counts; a dash where none is known.

    >>> span(3.2, 7.8), span(2.0, 2.0), span(math.nan, math.nan) == DASH
    ('3 to 8', '2', True)
    """
    if math.isnan(low):
        return DASH
    ends = number(round(low)), number(round(high))
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def percent(share: float) -> str:
    """A share in whole percent.

    >>> percent(0.714)
    '71 %'
    """
    return f"{100 * share:.0f} %"


FILTERS: dict[str, Callable[..., Any]] = {
    "words": words, "clock": clock, "moment": moment, "day": day, "instant": instant, "short": short,
    "observed": observed, "usual": usual, "number": number, "percent": percent, "shape": SHAPES.__getitem__,
    "utc": utc, "span": span,
}  # fmt: skip
